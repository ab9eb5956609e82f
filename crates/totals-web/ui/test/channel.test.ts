/** The connection's decisions, by a clock of the test's own. That they work with a real server is for the browser's tests. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Channel } from "../src/live/channel";

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
    onEvent: ({ data }) => told.push(data),
    onRead: (body) => told.push(`read ${JSON.stringify(body)}`),
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

  it("that the API does not have is never asked for again", async () => {
    server.now.last("/stream").answer(new Response("{}", { status: 404 }));
    await later(60_000);
    expect(told).toEqual(["absent"]);
    expect(server.now.requests).toHaveLength(1);
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
