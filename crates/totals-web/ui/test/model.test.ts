import { describe, expect, it } from "vitest";
import { parseExact } from "../src/live/exact";
import { newSince } from "../src/live/feed";
import { campaign, donations, history, hundredths, isOlder, isReset, nameOf, sum, type Campaign, type Donation } from "../src/live/model";

const WIRE = `{"campaignId":"camp_123","totalAmount":5000.5,"totalAmountMinor":500050,"totalPledges":42,"totalDonors":35,
  "lastUpdated":"2025-11-21T10:30:00.000Z","currency":"USD","revision":42,"title":"A well for Ngara","status":"ACTIVE",
  "endsAt":"2026-02-21T10:00:00.000Z","goal":{"amount":10000,"amountMinor":1000000,"percent":50,"remaining":4999.5}}`;

describe("what the API tells", () => {
  it("is a campaign with all its facts", () => {
    expect(campaign(parseExact(WIRE))).toEqual({
      id: "camp_123", minor: 500050n, currency: "USD", pledges: 42, donors: 35, revision: 42,
      lastUpdated: Date.UTC(2025, 10, 21, 10, 30), title: "A well for Ngara", status: "ACTIVE",
      endsAt: Date.UTC(2026, 1, 21, 10), goal: 1000000n,
    });
  });

  it("has no fact that is absent", () => {
    const bare = campaign(parseExact('{"campaignId":"c","totalAmount":0,"totalAmountMinor":0,"totalPledges":0,"totalDonors":0,"currency":"JPY","revision":1,"lastUpdated":"x"}'));
    expect(Object.keys(bare ?? {}).sort()).toEqual(["currency", "donors", "id", "minor", "pledges", "revision"]);
  });

  it.each(["", "  ", "\u200b\u202e", "\n\t", "\u3164", "\u3164 \u115f\u2800", "\ufe0f\u200d", "\ufff9"])("has no title of which nothing is seen: %j", (title) => {
    expect(campaign({ ...(parseExact(WIRE) as object), title })).not.toHaveProperty("title");
  });

  it("has a name of which something is seen", () => {
    expect(nameOf("c", "A well")).toBe("A well");
    expect(nameOf("c", undefined)).toBe("c");
    expect(nameOf(" ", undefined)).toBe("%20");
  });

  it.each([null, 5, "text", [], {}, { campaignId: 5 }])("is no campaign: %s", (data) => {
    expect(campaign(data)).toBeUndefined();
  });

  it("is a sum beyond 64 bits", () => {
    const data = parseExact('{"totalAmount":276701161105643274.21,"totalAmountMinor":27670116110564327421,"totalPledges":7,"campaigns":3,"currency":"USD"}');
    expect(sum(data)?.minor).toBe(27670116110564327421n);
  });

  it("is a feed, under either name", () => {
    const item = { at: "2025-11-21T10:30:00.000Z", amount: 5, amountMinor: 500, name: "Miriam" };
    const expected = [{ at: Date.UTC(2025, 10, 21, 10, 30), minor: 500n, name: "Miriam" }];
    expect(donations({ donations: [item] })).toEqual(expected);
    expect(donations([item])).toEqual(expected);
    expect(donations({})).toBeUndefined();
  });
});

describe("a history", () => {
  const point = (day: number, amount: number, total: number): string =>
    `{"start":"2025-11-0${day}T00:00:00+01:00","amount":${amount / 100},"amountMinor":${amount},"pledges":1,"total":${total / 100}}`;
  const of = (...points: string[]) => history(parseExact(`{"interval":"day","currency":"KWD","points":[${points.join()}]}`));

  it("begins with the first donation", () => {
    expect(of(point(1, 0, 0), point(2, 0, 0), point(3, 505, 505), point(4, 0, 505))).toEqual({
      before: 0n,
      points: [{ start: Date.UTC(2025, 10, 2, 23), total: 505n }, { start: Date.UTC(2025, 10, 3, 23), total: 505n }],
    });
  });
  it("knows what was before", () => {
    expect(of(point(1, 100, 1_250), point(2, -50, 1_200))).toMatchObject({ before: 1_150n, points: [{ total: 1_250n }, { total: 1_200n }] });
  });
  it("may be empty", () => expect(of(point(1, 0, 0))).toEqual({ before: 0n, points: [] }));
});

describe("which state is older", () => {
  const state = (lastUpdated: number, revision: number): Campaign => ({ id: "c", minor: 1n, currency: "USD", pledges: 1, donors: 1, lastUpdated, revision });
  it.each([
    [state(5, 9), state(5, 10), true],
    [state(4, 10), state(5, 10), true],
    [state(5, 10), state(5, 10), false],
    [state(6, 1), state(5, 10), false],
  ])("%#", (next, now, expected) => expect(isOlder(next, now)).toBe(expected));
});

describe("whether the API has begun anew", () => {
  const of = (minor: bigint, revision: number): Campaign => ({ id: "c", minor, currency: "USD", pledges: 1, donors: 1, lastUpdated: 5, revision });
  const all = (minor: bigint, campaigns: number, lastUpdated?: number) =>
    ({ minor, currency: "USD", pledges: 1, campaigns, ...(lastUpdated && { lastUpdated }) });
  it.each([
    ["a donation", of(5n, 2), of(9n, 3), false],
    ["a refund", of(5n, 2), of(0n, 3), false],
    ["the first totals", null, of(5n, 1), false],
    ["what was never known", undefined, of(5n, 1), false],
    ["a campaign that was reset", of(5n, 2), null, true],
    ["a backup", of(5n, 9), of(4n, 8), true],
    ["a campaign that was reset and has donations again", of(5n, 9), of(7n, 1), true],
    ["a sum with a refund", all(5n, 2, 8), all(4n, 2, 9), false],
    ["a sum by the clock of a slower worker", all(5n, 2, 9), all(6n, 2, 8), false],
    ["an empty database", all(5n, 2, 8), all(0n, 0), true],
    ["a sum without a campaign", all(5n, 2, 8), all(4n, 1, 8), true],
    ["a sum of a backup", all(5n, 2, 8), all(4n, 2, 7), true],
  ])("%s", (_, before, next, expected) => expect(isReset(next, before)).toBe(expected));
});

describe("how far a campaign is", () => {
  it.each([
    [0n, 100n, 0],
    [9_999n, 10_000n, 9_999],
    [99_999_999n, 100_000_000n, 9_999],
    [100n, 100n, 10_000],
    [27670116110564327421n, 10n, Number(27670116110564327421n * 1000n)],
  ])("%s of %s is %s", (minor, goal, expected) => expect(hundredths(minor, goal)).toBe(expected));
});

describe("which donations are new", () => {
  const gift = (at: number, name?: string, minor = 100n): Donation => ({ at, minor, ...(name ? { name } : {}) });
  const [a, b, c, d] = [gift(1, "A"), gift(2), gift(3, "C"), gift(4, "D")];

  it("those before the first that is known, oldest first", () => {
    expect(newSince([b, a], [d, c, b, a])).toEqual([c, d]);
  });
  it("not one that moves up behind a refund", () => {
    expect(newSince([d, c, b], [d, b, a])).toEqual([]);
  });
  it("not one of which a part is refunded", () => {
    expect(newSince([c, b], [gift(3, "C", 50n), b])).toEqual([]);
  });
  it("each of several at one moment", () => {
    expect(newSince([b], [gift(2), gift(2), b])).toEqual([gift(2), gift(2)]);
  });
  it("all, where more came than the feed shows", () => {
    expect(newSince([a], [d, c])).toEqual([c, d]);
    expect(newSince([], [b, a])).toEqual([a, b]);
  });
  it("not those of a backup", () => {
    expect(newSince([d, c], [b, a])).toEqual([]);
  });
});
