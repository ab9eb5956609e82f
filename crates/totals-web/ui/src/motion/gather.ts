/** Many changes told as few: each at once if nothing was told for a while, else their sum when that while is over. */

/** Adds changes up, and tells of them at most once in `every` milliseconds. */
export class Gather {
  #sum = 0n;
  #times = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #told = -Infinity;
  readonly #every: number;
  readonly #tell: (sum: bigint, times: number) => void;

  constructor(every: number, tell: (sum: bigint, times: number) => void) {
    this.#every = every;
    this.#tell = tell;
  }

  add(change: bigint): void {
    this.#sum += change;
    this.#times += 1;
    if (this.#timer !== undefined) return;
    const wait = this.#told + this.#every - Date.now();
    if (wait <= 0) this.#flush();
    else this.#timer = setTimeout(() => this.#flush(), wait);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sum = 0n;
    this.#times = 0;
  }

  #flush(): void {
    const [sum, times] = [this.#sum, this.#times];
    this.stop();
    this.#told = Date.now();
    if (sum !== 0n) this.#tell(sum, times);
  }
}
