/** Which campaigns there are: read page by page, the ones that raised most first. */

import { parseExact } from "../live/exact";
import { campaign, isObject, type Campaign } from "../live/model";

/** How long a page may take, in milliseconds; a server that never answers is then as one that is away. */
const TIMEOUT = 10_000;

const FIRST_PAGE = "/api/totals/campaigns?limit=24&sortBy=totalAmount&sortOrder=desc";

export interface Page {
  readonly campaigns: readonly Campaign[];
  readonly next?: string;
}

/** Reads a page of the list; throws if the API cannot answer. */
export async function readPage(cursor?: string): Promise<Page> {
  const url = cursor ? `/api/totals/campaigns?limit=24&cursor=${encodeURIComponent(cursor)}` : FIRST_PAGE;
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT) });
  if (!response.ok) throw new Error(`the list of campaigns: ${response.status}`);
  const body = parseExact(await response.text());
  const data = isObject(body) && isObject(body.data) ? body.data : {};
  if (!Array.isArray(data.totals)) throw new Error("the list of campaigns: this is no answer of the API");
  const campaigns = data.totals.map(campaign).filter((item): item is Campaign => item !== undefined && isPublic(item));
  return typeof data.nextCursor === "string" ? { campaigns, next: data.nextCursor } : { campaigns };
}

/** A draft that nobody has given to is not for visitors. */
function isPublic({ status, pledges }: Campaign): boolean {
  return pledges > 0 || status?.toUpperCase() !== "DRAFT";
}
