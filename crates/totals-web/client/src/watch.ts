/**
 * Watching campaigns over one stream, for as long as it takes: through restarts of the service, lost networks and laptops that
 * sleep.
 */

import type { CampaignTotals } from "./client.js";
import { RequestError, UnavailableError, foreign, unreachable } from "./errors.js";
import { type Received, type ServerEvent, receive } from "./sse.js";

/** What a watcher is told. */
export type WatchEvent =
  /** A campaign's totals: those of now, then each newer state. */
  | { type: "totals"; campaignId: string; totals: CampaignTotals }
  /** No event has told of the campaign yet, which is not the same as 0. */
  | { type: "no-totals"; campaignId: string }
  /** The stream is open (again), or the service hears from its database again: what is shown is live from here on. */
  | { type: "live" }
  /**
   * What is shown is the last that is known. The stream is lost, and it connects again after `retryIn` seconds; or the service does
   * not hear from its database, and says on the open stream when it does: then there is no `retryIn`.
   */
  | { type: "lost"; error: UnavailableError; retryIn?: number }
  /** The service refuses the request, and the watch has ended. */
  | { type: "failed"; error: RequestError };

export type WatchListener = (event: WatchEvent) => void;

/** The service says something every 5 seconds, so after so many of silence the connection is dead. */
const SILENCE_SECONDS = 15;

/** The pause before another attempt, in seconds: it doubles from the least to the most. */
const LEAST_PAUSE = 1;
const MOST_PAUSE = 30;

/** The longest `Retry-After` that is kept, in seconds: what a proxy says for a day may be over in a minute. */
const MOST_RETRY_AFTER = 60;

/** Watches what `open` opens until the returned function is called, or `signal` says so. */
export function watch(
  open: (init: RequestInit) => Promise<Response>,
  listener: WatchListener,
  signal?: AbortSignal,
): () => void {
  const stopped = new AbortController();
  const stop = () => {
    signal?.removeEventListener("abort", stop);
    stopped.abort();
  };
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) {
    stop();
  }
  const tell: WatchListener = (event) => {
    if (stopped.signal.aborted) {
      return;
    }
    try {
      listener(event);
    } catch (error) {
      // The listener's defect is for whoever looks after those; the watch goes on.
      queueMicrotask(() => {
        throw error;
      });
    }
  };
  void new Watch(open, tell, stopped.signal).run().finally(stop);
  return stop;
}

class Watch {
  readonly #open: (init: RequestInit) => Promise<Response>;
  readonly #tell: WatchListener;
  readonly #stopped: AbortSignal;
  /** The version of each campaign that was told last. */
  readonly #told = new Map<string, string>();
  #lastEventId = "";
  #pause = LEAST_PAUSE;

  constructor(open: (init: RequestInit) => Promise<Response>, tell: WatchListener, stopped: AbortSignal) {
    this.#open = open;
    this.#tell = tell;
    this.#stopped = stopped;
  }

  async run(): Promise<void> {
    while (!this.#stopped.aborted) {
      let error: UnavailableError;
      try {
        await this.#connect();
        error = new UnavailableError("the stream has ended");
      } catch (thrown) {
        if (thrown instanceof RequestError) {
          this.#tell({ type: "failed", error: thrown });
          return;
        }
        error = thrown instanceof UnavailableError ? thrown : unreachable(thrown);
      }
      // Not all who lost it at once come back at once.
      const retryIn = Math.max(Math.min(error.retryAfter ?? 0, MOST_RETRY_AFTER), this.#pause) * (1 + Math.random() / 2);
      this.#tell({ type: "lost", error, retryIn });
      this.#pause = Math.min(this.#pause * 2, MOST_PAUSE);
      await sleep(retryIn, this.#stopped);
    }
  }

  /** One stream, to its end. */
  async #connect(): Promise<void> {
    const connection = new AbortController();
    const end = () => connection.abort();
    this.#stopped.addEventListener("abort", end);
    let silence = setTimeout(end, SILENCE_SECONDS * 1000);
    const alive = () => {
      clearTimeout(silence);
      silence = setTimeout(end, SILENCE_SECONDS * 1000);
    };
    try {
      const headers = { accept: "text/event-stream", ...(this.#lastEventId && { "last-event-id": this.#lastEventId }) };
      const answer = await this.#open({ headers, cache: "no-store", signal: connection.signal });
      if (!answer.body || !answer.headers.get("content-type")?.startsWith("text/event-stream")) {
        throw foreign(answer);
      }
      this.#tell({ type: "live" });
      for await (const received of receive(answer.body)) {
        alive();
        this.#take(received);
      }
    } finally {
      clearTimeout(silence);
      this.#stopped.removeEventListener("abort", end);
      connection.abort();
    }
  }

  #take(received: Received): void {
    if ("retry" in received) {
      // The service answers, and says when it wants to be asked again.
      this.#pause = received.retry / 1000;
    } else if ("event" in received) {
      this.#pass(received.event);
    }
  }

  #pass(event: ServerEvent): void {
    const data = JSON.parse(event.data) as CampaignTotals & { asOf?: string };
    if (event.type === "stale") {
      const error = new UnavailableError(`the service has not heard from its database since ${data.asOf}`);
      return this.#tell({ type: "lost", error });
    }
    if (event.type === "current") {
      return this.#tell({ type: "live" });
    }
    // The service may get more types of events.
    if (event.type !== "" && event.type !== "no-totals") {
      return;
    }
    const { campaignId } = data;
    if (typeof campaignId !== "string" || (event.type === "" && data.totalAmount === undefined)) {
      throw new UnavailableError("the stream has an event that is not the service's");
    }
    // A stream of several campaigns begins with all of them each time.
    if (this.#told.get(campaignId) === event.id) {
      return;
    }
    this.#told.set(campaignId, event.id);
    this.#lastEventId = event.id;
    if (event.type === "no-totals") {
      this.#tell({ type: "no-totals", campaignId });
    } else {
      this.#tell({ type: "totals", campaignId, totals: data });
    }
  }
}

/** Waits so many seconds, or until `signal` says so. */
function sleep(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, seconds * 1000);
    signal.addEventListener("abort", wake);
    if (signal.aborted) {
      wake();
    }
  });
}
