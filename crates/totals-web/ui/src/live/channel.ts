/**
 * One live connection to the API, which heals by itself.
 *
 * It reads an event stream with `fetch`, not with `EventSource`: only so does it see the server's heartbeats (comments), tell
 * a stream that a proxy holds back from one on which nothing happens, and read a 503. While no stream speaks it asks with
 * plain reads every few seconds, so numbers move even where streams are cut off.
 *
 * - A stream that is lost, refused or silent is opened again: at once after sleep, a change of the network or a return to
 *   the page; else after a pause that grows and is partly random, so that a crowd does not come back as one.
 * - A page that nobody has looked at for a minute holds no stream: browsers give a host six connections over HTTP/1.1.
 * - Stopped, it leaves nothing behind: no request, no timer, no listener.
 */

import { parseExact } from "./exact";
import { StreamParser, type StreamEvent } from "./sse";

/** `absent`: the API does not have this, and asking again would not help. */
export type Health = "connecting" | "live" | "unavailable" | "absent";

/** What a channel connects. */
export interface Feed {
  /** The addresses of the stream, and of the read that takes its place. */
  readonly stream: () => string;
  readonly read: () => string;
  readonly onEvent: (event: StreamEvent) => void;
  /** Takes the body of a successful read. */
  readonly onRead: (body: unknown) => void;
  /** The health or the time of the last sign of life has changed. */
  readonly onHealth: () => void;
}

/** The server sends a comment every 5 s; a stream that is silent for longer than this, in milliseconds, is dead. */
const SILENT = 13_000;
/** How long a stream may take to its first event, and how long the last state counts as current, before reads take over. */
const PATIENCE = 2_500;
/** The time between two reads, and up to as much again at random. */
const READ_EVERY = 2_500;
const READ_TIMEOUT = 5_000;
/** The pause after the first failure, and the longest. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;
/** How long a page that nobody sees keeps its stream. */
const HIDDEN = 60_000;
const TICK = 1_000;
/** The API's word for a campaign that no event has told of yet, which another day may. */
export const NOTHING_YET = "TOTALS_NOT_FOUND";
/** A tick that comes this late says that the machine was asleep. */
const SLEPT = 8_000;

export class Channel {
  health: Health = "connecting";
  /** When the server was last heard of, in milliseconds since 1970; 0 if never. */
  heardAt = 0;

  readonly #feed: Feed;
  #session: AbortController | undefined;
  #attempt: AbortController | undefined;
  #skipPause: (() => void) | undefined;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #hiding: ReturnType<typeof setTimeout> | undefined;
  #suspended = false;
  #atOnce = false;
  #speaks = false;
  #failures = 0;
  #retryAfter = 0;
  #lastByte = 0;
  #lastTick = 0;
  #nextRead = 0;
  #reading = false;
  #since = 0;
  #lostAt = 0;

  constructor(feed: Feed) {
    this.#feed = feed;
  }

  get running(): boolean {
    return this.#session !== undefined;
  }

  start(): void {
    if (this.#session) return;
    this.#session = new AbortController();
    const { signal } = this.#session;
    document.addEventListener("visibilitychange", () => this.#seen(!document.hidden), { signal });
    addEventListener("pageshow", (event) => event.persisted && this.#seen(true), { signal });
    addEventListener("pagehide", () => this.#suspend(), { signal });
    addEventListener("online", () => this.reconnect(), { signal });
    this.#resume();
    if (document.hidden) this.#seen(false);
  }

  stop(): void {
    this.#session?.abort();
    this.#session = undefined;
    this.#suspend();
  }

  /** Opens the stream anew, at once: its address has changed, or the network has. */
  reconnect(): void {
    if (!this.#session || this.#suspended) return;
    this.#failures = 0;
    this.#atOnce = true;
    this.#nextRead = Math.min(this.#nextRead, Date.now());
    this.#attempt?.abort();
    this.#skipPause?.();
  }

  #seen(visible: boolean): void {
    clearTimeout(this.#hiding);
    if (!visible) this.#hiding = setTimeout(() => this.#suspend(), HIDDEN);
    else if (this.#suspended) this.#resume();
  }

  #suspend(): void {
    clearTimeout(this.#hiding);
    clearInterval(this.#ticker);
    this.#suspended = true;
    this.#attempt?.abort();
    this.#skipPause?.();
  }

  #resume(): void {
    this.#suspended = false;
    this.#failures = 0;
    this.#since = this.#lostAt = this.#lastTick = Date.now();
    this.#nextRead = this.#since;
    this.#ticker = setInterval(() => this.#tick(), TICK);
    void this.#run(this.#ticker);
  }

  /** Keeps the stream open until this session's ticker has ended. */
  async #run(ticker: unknown): Promise<void> {
    const isOver = (): boolean => this.#suspended || this.#ticker !== ticker || this.health === "absent";
    while (!isOver()) {
      const spoke = await this.#listen();
      if (isOver()) return;
      if (this.#atOnce) continue;
      this.#failures = spoke ? 0 : this.#failures + 1;
      const pause = Math.min(FIRST_PAUSE * 2 ** (this.#failures - 1), LONGEST_PAUSE) * (0.5 + Math.random() / 2);
      await this.#pause(Math.max(pause, this.#retryAfter));
    }
  }

  #pause(millis: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, millis);
      this.#skipPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Reads the stream to its end. Returns true if it has told anything. */
  async #listen(): Promise<boolean> {
    const attempt = (this.#attempt = new AbortController());
    this.#speaks = this.#atOnce = false;
    this.#retryAfter = 0;
    this.#since = this.#lastByte = Date.now();
    try {
      const response = await fetch(this.#feed.stream(), {
        headers: { accept: "text/event-stream" },
        cache: "no-store",
        signal: attempt.signal,
      });
      const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
      if (response.ok && isStream && response.body) await this.#take(response.body);
      else this.#refused(response);
    } catch {
      // The network's failures have no more to tell than that there is no stream.
    }
    const spoke = this.#speaks;
    this.#speaks = false;
    this.#since = Date.now();
    if (spoke) this.#lostAt = this.#since;
    // Ends a body that was refused, and so its connection.
    attempt.abort();
    return spoke;
  }

  async #take(body: ReadableStream<Uint8Array>): Promise<void> {
    const parser = new StreamParser();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.#lastByte = Date.now();
      for (const event of parser.push(decoder.decode(value, { stream: true }))) {
        this.#speaks = true;
        this.#feed.onEvent(event);
      }
      if (this.#speaks) this.#heard();
    }
  }

  #refused(response: Response): void {
    if (response.status === 404 || response.status === 400) this.#absent(response);
    this.#retryAfter = Number(response.headers.get("retry-after") ?? 0) * 1000 || 0;
  }

  #absent(response: Response): void {
    this.#change("absent");
    clearInterval(this.#ticker);
    if (response.status === 400) console.error(`totals: ${response.url} was refused`, response.status);
  }

  #tick(): void {
    const now = Date.now();
    const late = now - this.#lastTick > SLEPT;
    this.#lastTick = now;
    if (late) this.reconnect();
    else if (now - this.#lastByte > SILENT) this.#attempt?.abort();
    if (this.#speaks) return;
    const isPatient = now - this.#since < PATIENCE && this.#failures === 0;
    if (now >= this.#nextRead && !isPatient) void this.#read();
    if (now - this.#knownAt() > PATIENCE + READ_TIMEOUT) this.#change("unavailable");
  }

  /** Until when what is shown was surely current. */
  #knownAt(): number {
    return Math.max(this.#lostAt, this.heardAt);
  }

  async #read(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      const response = await fetch(this.#feed.read(), { cache: "no-store", signal: AbortSignal.timeout(READ_TIMEOUT) });
      const body = await response.text();
      if (!this.#session || this.#speaks) return;
      if (response.ok) {
        this.#feed.onRead(parseExact(body));
        const isBack = this.health === "unavailable";
        this.#heard();
        if (isBack) this.reconnect();
      } else if (response.status === 404 && !body.includes(NOTHING_YET)) this.#absent(response);
      else if (response.status === 404) {
        this.#feed.onRead({});
        this.#heard();
      } else this.#failed();
    } catch {
      this.#failed();
    } finally {
      this.#reading = false;
      const isDoubtful = this.health === "connecting" || Date.now() - this.#knownAt() < PATIENCE;
      this.#nextRead = Date.now() + (isDoubtful ? TICK : READ_EVERY * (1 + Math.random()));
    }
  }

  /** A read has failed as well, so what is shown may be old by now. */
  #failed(): void {
    if (this.#session && !this.#speaks && Date.now() - this.#knownAt() > PATIENCE) this.#change("unavailable");
  }

  #heard(): void {
    const wasLive = this.health === "live";
    this.heardAt = Date.now();
    if (!wasLive) this.#change("live");
  }

  #change(health: Health): void {
    if (this.health === health) return;
    this.health = health;
    this.#feed.onHealth();
  }
}
