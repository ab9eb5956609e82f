/** The first page, `/`: what all have raised together, and each campaign, moving as donations come. */

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { defineElements } from "../elements/define";
import type { Campaign } from "../live/model";
import { CampaignCard } from "./card";
import { showSumEarly } from "./early";
import { GrowthHistory } from "./history";
import { readPage } from "./list";
import { readSetting } from "./setting";
import { LiveStatus } from "./status";

/** How often the list is read again after a failure, and for campaigns that are new, in milliseconds. */
const RETRY = 3_000;
const REFRESH = 60_000;

const { words, isWall } = readSetting();

class HomePage extends LitElement {
  static override properties = { campaigns: { state: true }, next: { state: true }, failed: { state: true } };

  declare campaigns: readonly Campaign[] | undefined;
  declare next: string | undefined;
  declare failed: boolean;

  override createRenderRoot(): this {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (!isWall) void this.#refresh();
  }

  /** Reads the first page, now and again. Campaigns keep their places, so that none jumps away from under a reader. */
  async #refresh(): Promise<void> {
    if (!document.hidden) await this.#load();
    setTimeout(() => void this.#refresh(), this.failed ? RETRY : REFRESH);
  }

  async #load(cursor?: string): Promise<void> {
    try {
      const page = await readPage(cursor);
      const isFirst = this.campaigns === undefined;
      const shown = new Set(this.campaigns?.map(({ id }) => id));
      this.campaigns = [...(this.campaigns ?? []), ...page.campaigns.filter(({ id }) => !shown.has(id))];
      if (isFirst || cursor) this.next = page.next;
      this.failed = false;
    } catch {
      this.failed = true;
    }
  }

  override render(): TemplateResult {
    return html`<section class="hero">
        <h1 class="eyebrow">${words.say("raisedTogether")}</h1>
        <platform-total details ?over=${isWall}></platform-total>
      </section>
      ${isWall ? nothing : html`<growth-history></growth-history>${this.#campaigns()}`}
      <footer><live-status></live-status></footer>`;
  }

  #campaigns(): TemplateResult {
    return html`<section aria-labelledby="campaigns">
      <h2 id="campaigns">${words.say("campaignList")}</h2>
      ${this.#list()}
      ${this.next ? html`<button class="more" @click=${() => this.#load(this.next)}>${words.say("more")}</button>` : nothing}
    </section>`;
  }

  #list(): TemplateResult | typeof nothing {
    const { campaigns } = this;
    if (campaigns === undefined) return this.failed ? html`<p class="note">${words.say("unavailable")}</p>` : nothing;
    if (campaigns.length === 0) return html`<p class="note">${words.say("none")}</p>`;
    const card = (campaign: Campaign): TemplateResult =>
      html`<li><campaign-card .first=${campaign} campaign=${campaign.id}></campaign-card></li>`;
    return html`<ul class="cards">
      ${repeat(campaigns, ({ id }) => id, card)}
    </ul>`;
  }
}

document.title = words.say("raisedTogether");
void showSumEarly().then(() => {
  defineElements();
  customElements.define("campaign-card", CampaignCard);
  customElements.define("growth-history", GrowthHistory);
  customElements.define("live-status", LiveStatus);
  customElements.define("home-page", HomePage);
});
