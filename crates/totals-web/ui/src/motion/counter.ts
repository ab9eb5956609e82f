/** A number that counts to its next value in half a second, rather than jumping there. */

const DURATION = 500;

/** The value on its way from one to another, after this share of the time: fast at first, then slower. */
export function between(from: bigint, to: bigint, share: number): bigint {
  if (share >= 1) return to;
  const eased = 1 - (1 - Math.max(0, share)) ** 3;
  return from + ((to - from) * BigInt(Math.round(eased * 1e6))) / 1_000_000n;
}

/** Returns true if the reader wants no motion, or sees none. */
export function isStill(): boolean {
  return document.hidden || matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Counts, one step a frame. */
export class Counter {
  #shown: bigint | undefined;
  #from = 0n;
  #to = 0n;
  #started = 0;
  #frame = 0;
  readonly #show: (value: bigint) => void;

  /** `show` is called with each value on the way. */
  constructor(show: (value: bigint) => void) {
    this.#show = show;
  }

  /** Goes to this value: at once if it is the first, or if the reader wants no motion. */
  to(value: bigint): void {
    if (this.#shown === undefined || isStill()) {
      this.stop();
      this.#step(value);
      return;
    }
    if (this.#frame !== 0 && value === this.#to) return;
    this.#from = this.#shown;
    this.#to = value;
    this.#started = performance.now();
    if (this.#frame === 0) this.#next();
  }

  /** Forgets the value: the next one is the first again. */
  reset(): void {
    this.stop();
    this.#shown = undefined;
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  #next(): void {
    this.#frame = requestAnimationFrame((now) => {
      this.#frame = 0;
      const share = (now - this.#started) / DURATION;
      this.#step(between(this.#from, this.#to, share));
      if (share < 1 && !document.hidden) this.#next();
      else this.#step(this.#to);
    });
  }

  #step(value: bigint): void {
    if (value === this.#shown) return;
    this.#shown = value;
    this.#show(value);
  }
}
