export { TotalsClient } from "./client.js";
export type { CampaignTotals, ClientOptions, Goal, ListQuery, Page, RequestOptions, Sum } from "./client.js";
export { NotFoundError, RequestError, TotalsError, UnavailableError } from "./errors.js";
export type { WatchEvent, WatchListener } from "./watch.js";
