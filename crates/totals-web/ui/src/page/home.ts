/** The first page, `/`: what all have raised together, and each campaign, moving as donations come. */

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { defineElements } from "../elements/define";
import { CampaignCard } from "./card";
import { readPage } from "./list";
import { readSetting } from "./setting";
import { LiveStatus } from "./status";

/** How often the list is read again after a failure, and for campaigns that are new, in milliseconds. */
const RETRY = 3_000;
const REFRESH = 60_000;

const { words, isWall } = readSetting();

class HomePage extends LitElement {
  static override properties = { ids: { state: true }, next: { state: true }, failed: { state: true } };

  declare ids: readonly string[] | undefined;
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
      const isFirst = this.ids === undefined;
      this.ids = [...new Set([...(this.ids ?? []), ...page.campaigns.map(({ id }) => id)])];
      if (isFirst || cursor) this.next = page.next;
      this.failed = false;
    } catch {
      this.failed = true;
    }
  }

  override render(): TemplateResult {
    return html`<section class="hero">
        <h1 class="eyebrow">${words.say("raisedTogether")}</h1>
        <platform-total details></platform-total>
      </section>
      ${isWall ? nothing : this.#campaigns()}
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
    if (this.ids === undefined) return this.failed ? html`<p class="note">${words.say("unavailable")}</p>` : nothing;
    if (this.ids.length === 0) return html`<p class="note">${words.say("none")}</p>`;
    return html`<ul class="cards">
      ${repeat(this.ids, (id) => id, (id) => html`<li><campaign-card campaign=${id}></campaign-card></li>`)}
    </ul>`;
  }
}

defineElements();
customElements.define("campaign-card", CampaignCard);
customElements.define("live-status", LiveStatus);
customElements.define("home-page", HomePage);
document.title = words.say("raisedTogether");
