/**
 * `<campaign-total campaign="…">`: what a campaign has raised, live, and `<platform-total>`: what all campaigns have.
 *
 * The number counts to each new value; the change appears once as a chip, and fifty changes a second are one chip with their
 * sum. Screen readers hear it at most every ten seconds. Nothing yet is said in words, and while the server cannot be reached
 * the last number stays, softly, with the time at which it was known.
 */

import { html, nothing, type TemplateResult } from "lit";
import { directionOf } from "../format/locale";
import { money } from "../format/money";
import { clock } from "../format/time";
import { now } from "../live/clock";
import { isReset, type Campaign, type Counted, type Sum } from "../live/model";
import type { LiveTotals, View } from "../live/totals";
import { Counter, isStill } from "../motion/counter";
import { Gather } from "../motion/gather";
import { Throttle } from "../motion/throttle";
import { AmountText, Fit } from "./amount";
import { LiveElement } from "./base";
import { shared } from "./styles";
import { totalStyles } from "./total.styles";

/** The least time between two announcements to screen readers, and between two chips, in milliseconds. */
const ANNOUNCE_EVERY = 10_000;
const CHIP_EVERY = 1_000;
/** How long a chip is seen. */
const CHIP_SHOWN = 4_000;

abstract class TotalElement<T extends Counted> extends LiveElement<T> {
  static override properties = {
    ...LiveElement.properties,
    details: { type: Boolean },
    quiet: { type: Boolean },
    over: { type: Boolean, reflect: true },
  };
  static override styles = [shared, totalStyles];

  /** Also says how many gave. */
  declare details: boolean;
  /** Does not tell screen readers of changes: for pages with many numbers. */
  declare quiet: boolean;
  /** A chip takes the place of the counts while it is shown. */
  declare over: boolean;

  /** Where the number is written; another element after the campaign was missing for a while. */
  #number: HTMLElement | undefined;
  #amount: AmountText | undefined;
  #fit: Fit | undefined;
  #shape = "";
  #shownIn = "";
  /** Whether the goal was reached when it was last looked at. */
  #reached: boolean | undefined;
  #appearing: Animation | undefined;
  /** What was shown before the API began anew. It may come back: with a backup, or with the right database. */
  #past: T | undefined;
  readonly #counter = new Counter((minor) => this.#show(minor));
  readonly #changes = new Gather(CHIP_EVERY, (sum) => this.#chip(sum));
  readonly #spoken = new Throttle<string>(ANNOUNCE_EVERY, (text) => this.#speak(text));

  constructor() {
    super();
    this.details = false;
    this.quiet = false;
    this.over = false;
  }

  /** What the number is of, for those who hear it. */
  protected abstract subject(value: T): string;
  /** How many gave, in words. */
  protected abstract counts(value: T): string;

  /** Returns true if what was wanted is raised. */
  protected reached(_value: T): boolean {
    return false;
  }

  protected override isNothing(value: T | null): boolean {
    return value === null || value.minor === 0n;
  }

  protected override viewed({ value }: View<T>): void {
    const before = this.view?.value;
    if (value === undefined || before === undefined) return;
    const isNew = isReset(value, before);
    const isBack = value !== null && this.#past !== undefined && !isReset(value, this.#past);
    if (isNew) this.#past ??= before ?? undefined;
    if (isBack) this.#past = undefined;
    if (isNew || isBack) this.#beginAnew();
    if (value === null || isNew || isBack) return;
    const change = value.minor - (before?.minor ?? 0n);
    if (change === 0n) return;
    this.dispatchEvent(new CustomEvent("totals-change", { bubbles: true, composed: true, detail: { change } }));
    this.#changes.add(change);
  }

  /** What was said and shown was of another campaign. */
  protected override left(): void {
    this.#beginAnew();
    this.#spoken.reset();
    this.#speak("");
    this.#past = this.#reached = undefined;
    this.#number?.replaceChildren();
    this.#number?.classList.remove("words");
    delete this.dataset.amountMinor;
  }

  /** Shows what comes next without motion, and forgets changes of what was before. */
  #beginAnew(): void {
    this.#counter.reset();
    this.#changes.stop();
    this.#appearing?.cancel();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#counter.reset();
    this.#changes.stop();
    this.#spoken.stop();
    this.#fit?.stop();
    this.#number = undefined;
  }

  override render(): TemplateResult {
    if (this.isInvalid) return html`<span class="error" part="error">&lt;${this.localName}&gt;: campaign="…" is missing</span>`;
    const lang = this.words.language;
    return html`<div class="room" part="room"><span class="number" part="number" aria-hidden="true"></span></div>
      <div class="line" part="line" lang=${lang}>
        <span class="detail" part="detail">${this.#detail()}</span
        ><span class="behind"><span class="chip" part="chip" aria-hidden="true"></span></span>
      </div>
      <span class="spoken" lang=${lang} role=${this.quiet ? nothing : "status"} aria-live=${this.quiet ? nothing : "polite"}></span>`;
  }

  #detail(): string {
    const { value, heardAt = 0 } = this.view ?? {};
    if (this.state === "unavailable" || this.state === "absent") return this.words.say("unavailable");
    // Among many numbers, one says it for all.
    if (this.state === "stale" && !this.quiet) return this.words.say("lastKnown", { time: clock(this.words.sentenceLocale, heardAt, now()) });
    return value && this.details && !this.isNothing(value) ? this.counts(value) : "";
  }

  override updated(): void {
    super.updated();
    const number = this.renderRoot.querySelector<HTMLElement>(".number");
    const room = this.renderRoot.querySelector<HTMLElement>(".room");
    if (!number || !room) return;
    if (number !== this.#number) {
      this.#fit?.stop();
      this.#counter.reset();
      this.#number = number;
      this.#amount = new AmountText(number);
      this.#fit = new Fit(room, number);
    }
    this.#showValue(number);
  }

  #showValue(number: HTMLElement): void {
    const value = this.view?.value;
    number.dir = directionOf(this.locale);
    if (value === undefined) return;
    this.dataset.amountMinor = (value?.minor ?? 0n).toString();
    const isNothing = this.isNothing(value);
    number.classList.toggle("words", isNothing);
    // In another language the same amount is another text.
    if (this.#shownIn !== this.locale) this.#counter.reset();
    this.#shownIn = this.locale;
    if (value && !isNothing) this.#counter.to(value.minor);
    else this.#showNone(number);
    this.#tell(value, isNothing);
  }

  /** What screen readers hear: the newest of ten seconds, but at once that the goal is reached. */
  #tell(value: T | null, isNothing: boolean): void {
    const text = value && !isNothing ? money(this.locale, value.currency, value.minor) : this.words.say("none");
    const detail = this.renderRoot.querySelector(".detail")?.textContent;
    const reached = value ? this.reached(value) : false;
    const words = [value ? this.subject(value) : "", text, detail, reached ? this.words.say("reached") : ""];
    this.#spoken.set(words.filter(Boolean).join(", "));
    if (reached && this.#reached === false) this.#spoken.now();
    this.#reached = reached;
  }

  #show(minor: bigint): void {
    const currency = this.view?.value?.currency;
    if (!currency) return;
    this.#amount?.show(this.locale, currency, minor);
    this.#fitted(AmountText.shape(this.locale, currency, minor));
  }

  /** In place of a zero. */
  #showNone(number: HTMLElement): void {
    const none = this.words.say("none");
    this.#counter.reset();
    number.dir = directionOf(this.words.language);
    if (number.textContent !== none) number.textContent = none;
    this.#fitted(none);
  }

  /** Measures again if the text is of another width. */
  #fitted(shape: string): void {
    if (shape === this.#shape) return;
    this.#shape = shape;
    this.#fit?.measure();
  }

  #chip(change: bigint): void {
    const currency = this.view?.value?.currency;
    const chip = this.renderRoot.querySelector<HTMLElement>(".chip");
    if (!chip || !currency) return;
    chip.textContent = money(this.locale, currency, change, "signed");
    chip.classList.toggle("less", change < 0n);
    chip.dir = directionOf(this.locale);
    this.#appear(chip);
  }

  /** Shows the chip for a while. One that is there already stays, with its new text. */
  #appear(chip: HTMLElement): void {
    const isThere = this.#appearing?.playState === "running";
    const rise = isStill() ? "none" : "translateY(0.4em)";
    const shown = { opacity: 1, transform: "none" };
    const first = isThere ? shown : { opacity: 0, transform: rise };
    const timing = { duration: CHIP_SHOWN, easing: "ease-out" };
    this.#appearing = chip.animate([first, { ...shown, offset: 0.08 }, { ...shown, offset: 0.85 }, { opacity: 0 }], timing);
    if (!this.over) return;
    const hidden = { opacity: 0 };
    const frames = [isThere ? hidden : { opacity: 1 }, { ...hidden, offset: 0.08 }, { ...hidden, offset: 0.9 }, { opacity: 1 }];
    this.renderRoot.querySelector(".detail")?.animate(frames, timing);
  }

  #speak(text: string): void {
    const spoken = this.renderRoot.querySelector(".spoken");
    if (spoken && spoken.textContent !== text) spoken.textContent = text;
  }
}

/** What one campaign has raised. */
export class CampaignTotal extends TotalElement<Campaign> {
  protected override watch(live: LiveTotals, listener: (view: View<Campaign>) => void): () => void {
    return live.watchCampaign(this.campaign, listener);
  }

  protected override subject({ title }: Campaign): string {
    return title ?? "";
  }

  protected override reached({ minor, goal }: Campaign): boolean {
    return goal !== undefined && minor >= goal;
  }

  protected override counts({ donors, pledges }: Campaign): string {
    const gifts = this.words.counted("donations", pledges);
    return donors > 0 ? `${this.words.counted("donors", donors)} · ${gifts}` : gifts;
  }
}

/** What all campaigns have raised together. */
export class PlatformTotal extends TotalElement<Sum> {
  override get isInvalid(): boolean {
    return false;
  }

  protected override watch(live: LiveTotals, listener: (view: View<Sum>) => void): () => void {
    return live.watchSum(listener);
  }

  protected override subject(): string {
    return this.words.say("raisedTogether");
  }

  protected override counts({ pledges, campaigns }: Sum): string {
    return `${this.words.counted("donations", pledges)} · ${this.words.counted("campaigns", campaigns)}`;
  }
}
