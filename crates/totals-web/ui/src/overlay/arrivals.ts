/**
 * What the overlay tells where the service shows donations: each as the feed has it, with its name. The feed lists only the latest,
 * so of more at once it knows neither number nor sum. Then these are what the total has grown by. The feed and the total come by
 * streams of their own, in either order, so both are counted, and so is what was told of them.
 */

import { type Gift, MOST_APART, NONE, sum } from "./alerts";

/** How long the total has to follow a burst that the feed has told of, in milliseconds. */
const PATIENCE = 1_000;
/** After so long without a donation, in milliseconds, both streams have told of the same ones. */
const QUIET = 10_000;

export class Arrivals {
  #grown = NONE;
  #listed = NONE;
  #told = NONE;
  #isBurst = false;
  #telling: ReturnType<typeof setTimeout> | undefined;
  #resting: ReturnType<typeof setTimeout> | undefined;
  readonly #tell: (...gifts: readonly Gift[]) => void;
  readonly #isLive: () => boolean;

  /** `isLive` returns true if both streams tell what there is now. */
  constructor(tell: (...gifts: readonly Gift[]) => void, isLive: () => boolean) {
    this.#tell = tell;
    this.#isLive = isLive;
  }

  /** The total has grown by this. */
  grew(gift: Gift): void {
    this.#grown = sum(this.#grown, gift);
    this.#stir();
  }

  /** These are new in the feed. `isAll`: nothing that was known is left in it, so there may have been more of them. */
  listed(gifts: readonly Gift[], isAll: boolean): void {
    if (gifts.length === 0) return;
    this.#listed = gifts.reduce(sum, this.#listed);
    // Fewer have a place in the feed, whatever its length.
    this.#isBurst ||= isAll && gifts.length > MOST_APART;
    if (!this.#isBurst) {
      this.#told = this.#listed;
      this.#tell(...gifts);
    }
    this.#stir();
  }

  #stir(): void {
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => this.#rest(), QUIET);
    if (this.#isBurst) this.#telling ??= setTimeout(() => this.#tellRest(), PATIENCE);
  }

  /** Tells what is not told yet. A refund takes from what the total has grown by, so the feed may know of more. */
  #tellRest(): void {
    this.#telling = undefined;
    const most = this.#grown.count > this.#listed.count ? this.#grown : this.#listed;
    const rest = { count: most.count - this.#told.count, minor: most.minor - this.#told.minor };
    if (rest.count <= 0 || rest.minor <= 0n) return;
    this.#told = most;
    this.#tell(rest);
  }

  #rest(): void {
    if (!this.#isLive()) {
      this.#stir();
      return;
    }
    this.#grown = this.#listed = this.#told = NONE;
    this.#isBurst = false;
  }
}
