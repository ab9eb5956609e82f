/** Which donations of a feed are new. The feed names no ids, so each is told from others by its time, its name and its place. */

import type { Donation } from "./model";

export interface Keyed {
  readonly key: string;
  readonly donation: Donation;
}

/**
 * Each donation with a key that stays the same when newer ones come, and when part of it is refunded. Those of one moment and one
 * name are numbered from the oldest on.
 */
export function keyed(donations: readonly Donation[]): Keyed[] {
  const met = new Map<string, number>();
  const withKeys = [...donations].reverse().map((donation) => {
    const text = `${donation.at} ${donation.name ?? ""}`;
    const times = met.get(text) ?? 0;
    met.set(text, times + 1);
    return { key: `${text} ${times}`, donation };
  });
  return withKeys.reverse();
}

/**
 * The donations that have come since, oldest first. Older ones that move up into the list behind a refund are not among them, nor
 * are those of a backup, none of which may be known.
 */
export function newSince(before: readonly Donation[], after: readonly Donation[]): Donation[] {
  const known = new Set(keyed(before).map(({ key }) => key));
  const latest = keyed(after);
  const first = latest.findIndex(({ key }) => known.has(key));
  const oldest = before.length > 0 ? Math.min(...before.map(({ at }) => at)) : 0;
  const come = first < 0 ? latest.filter(({ donation }) => donation.at >= oldest) : latest.slice(0, first);
  return come.map(({ donation }) => donation).reverse();
}
