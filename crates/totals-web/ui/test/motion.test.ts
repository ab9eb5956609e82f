import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { between } from "../src/motion/counter";
import { Gather } from "../src/motion/gather";
import { Throttle } from "../src/motion/throttle";
import { AlertQueue, type Gift } from "../src/overlay/alerts";
import { Arrivals } from "../src/overlay/arrivals";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("counts from one amount to another, and never beyond", () => {
  const steps = [0, 0.1, 0.5, 0.9, 1, 2].map((share) => between(1000n, 27670116110564327421n, share));
  expect(steps[0]).toBe(1000n);
  expect(steps.at(-1)).toBe(27670116110564327421n);
  expect([...steps].sort((a, b) => (a < b ? -1 : 1))).toEqual(steps);
  expect(between(100n, 40n, 0.5)).toBeLessThan(100n);
  expect(between(100n, 40n, 1)).toBe(40n);
});

it("tells of a change at once, and of fifty as their sum a second later", () => {
  const told: [bigint, number][] = [];
  const gather = new Gather(1000, (sum, times) => told.push([sum, times]));
  gather.add(3600n);
  expect(told).toEqual([[3600n, 1]]);
  for (let i = 0; i < 50; i++) {
    vi.advanceTimersByTime(10);
    gather.add(100n);
  }
  expect(told).toHaveLength(1);
  vi.advanceTimersByTime(1000);
  expect(told).toEqual([[3600n, 1], [5000n, 50]]);
});

it("tells nothing of changes that cancel out, or after its end", () => {
  const told: bigint[] = [];
  const gather = new Gather(1000, (sum) => told.push(sum));
  gather.add(1n);
  gather.add(5n);
  gather.add(-5n);
  vi.advanceTimersByTime(2000);
  gather.add(7n);
  gather.add(7n);
  gather.stop();
  vi.advanceTimersByTime(2000);
  expect(told).toEqual([1n, 7n]);
  expect(vi.getTimerCount()).toBe(0);
});

it("says the newest, at most once in a while", () => {
  const said: number[] = [];
  const throttle = new Throttle<number>(10_000, (value) => said.push(value));
  for (let i = 1; i <= 25; i++) {
    throttle.set(i);
    vi.advanceTimersByTime(1000);
  }
  expect(said).toEqual([1, 10, 20]);
});

it("shows alerts one after another, and a crowd as one", () => {
  const shown: (Gift | undefined)[] = [];
  const queue = new AlertQueue(5000, (gift) => shown.push(gift));
  queue.add({ count: 1, minor: 100n, name: "A" });
  queue.add({ count: 1, minor: 200n, name: "B" });
  vi.advanceTimersByTime(5000);
  for (let i = 0; i < 10; i++) queue.add({ count: 1, minor: 300n, name: `C${i}` });
  vi.advanceTimersByTime(20_000);
  expect(shown).toEqual([
    { count: 1, minor: 100n, name: "A" },
    { count: 1, minor: 200n, name: "B" },
    { count: 10, minor: 3000n },
    undefined,
  ]);
  expect(vi.getTimerCount()).toBe(0);
});

it("shows bursts that wait as one alert", () => {
  const shown: (Gift | undefined)[] = [];
  const queue = new AlertQueue(5000, (gift) => shown.push(gift));
  queue.add({ count: 1, minor: 100n, name: "A" });
  queue.add({ count: 20, minor: 2000n });
  queue.add({ count: 9, minor: 900n });
  vi.advanceTimersByTime(20_000);
  expect(shown).toEqual([{ count: 1, minor: 100n, name: "A" }, { count: 29, minor: 2900n }, undefined]);
});

describe("of donations that the feed lists, the overlay tells", () => {
  const gifts = (count: number): Gift[] => Array.from({ length: count }, () => ({ count: 1, minor: 100n, name: "A" }));
  const grown = (count: number): Gift => ({ count, minor: BigInt(count) * 100n });
  let told: Gift[] = [];
  let isLive = true;
  let arrivals: Arrivals;
  beforeEach(() => {
    told = [];
    isLive = true;
    arrivals = new Arrivals((...gifts) => told.push(...gifts), () => isLive);
  });

  it("each with its name, and nothing of the total", () => {
    arrivals.grew(grown(2));
    arrivals.listed(gifts(2), false);
    arrivals.listed(gifts(1), true);
    arrivals.grew(grown(1));
    arrivals.grew(grown(50));
    vi.advanceTimersByTime(60_000);
    expect(told).toEqual(gifts(3));
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each(["first", "last"])("those that it has no place for, by the total that comes %s", (when) => {
    arrivals.listed(gifts(1), false);
    if (when === "first") arrivals.grew(grown(30));
    arrivals.listed(gifts(20), true);
    if (when === "last") arrivals.grew(grown(30));
    vi.advanceTimersByTime(1_000);
    expect(told).toEqual([...gifts(1), grown(29)]);
  });

  it("what comes while a burst goes on, once, and names after it", () => {
    for (let tenths = 0; tenths < 70; tenths++) {
      arrivals.grew(grown(30));
      arrivals.listed(gifts(20), true);
      vi.advanceTimersByTime(100);
    }
    arrivals.grew(grown(5));
    vi.advanceTimersByTime(20_000);
    expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(2105);
    told = [];
    arrivals.grew(grown(1));
    arrivals.listed(gifts(1), false);
    vi.advanceTimersByTime(20_000);
    expect(told).toEqual(gifts(1));
  });

  it("no less than it lists, where refunds take from the total", () => {
    arrivals.grew(grown(3));
    arrivals.listed(gifts(20), true);
    vi.advanceTimersByTime(20_000);
    expect(told).toEqual([grown(20)]);
  });

  it("those of an outage of one of the streams once", () => {
    isLive = false;
    arrivals.grew(grown(30));
    vi.advanceTimersByTime(60_000);
    arrivals.listed(gifts(20), true);
    isLive = true;
    vi.advanceTimersByTime(1_000);
    expect(told).toEqual([grown(30)]);
  });
});
