/** Calls with the newest value, at most once in `every` milliseconds; the first at once. */
export class Throttle<T> {
  #value: T | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #called = -Infinity;
  readonly #every: number;
  readonly #call: (value: T) => void;

  constructor(every: number, call: (value: T) => void) {
    this.#every = every;
    this.#call = call;
  }

  set(value: T): void {
    this.#value = value;
    if (this.#timer !== undefined) return;
    const wait = this.#called + this.#every - Date.now();
    if (wait <= 0) this.now();
    else this.#timer = setTimeout(() => this.now(), wait);
  }

  /** Calls without waiting. */
  now(): void {
    this.stop();
    if (this.#value === undefined) return;
    this.#called = Date.now();
    this.#call(this.#value);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The next value is a first one. */
  reset(): void {
    this.stop();
    this.#value = undefined;
    this.#called = -Infinity;
  }
}
