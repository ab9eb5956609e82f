/** Alerts of new donations, one after another. A crowd that gives at once is one alert with their number and their sum. */

export interface Gift {
  /** How many donations it is. */
  readonly count: number;
  readonly minor: bigint;
  readonly name?: string;
}

/** More donations than this that wait are shown as one. */
export const MOST_APART = 3;

export const NONE: Gift = { count: 0, minor: 0n };

/** Both as one, without a name. */
export function sum(a: Gift, b: Gift): Gift {
  return { count: a.count + b.count, minor: a.minor + b.minor };
}

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
    const all = this.#waiting.reduce(sum, NONE);
    if (all.count > MOST_APART) this.#waiting = [all];
    if (this.#timer === undefined) this.#next();
  }

  #next(): void {
    const gift = this.#waiting.shift();
    this.#timer = gift && setTimeout(() => this.#next(), this.#millis);
    this.#show(gift);
  }
}
