import assert from "node:assert/strict";
import test from "node:test";

import { TotalsClient, type WatchEvent } from "../src/index.js";
import { event, json, serve, stream } from "./server.js";

/** What a watcher is told, in short, and a wait for the n-th of it. */
function listen() {
  const told: string[] = [];
  const events: WatchEvent[] = [];
  let wake = () => {};
  const listener = (event: WatchEvent) => {
    events.push(event);
    told.push(event.type === "totals" ? `${event.campaignId} ${event.totals.revision}` : event.type);
    wake();
  };
  const heard = async (count: number) => {
    while (told.length < count) {
      await new Promise<void>((resolve) => (wake = resolve));
    }
    return told;
  };
  return { listener, heard, told, events };
}

test("a watcher hears of now and of each change", async (test) => {
  const { url, requests } = await serve(test, stream(`retry: 5\n\n${event("a", 1)}${event("a", 2)}`));
  const { listener, heard } = listen();
  const stop = new TotalsClient(url).watch("a", listener);
  assert.deepEqual(await heard(3), ["live", "a 1", "a 2"]);
  assert.equal(requests[0]?.url, "/api/totals/campaigns/a/stream");
  stop();
});

test("no totals are not zero", async (test) => {
  const nobody = 'id: 0\nevent: no-totals\ndata: {"campaignId":"a"}\n\n';
  const { url } = await serve(test, stream(nobody));
  const { listener, heard } = listen();
  const stop = new TotalsClient(url).watch(["a"], listener);
  assert.deepEqual(await heard(2), ["live", "no-totals"]);
  stop();
});

test("a stream that ends is opened again, and what is known is not told twice", async (test) => {
  const { url, requests } = await serve(
    test,
    stream(`retry: 5\n\n${event("a", 1)}${event("b", 4)}`, "ends"),
    stream(`${event("a", 1)}${event("b", 5)}`),
  );
  const { listener, heard } = listen();
  const stop = new TotalsClient(url).watch(["a", "b", "a"], listener);
  assert.deepEqual(await heard(6), ["live", "a 1", "b 4", "lost", "live", "b 5"]);
  assert.equal(requests[1]?.url, "/api/totals/stream?ids=a,b");
  stop();
});

test("a watcher of one campaign says what it has", async (test) => {
  const { url, requests } = await serve(test, stream(`retry: 5\n\n${event("a", 1)}`, "ends"), stream(""));
  const { listener, heard } = listen();
  const stop = new TotalsClient(url).watch("a", listener);
  await heard(4);
  assert.equal(requests[1]?.headers["last-event-id"], "1-a");
  stop();
});

test("a service that is away is asked again, when it says", async (test) => {
  const { url } = await serve(test, json(503, {}, { "retry-after": "1" }), stream(event("a", 1)));
  const { listener, heard, events } = listen();
  const stop = new TotalsClient(url).watch("a", listener);
  assert.deepEqual(await heard(3), ["lost", "live", "a 1"]);
  const { retryIn = 0 } = events[0]?.type === "lost" ? events[0] : {};
  assert.ok(retryIn >= 1 && retryIn <= 1.5);
  stop();
});

test("a refused request ends the watch", async (test) => {
  const { url, requests } = await serve(test, json(400, { success: false, error: { code: "INVALID_REQUEST", message: "no" } }));
  const { listener, heard, events } = listen();
  new TotalsClient(url).watch("a", listener);
  assert.deepEqual(await heard(1), ["failed"]);
  assert.ok(events[0]?.type === "failed" && events[0].error.message === "no");
  assert.equal(requests.length, 1);
});

test("what is not the service's own is a loss like any other", async (test) => {
  const { url } = await serve(
    test,
    stream(`retry: 5\n\n${event("a", 1)}`, "ends"),
    (response) => response.writeHead(404, { "content-type": "text/html" }).end("<h1>default backend</h1>"),
    (response) => response.writeHead(200, { "content-type": "text/html" }).end("<h1>welcome</h1>"),
    stream("data: {}\n\n"),
    stream(`retry: 5\n\nevent: news\ndata: {}\n\n${event("a", 2)}`),
  );
  test.mock.timers.enable({ apis: ["setTimeout"] });
  const { listener, heard, told } = listen();
  const stop = new TotalsClient(url).watch("a", listener);
  for (const count of [3, 4, 5, 7]) {
    await heard(count);
    assert.equal(told[count - 1], "lost");
    // The pause begins when the listener has been told.
    await new Promise((resolve) => setImmediate(resolve));
    test.mock.timers.tick(45_000);
  }
  assert.deepEqual(await heard(9), ["live", "a 1", "lost", "lost", "lost", "live", "lost", "live", "a 2"]);
  stop();
});

test("a service that does not hear from its database says so on the open stream, and when it does again", async (test) => {
  const stale = 'event: stale\ndata: {"asOf":"2025-11-21T10:00:00.000Z"}\n\n';
  const { url, requests } = await serve(test, stream(`retry: 5\n\n${event("a", 1)}${stale}${event("a", 2)}event: current\ndata: {}\n\n`));
  const { listener, heard, events } = listen();
  const stop = new TotalsClient(url).watch("a", listener);
  assert.deepEqual(await heard(5), ["live", "a 1", "lost", "a 2", "live"]);
  const lost = events[2];
  assert.ok(lost?.type === "lost" && lost.retryIn === undefined && lost.error.message.includes("2025-11-21T10:00:00.000Z"));
  assert.equal(requests.length, 1);
  stop();
});

test("who stops hears nothing more, and the connection is closed", async (test) => {
  let closed = () => {};
  const isClosed = new Promise<void>((resolve) => (closed = resolve));
  const { url } = await serve(test, (response, request) => {
    request.on("close", closed);
    stream(event("a", 1))(response, request);
  });
  const { listener, heard, told } = listen();
  const abort = new AbortController();
  new TotalsClient(url).watch("a", listener, { signal: abort.signal });
  await heard(2);
  abort.abort();
  await isClosed;
  assert.deepEqual(told, ["live", "a 1"]);
});

test("campaigns that cannot be watched together are refused at once", () => {
  const client = new TotalsClient("http://127.0.0.1:1");
  const many = Array.from({ length: 101 }, (_, number) => String(number));
  for (const ids of [[], many, ["a,b", "c"]]) {
    assert.throws(() => client.watch(ids, () => {}), RangeError);
  }
});

test("a silent connection is dead", async (test) => {
  test.mock.timers.enable({ apis: ["setTimeout"] });
  const { url } = await serve(test, stream(event("a", 1)));
  const { listener, heard } = listen();
  const stop = new TotalsClient(url).watch("a", listener);
  await heard(2);
  test.mock.timers.tick(14_999);
  test.mock.timers.tick(1);
  assert.deepEqual(await heard(3), ["live", "a 1", "lost"]);
  stop();
});
