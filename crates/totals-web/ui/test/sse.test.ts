import { expect, it } from "vitest";
import { StreamParser } from "../src/live/sse";

const STREAM = 'retry: 1000\n\nid: 1-a\ndata: {"a":1}\n\n: heartbeat\n\nevent: no-totals\nid: 0\ndata: {"campaignId":"x"}\n\ndata: one\ndata: two\n\n';
const EVENTS = [
  { type: "message", data: '{"a":1}' },
  { type: "no-totals", data: '{"campaignId":"x"}' },
  { type: "message", data: "one\ntwo" },
];

it("takes a stream in pieces that end anywhere", () => {
  for (let size = 1; size <= STREAM.length; size++) {
    const parser = new StreamParser();
    const events = [];
    for (let at = 0; at < STREAM.length; at += size) events.push(...parser.push(STREAM.slice(at, at + size)));
    expect(events).toEqual(EVENTS);
  }
});

it.each(["\n", "\r\n", "\r"])("takes every end of a line that the standard names", (end) => {
  expect(new StreamParser().push(STREAM.replaceAll("\n", end) + end)).toEqual(EVENTS);
});

it("waits for the end of an event", () => {
  const parser = new StreamParser();
  expect(parser.push("data: half")).toEqual([]);
  expect(parser.push(" and half\n")).toEqual([]);
  expect(parser.push("\n")).toEqual([{ type: "message", data: "half and half" }]);
});
