/**
 * The first number, before there is a stream. The server tells the browser to read it while the page is still being loaded (a
 * header `Link`, or a `<link rel="preload">`); here is what takes it. It is mostly there before the scripts are, so a page waits for
 * it, and its first frame has the number. If anything is wrong with it, the stream tells soon enough.
 */

import { learnTime } from "../live/clock";
import { parseExact } from "../live/exact";
import { campaign, isObject, sum } from "../live/model";
import { liveTotals } from "../live/totals";

/** How long a page waits for its number before it shows itself, in milliseconds. */
const PATIENCE = 100;

async function data(path: string): Promise<Record<string, unknown>> {
  const response = await fetch(path);
  learnTime(response.headers.get("date"));
  const body = response.ok ? parseExact(await response.text()) : undefined;
  return isObject(body) && isObject(body.data) ? body.data : {};
}

/** Hands over what is read. Ends when that is done, when it has failed, or when it takes long. */
function early(path: string, show: (read: Record<string, unknown>) => void): Promise<void> {
  const shown = data(path).then(show).catch(() => undefined);
  return Promise.race([shown, new Promise<void>((resolve) => setTimeout(resolve, PATIENCE))]);
}

/** Shows the platform's sum as soon as it is read. */
export function showSumEarly(): Promise<void> {
  const show = (read: Record<string, unknown>): void => {
    const found = sum(read);
    if (found) liveTotals("").offerSum(found);
  };
  return early("/api/totals", show);
}

/** Shows the campaign as soon as it is read: in a list of one, so that none yet is no error. */
export function showCampaignEarly(id: string): Promise<void> {
  const show = ({ totals }: Record<string, unknown>): void => {
    const found = Array.isArray(totals) ? campaign(totals[0]) : undefined;
    if (found?.id === id) liveTotals("").offerCampaign(found);
  };
  return early(`/api/totals/campaigns?ids=${encodeURIComponent(id)}`, show);
}
