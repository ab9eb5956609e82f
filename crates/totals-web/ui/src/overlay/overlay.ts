/** `/overlay/{id}`: a campaign over a broadcast's picture, for OBS and others. Transparent; options are in the address. */

import { html, nothing, render, type TemplateResult } from "lit";
import { defineElements } from "../elements/define";
import { directionOf, setReadersLocale } from "../format/locale";
import { money } from "../format/money";
import { wordsFor } from "../format/words";
import type { Health } from "../live/channel";
import { newSince } from "../live/feed";
import type { Campaign, Donation } from "../live/model";
import { liveTotals } from "../live/totals";
import { campaignOfAddress } from "../page/address";
import { showCampaignEarly } from "../page/early";
import { AlertQueue, type Gift, NONE } from "./alerts";
import { Arrivals } from "./arrivals";
import { readOptions } from "./options";

const { options, ...read } = readOptions(location.search);
let { problems } = read;
const locale = options.lang ?? navigator.language;
const words = wordsFor(locale);
const id = campaignOfAddress(location.pathname);
const root = document.documentElement;

function dress(): void {
  root.lang = words.sentenceLocale;
  setReadersLocale(locale);
  root.dir = directionOf(words.language);
  root.dataset.position = options.position;
  root.dataset.align = options.align;
  root.dataset.look = options.style;
  root.dataset.alerts = options.alerts;
  root.dataset.plate = options.colours.background === "transparent" ? "none" : "some";
  root.style.setProperty("--size", String(options.size));
  const variables = { color: "--totals-accent", glow: "--totals-glow", ink: "--ink", background: "--plate" } as const;
  for (const [name, variable] of Object.entries(variables) as [keyof typeof variables, string][]) {
    const value = options.colours[name];
    if (value) root.style.setProperty(variable, value);
  }
}

/** Whoever composes the address sees what is wrong with it; viewers of a broadcast never do. */
function complain(): TemplateResult | typeof nothing {
  const isOnAir = "obsstudio" in window;
  if (isOnAir || problems.length === 0) return nothing;
  return html`<div class="problems" role="alert" lang="en" dir="ltr">
    <ul>
      ${problems.map((problem) => html`<li>${problem}</li>`)}
      <li>This note is not shown in OBS.</li>
    </ul>
  </div>`;
}

function plate(title: string | undefined): TemplateResult | typeof nothing {
  if (options.style === "alerts") return nothing;
  const vertical = options.style === "thermometer";
  const bar = options.style !== "number" && options.goal === "on";
  return html`<section class="plate">
    ${options.title === "on" && title ? html`<h1><bdi dir="auto">${title}</bdi></h1>` : nothing}
    <div class="row">
      ${vertical ? bar && thermometer("vertical") : nothing}
      <campaign-total campaign=${id} ?details=${options.donors === "on"}></campaign-total>
      ${bar && !vertical ? thermometer("horizontal") : nothing}
    </div>
  </section>`;
}

function thermometer(orientation: string): TemplateResult {
  return html`<campaign-thermometer campaign=${id} orientation=${orientation}></campaign-thermometer>`;
}

/** The alert as the queue has it, and the currency that the campaign has told. */
let alerted: Gift | undefined;
let campaign: Campaign | undefined;

function alert(): TemplateResult | typeof nothing {
  if (!alerted || !campaign) return nothing;
  const amount = money(locale, campaign.currency, alerted.minor, "round");
  const { name, count } = alerted;
  const sentence = name ? sayOfName(name, amount) : count === 1 ? words.say("newDonation", { amount }) : words.counted("newDonations", count, { amount });
  return html`<p class="alert" role="status" lang=${words.language}>${sentence}</p>`;
}

/** The name in a place of its own, so that its direction does not turn the sentence around. */
function sayOfName(name: string, amount: string): TemplateResult {
  const [before, after] = words.say("gave", { name: "\u0000", amount }).split("\u0000");
  return html`${before}<bdi dir="auto">${name}</bdi>${after}`;
}

function draw(): void {
  const main = document.querySelector("main");
  if (main) render(html`${complain()}${alert()}${plate(campaign?.title)}`, main);
}

/** Tells of donations: by the feed where the service shows it, else by what the total has grown. */
function follow(): void {
  const queue = new AlertQueue(options.seconds * 1000, (gift) => {
    alerted = gift;
    draw();
  });
  let latest: readonly Donation[] | undefined;
  let hasFeed = false;
  const healths: { total?: Health; feed?: Health } = {};
  const isLive = (): boolean => healths.total === "live" && healths.feed === "live";
  const arrivals = new Arrivals((...gifts) => queue.add(...gifts), isLive);
  const live = liveTotals("");
  live.watchCampaign(id, ({ value, health }) => {
    healths.total = health;
    const before = campaign;
    campaign = value ?? undefined;
    draw();
    const grown = value && before ? { count: value.pledges - before.pledges, minor: value.minor - before.minor } : NONE;
    if (options.alerts === "off" || grown.count <= 0 || grown.minor <= 0n) return;
    if (hasFeed) arrivals.grew(grown);
    else queue.add(grown);
  });
  if (options.alerts === "off") return;
  live.watchDonations(id, ({ value, health }) => {
    healths.feed = health;
    hasFeed = health !== "absent" && value !== undefined;
    if (!value) return;
    const gift = ({ minor, name }: Donation): Gift => ({ count: 1, minor, ...(name ? { name } : {}) });
    const come = latest ? newSince(latest, value) : [];
    arrivals.listed(come.map(gift), come.length === value.length);
    latest = value;
  });
}

/** Nothing is read in a size below this, so a canvas that needs it is given up. */
const LEAST_SIZE = 0.1;

/** What is too large for the canvas is made smaller, so that nothing of it is beyond the edge. It never grows again: nothing moves on air. */
function keepWithin(main: HTMLElement): void {
  let size = options.size;
  const plate = main.querySelector(".plate");
  const share = (): number =>
    Math.min(
      root.clientWidth / main.scrollWidth,
      root.clientHeight / main.scrollHeight,
      // What leaves the plate may still be on the canvas. Both widths are rounded.
      plate ? (plate.clientWidth + 1) / plate.scrollWidth : 1,
    );
  const watch = new ResizeObserver(() => {
    const before = size;
    // Lines that break otherwise may be too large once more.
    for (let fits = share(); fits < 0.995 && size >= LEAST_SIZE; fits = share()) {
      size *= fits;
      root.style.setProperty("--size", size.toFixed(3));
    }
    if (size === before) return;
    const problem = `size=${options.size}: too large for a canvas of ${root.clientWidth} by ${root.clientHeight}; it is shown in ${size.toFixed(2)}`;
    problems = [...problems.filter((known) => !known.includes("too large for a canvas")), problem];
    draw();
  });
  // What is beyond the edge does not make `main` larger.
  for (const part of [main, ...main.querySelectorAll(".plate, .row > *")]) watch.observe(part);
}

for (const problem of problems) console.warn(`totals overlay: ${problem}`);
dress();
void showCampaignEarly(id).then(() => {
  defineElements();
  draw();
  keepWithin(document.querySelector("main")!);
  follow();
});
