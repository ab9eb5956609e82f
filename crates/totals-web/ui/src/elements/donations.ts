/**
 * `<campaign-donations campaign="…">`: the latest donations, newest first. Where the service does not show donations, which is
 * its default, the element takes no room at all.
 */

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { directionOf } from "../format/locale";
import { money } from "../format/money";
import { relative } from "../format/time";
import { now } from "../live/clock";
import { keyed } from "../live/feed";
import type { Campaign, Donation } from "../live/model";
import type { LiveTotals, View } from "../live/totals";
import { isStill } from "../motion/counter";
import { Throttle } from "../motion/throttle";
import { LiveElement, type State } from "./base";
import { donationsStyles } from "./donations.styles";
import { shared } from "./styles";

/** How often "a minute ago" is said anew, in milliseconds. */
const RETELL = 15_000;
/** The least time between two changes of the list, in milliseconds: in a crowd each name can still be read. */
const CHANGE_EVERY = 1_000;
/** Up to so many new donations glow when they come. More at once would be a glowing list. */
const MOST_GLOWING = 3;
/** The most donations that are shown, if the page does not say how many. */
const LIMIT = 10;

export class CampaignDonations extends LiveElement<Donation[]> {
  static override properties = { ...LiveElement.properties, limit: { type: Number }, currency: { state: true } };
  static override styles = [shared, donationsStyles];

  /** The most donations that are shown; anything but a count is as if it were left out. */
  declare limit: number;
  /** The campaign's currency, which the feed leaves out. */
  declare currency: string;
  #retelling: ReturnType<typeof setInterval> | undefined;
  /** The lines that were there before. */
  #shown = new WeakSet<Element>();

  constructor() {
    super();
    this.limit = LIMIT;
    this.currency = "";
  }

  /** Donations that the service shows no longer are not shown here either, not even as the last known. */
  override get state(): State {
    return !this.isInvalid && this.view?.health === "absent" ? "absent" : super.state;
  }

  protected override watch(live: LiveTotals, listener: (view: View<Donation[]>) => void): () => void {
    const ofCampaign = ({ value }: View<Campaign>): void => {
      if (value) this.currency = value.currency;
    };
    const changes = new Throttle(CHANGE_EVERY, listener);
    const ends = [
      live.watchCampaign(this.campaign, ofCampaign),
      live.watchDonations(this.campaign, (view) => changes.set(view)),
      () => changes.stop(),
    ];
    return () => ends.forEach((end) => end());
  }

  protected override isNothing(value: Donation[] | null): boolean {
    return value === null || value.length === 0;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#retelling = setInterval(() => this.requestUpdate(), RETELL);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#retelling);
  }

  override render(): TemplateResult | typeof nothing {
    const { state, words } = this;
    if (state === "invalid") return html`<span class="error" part="error">&lt;${this.localName}&gt;: campaign="…" is missing</span>`;
    if (state === "absent" || state === "loading") return nothing;
    if (state === "none" || state === "unavailable") {
      return html`<p class="empty" part="empty" lang=${words.language}>${words.say(state)}</p>`;
    }
    const most = Number.isInteger(this.limit) && this.limit > 0 ? this.limit : LIMIT;
    const latest = keyed((this.view?.value ?? []).slice(0, most));
    const time = now();
    return html`<ol part="list">
      ${repeat(latest, ({ key }) => key, ({ donation }) => this.#item(donation, time))}
    </ol>`;
  }

  override updated(): void {
    super.updated();
    const items = [...this.renderRoot.querySelectorAll("li")];
    const come = items.filter((item) => !this.#shown.has(item));
    this.#shown = new WeakSet(items);
    if (come.length > MOST_GLOWING || isStill()) return;
    const lit = { opacity: 0, background: "color-mix(in srgb, var(--glow) 30%, transparent)" };
    for (const item of come) item.animate([lit, {}], { duration: 600, easing: "ease-out" });
  }

  #item({ minor, name, at }: Donation, time: number): TemplateResult {
    const { locale, words } = this;
    return html`<li part="item">
      <span class="amount" part="amount" dir=${directionOf(locale)}>${this.currency && money(locale, this.currency, minor, "round")}</span>
      <span class="who" part="who">
        ${name
          ? html`<bdi class="name" part="name" dir="auto">${name}</bdi>`
          : html`<span class="name" part="name" lang=${words.language}>${words.say("anonymous")}</span>`}
        <time part="time" lang=${words.language} datetime=${new Date(at).toISOString()}>${relative(words.sentenceLocale, Math.min(at, time), time, 60_000)}</time>
      </span>
    </li>`;
  }
}
