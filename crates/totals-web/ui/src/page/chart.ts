/** The chart of growth: a line of what was raised by each moment, up to now, and moving with it. */

import uPlot from "uplot";
import { money } from "../format/money";
import { now as serverTime } from "../live/clock";
import { toDecimal } from "../live/exact";
import { digitsOf, type History, type Raised } from "../live/model";

const HEIGHT = 290;
const DAY = 86_400;

export class GrowthChart {
  readonly #room: HTMLElement;
  readonly #locale: string;
  readonly #plot: uPlot;
  readonly #hint: HTMLElement;
  readonly #watch: ResizeObserver;
  readonly #dark = matchMedia("(prefers-color-scheme: dark)");
  readonly #repaint = (): void => this.#plot.redraw();
  /** What was raised by each moment of the line, in minor units. */
  #raised: readonly bigint[] = [];
  #currency = "USD";

  constructor(room: HTMLElement, locale: string) {
    this.#room = room;
    this.#locale = locale;
    this.#hint = document.createElement("div");
    this.#hint.className = "hint";
    this.#hint.dir = "auto";
    this.#plot = new uPlot(this.#options(), [[], []], room);
    room.append(this.#hint);
    this.#watch = new ResizeObserver(() => this.#plot.setSize({ width: room.clientWidth, height: this.#height() }));
    this.#watch.observe(room);
    this.#dark.addEventListener("change", this.#repaint);
  }

  /** Shows the history, and at its end what is raised now, or what was raised when it was last known. */
  show({ points, before }: History, now: Raised, lastKnownAt?: number): void {
    const first = points[0];
    if (!first) return;
    this.#currency = now.currency;
    const end = lastKnownAt ?? serverTime();
    const ends = points.map(({ start }, place) => points[place + 1]?.start ?? Math.max(end, start + 1));
    const times = [first.start, ...ends].map((millis) => millis / 1000);
    // The history may be read some time before the total: the line ends at the total, whatever is between.
    this.#raised = [before, ...points.slice(0, -1).map(({ total }) => total), now.minor];
    const digits = digitsOf(now.currency);
    this.#plot.setData([times, this.#raised.map((minor) => Number(toDecimal(minor, digits)))]);
  }

  destroy(): void {
    this.#dark.removeEventListener("change", this.#repaint);
    this.#watch.disconnect();
    this.#plot.destroy();
    this.#hint.remove();
  }

  #height(): number {
    return Math.round((HEIGHT * this.#rem()) / 16);
  }

  /** The size of the page's text, which grows with the screen, in pixels. */
  #rem(): number {
    return parseFloat(getComputedStyle(document.documentElement).fontSize);
  }

  #color(name: string): string {
    return getComputedStyle(this.#room).getPropertyValue(name).trim();
  }

  #options(): uPlot.Options {
    const rem = this.#rem();
    const font = `${Math.round(0.78 * rem)}px ${getComputedStyle(this.#room).fontFamily}`;
    const axis = { stroke: () => this.#color("--totals-soft"), font, ticks: { show: false } };
    return {
      width: this.#room.clientWidth || 320,
      height: this.#height(),
      // Half of the last label stands to the right of the line's end.
      padding: [8, 1.7 * rem, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: (9 * rem) / 16, fill: () => this.#color("--raised") } },
      scales: { y: { range: (_, __, most) => [0, most > 0 ? most * 1.06 : 1] } },
      axes: [
        // Below the label of zero, which stands beside the line's foot.
        { ...axis, grid: { show: false }, values: (_, splits) => this.#days(splits), space: 5 * rem, gap: 0.6 * rem, size: 2 * rem },
        {
          ...axis,
          grid: { stroke: () => this.#color("--line"), width: 1 },
          values: (_, splits) => splits.map((value) => this.#short(value)),
          // The first label of the other axis begins below this one.
          size: (plot, values) => Math.max(this.#widest(plot, values, font), 1.7 * rem),
          space: 3 * rem,
        },
      ],
      series: [
        {},
        {
          stroke: () => this.#color("--raised"),
          fill: () => this.#color("--raised-below"),
          width: (2.5 * rem) / 16,
          points: { show: false },
        },
      ],
      hooks: { setCursor: [(plot) => this.#point(plot)], draw: [(plot) => this.#now(plot)] },
    };
  }

  /** The room that these labels need, in pixels. */
  #widest({ ctx }: uPlot, values: string[] | null, font: string): number {
    ctx.save();
    // The canvas counts in the pixels of the screen.
    ctx.font = font;
    const widths = (values ?? []).map((value) => ctx.measureText(value).width);
    ctx.restore();
    return Math.ceil(Math.max(0, ...widths)) + 12;
  }

  #days(splits: number[]): string[] {
    const isLong = (splits.at(-1) ?? 0) - (splits[0] ?? 0) >= 2 * DAY;
    const format = new Intl.DateTimeFormat(
      this.#locale,
      isLong ? { month: "short", day: "numeric" } : { hour: "numeric", minute: "2-digit" },
    );
    const labels = splits.map((time) => format.format(time * 1000));
    // On a wide chart a day has two splits.
    return labels.map((label, place) => (label === labels[place - 1] ? "" : label));
  }

  #short(value: number): string {
    const options = { style: "currency", currency: this.#currency, notation: "compact", maximumSignificantDigits: 3 } as const;
    return value.toLocaleString(this.#locale, options);
  }

  /** Marks the end of the line, which is now, or when it was last known. */
  #now(plot: uPlot): void {
    const [times, raised] = plot.data;
    const [time, value] = [times.at(-1), raised?.at(-1)];
    if (time === undefined || value === undefined || value === null) return;
    const { ctx } = plot;
    ctx.beginPath();
    ctx.arc(plot.valToPos(time, "x", true), plot.valToPos(value, "y", true), ((4.5 * this.#rem()) / 16) * devicePixelRatio, 0, 2 * Math.PI);
    ctx.fillStyle = this.#color("--raised");
    ctx.fill();
  }

  /** Says what was raised by the moment under the pointer. */
  #point({ cursor, data }: uPlot): void {
    const place = cursor.idx;
    const time = place === null || place === undefined ? undefined : data[0][place];
    const raised = place === null || place === undefined ? undefined : this.#raised[place];
    this.#hint.hidden = time === undefined || raised === undefined;
    if (time === undefined || raised === undefined) return;
    const when = new Date(time * 1000).toLocaleString(this.#locale, { dateStyle: "medium", timeStyle: "short" });
    this.#hint.textContent = `${when}: ${money(this.#locale, this.#currency, raised)}`;
  }
}
