/** Alerts of new donations, one after another. A crowd that gives at once is one alert with their number and their sum. */

export interface Gift {
  /** How many donations it is. */
  readonly count: number;
  readonly minor: bigint;
  readonly name?: string;
}

/** More than this many that wait are shown as one. */
const MOST_WAITING = 3;

export class AlertQueue {
  #waiting: Gift[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #millis: number;
  readonly #show: (gift: Gift | undefined) => void;

  /** `show` is called with each alert in its turn, and with nothing when the last one is over. */
  constructor(millis: number, show: (gift: Gift | undefined) => void) {
    this.#millis = millis;
    this.#show = show;
  }

  add(...gifts: readonly Gift[]): void {
    this.#waiting.push(...gifts);
    if (this.#waiting.length > MOST_WAITING) {
      const sum = (total: Gift, { count, minor }: Gift): Gift => ({ count: total.count + count, minor: total.minor + minor });
      this.#waiting = [this.#waiting.reduce(sum, { count: 0, minor: 0n })];
    }
    if (this.#timer === undefined) this.#next();
  }

  #next(): void {
    const gift = this.#waiting.shift();
    this.#timer = gift && setTimeout(() => this.#next(), this.#millis);
    this.#show(gift);
  }
}
