/**
 * The first number, before there is a stream. The server tells the browser to read it while the page is still being loaded (a
 * header `Link`, or a `<link rel="preload">`); here is what takes it. If anything is wrong with it, the stream tells soon enough.
 */

import { parseExact } from "../live/exact";
import { campaign, isObject, sum } from "../live/model";
import { liveTotals } from "../live/totals";

async function data(path: string): Promise<Record<string, unknown>> {
  const response = await fetch(path);
  const body = response.ok ? parseExact(await response.text()) : undefined;
  return isObject(body) && isObject(body.data) ? body.data : {};
}

/** Shows the platform's sum as soon as it is read. */
export function showSumEarly(): void {
  const show = (read: Record<string, unknown>): void => {
    const found = sum(read);
    if (found) liveTotals("").offerSum(found);
  };
  data("/api/totals").then(show).catch(() => undefined);
}

/** Shows the campaign as soon as it is read: in a list of one, so that none yet is no error. */
export function showCampaignEarly(id: string): void {
  const show = ({ totals }: Record<string, unknown>): void => {
    const found = Array.isArray(totals) ? campaign(totals[0]) : undefined;
    if (found?.id === id) liveTotals("").offerCampaign(found);
  };
  data(`/api/totals/campaigns?ids=${encodeURIComponent(id)}`).then(show).catch(() => undefined);
}
