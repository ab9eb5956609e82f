/**
 * How a campaign grew, or the whole platform if no campaign is named, as a chart that is loaded when there is something to draw.
 * Where the service has no history the page has no such section, and the section comes when the service has one.
 */

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { localeOf } from "../format/locale";
import { money } from "../format/money";
import { wordsFor } from "../format/words";
import { now as serverTime } from "../live/clock";
import { parseExact } from "../live/exact";
import * as model from "../live/model";
import { liveTotals, type View } from "../live/totals";
import type { GrowthChart } from "./chart";

/** How often the history is read again, and after a failure, in milliseconds. */
const REFRESH = 120_000;
const RETRY = 30_000;
/** How long an answer may take, in milliseconds. */
const TIMEOUT = 10_000;
/** With fewer points than this, shorter intervals tell more. */
const FEW = 4;
/** Up to so many days are a line of days; more are one of weeks, or of months. */
const MOST_DAYS = 91;
const DAY = 86_400_000;

/** The service answers with so many of the last intervals that all of them fit on a chart. */
type Interval = "quarter" | "hour" | "day" | "week" | "month";

export class GrowthHistory extends LitElement {
  static override properties = { campaign: { type: String }, history: { state: true } };

  /** Empty: the whole platform. */
  declare campaign: string;
  declare history: model.History | undefined;
  #chart: GrowthChart | undefined;
  #now: model.Raised | undefined;
  /** Until when that was surely current, if it is the last that is known. */
  #lastKnownAt: number | undefined;
  /** Absent if the browser does not know its zone, or the service does not know the browser's. */
  #timeZone: string | undefined = Intl.DateTimeFormat().resolvedOptions().timeZone;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #unwatch: (() => void) | undefined;

  constructor() {
    super();
    this.campaign = "";
  }

  override createRenderRoot(): this {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const listener = ({ value, health, heardAt }: View<model.Raised>): void => {
      this.#now = value ?? undefined;
      this.#lastKnownAt = health === "unavailable" || health === "absent" ? heardAt : undefined;
      this.dataset.state = this.#lastKnownAt === undefined ? "live" : "stale";
      void this.#draw();
    };
    const live = liveTotals("");
    this.#unwatch = this.campaign ? live.watchCampaign(this.campaign, listener) : live.watchSum(listener);
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
    const found = document.hidden ? undefined : await this.#read("day");
    if (found) this.history = await this.#fitting(found);
    if (this.isConnected) this.#timer = setTimeout(() => void this.#load(), found ? REFRESH : RETRY);
  }

  /** The same in the intervals in which all of it is seen, from its first donation on. */
  async #fitting(days: model.History): Promise<model.History> {
    let best = days;
    const longer = days.before > 0n ? ([["day", MOST_DAYS], ["week"], ["month"]] as const) : [];
    const shorter = days.points.length < FEW ? ([["hour"], ["quarter"]] as const) : [];
    for (const [interval, span] of [...longer, ...shorter]) {
      if (best.before === 0n && best.points.length >= FEW) break;
      const found = await this.#read(interval, span);
      if (!found || (days.before === 0n && found.before > 0n)) break;
      best = found;
    }
    return best;
  }

  /** Reads the last so many days, or as many intervals as the API has by itself. */
  async #read(interval: Interval, days?: number): Promise<model.History | undefined> {
    const query = new URLSearchParams({ interval });
    if (this.#timeZone) query.set("timeZone", this.#timeZone);
    if (days !== undefined) query.set("from", new Date(serverTime() - days * DAY).toISOString().slice(0, 10));
    const of = this.campaign ? `campaigns/${encodeURIComponent(this.campaign)}/` : "";
    try {
      const response = await fetch(`/api/totals/${of}history?${query}`, { signal: AbortSignal.timeout(TIMEOUT) });
      if (response.status === 400 && this.#timeZone) {
        this.#timeZone = undefined;
        return await this.#read(interval, days);
      }
      const body = response.ok ? parseExact(await response.text()) : undefined;
      return model.isObject(body) ? model.history(body.data) : undefined;
    } catch {
      return undefined;
    }
  }

  override render(): TemplateResult | typeof nothing {
    const { history } = this;
    if (!history || history.points.length < 2) return nothing;
    const words = wordsFor(localeOf(this));
    return html`<section class="history">
      <h2 id="history">${words.say("history")}</h2>
      <div class="chart" role="img" aria-label=${this.#summary(history)}></div>
    </section>`;
  }

  /** The chart for those who do not see it: where it begins and where it ends. */
  #summary({ points, before }: model.History): string {
    const locale = localeOf(this);
    const [first, now] = [points[0], this.#now];
    const words = wordsFor(locale);
    const day = (time: number): string => new Date(time).toLocaleDateString(words.sentenceLocale, { dateStyle: "medium" });
    const title = words.say("history");
    if (!first || !now) return title;
    const from = `${day(first.start)}: ${money(locale, now.currency, before)}`;
    return `${title}. ${from} – ${day(serverTime())}: ${money(locale, now.currency, now.minor)}`;
  }

  override updated(): void {
    void this.#draw();
  }

  async #draw(): Promise<void> {
    const room = this.querySelector<HTMLElement>(".chart");
    if (!room || !this.history || !this.#now) return;
    const { GrowthChart } = await import("./chart");
    if (!this.isConnected || !room.isConnected || !this.#now) return;
    this.#chart ??= new GrowthChart(room, localeOf(this));
    this.#chart.show(this.history, this.#now, this.#lastKnownAt);
  }
}
