/** Which requests a page's elements make together. */

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { LiveTotals, type View } from "../src/live/totals";
import type { Campaign } from "../src/live/model";

let requests: string[];
let ends: (() => void)[];
let answer: (url: string) => Response | undefined;

beforeEach(() => {
  vi.useFakeTimers();
  requests = [];
  ends = [];
  answer = () => undefined;
  vi.stubGlobal("document", { hidden: false, addEventListener: () => undefined });
  vi.stubGlobal("addEventListener", () => undefined);
  vi.spyOn(AbortSignal, "timeout").mockImplementation(() => new AbortController().signal);
  vi.stubGlobal("fetch", (url: string, { signal }: RequestInit) => {
    requests.push(decodeURIComponent(url));
    const now = answer(url);
    return now ? Promise.resolve(now) : new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new Error("aborted"))));
  });
});

afterEach(async () => {
  for (const end of ends) end();
  await vi.advanceTimersByTimeAsync(0);
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const live = new LiveTotals("https://totals.example");
const watch = (id: string): View<Campaign>[] => {
  const views: View<Campaign>[] = [];
  ends.push(live.watchCampaign(id, (view) => views.push(view)));
  return views;
};
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

it("is one stream for all campaigns of a page, however many elements show each", async () => {
  for (const id of ["a", "b", "a", "c", "b"]) watch(id);
  await settle();
  expect(requests).toEqual(["https://totals.example/api/totals/stream?ids=a,b,c"]);
});

it("is one more for each hundred, and for what cannot be listed", async () => {
  const many = Array.from({ length: 101 }, (_, number) => `camp_${number}`);
  for (const id of [...many, "with,comma", "x".repeat(257)]) watch(id);
  await settle();
  expect(requests).toEqual([
    `https://totals.example/api/totals/stream?ids=${many.slice(0, 100).join()}`,
    "https://totals.example/api/totals/stream?ids=camp_100",
    "https://totals.example/api/totals/campaigns/with,comma/stream",
    `https://totals.example/api/totals/campaigns/${"x".repeat(257)}/stream`,
  ]);
});

it("is none for the donations of an id that no path can name", async () => {
  for (const id of [".", ".."]) live.watchDonations(id, ({ health }) => expect(health).toBe("absent"))();
  watch("..");
  await settle();
  expect(requests).toEqual(["https://totals.example/api/totals/stream?ids=.."]);
});

it("never asks with a longer address than the API takes", async () => {
  for (let number = 0; number < 100; number++) watch(`${number}`.padEnd(100, "é"));
  await settle();
  expect(requests.length).toBeGreaterThan(1);
  for (const url of requests) expect(encodeURI(url).length).toBeLessThan(8 * 1024);
});

it("lets go of places for what nobody watches any more, once others have had time to leave", async () => {
  for (const id of ["a", "b", "c"]) watch(id);
  await settle();
  requests = [];
  ends.splice(1, 2).forEach((end) => end());
  await vi.advanceTimersByTimeAsync(4_900);
  expect(requests.filter((url) => url.includes("/stream"))).toEqual([]);
  await vi.advanceTimersByTimeAsync(100);
  expect(requests.filter((url) => url.includes("/stream"))).toEqual(["https://totals.example/api/totals/stream?ids=a"]);
});

it.each(["{}", '{"data":{}}', '{"data":5}', "null", "<html>"])("takes %s for no answer", async (body) => {
  const [campaign, others] = [watch("a"), [] as View<unknown>[]];
  ends.push(live.watchSum((view) => others.push(view)), live.watchDonations("a", (view) => others.push(view)));
  const sse = { headers: { "content-type": "text/event-stream" } };
  answer = (url) => (url.includes("/stream") ? new Response(`data: ${body}\n\n`, sse) : new Response(body));
  await vi.advanceTimersByTimeAsync(15_000);
  for (const { value, health } of [...campaign, ...others]) expect([value, health]).toEqual([undefined, "unavailable"]);
  expect(campaign.length).toBeGreaterThan(0);
});

it("passes over events of types that it does not know", async () => {
  const campaign = watch("a");
  const totals = '{"campaignId":"a","totalAmount":5,"totalAmountMinor":500,"totalPledges":1,"totalDonors":1,"currency":"USD","revision":1}';
  const body = `event: news\ndata: {}\n\ndata: ${totals}\n\nevent: news\ndata: {}\n\n`;
  answer = (url) => (url.includes("/stream") ? new Response(body, { headers: { "content-type": "text/event-stream" } }) : undefined);
  await vi.advanceTimersByTimeAsync(200);
  expect(campaign.at(-1)).toMatchObject({ health: "live", value: { minor: 500n } });
});

it("knows a time of what comes first from an API that does not hear from its database", async () => {
  const views = watch("a");
  const body = 'event: stale\ndata: {}\n\nevent: no-totals\ndata: {"campaignId":"a"}\n\n';
  answer = (url) => (url.includes("/stream") ? new Response(body, { headers: { "content-type": "text/event-stream" } }) : undefined);
  await vi.advanceTimersByTimeAsync(200);
  expect(views.at(-1)).toMatchObject({ health: "unavailable", value: null });
  expect(views.filter(({ value, heardAt }) => value !== undefined && heardAt === 0)).toEqual([]);
});

it("knows of what was offered since when it is known", async () => {
  const views = watch("a");
  live.offerCampaign({ id: "a", minor: 5n, currency: "USD", pledges: 1, donors: 1, revision: 1 });
  const offered = Date.now();
  await vi.advanceTimersByTimeAsync(9_000);
  expect(views.at(-1)).toMatchObject({ health: "unavailable", heardAt: offered });
});

it("has for the first who watches what was offered before", async () => {
  const read = { id: "a", minor: 5n, currency: "USD", pledges: 1, donors: 1, revision: 1 };
  live.offerCampaign(read);
  live.offerSum({ minor: 7n, currency: "USD", pledges: 1, campaigns: 1 });
  const [campaign, sums] = [watch("a"), [] as View<unknown>[]];
  ends.push(live.watchSum((view) => sums.push(view)));
  expect([campaign[0]?.value, sums[0]?.value]).toMatchObject([read, { minor: 7n }]);
});

it("tells of a campaign that a read leaves out only if it never was there", async () => {
  const [known, unknown] = [watch("known"), watch("unknown")];
  const totals = (...ids: string[]): Response =>
    new Response(
      JSON.stringify({
        data: {
          totals: ids.map((campaignId) => ({
            campaignId, totalAmount: 5, totalAmountMinor: 500, totalPledges: 1, totalDonors: 1, currency: "USD", revision: 1,
            lastUpdated: "2025-11-21T10:30:00.000Z",
          })),
        },
      }),
    );
  answer = (url) => (url.includes("/stream") ? undefined : totals("known"));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(known.at(-1)?.value?.minor).toBe(500n);
  expect(unknown.at(-1)?.value).toBeNull();
  answer = (url) => (url.includes("/stream") ? undefined : totals());
  await vi.advanceTimersByTimeAsync(10_000);
  expect(known.at(-1)?.value?.minor).toBe(500n);
});
