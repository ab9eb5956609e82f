/**
 * A program that uses `@totals/client` as a stranger would: installed from its package, compiled strictly, on the real service.
 * It says in a line each thing that it learns, and ends by itself once its input has ended and nothing of the client is left.
 */

import {
  type CampaignTotals,
  NotFoundError,
  type Page,
  RequestError,
  type Sum,
  TotalsClient,
  UnavailableError,
  type WatchEvent,
} from "@totals/client";

const [base = "", id = ""] = process.argv.slice(2);
const client = new TotalsClient(base);

function say(...words: (string | number)[]): void {
  console.log(words.join(" "));
}

/** What went wrong, by the types alone. */
function reason(error: unknown): string {
  if (error instanceof NotFoundError) return "not found";
  if (error instanceof UnavailableError) return "unavailable";
  if (error instanceof RequestError) return `refused ${error.status}`;
  throw error;
}

function told(event: WatchEvent): void {
  switch (event.type) {
    case "totals":
      return say("totals", event.campaignId, event.totals.totalAmountMinor);
    case "no-totals":
      return say("no totals", event.campaignId);
    case "live":
      return say("live");
    case "lost":
      return say("lost", event.error.name);
    case "failed":
      return say("failed", event.error.status);
  }
}

const totals: CampaignTotals = await client.get(id);
const percent: number | undefined = totals.goal?.percent;
say("get", totals.totalAmountMinor, percent ?? "no goal", totals.title ?? "no title");
const page: Page = await client.list({ limit: 1, sortBy: "totalAmount", sortOrder: "desc" });
say("list", page.total, page.totals[0]?.campaignId ?? "none");
const sum: Sum = await client.sum();
say("sum", sum.totalAmountMinor);
say(await client.get("nobody").then(() => "found", reason));
say(await client.get("x".repeat(300)).then(() => "found", reason));
say(await new TotalsClient("http://127.0.0.1:9").get(id).then(() => "found", reason));

// @ts-expect-error: a field that the API does not have.
void totals.totalAmonut;

const stop = client.watch([id, "nobody"], told);
process.stdin.on("end", stop).resume();
