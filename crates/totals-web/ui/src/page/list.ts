/** Which campaigns there are: read page by page, the ones that raised most first. */

import { parseExact } from "../live/exact";
import { campaign, isObject, type Campaign } from "../live/model";

const FIRST_PAGE = "/api/totals/campaigns?limit=24&sortBy=totalAmount&sortOrder=desc";

export interface Page {
  readonly campaigns: readonly Campaign[];
  readonly next?: string;
}

/** Reads a page of the list; throws if the API cannot answer. */
export async function readPage(cursor?: string): Promise<Page> {
  const response = await fetch(cursor ? `/api/totals/campaigns?limit=24&cursor=${encodeURIComponent(cursor)}` : FIRST_PAGE);
  if (!response.ok) throw new Error(`the list of campaigns: ${response.status}`);
  const body = parseExact(await response.text());
  const data = isObject(body) && isObject(body.data) ? body.data : {};
  const found = Array.isArray(data.totals) ? data.totals.map(campaign) : [];
  const campaigns = found.filter((item): item is Campaign => item !== undefined && isPublic(item));
  return typeof data.nextCursor === "string" ? { campaigns, next: data.nextCursor } : { campaigns };
}

/** A draft that nobody has given to is not for visitors. */
function isPublic({ status, pledges }: Campaign): boolean {
  return pledges > 0 || status?.toUpperCase() !== "DRAFT";
}
