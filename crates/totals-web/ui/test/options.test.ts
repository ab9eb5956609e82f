import { expect, it } from "vitest";
import { readOptions } from "../src/overlay/options";

it("has a look without any option", () => {
  const { options, problems } = readOptions("");
  expect(problems).toEqual([]);
  expect(options).toEqual({
    style: "bar", position: "bottom", align: "center", title: "on", goal: "on", donors: "off", alerts: "on",
    colours: {}, size: 1, seconds: 5,
  });
});

it("takes what it is asked for", () => {
  const { options, problems } = readOptions("?style=number&color=%230b6e4f&ink=fff&background=00000080&lang=ar&size=1.5&alerts=off");
  expect(problems).toEqual([]);
  expect(options).toMatchObject({
    style: "number", colours: { color: "#0b6e4f", ink: "#fff", background: "#00000080" }, lang: "ar", size: 1.5, alerts: "off",
  });
});

it.each([
  ["style=fancy", /^style=fancy: must be bar or number or thermometer or alerts$/],
  ["color=red;background:url(x)", /^color=.*: must be a colour in hexadecimal/],
  ["color=12345", /^color=12345/],
  ["color=none", /^color=none/],
  ["size=", /^size=: must be a number from 0.25 to 8$/],
  ["size=1e9", /^size=1e9/],
  ["seconds=-1", /^seconds=-1/],
  ["lang=no%20tag", /^lang=no tag: must be a language tag/],
  ["goals=off", /^goals: there is no such option; there are style, /],
])("passes over a bad option and names it: %s", (search, problem) => {
  const { options, problems } = readOptions(search);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(problem);
  expect(options).toEqual(readOptions("").options);
});
