import assert from "node:assert/strict";
import test from "node:test";

import { type ServerEvent, receive } from "../src/sse.js";

async function read(...chunks: string[]): Promise<(ServerEvent | number)[]> {
  const bytes = chunks.map((chunk) => Buffer.from(chunk, "latin1"));
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      bytes.forEach((chunk) => controller.enqueue(chunk));
      controller.close();
    },
  });
  const found: (ServerEvent | number)[] = [];
  for await (const received of receive(body)) {
    if ("event" in received) {
      found.push(received.event);
    } else if ("retry" in received) {
      found.push(received.retry);
    }
  }
  return found;
}

const one = { type: "x", id: "7", data: "a\nb" };

test("events, comments and times to wait are told apart, whatever ends a line", async () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const lines = ["retry: 1500", "", ": still here", "", "event: x", "id: 7", "data: a", "data:b", "", ""];
    assert.deepEqual(await read(lines.join(end)), [1500, one], JSON.stringify(end));
  }
});

test("an event may come in any pieces", async () => {
  const text = "event: x\r\nid: 7\r\ndata: a\r\ndata:b\r\n\r\n";
  for (let cut = 1; cut < text.length; cut += 1) {
    assert.deepEqual(await read(text.slice(0, cut), text.slice(cut)), [one], `cut at ${cut}`);
  }
  assert.deepEqual(await read(...text), [one]);
});

test("a character may come in two pieces", async () => {
  const text = Buffer.from("data: ü\n\n").toString("latin1");
  const [event] = await read(text.slice(0, 7), text.slice(7));
  assert.equal((event as ServerEvent).data, "ü");
});

test("an event that was cut off is none", async () => {
  assert.deepEqual(await read("data: a\n\ndata: b\n"), [{ type: "", id: "", data: "a" }]);
});
