/** One campaign among others on the first page. It glows when a donation comes. */

import { html, nothing, type TemplateResult } from "lit";
import { LiveElement } from "../elements/base";
import { isStill } from "../motion/counter";
import { type Campaign, isAddressable, nameOf } from "../live/model";
import type { LiveTotals, View } from "../live/totals";
import { dates } from "./dates";
import { keepSetting } from "./setting";

export class CampaignCard extends LiveElement<Campaign> {
  static override properties = { ...LiveElement.properties, first: { attribute: false } };

  /** The campaign as the list has it. */
  declare first: Campaign | undefined;
  #glowing: Animation | undefined;

  protected override isNothing(value: Campaign | null): boolean {
    return value === null;
  }

  protected override watch(live: LiveTotals, listener: (view: View<Campaign>) => void): () => void {
    return live.watchCampaign(this.campaign, listener, this.first);
  }

  override createRenderRoot(): this {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener("totals-change", this.#glow);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.removeEventListener("totals-change", this.#glow);
  }

  #glow(): void {
    if (isStill()) return;
    this.#glowing?.cancel();
    const lit = { boxShadow: "0 0 0 0.25rem var(--lit)", borderColor: "var(--totals-glow)" };
    this.#glowing = this.querySelector("article")?.animate([lit, {}], { duration: 2_400, easing: "ease-out" });
  }

  override render(): TemplateResult {
    const { campaign, words } = this;
    const value = this.view?.value;
    const when = value ? dates(words, value) : "";
    const name = nameOf(campaign, value?.title);
    return html`<article>
      <header>
        <h3>
          ${isAddressable(campaign)
            ? html`<a href=${keepSetting(`/campaigns/${encodeURIComponent(campaign)}`)} dir="auto">${name}</a>`
            : html`<bdi dir="auto">${name}</bdi>`}
        </h3>
        ${when ? html`<span class="when">${when}</span>` : nothing}
      </header>
      <campaign-total campaign=${campaign} details quiet beside></campaign-total>
      <campaign-thermometer campaign=${campaign} brief></campaign-thermometer>
    </article>`;
  }
}
