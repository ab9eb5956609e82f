/**
 * How a campaign grew, as a chart that is loaded when there is something to draw. Where the service has no history, the page has
 * no such section; where it has none right now, the section comes when it has.
 */

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { localeOf } from "../format/locale";
import { money } from "../format/money";
import { wordsFor } from "../format/words";
import { parseExact } from "../live/exact";
import * as model from "../live/model";
import { liveTotals } from "../live/totals";
import type { GrowthChart } from "./chart";

/** How often the history is read again, and after a failure, in milliseconds. */
const REFRESH = 120_000;
const RETRY = 30_000;
/** With fewer points than this, shorter intervals tell more. */
const FEW = 4;

type Interval = "day" | "hour" | "quarter";

export class CampaignHistory extends LitElement {
  static override properties = { campaign: { type: String }, points: { state: true } };

  declare campaign: string;
  declare points: readonly model.HistoryPoint[] | undefined;
  #chart: GrowthChart | undefined;
  #now: model.Campaign | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #unwatch: (() => void) | undefined;

  override createRenderRoot(): this {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#unwatch = liveTotals("").watchCampaign(this.campaign, ({ value }) => {
      this.#now = value ?? undefined;
      void this.#draw();
    });
    void this.#load();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
    this.#unwatch?.();
    this.#chart?.destroy();
    this.#chart = undefined;
  }

  async #load(): Promise<void> {
    const found = document.hidden ? "later" : await this.#read("day");
    if (found === "never" || !this.isConnected) return;
    const points = found === "later" ? undefined : await this.#finer(found);
    if (points) this.points = points;
    this.#timer = setTimeout(() => void this.#load(), points ? REFRESH : RETRY);
  }

  async #finer(days: model.HistoryPoint[]): Promise<model.HistoryPoint[]> {
    let points = days;
    for (const interval of ["hour", "quarter"] as const) {
      if (points.length >= FEW) break;
      const finer = await this.#read(interval);
      if (typeof finer !== "string" && finer.length > points.length) points = finer;
    }
    return points;
  }

  async #read(interval: Interval): Promise<model.HistoryPoint[] | "later" | "never"> {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    const query = new URLSearchParams({ interval, timeZone });
    try {
      const response = await fetch(`/api/totals/campaigns/${encodeURIComponent(this.campaign)}/history?${query}`);
      if (!response.ok) return response.status >= 500 || response.status === 429 ? "later" : "never";
      const body = parseExact(await response.text());
      return (model.isObject(body) && model.history(body.data)) || "never";
    } catch {
      return "later";
    }
  }

  override render(): TemplateResult | typeof nothing {
    const { points } = this;
    if (!points || points.length < 2) return nothing;
    const words = wordsFor(localeOf(this));
    return html`<section class="history">
      <h2 id="history">${words.say("history")}</h2>
      <div class="chart" role="img" aria-label=${this.#summary(points)}></div>
    </section>`;
  }

  /** The chart for those who do not see it: where it begins and where it ends. */
  #summary(points: readonly model.HistoryPoint[]): string {
    const locale = localeOf(this);
    const [first, now] = [points[0], this.#now];
    const day = (time: number): string => new Date(time).toLocaleDateString(locale, { dateStyle: "medium" });
    const words = wordsFor(locale).say("history");
    if (!first || !now) return words;
    const from = `${day(first.start)}: ${money(locale, now.currency, first.minor)}`;
    return `${words}. ${from} – ${day(Date.now())}: ${money(locale, now.currency, now.minor)}`;
  }

  override updated(): void {
    void this.#draw();
  }

  async #draw(): Promise<void> {
    const room = this.querySelector<HTMLElement>(".chart");
    if (!room || !this.points || !this.#now) return;
    const { GrowthChart } = await import("./chart");
    if (!this.isConnected || !room.isConnected || !this.#now) return;
    this.#chart ??= new GrowthChart(room, localeOf(this));
    this.#chart.show(this.points, this.#now);
  }
}
