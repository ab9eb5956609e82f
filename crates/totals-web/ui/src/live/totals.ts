/**
 * Everything live of one server, shared by all that shows it: one stream for all campaigns of a page, however many elements
 * show them, one for the platform's sum, and one for each feed of donations. The first who watches opens a stream, and the
 * last who leaves closes it.
 *
 * Listeners are told at most ten times a second. A stream of hundreds of changes a second then costs a page no more.
 */

import { Channel, type Health } from "./channel";
import { now } from "./clock";
import { parseExact } from "./exact";
import * as model from "./model";
import type { StreamEvent } from "./sse";

/** What is known now of something that is watched. */
export interface View<T> {
  /** `undefined`: not known yet. `null`: the API says that there is nothing yet. */
  readonly value: T | null | undefined;
  readonly health: Health;
  /** Until when the value was surely current, by the server's clock, in milliseconds since 1970; 0 if there never was one. */
  readonly heardAt: number;
}

export type Listener<T> = (view: View<T>) => void;

/** The most campaigns of one stream, as the API has it. */
const MOST_IDS = 100;
/** The most bytes of their ids, within the 8 KiB of path and query that the API takes. */
const MOST_BYTES = 8_000;
/** The least time between two rounds of telling listeners, in milliseconds. */
const ROUND = 100;
/** The event that says that there is nothing yet, and those that are taken: of the others the connection takes its own. */
const NO_TOTALS = "no-totals";
const TAKEN = ["message", NO_TOTALS];
/** The key of the sum's line. */
const SUM = "sum";
/** How long an older state must be all that the server says, until it is believed (a reset, a backup), in milliseconds. */
const DOUBT = 10_000;
/** How long after a removal the stream goes on with what nobody watches any more, in milliseconds: others may leave as well. */
const TIDY = 5_000;

/** Tells listeners about one thing, in rounds. */
class Topic<T> {
  value: T | null | undefined;
  /** An older state than the one shown; when the timer ends, it is believed. */
  doubted: { value: T; readonly timer: ReturnType<typeof setTimeout> } | undefined;
  readonly listeners = new Set<Listener<T>>();

  /** Believes the state that is shown. */
  trust(): void {
    clearTimeout(this.doubted?.timer);
    this.doubted = undefined;
  }
}

/** The addresses of what these keys name. */
type Urls = (keys: string[]) => { stream: string; read: string };

/** A connection and what it tells of. */
class Line<T> {
  readonly topics = new Map<string, Topic<T>>();
  readonly channel: Channel;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #last = 0;
  #opening = false;
  /** The keys that the stream was asked for. */
  #asked: string[] = [];
  #tidying: ReturnType<typeof setTimeout> | undefined;
  /** When something came that the channel has not told the time of: read otherwise, or from an API that is only just back. */
  #offeredAt = 0;
  readonly #changed = new Set<Topic<T>>();

  constructor(urls: Urls, take: (line: Line<T>, body: unknown, event?: StreamEvent) => void) {
    const keys = () => [...this.topics.keys()];
    this.channel = new Channel({
      stream: () => urls((this.#asked = keys())).stream,
      read: () => urls(keys()).read,
      onEvent: (event) => {
        // The API may get more types of events.
        if (TAKEN.includes(event.type)) take(this, parseExact(event.data), event);
      },
      onRead: (body) => take(this, (body as { data?: unknown }).data),
      onNothing: () => this.nothing(),
      onHealth: () => this.changed(...this.topics.values()),
    });
  }

  /** Adds a listener. `first` is what is known already, until the stream tells more. */
  add(key: string, listener: Listener<T>, first?: T): void {
    const known = this.topics.get(key);
    const topic = known ?? new Topic<T>();
    topic.listeners.add(listener);
    // Not `??=`: that there is nothing yet, `null`, is known as well.
    if (topic.value === undefined && first !== undefined) {
      topic.value = first;
      this.#offeredAt = now();
    }
    if (topic.value !== undefined) listener(this.view(topic));
    if (known) return;
    this.topics.set(key, topic);
    this.#open();
  }

  /** Opens the stream, or opens it anew for more: once for all elements that come within one task. */
  #open(): void {
    if (this.#opening) return;
    this.#opening = true;
    queueMicrotask(() => {
      this.#opening = false;
      if (this.channel.running) this.channel.reconnect();
      else if (this.topics.size > 0) this.channel.start();
    });
  }

  /** Returns true if nothing is watched any more. */
  remove(key: string, listener: Listener<T>): boolean {
    const topic = this.topics.get(key);
    topic?.listeners.delete(listener);
    if (topic?.listeners.size === 0) {
      topic.trust();
      this.topics.delete(key);
    }
    if (this.topics.size > 0) {
      this.#tidying ??= setTimeout(() => this.#tidy(), TIDY);
      return false;
    }
    this.channel.stop();
    clearTimeout(this.#tidying);
    clearTimeout(this.#timer);
    return true;
  }

  /** Opens the stream anew if it holds places at the server for what nobody watches any more. */
  #tidy(): void {
    this.#tidying = undefined;
    if (this.#asked.some((key) => !this.topics.has(key))) this.channel.reconnect();
  }

  offer(key: string, value: T): void {
    if (this.topics.get(key)?.value === undefined) this.set(key, value);
  }

  /** That nothing is there is believed only of what never was; of anything else the stream has to say so. */
  nothing(except: readonly string[] = []): void {
    for (const [key, { value }] of this.topics) if (value === undefined && !except.includes(key)) this.set(key, null);
  }

  set(key: string, value: T | null): void {
    const topic = this.topics.get(key);
    if (!topic) return;
    topic.trust();
    const isFirst = topic.value === undefined;
    if (isFirst) this.#offeredAt = now();
    topic.value = value;
    // Somebody looks at a place without a number.
    if (isFirst) this.#tell(topic);
    else this.changed(topic);
  }

  view(topic: Topic<T>): View<T> {
    return { value: topic.value, health: this.channel.health, heardAt: this.channel.heardAt || this.#offeredAt };
  }

  changed(...topics: Topic<T>[]): void {
    for (const topic of topics) this.#changed.add(topic);
    const wait = this.#last + ROUND - Date.now();
    this.#timer ??= setTimeout(() => this.#round(), Math.max(0, Math.min(wait, ROUND)));
  }

  #round(): void {
    this.#timer = undefined;
    this.#last = Date.now();
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const topic of changed) this.#tell(topic);
  }

  #tell(topic: Topic<T>): void {
    for (const listener of [...topic.listeners]) listener(this.view(topic));
  }
}

type CampaignLine = Line<model.Campaign>;

/**
 * Returns true if the API can list this id among others: it takes up to 256 bytes, and none with a comma. Any other one has a stream of
 * its own, so that what the API says to it is not said to all.
 */
function isListable(id: string): boolean {
  return !id.includes(",") && new TextEncoder().encode(id).length <= 256;
}

/** The bytes of these ids in an address. */
function written(ids: Iterable<string>): number {
  return [...ids].reduce((sum, id) => sum + encodeURIComponent(id).length + 1, 0);
}

/** What was parsed; throws if there was nothing to parse: such an answer tells no more than none. */
function expected<T>(parsed: T | undefined): T {
  if (parsed === undefined) throw new Error("this is no answer of the API");
  return parsed;
}

/** Takes a campaign, unless it is older than what is shown. Returns its id. */
function takeCampaign(line: CampaignLine, data: unknown): string {
  const next = expected(model.campaign(data));
  const topic = line.topics.get(next.id);
  if (!topic) return next.id;
  if (topic.value && model.isOlder(next, topic.value)) {
    const believe = () => topic.doubted && line.set(next.id, topic.doubted.value);
    topic.doubted ??= { value: next, timer: setTimeout(believe, DOUBT) };
    topic.doubted.value = next;
  } else line.set(next.id, next);
  return next.id;
}

function takeCampaigns(line: CampaignLine, data: unknown, event?: StreamEvent): void {
  if (event?.type === NO_TOTALS) {
    if (model.isObject(data)) line.set(String(data.campaignId), null);
  } else if (event) takeCampaign(line, data);
  else takeRead(line, data);
}

/** Takes the body of a read: a list, or one campaign. */
function takeRead(line: CampaignLine, data: unknown): void {
  const listed = model.isObject(data) && Array.isArray(data.totals) ? (data.totals as unknown[]) : [data];
  line.nothing(listed.map((item) => takeCampaign(line, item)));
}

/** All that is live of one server. */
export class LiveTotals {
  readonly #base: string;
  readonly #campaigns: CampaignLine[] = [];
  readonly #others = new Map<string, unknown>();
  /** What was offered before anybody watched. */
  readonly #early = new Map<string, model.Campaign>();
  #earlySum: model.Sum | undefined;

  /** `base` is the server's address without a slash at its end; empty for the server of this page. */
  constructor(base: string) {
    this.#base = base;
  }

  /** Watches a campaign until the function that is returned is called. `first` is what was read of it before. */
  watchCampaign(id: string, listener: Listener<model.Campaign>, first = this.#early.get(id)): () => void {
    const line = this.#lineFor(id);
    line.add(id, listener, first);
    this.#early.delete(id);
    return () => {
      if (line.remove(id, listener)) this.#campaigns.splice(this.#campaigns.indexOf(line), 1);
    };
  }

  /** Takes what was read of a campaign, if nothing is known of it yet. */
  offerCampaign(read: model.Campaign): void {
    const line = this.#campaigns.find(({ topics }) => topics.has(read.id));
    if (line) line.offer(read.id, read);
    else this.#early.set(read.id, read);
  }

  /** Takes what was read of the sum, if nothing is known of it yet. */
  offerSum(read: model.Sum): void {
    const line = this.#others.get(SUM) as Line<model.Sum> | undefined;
    if (line) line.offer(SUM, read);
    else this.#earlySum = read;
  }

  /** Watches the sum of all campaigns. */
  watchSum(listener: Listener<model.Sum>): () => void {
    const urls = () => ({ stream: `${this.#base}/api/totals/stream`, read: `${this.#base}/api/totals` });
    const first = this.#earlySum;
    this.#earlySum = undefined;
    return this.#watch(SUM, urls, model.sum, listener, first);
  }

  /** Watches the latest donations of a campaign. */
  watchDonations(id: string, listener: Listener<model.Donation[]>): () => void {
    if (!model.isAddressable(id)) {
      listener({ value: undefined, health: "absent", heardAt: 0 });
      return () => undefined;
    }
    const url = `${this.#base}/api/totals/campaigns/${encodeURIComponent(id)}/donations`;
    return this.#watch(`donations ${id}`, () => ({ stream: `${url}/stream`, read: url }), model.donations, listener);
  }

  #several(ids: string[]): ReturnType<Urls> {
    const [only = ""] = ids;
    if (!isListable(only)) {
      const url = `${this.#base}/api/totals/campaigns/${encodeURIComponent(only)}`;
      return { stream: `${url}/stream`, read: url };
    }
    const query = `ids=${ids.map(encodeURIComponent).join(",")}`;
    return {
      stream: `${this.#base}/api/totals/stream?${query}`,
      read: `${this.#base}/api/totals/campaigns?${query}`,
    };
  }

  #lineFor(id: string): CampaignLine {
    const known = this.#campaigns.find(({ topics }) => topics.has(id));
    const hasPlace = ({ topics }: CampaignLine): boolean =>
      topics.size < MOST_IDS && [...topics.keys()].every(isListable) && written([...topics.keys(), id]) < MOST_BYTES;
    const free = known ?? (isListable(id) ? this.#campaigns.find(hasPlace) : undefined);
    if (free) return free;
    const line: CampaignLine = new Line((ids) => this.#several(ids), takeCampaigns);
    this.#campaigns.push(line);
    return line;
  }

  #watch<T>(key: string, urls: Urls, parse: (data: unknown) => T | undefined, listener: Listener<T>, first?: T): () => void {
    const open = (): Line<T> =>
      new Line(urls, (line, data, event) => line.set(key, event?.type === NO_TOTALS ? null : expected(parse(data))));
    const line = (this.#others.get(key) as Line<T> | undefined) ?? open();
    this.#others.set(key, line);
    line.add(key, listener, first);
    return () => {
      if (line.remove(key, listener)) this.#others.delete(key);
    };
  }
}

const servers = new Map<string, LiveTotals>();

/** What is live of the server with this address. */
export function liveTotals(base: string): LiveTotals {
  let live = servers.get(base);
  if (!live) servers.set(base, (live = new LiveTotals(base)));
  return live;
}
