import { describe, expect, it } from "vitest";
import { fromDecimal, minorDigits, parseExact, toDecimal } from "../src/live/exact";

describe("amounts stay exact", () => {
  it("keeps the digits of a sum beyond what a number holds", () => {
    const body = parseExact('{"totalAmount":276701161105643274.21,"totalAmountMinor":27670116110564327421,"campaigns":3}');
    expect(body).toEqual({ totalAmount: "276701161105643274.21", totalAmountMinor: "27670116110564327421", campaigns: 3 });
  });

  it("leaves text alone that looks like an amount", () => {
    const title = '","totalAmountMinor":7,"amount":8,"';
    expect(parseExact(JSON.stringify({ title, totalAmountMinor: 5 }))).toEqual({ title, totalAmountMinor: "5" });
  });

  it.each([
    ["5000.5", "500050", 2],
    ["5000", "500000", 2],
    ["5000", "5000", 0],
    ["0.001", "1", 3],
    ["1.5", "1500", 3],
    ["0.07", "7", 2],
    ["276701161105643274.21", "27670116110564327421", 2],
    ["0", "0", undefined],
    ["5", "7", undefined],
  ])("%s is %s: %s digits behind the point", (major, minor, digits) => {
    expect(minorDigits(major, minor)).toBe(digits);
  });

  it.each([
    [500050n, 2, "5000.50"],
    [5n, 2, "0.05"],
    [0n, 2, "0.00"],
    [-3600n, 2, "-36.00"],
    [1234n, 0, "1234"],
    [1n, 3, "0.001"],
  ])("%s with %s digits is %s", (minor, digits, text) => {
    expect(toDecimal(minor, digits)).toBe(text);
  });

  it.each([
    ["5000.5", 2, 500050n],
    ["5000", 2, 500000n],
    ["0.07", 2, 7n],
    ["1.2345", 2, 123n],
    ["1234", 0, 1234n],
    ["-36", 2, -3600n],
    ["276701161105643274.21", 2, 27670116110564327421n],
  ])("%s is so many minor units of %s digits: %s", (text, digits, minor) => expect(fromDecimal(text, digits)).toBe(minor));

  it("goes there and back for any amount", () => {
    for (let minor = 1n; minor < 10n ** 25n; minor = minor * 7n + 3n) {
      for (const digits of [0, 2, 3]) {
        // As the API writes it: without zeros at the end behind the point.
        const major = toDecimal(minor, digits).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
        expect(minorDigits(major, minor.toString())).toBe(digits);
      }
    }
  });
});
