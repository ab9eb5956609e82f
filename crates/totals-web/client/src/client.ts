import { type NotFoundError, type RequestError, type UnavailableError, failure, foreign, unreachable } from "./errors.js";
import type { components, operations } from "./openapi.js";
import { type WatchListener, watch } from "./watch.js";

/** What one campaign has raised, and what is known of it. */
export type CampaignTotals = components["schemas"]["CampaignTotals"];
/** What a campaign wants to raise, and how far it is. */
export type Goal = components["schemas"]["CampaignGoal"];
/** Some of the campaigns. */
export type Page = components["schemas"]["TotalsPage"];
/** What many campaigns have raised together. */
export type Sum = components["schemas"]["SumOfTotals"];

/** Which campaigns a list has, in which order. */
export type ListQuery = NonNullable<operations["list_totals"]["parameters"]["query"]>;

export interface ClientOptions {
  /** In place of the global `fetch`, such as one with headers of its own. */
  fetch?: typeof fetch;
}

export interface RequestOptions {
  /** Ends the request, which is then rejected with the signal's reason. */
  signal?: AbortSignal;
}

/** The API of a totals service. */
export class TotalsClient {
  readonly #base: string;
  readonly #fetch: typeof fetch;

  /** @param base Where the service is, such as `https://totals.example`. */
  constructor(base: string | URL, options: ClientOptions = {}) {
    this.#base = String(base).replace(/\/+$/, "");
    this.#fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));
  }

  /**
   * The totals of one campaign.
   *
   * @throws {NotFoundError} if no event has told of it; {@link UnavailableError}; {@link RequestError}; `RangeError` for the ids `.` and
   * `..`, which no URL can name
   */
  async get(campaignId: string, options: RequestOptions = {}): Promise<CampaignTotals> {
    return this.#read(campaignPath(campaignId), "totalAmount", options);
  }

  /**
   * A page of campaigns, or those that `ids` names.
   *
   * @throws {UnavailableError} and {@link RequestError}; `RangeError` for an id with a comma
   */
  list(query: ListQuery = {}, options: RequestOptions = {}): Promise<Page> {
    const entries = Object.entries(query).filter(([, value]) => value !== undefined);
    const parameters = entries.map(([name, value]) =>
      Array.isArray(value) ? idsParameter(value) : `${name}=${encodeURIComponent(String(value))}`,
    );
    return this.#read(`/api/totals/campaigns?${parameters.join("&")}`, "totals", options);
  }

  /**
   * The sum of all campaigns, or of up to 100 of them.
   *
   * @throws {UnavailableError} and {@link RequestError}; `RangeError` for an id with a comma
   */
  sum(ids?: readonly string[], options: RequestOptions = {}): Promise<Sum> {
    return this.#read(ids === undefined ? "/api/totals" : `/api/totals?${idsParameter(ids)}`, "totalAmount", options);
  }

  /**
   * Tells the listener what these campaigns (1 to 100) show now, and every newer state, until it is stopped.
   *
   * Whatever breaks, it connects again by itself; only a request that the service refuses ends it.
   *
   * @returns what stops it
   */
  watch(ids: string | readonly string[], listener: WatchListener, options: RequestOptions = {}): () => void {
    const campaigns = [...new Set(typeof ids === "string" ? [ids] : ids)];
    const [first, second] = campaigns;
    if (first === undefined || campaigns.length > 100) {
      throw new RangeError(`1 to 100 campaigns can be watched at once, not ${campaigns.length}`);
    }
    const isOne = second === undefined && isAddressable(first);
    const path = isOne ? `${campaignPath(first)}/stream` : `/api/totals/stream?${idsParameter(campaigns)}`;
    return watch((init) => this.#ask(path, init), listener, options.signal);
  }

  /** The `data` of an answer, which has at least the member `needed`. */
  async #read<T extends object>(path: string, needed: keyof T, { signal }: RequestOptions): Promise<T> {
    const answer = await this.#ask(path, { ...(signal && { signal }) });
    let body: { data?: T } | null;
    try {
      body = (await answer.json()) as typeof body;
    } catch (cause) {
      signal?.throwIfAborted();
      throw unreachable(cause);
    }
    const data = body?.data;
    if (data?.[needed] === undefined) {
      throw foreign(answer);
    }
    return data;
  }

  /** A success, or an error that says what to do. */
  async #ask(path: string, init: RequestInit): Promise<Response> {
    let answer: Response;
    try {
      answer = await this.#fetch(this.#base + path, init);
    } catch (cause) {
      init.signal?.throwIfAborted();
      throw unreachable(cause);
    }
    if (!answer.ok) {
      throw await failure(answer);
    }
    return answer;
  }
}

/** URLs take `.` and `..` for steps between folders, in every way of writing them. */
function isAddressable(campaignId: string): boolean {
  return campaignId !== "." && campaignId !== "..";
}

function campaignPath(campaignId: string): string {
  if (!isAddressable(campaignId)) {
    throw new RangeError(`no URL can name the campaign ${campaignId}: ask for it by list({ ids: ["${campaignId}"] })`);
  }
  return `/api/totals/campaigns/${encodeURIComponent(campaignId)}`;
}

function idsParameter(ids: readonly string[]): string {
  const withComma = ids.find((id) => id.includes(","));
  if (withComma !== undefined) {
    throw new RangeError(`a campaign with a comma in its id can only be asked for by itself: ${withComma}`);
  }
  return `ids=${ids.map(encodeURIComponent).join(",")}`;
}
