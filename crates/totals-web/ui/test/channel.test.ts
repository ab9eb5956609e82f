/** The connection's decisions, by a clock of the test's own. That they work with a real server is for the browser's tests. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Channel } from "../src/live/channel";
import { learnTime, now } from "../src/live/clock";

/** A server that the test plays: each request waits for what the test lets it have. */
class Server {
  requests: { url: string; signal: AbortSignal; answer: (response: Response) => void; fail: () => void }[] = [];

  fetch = (url: string, init: RequestInit): Promise<Response> =>
    new Promise((resolve, reject) => {
      const signal = init.signal!;
      signal.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
      this.requests.push({ url, signal, answer: resolve, fail: () => reject(new TypeError("network")) });
    });

  last(url: string): Server["requests"][number] {
    const found = this.requests.findLast((request) => request.url === url);
    if (!found) throw new Error(`no request for ${url}`);
    return found;
  }

  count(url: string): number {
    return this.requests.filter((request) => request.url === url).length;
  }

  /** Opens the newest stream, and returns how to write to it and end it. */
  open(): { write: (text: string) => Promise<void>; end: () => Promise<void> } {
    const { signal, answer } = this.last("/stream");
    let out!: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({ start: (controller) => void (out = controller) });
    signal.addEventListener("abort", () => out.error(new DOMException("aborted", "AbortError")));
    answer(new Response(body, { headers: { "content-type": "text/event-stream" } }));
    const settle = async (): Promise<void> => void (await vi.advanceTimersByTimeAsync(0));
    return {
      write: (text) => (out.enqueue(new TextEncoder().encode(text)), settle()),
      end: () => (out.close(), settle()),
    };
  }
}

const server = { now: new Server() };
const page = { hidden: false, listeners: new Map<string, (event: unknown) => void>() };
let told: string[];
let channel: Channel;

beforeEach(() => {
  vi.useFakeTimers();
  server.now = new Server();
  page.hidden = false;
  page.listeners.clear();
  const listen = (name: string, listener: (event: unknown) => void, { signal }: { signal: AbortSignal }): void => {
    page.listeners.set(name, listener);
    signal.addEventListener("abort", () => page.listeners.delete(name));
  };
  vi.stubGlobal("fetch", (url: string, init: RequestInit) => server.now.fetch(url, init));
  vi.stubGlobal("addEventListener", listen);
  vi.stubGlobal("document", { get hidden() { return page.hidden; }, addEventListener: listen });
  vi.spyOn(AbortSignal, "timeout").mockImplementation(() => new AbortController().signal);
  told = [];
  channel = new Channel({
    stream: () => "/stream",
    read: () => "/read",
    onEvent: ({ data }) => {
      if (data === "{}") throw new Error("no event of the API");
      told.push(data);
    },
    onRead: (body) => told.push(`read ${JSON.stringify(body)}`),
    onNothing: () => told.push("nothing"),
    onHealth: () => told.push(channel.health),
  });
  channel.start();
});

afterEach(() => {
  channel.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const later = (millis: number): Promise<unknown> => vi.advanceTimersByTimeAsync(millis);
const see = (hidden: boolean): void => {
  page.hidden = hidden;
  page.listeners.get("visibilitychange")?.({});
};

describe("a stream that speaks", () => {
  it("is live, and nothing is read beside it", async () => {
    const { write } = server.now.open();
    await write("data: 1\n\n");
    for (let i = 0; i < 12; i++) {
      await later(5_000);
      await write(":\n\n");
    }
    expect(told).toEqual(["1", "live"]);
    expect(server.now.count("/read")).toBe(0);
    expect(server.now.count("/stream")).toBe(1);
  });

  it("that ends is opened again without a word", async () => {
    const { write, end } = server.now.open();
    await write("data: 1\n\n");
    await end();
    await later(1_100);
    expect(server.now.count("/stream")).toBe(2);
    await server.now.open().write("data: 2\n\n");
    await later(10_000);
    expect(told).toEqual(["1", "live", "2"]);
  });

  it("that falls silent is given up, and opened again", async () => {
    await server.now.open().write("data: 1\n\n");
    await later(16_000);
    expect(server.now.count("/stream")).toBe(2);
  });
});

describe("a stream that is not to be had", () => {
  it("is replaced by reads where a proxy holds it back", async () => {
    server.now.open();
    await later(4_000);
    server.now.last("/read").answer(new Response('{"data":1}'));
    await later(0);
    expect(told).toEqual(['read {"data":1}', "live"]);
    await later(6_000);
    expect(server.now.count("/read")).toBe(2);
  });

  it("is said to be unavailable within seconds when reads fail as well, and live when they do not", async () => {
    await server.now.open().write("data: 1\n\n");
    server.now.requests = [];
    channel.reconnect();
    await later(0);
    for (let second = 0; second < 5 && channel.health === "live"; second++) {
      for (const { answer } of server.now.requests) answer(new Response("{}", { status: 503, headers: { "retry-after": "1" } }));
      await later(1_000);
    }
    expect(told).toEqual(["1", "live", "unavailable"]);
    // The longest pause between two attempts at the stream begins; a read that succeeds cuts it short.
    for (let second = 0; second < 60; second++) {
      for (const { answer } of server.now.requests.splice(0)) answer(new Response("{}", { status: 503 }));
      await later(1_000);
    }
    while (server.now.count("/read") === 0) await later(1_000);
    server.now.requests = server.now.requests.filter(({ url }) => url === "/read");
    server.now.last("/read").answer(new Response('{"data":2}'));
    await later(0);
    expect(told.slice(3)).toEqual(['read {"data":2}', "live"]);
    expect(server.now.count("/stream")).toBe(1);
  });

  it("is asked for more and more rarely", async () => {
    const times: number[] = [];
    const started = Date.now();
    for (let second = 0; second < 240; second++) {
      if (server.now.requests.length > 0) {
        if (server.now.count("/stream") > 0) times.push(Date.now() - started);
        for (const { fail } of server.now.requests.splice(0)) fail();
      }
      await later(1_000);
    }
    expect(times.length).toBeLessThan(22);
    expect(times.length).toBeGreaterThan(8);
  });

  it("is said to be unavailable before readers wonder, where the server accepts and never answers", async () => {
    await later(5_000);
    expect(told).toEqual(["unavailable"]);
    await server.now.open().write("data: 1\n\n");
    expect(told).toEqual(["unavailable", "1", "live"]);
  });

  it.each([400, 401, 403, 404, 429])("because something in between says %i is asked for again within seconds", async (status) => {
    await server.now.open().write("data: 1\n\n");
    channel.reconnect();
    const refuseAll = async (): Promise<void> => {
      for (const { answer } of server.now.requests.splice(0)) answer(new Response("<h1>default backend</h1>", { status }));
      await later(1_000);
    };
    for (let second = 0; second < 20; second++) await refuseAll();
    expect(told).toEqual(["1", "live", "unavailable"]);
    for (let second = 0; second < 6 && server.now.count("/read") === 0; second++) await refuseAll();
    server.now.last("/read").answer(new Response('{"data":2}'));
    await later(0);
    expect(told.slice(3)).toEqual(['read {"data":2}', "live"]);
  });

  it("is asked for within a minute or two, whatever a proxy says of tomorrow", async () => {
    for (let second = 0; second < 150; second++) {
      for (const { answer } of server.now.requests.splice(0)) answer(new Response("", { status: 429, headers: { "retry-after": "9999999" } }));
      await later(1_000);
      if (second > 1 && server.now.count("/stream") > 0) return expect(second).toBeGreaterThan(50);
    }
    expect.unreachable();
  });

  it("because its events are none of the API's is no sign of life", async () => {
    for (let second = 0; second < 10; second++) {
      if (server.now.count("/stream") > 0) await server.now.open().write("data: {}\n\n");
      server.now.requests = [];
      await later(1_000);
    }
    expect(told).toEqual(["unavailable"]);
  });
});

describe("what the API itself does not have", () => {
  const refusal = (status: number, code: string): Response => new Response(JSON.stringify({ success: false, error: { code, message: "" } }), { status });

  beforeEach(() => {
    server.now.last("/stream").answer(refusal(404, "NOT_FOUND"));
    server.now.requests = [];
  });

  it("is asked for once in a minute or two", async () => {
    await later(59_000);
    expect(told).toEqual(["absent"]);
    expect(server.now.requests).toHaveLength(0);
    await later(32_000);
    expect(server.now.count("/stream")).toBe(1);
    // A failure on the way says nothing of what is there.
    server.now.last("/stream").answer(new Response("", { status: 503 }));
    for (let second = 0; second < 91 && server.now.count("/stream") === 1; second++) await later(1_000);
    expect(told).toEqual(["absent"]);
    await server.now.open().write("data: 1\n\n");
    expect(told).toEqual(["absent", "1", "live"]);
  });

  it.each(["visibilitychange", "online"])("is asked for at once upon %s", async (name) => {
    await later(1_000);
    page.listeners.get(name)?.({});
    await later(0);
    expect(server.now.count("/stream")).toBe(1);
  });

  it("may be nothing yet, which is no refusal", async () => {
    page.listeners.get("online")?.({});
    await later(4_000);
    server.now.last("/read").answer(refusal(404, "TOTALS_NOT_FOUND"));
    await later(0);
    expect(told).toEqual(["absent", "nothing", "live"]);
  });
});

describe("a stream whose API does not hear from its database", () => {
  const ASOF = Date.UTC(2025, 10, 21, 10);
  const stale = `event: stale\ndata: {"asOf":"${new Date(ASOF).toISOString()}"}\n\n`;
  const current = "event: current\ndata: {}\n\n";

  it("stays open, with what was last known and when, until the API hears from it again", async () => {
    const { write } = server.now.open();
    await write("data: 1\n\n");
    await write(stale);
    expect(channel.heardAt).toBe(ASOF);
    for (let i = 0; i < 5; i++) {
      await later(5_000);
      await write(":\n\n");
    }
    // A read of one campaign may have come through.
    await write("data: 2\n\n");
    expect(told).toEqual(["1", "live", "unavailable", "2"]);
    expect(channel.heardAt).toBe(ASOF);
    expect(server.now.count("/read")).toBe(0);
    expect(server.now.count("/stream")).toBe(1);
    await write(current);
    expect(told.slice(4)).toEqual(["live"]);
    expect(channel.heardAt).toBe(Date.now());
  });

  it("is unavailable from its start, and its end changes nothing", async () => {
    const { write, end } = server.now.open();
    await write(`${stale}data: 1\n\n`);
    await end();
    await later(1_100);
    await server.now.open().write(`data: 1\n\n${stale}`);
    expect(channel.health).toBe("unavailable");
    expect(told).not.toContain("live");
    channel.reconnect();
    await later(0);
    await server.now.open().write("data: 2\n\n");
    expect(told.slice(-2)).toEqual(["2", "live"]);
  });
});

describe("the reader's clock", () => {
  const tell = (away: number): void => learnTime(new Date(Date.now() + away).toUTCString());
  afterEach(() => tell(0));

  it.each([3_600_000, -3_600_000])("may be wrong by %i ms", (away) => {
    tell(away);
    expect(Math.abs(now() - Date.now() - away)).toBeLessThan(1_001);
  });

  it("is right, as far as whole seconds and the way of the answer can tell", () => {
    tell(-9_000);
    expect(now()).toBe(Date.now());
    learnTime(null);
    expect(now()).toBe(Date.now());
  });
});

describe("a page that nobody sees", () => {
  it("lets go of the stream after a minute, and has it back at once", async () => {
    await server.now.open().write("data: 1\n\n");
    see(true);
    await later(59_000);
    await later(2_000);
    expect(server.now.last("/stream").signal.aborted).toBe(true);
    const asked = server.now.count("/stream");
    await later(600_000);
    expect(server.now.count("/stream")).toBe(asked);
    see(false);
    expect(server.now.count("/stream")).toBe(asked + 1);
  });

  it("keeps it when somebody looks away for less", async () => {
    const { write } = server.now.open();
    await write("data: 1\n\n");
    see(true);
    await later(10_000);
    await write(":\n\n");
    see(false);
    await later(10_000);
    expect(server.now.count("/stream")).toBe(1);
  });
});

it("asks at once after sleep", async () => {
  const { write } = server.now.open();
  await write("data: 1\n\n");
  vi.setSystemTime(Date.now() + 3_600_000);
  await later(1_000);
  expect(server.now.count("/stream")).toBe(2);
});

it("leaves nothing behind", async () => {
  await server.now.open().write("data: 1\n\n");
  channel.stop();
  await later(0);
  expect(server.now.last("/stream").signal.aborted).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
  expect(page.listeners.size).toBe(0);
});
