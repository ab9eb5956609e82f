import assert from "node:assert/strict";
import test from "node:test";

import { NotFoundError, RequestError, TotalsClient, UnavailableError } from "../src/index.js";
import { json, serve } from "./server.js";

const refusal = (code: string, message: string) => ({ success: false, error: { code, message } });

test("a campaign is its totals", async (test) => {
  const { url, requests } = await serve(test, json(200, { success: true, data: { totalAmount: 5000.5 } }));
  const totals = await new TotalsClient(`${url}/`).get("a/b ü");
  assert.equal(totals.totalAmount, 5000.5);
  assert.equal(requests[0]?.url, "/api/totals/campaigns/a%2Fb%20%C3%BC");
});

test("a list is asked for by names and ids", async (test) => {
  const { url, requests } = await serve(test, json(200, { success: true, data: { totals: [], totalAmount: 0 } }));
  const client = new TotalsClient(url);
  await client.list({ limit: 5, sortBy: "totalDonors" });
  await client.list({ ids: ["a", "b"] });
  await client.sum(["a", "b&c"]);
  await client.sum();
  const paths = requests.map((request) => request.url);
  assert.deepEqual(paths, [
    "/api/totals/campaigns?limit=5&sortBy=totalDonors",
    "/api/totals/campaigns?ids=a,b",
    "/api/totals?ids=a,b%26c",
    "/api/totals",
  ]);
});

test("an id with a comma is not taken for two", () => {
  const client = new TotalsClient("http://unused.invalid");
  assert.throws(() => client.list({ ids: ["a,b"] }), RangeError);
  assert.throws(() => client.sum(["a,b"]), RangeError);
});

test("an id that no URL can name is asked for in a list, or watched", async (test) => {
  const { url, requests } = await serve(test, () => undefined);
  const client = new TotalsClient(url);
  await assert.rejects(client.get(".."), { name: "RangeError", message: /list\(\{ ids: \["\.\."\] \}\)/ });
  const stop = client.watch("..", () => undefined);
  while (requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  stop();
  assert.equal(requests[0]?.url, "/api/totals/stream?ids=..");
});

test("each failure is of the type that says what to do", async (test) => {
  const { url } = await serve(
    test,
    json(404, refusal("TOTALS_NOT_FOUND", "nobody knows it")),
    json(503, refusal("UNAVAILABLE", "in a moment"), { "retry-after": "2" }),
    (response) => response.writeHead(502).end("<html>"),
    json(400, refusal("INVALID_REQUEST", "campaignId must be at most 256 bytes")),
    (response) => response.writeHead(200).end("<html>"),
    json(200, {}),
    json(200, null),
    json(200, { data: { totals: [] } }),
    (response) => response.writeHead(404, { "content-type": "text/html" }).end("<h1>default backend</h1>"),
    json(404, { error: { code: "NOT_FOUND" } }),
    json(404, null),
    (response) => response.writeHead(400).end(),
    (response) => response.socket?.destroy(),
  );
  const client = new TotalsClient(url);
  await assert.rejects(client.get("a"), (error) => error instanceof NotFoundError && error.message === "nobody knows it");
  await assert.rejects(client.get("a"), (error) => error instanceof UnavailableError && error.retryAfter === 2);
  await assert.rejects(client.get("a"), (error) => error instanceof UnavailableError && error.retryAfter === undefined);
  await assert.rejects(client.get("a"), (error) => error instanceof RequestError && error.status === 400);
  for (let answer = 5; answer <= 13; answer += 1) {
    await assert.rejects(client.get("a"), UnavailableError, `answer ${answer}`);
  }
  await assert.rejects(new TotalsClient("http://127.0.0.1:1").get("a"), UnavailableError);
});

test("an aborted request is rejected with the signal's reason", async (test) => {
  const { url } = await serve(test, () => undefined);
  const reason = new Error("not needed any more");
  const abort = new AbortController();
  const asked = new TotalsClient(url).get("a", { signal: abort.signal });
  abort.abort(reason);
  await assert.rejects(asked, reason);
});
