/** The line at the foot of a page: is it live, and when did it last change? It is why people trust the number. */

import { html, type TemplateResult } from "lit";
import { LiveElement } from "../elements/base";
import { relative } from "../format/time";
import { now } from "../live/clock";
import type { Raised } from "../live/model";
import type { LiveTotals, View } from "../live/totals";

const RETELL = 5_000;

/** `<live-status campaign="…">`; without a campaign, of the whole platform. */
export class LiveStatus extends LiveElement<Raised> {
  #retelling: ReturnType<typeof setInterval> | undefined;

  override get isInvalid(): boolean {
    return false;
  }

  protected override isNothing(value: Raised | null): boolean {
    return value === null;
  }

  protected override watch(live: LiveTotals, listener: (view: View<Raised>) => void): () => void {
    return this.campaign ? live.watchCampaign(this.campaign, listener) : live.watchSum(listener);
  }

  override createRenderRoot(): this {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#retelling = setInterval(() => this.requestUpdate(), RETELL);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#retelling);
  }

  override render(): TemplateResult {
    return html`<span class="dot" aria-hidden="true"></span><span>${this.#text()}</span>`;
  }

  #text(): string {
    const { words, state } = this;
    const value = this.view?.value;
    const time = now();
    // The total above says that it is not available, and when it was known.
    const live = state === "live" || state === "none" ? [words.say("live")] : [];
    if (!value?.lastUpdated) return live.join();
    const when = relative(words.sentenceLocale, Math.min(value.lastUpdated, time), time);
    return [...live, words.say("lastChange", { when })].join(" · ");
  }
}
