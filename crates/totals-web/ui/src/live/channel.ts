/**
 * One live connection to the API, which heals by itself.
 *
 * It reads an event stream with `fetch`, not with `EventSource`: only so does it see the server's heartbeats (comments), tell
 * a stream that a proxy holds back from one on which nothing happens, and read a 503. While no stream speaks it asks with
 * plain reads every few seconds, so numbers move even where streams are cut off.
 *
 * - A stream that is lost, refused or silent is opened again: at once after sleep, a change of the network or a return to
 *   the page; else after a pause that grows and is partly random, so that a crowd does not come back as one.
 * - A 404 or 400 counts as the API's word only if its body is the API's own. A proxy without a backend says 404 as well, and that
 *   is a failure like any other. Even what the API refuses is asked for again, slowly: the next version may have it.
 * - The API says on an open stream when it has lost its database, and when it has it again. The stream stays open meanwhile.
 * - A page that nobody has looked at for a minute holds no stream: browsers give a host six connections over HTTP/1.1.
 * - Stopped, it leaves nothing behind: no request, no timer, no listener.
 */

import { learnTime, now } from "./clock";
import { parseExact } from "./exact";
import { isObject } from "./model";
import { StreamParser, type StreamEvent } from "./sse";

/** `absent`: the API itself has said that it does not have this. */
export type Health = "connecting" | "live" | "unavailable" | "absent";

/** What a channel connects. */
export interface Feed {
  /** The addresses of the stream, and of the read that takes its place. */
  readonly stream: () => string;
  readonly read: () => string;
  /** Takes an event; throws if it is none of the API's. */
  readonly onEvent: (event: StreamEvent) => void;
  /** Takes the body of a successful read; throws if it is none of the API's. */
  readonly onRead: (body: unknown) => void;
  /** A read has found that no event has told of this yet. */
  readonly onNothing: () => void;
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
/** How long a new page may be without a word, in milliseconds. */
const WORDLESS = 4_000;
/** The pause after the first failure, and the longest. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;
/** The pause after the API has refused, and up to half as much again at random. */
const REFUSED_PAUSE = 60_000;
/** The longest `Retry-After` that is kept, in milliseconds: what a proxy says for a day may be over in a minute. */
const LONGEST_RETRY_AFTER = 60_000;
/** How long a page that nobody sees keeps its stream. */
const HIDDEN = 60_000;
const TICK = 1_000;
/** The API's code for a campaign that no event has told of yet. */
const NOTHING_YET = "TOTALS_NOT_FOUND";
/** Its codes for what it does not have or does not take. */
const REFUSALS: readonly (string | undefined)[] = ["NOT_FOUND", "INVALID_REQUEST"];
/** A tick that comes this late says that the machine was asleep. */
const SLEPT = 8_000;

export class Channel {
  health: Health = "connecting";
  /** Until when what is shown was surely current, by the server's clock, in milliseconds since 1970; 0 if never. */
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
  /** The API has said on this stream that it does not hear from its database. */
  #stale = false;
  #failures = 0;
  #retryAfter = 0;
  #lastByte = 0;
  #lastHeard = 0;
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
    else if (!this.#speaks) this.reconnect();
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
    const isOver = (): boolean => this.#suspended || this.#ticker !== ticker;
    while (!isOver()) {
      const spoke = await this.#listen();
      if (isOver()) return;
      if (this.#atOnce) continue;
      this.#failures = spoke ? 0 : this.#failures + 1;
      await this.#pause(this.#nextPause());
    }
  }

  #nextPause(): number {
    if (this.health === "absent") return REFUSED_PAUSE * (1 + Math.random() / 2);
    const pause = Math.min(FIRST_PAUSE * 2 ** (this.#failures - 1), LONGEST_PAUSE) * (0.5 + Math.random() / 2);
    return Math.max(pause, this.#retryAfter);
  }

  #pause(millis: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#skipPause = undefined;
        resolve();
      };
      const timer = setTimeout(end, millis);
      this.#skipPause = end;
    });
  }

  /** Reads the stream to its end. Returns true if it has told anything. */
  async #listen(): Promise<boolean> {
    const attempt = (this.#attempt = new AbortController());
    this.#speaks = this.#stale = this.#atOnce = false;
    this.#retryAfter = 0;
    this.#since = this.#lastByte = Date.now();
    try {
      const response = await fetch(this.#feed.stream(), {
        headers: { accept: "text/event-stream" },
        cache: "no-store",
        signal: attempt.signal,
      });
      const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
      if (response.ok && isStream && response.body) {
        learnTime(response.headers.get("date"));
        await this.#take(response.body);
      } else await this.#refused(response);
    } catch {
      // The network's failures have no more to tell than that there is no stream, nor have events that are none of the API's.
    }
    const spoke = this.#speaks;
    this.#speaks = false;
    this.#since = Date.now();
    if (spoke && !this.#stale) this.#lostAt = this.#since;
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
        this.#event(event);
        this.#speaks = true;
      }
      if (this.#speaks && !this.#stale) this.#heard();
    }
  }

  #event(event: StreamEvent): void {
    if (event.type === "stale") this.#lastKnown(JSON.parse(event.data));
    else if (event.type === "current") this.#stale = false;
    else this.#feed.onEvent(event);
  }

  /** What was told until `asOf` is the last that is known. Only `current` ends this: totals may come from a read of one campaign. */
  #lastKnown(data: unknown): void {
    this.#stale = true;
    const asOf = isObject(data) ? Date.parse(String(data.asOf)) : NaN;
    if (asOf <= now()) this.heardAt = asOf;
    this.health = "unavailable";
    this.#feed.onHealth();
  }

  async #refused(response: Response): Promise<void> {
    const seconds = Number(response.headers.get("retry-after") ?? 0) || 0;
    this.#retryAfter = Math.min(seconds * 1000, LONGEST_RETRY_AFTER);
    const mayBeFinal = response.status === 404 || response.status === 400;
    if (mayBeFinal && REFUSALS.includes(codeOf(await response.text()))) this.#absent(response);
  }

  #absent(response: Response): void {
    this.#change("absent");
    if (response.status === 400) console.error(`totals: ${response.url} was refused`, response.status);
  }

  #tick(): void {
    const time = Date.now();
    const late = time - this.#lastTick > SLEPT;
    this.#lastTick = time;
    if (late) this.reconnect();
    else if (time - this.#lastByte > SILENT) this.#attempt?.abort();
    const isWaiting = this.health === "absent" && this.#skipPause !== undefined;
    if (this.#speaks || isWaiting) return;
    const isPatient = time - this.#since < PATIENCE && this.#failures === 0;
    if (time >= this.#nextRead && !isPatient) void this.#read();
    const patience = this.health === "connecting" ? WORDLESS : PATIENCE + READ_TIMEOUT;
    if (time - this.#knownAt() > patience) this.#lost();
  }

  /** Until when what is shown was surely current, by the reader's clock. */
  #knownAt(): number {
    return Math.max(this.#lostAt, this.#lastHeard);
  }

  async #read(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      const response = await fetch(this.#feed.read(), { cache: "no-store", signal: AbortSignal.timeout(READ_TIMEOUT) });
      const body = await response.text();
      if (!this.#session || this.#speaks) return;
      const code = response.status === 404 || response.status === 400 ? codeOf(body) : undefined;
      if (REFUSALS.includes(code)) this.#absent(response);
      else if (code === NOTHING_YET) this.#answered(() => this.#feed.onNothing());
      else if (response.ok) this.#answered(() => this.#feed.onRead(parseExact(body)));
      else this.#failed();
    } catch {
      this.#failed();
    } finally {
      this.#reading = false;
      const isDoubtful = this.health === "connecting" || Date.now() - this.#knownAt() < PATIENCE;
      this.#nextRead = Date.now() + (isDoubtful ? TICK : READ_EVERY * (1 + Math.random()));
    }
  }

  /** Takes what a read has told, unless that fails. */
  #answered(take: () => void): void {
    take();
    const isBack = this.health === "unavailable";
    this.#heard();
    if (isBack) this.reconnect();
  }

  /** A read has failed as well, so what is shown may be old by now. */
  #failed(): void {
    if (this.#session && !this.#speaks && Date.now() - this.#knownAt() > PATIENCE) this.#lost();
  }

  #lost(): void {
    if (this.health !== "absent") this.#change("unavailable");
  }

  #heard(): void {
    this.#lastHeard = Date.now();
    this.heardAt = now();
    this.#change("live");
  }

  #change(health: Health): void {
    if (this.health === health) return;
    this.health = health;
    this.#feed.onHealth();
  }
}

/** The code of the API's own error; `undefined` if the body is another one, such as the page of a proxy. */
function codeOf(body: string): string | undefined {
  try {
    const told: unknown = JSON.parse(body);
    if (!isObject(told) || told.success !== false || !isObject(told.error)) return undefined;
    return String(told.error.code);
  } catch {
    return undefined;
  }
}
