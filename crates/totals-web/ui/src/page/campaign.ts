/** The page of one campaign, `/campaigns/{id}`: the number, the bar, how it grew, and the latest donations. */

import { html, nothing, type TemplateResult } from "lit";
import { LiveElement } from "../elements/base";
import { defineElements } from "../elements/define";
import { money } from "../format/money";
import { type Campaign, nameOf } from "../live/model";
import type { LiveTotals, View } from "../live/totals";
import { Throttle } from "../motion/throttle";
import { campaignOfAddress } from "./address";
import { dates } from "./dates";
import { showCampaignEarly } from "./early";
import { GrowthHistory } from "./history";
import { keepSetting, readSetting } from "./setting";
import { LiveStatus } from "./status";

/** How often the title of the browser's tab may change, in milliseconds. */
const TITLE_EVERY = 5_000;

const { words, locale, isWall } = readSetting();

class CampaignPage extends LiveElement<Campaign> {
  readonly #title = new Throttle<string>(TITLE_EVERY, (title) => {
    document.title = title;
  });

  constructor() {
    super();
    this.campaign = campaignOfAddress(location.pathname);
  }

  protected override isNothing(value: Campaign | null): boolean {
    return value === null || value.minor === 0n;
  }

  protected override watch(live: LiveTotals, listener: (view: View<Campaign>) => void): () => void {
    return live.watchCampaign(this.campaign, listener);
  }

  protected override viewed({ value }: View<Campaign>): void {
    const name = nameOf(this.campaign, value?.title);
    this.#title.set(value && !this.isNothing(value) ? `${money(locale, value.currency, value.minor, "round")} · ${name}` : name);
  }

  override createRenderRoot(): this {
    return this;
  }

  override render(): TemplateResult {
    const { campaign } = this;
    const value = this.view?.value;
    const when = value ? dates(words, value) : "";
    return html`${isWall ? nothing : html`<nav><a href=${keepSetting("/")}>${words.say("allCampaigns")}</a></nav>`}
      <section class="hero">
        <h1><bdi dir="auto">${value === undefined ? "\u200b" : nameOf(campaign, value?.title)}</bdi></h1>
        ${when ? html`<p class="when">${when}</p>` : nothing}
        <campaign-total campaign=${campaign} details ?over=${isWall}></campaign-total>
        <campaign-thermometer campaign=${campaign}></campaign-thermometer>
      </section>
      <div class="beside">
        ${isWall ? nothing : html`<growth-history campaign=${campaign}></growth-history>`}
        <section class="latest">
          <h2>${words.say("latest")}</h2>
          <campaign-donations campaign=${campaign} limit=${isWall ? 1 : 8}></campaign-donations>
        </section>
      </div>
      <footer><live-status campaign=${campaign}></live-status></footer>`;
  }

  override updated(): void {
    super.updated();
    if (isWall) this.#fitTitle();
  }

  override firstUpdated(): void {
    if (isWall) new ResizeObserver(() => this.#fitTitle()).observe(document.documentElement);
  }

  /** On a wall a title has two lines. One that needs more is smaller, and then cut. */
  #fitTitle(): void {
    const title = this.querySelector("h1");
    title?.classList.remove("long");
    if (title && title.scrollHeight > title.clientHeight + 1) title.classList.add("long");
  }
}

void showCampaignEarly(campaignOfAddress(location.pathname)).then(() => {
  defineElements();
  customElements.define("live-status", LiveStatus);
  customElements.define("growth-history", GrowthHistory);
  customElements.define("campaign-page", CampaignPage);
});
