/** What the API tells, in the shape in which the windows use it. */

import { fromDecimal, minorDigits } from "./exact";

/** What a campaign, or the whole platform, has raised. */
export interface Raised {
  /** In minor units of the currency. */
  readonly minor: bigint;
  readonly currency: string;
  readonly pledges: number;
  /** Milliseconds since 1970; absent if nothing ever changed. */
  readonly lastUpdated?: number;
}

/** One campaign. A fact that is unknown is absent. */
export interface Campaign extends Raised {
  readonly id: string;
  readonly donors: number;
  readonly revision: number;
  readonly title?: string;
  readonly status?: string;
  readonly startsAt?: number;
  readonly endsAt?: number;
  /** In minor units; above zero. */
  readonly goal?: bigint;
}

/** The whole platform. */
export interface Sum extends Raised {
  readonly campaigns: number;
}

/** A campaign, or the whole platform. */
export type Counted = Raised & Partial<Pick<Campaign, "revision"> & Pick<Sum, "campaigns">>;

/** One donation of the feed. */
export interface Donation {
  readonly at: number;
  readonly minor: bigint;
  readonly name?: string;
}

/** One interval of a history, with something in it or before it. */
export interface HistoryPoint {
  readonly start: number;
  /** What was raised up to the interval's end, from the very beginning on; in minor units. */
  readonly total: bigint;
}

export interface History {
  /** Oldest first. */
  readonly points: readonly HistoryPoint[];
  /** What was raised before the first of them. */
  readonly before: bigint;
}

type Json = Record<string, unknown>;

/** The digits behind the point of each currency that an answer has told of. */
const learned = new Map<string, number>();

/** How many digits this currency has behind the point: as the API counts, else as ISO 4217 has it in this browser. */
export function digitsOf(currency: string): number {
  return learned.get(currency) ?? intlDigits(currency);
}

function intlDigits(currency: string): number {
  try {
    const format = new Intl.NumberFormat("en", { style: "currency", currency });
    return format.resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    return 2;
  }
}

function learn(currency: string, major: unknown, minor: unknown): void {
  const digits = minorDigits(String(major), String(minor));
  if (digits !== undefined) learned.set(currency, digits);
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function time(value: unknown): number | undefined {
  const millis = typeof value === "string" ? Date.parse(value) : NaN;
  return Number.isNaN(millis) ? undefined : millis;
}

/** Leaves members out that are undefined, so that a fact that is unknown is absent. */
function known<T extends object>(facts: { [K in keyof T]: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** A text of which something is seen: white space, what Unicode lets be ignored, and letters that are blank are none. */
function text(value: unknown): string | undefined {
  return typeof value === "string" && isVisible(value) ? value : undefined;
}

/** The same rule as `is_blank` of `totals-core`. */
function isVisible(text: string): boolean {
  return /[^\s\p{Cc}\p{Default_Ignorable_Code_Point}\u2800\ufff9-\ufffb]/u.test(text);
}

/** What a campaign is called: its title, else its id, written so that something is seen. */
export function nameOf(id: string, title: string | undefined): string {
  return title ?? (isVisible(id) ? id : encodeURIComponent(id));
}

/** Returns true if a path can name this id. Browsers take `.` and `..` for steps between folders, in every way of writing them. */
export function isAddressable(id: string): boolean {
  return id !== "." && id !== "..";
}

/** A campaign from `data` of a read, an item of a list, or an event. */
export function campaign(data: unknown): Campaign | undefined {
  if (!isObject(data) || typeof data.campaignId !== "string") return undefined;
  const { currency } = data;
  if (typeof currency !== "string") return undefined;
  learn(currency, data.totalAmount, data.totalAmountMinor);
  const goal = isObject(data.goal) ? data.goal : undefined;
  if (goal) learn(currency, goal.amount, goal.amountMinor);
  return {
    id: data.campaignId,
    minor: BigInt(String(data.totalAmountMinor)),
    currency,
    pledges: Number(data.totalPledges),
    donors: Number(data.totalDonors),
    revision: Number(data.revision),
    ...known<Campaign>({
      lastUpdated: time(data.lastUpdated),
      title: text(data.title),
      status: text(data.status),
      startsAt: time(data.startsAt),
      endsAt: time(data.endsAt),
      goal: goal && BigInt(String(goal.amountMinor)),
    } as Campaign),
  };
}

/** The platform's sum, from `data` of a read or an event. */
export function sum(data: unknown): Sum | undefined {
  if (!isObject(data) || data.totalAmountMinor === undefined) return undefined;
  const { currency } = data;
  if (typeof currency !== "string") return undefined;
  learn(currency, data.totalAmount, data.totalAmountMinor);
  return {
    minor: BigInt(String(data.totalAmountMinor)),
    currency,
    pledges: Number(data.totalPledges),
    campaigns: Number(data.campaigns),
    ...known<Sum>({ lastUpdated: time(data.lastUpdated) } as Sum),
  };
}

/** The latest donations, newest first, from `data` of a read or an event. */
export function donations(data: unknown): Donation[] | undefined {
  const items = isObject(data) ? (data.donations ?? data.items) : data;
  if (!Array.isArray(items)) return undefined;
  return items.filter(isObject).map((item) => ({
    at: time(item.at) ?? 0,
    minor: BigInt(String(item.amountMinor)),
    ...known<Donation>({ name: text(item.name) } as Donation),
  }));
}

/** A history, without the intervals before the first donation. */
export function history(data: unknown): History | undefined {
  if (!isObject(data) || !Array.isArray(data.points)) return undefined;
  const listed = data.points.filter(isObject);
  const told = listed.map(({ amount, amountMinor }) => minorDigits(String(amount), String(amountMinor)));
  const digits = told.find((digits) => digits !== undefined) ?? digitsOf(String(data.currency));
  let before = 0n;
  const points: HistoryPoint[] = [];
  for (const point of listed) {
    const total = fromDecimal(String(point.total), digits);
    if (points.length === 0) before = total - BigInt(String(point.amountMinor));
    if (points.length > 0 || total > 0n) points.push({ start: time(point.start) ?? 0, total });
  }
  return { points, before };
}

/** Returns true if `next` is an older state of the campaign than `now`: of a replica that lags, or before a reset. */
export function isOlder(next: Campaign, now: Campaign): boolean {
  const changed = (next.lastUpdated ?? 0) - (now.lastUpdated ?? 0);
  return changed < 0 || (changed === 0 && next.revision < now.revision);
}

/**
 * Returns true if the API has begun anew between the two: after a reset or with a backup it has less than before. The difference
 * is then nobody's refund, with which a revision grows. A sum has no revision, but with a refund it loses no campaign and no time.
 */
export function isReset(next: Counted | null, now: Counted | null | undefined): boolean {
  if (!now) return false;
  if (!next) return true;
  const falls = (member: "revision" | "campaigns" | "lastUpdated"): boolean => (next[member] ?? 0) < (now[member] ?? 0);
  return now.revision === undefined ? next.minor < now.minor && (falls("campaigns") || falls("lastUpdated")) : falls("revision");
}

/** How far a campaign is, in hundredths of a percent, rounded down: 10000 and more says that the goal is reached. */
export function hundredths(minor: bigint, goal: bigint): number {
  return Number((minor * 10000n) / goal);
}
