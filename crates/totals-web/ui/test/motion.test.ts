import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { between } from "../src/motion/counter";
import { Gather } from "../src/motion/gather";
import { Throttle } from "../src/motion/throttle";
import { AlertQueue, type Gift } from "../src/overlay/alerts";

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
