/**
 * `<campaign-thermometer campaign="…">`: how far a campaign is towards its goal. Beyond the goal the bar is the whole of what was
 * raised, with a mark where the goal was and what came on top in the second colour. A campaign without a goal has no bar.
 */

import { html, nothing, type TemplateResult } from "lit";
import { money } from "../format/money";
import { exactPercent, percent } from "../format/number";
import { type Campaign, hundredths, isReset } from "../live/model";
import type { LiveTotals, View } from "../live/totals";
import { LiveElement } from "./base";
import { shared } from "./styles";
import { thermometerStyles } from "./thermometer.styles";

const REACHED = 10_000;

export class CampaignThermometer extends LiveElement<Campaign> {
  static override properties = {
    ...LiveElement.properties,
    orientation: { type: String, reflect: true },
    bare: { type: Boolean },
    brief: { type: Boolean },
  };
  static override styles = [shared, thermometerStyles];

  /** `vertical`: with a bulb, as on a wall of old. */
  declare orientation: string;
  /** Only the bar, without words. */
  declare bare: boolean;
  /** Says of a goal that is reached only that it is. */
  declare brief: boolean;

  protected override watch(live: LiveTotals, listener: (view: View<Campaign>) => void): () => void {
    return live.watchCampaign(this.campaign, listener);
  }

  protected override isNothing(value: Campaign | null): boolean {
    return value === null || value.minor === 0n;
  }

  /** What is shown now is no growth or refund of what was before. */
  #isReset = false;

  protected override viewed({ value }: View<Campaign>): void {
    const before = this.view?.value;
    this.#isReset = value !== undefined && isReset(value, before);
    if (!before?.goal || !value?.goal) return;
    if (hundredths(before.minor, before.goal) >= REACHED || hundredths(value.minor, value.goal) < REACHED) return;
    this.dispatchEvent(new CustomEvent("goal-reached", { bubbles: true, composed: true }));
    this.renderRoot.querySelector(".track")?.classList.add("joy");
  }

  override render(): TemplateResult | typeof nothing {
    if (this.isInvalid) return html`<span class="error" part="error">&lt;${this.localName}&gt;: campaign="…" is missing</span>`;
    const { value } = this.view ?? {};
    if (value === undefined && this.state !== "absent") return this.#place();
    if (!value?.goal) return nothing;
    const done = hundredths(value.minor, value.goal);
    const exact = this.words.say("ofGoal", {
      percent: exactPercent(this.locale, done),
      amount: money(this.locale, value.currency, value.goal, "round"),
    });
    return html`<div
        class="track ${value.minor > 0n ? "some" : ""} ${done > REACHED ? "over" : ""} ${this.#isReset ? "still" : ""}"
        part="track"
        role="progressbar"
        lang=${this.words.language}
        aria-label=${[value.title, this.words.say("progress")].filter(Boolean).join(": ")}
        aria-valuemin="0"
        aria-valuemax="100"
        aria-valuenow=${Math.min(100, Math.floor(done / 100))}
        aria-valuetext=${exact}
      >
        <div class="tube"><div class="beyond" part="beyond"></div><div class="fill" part="fill"></div></div>
        <div class="mark" part="mark"></div>
      </div>
      ${this.bare ? nothing : this.#caption(value, value.goal, done)}`;
  }

  /** Keeps the place of the bar until it is known whether there is a goal: most have one, and nothing moves when it comes. */
  #place(): TemplateResult {
    return html`<div class="track" part="track" aria-hidden="true"><div class="tube"></div></div>
      ${this.bare ? nothing : html`<div class="caption" part="caption" aria-hidden="true">\u00a0</div>`}`;
  }

  #caption(value: Campaign, goal: bigint, done: number): TemplateResult {
    const wanted = money(this.locale, value.currency, goal, "round");
    const isNothing = this.isNothing(value);
    const of = isNothing
      ? this.words.say("goal", { amount: wanted })
      : this.words.say("ofGoal", { percent: percent(this.locale, done), amount: wanted });
    const amount = money(this.locale, value.currency, value.minor - goal, "round");
    const joy = done > REACHED && !this.brief ? this.words.say("beyond", { amount }) : this.words.say("reached");
    return html`<div class="caption" part="caption" lang=${this.words.language} aria-hidden="true">
      <span class="share" part="share">${of}</span>${done >= REACHED ? html`<span class="joyful" part="reached">${joy}</span>` : nothing}
    </div>`;
  }

  override updated(): void {
    super.updated();
    const track = this.renderRoot.querySelector<HTMLElement>(".track");
    const value = this.view?.value;
    if (!track || !value?.goal) return;
    const done = hundredths(value.minor, value.goal);
    this.dataset.percent = (done / 100).toString();
    // Of a goal that lies far behind something is always to be seen.
    const fill = done > REACHED ? Math.max(4, 1_000_000 / done) : done / 100;
    track.style.setProperty("--fill", `${fill}%`);
    track.style.setProperty("--beyond", done > REACHED ? "100%" : "0%");
  }
}
