import { describe, expect, it } from "vitest";
import { catalogues } from "../src/format/catalogues";
import { dates } from "../src/page/dates";
import { canonical, directionOf } from "../src/format/locale";
import { money, moneyPieces, shape } from "../src/format/money";
import { exactPercent, percent } from "../src/format/number";
import { clock, relative } from "../src/format/time";
import { wordsFor } from "../src/format/words";

const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, " ");

describe("money", () => {
  it.each([
    ["en", "USD", 5465663732n, "$54,656,637.32"],
    ["de", "EUR", 123456n, "1.234,56 €"],
    ["ja", "JPY", 1234567n, "￥1,234,567"],
    ["en", "KWD", 1234567n, "KWD 1,234.567"],
    ["hi", "INR", 1234567890n, "₹1,23,45,678.90"],
    ["en", "USD", 27670116110564327421n, "$276,701,161,105,643,274.21"],
  ])("%s writes %s %s as %s", (locale, currency, minor, expected) => {
    expect(plain(money(locale, currency, minor))).toBe(expected);
    expect(moneyPieces(locale, currency, minor).map(({ text }) => text).join("")).toBe(money(locale, currency, minor));
  });

  it("has cents as a piece of their own, wherever the symbol is", () => {
    const kinds = (locale: string): string => moneyPieces(locale, "EUR", 123456n).map(({ kind }) => kind).join(" ");
    expect(kinds("en")).toBe("symbol whole cents");
    expect(kinds("de")).toBe("whole cents whole symbol");
    expect(moneyPieces("ja", "JPY", 5n).some(({ kind }) => kind === "cents")).toBe(false);
  });

  it("leaves zeros behind the point out of a round amount, and no others", () => {
    expect(money("en", "USD", 6000000000n, "round")).toBe("$60,000,000");
    expect(money("en", "USD", 6000000050n, "round")).toBe("$60,000,000.50");
  });

  it("gives a change its sign", () => {
    expect(money("en", "USD", 3600n, "signed")).toBe("+$36.00");
    expect(money("en", "USD", -3600n, "signed")).toBe("-$36.00");
  });

  it("isolates the symbol where the language is written from right to left", () => {
    expect(money("ar", "USD", 100n)).toContain("\u2068US$\u2069");
    expect(money("en", "USD", 100n)).not.toContain("\u2068");
  });

  it("has one shape for amounts of one width, in any digits", () => {
    expect(shape("$1,234.50")).toBe(shape("$9,876.54"));
    expect(shape("١٬٢٣٤")).toBe("0٬000");
    expect(shape("$999.99")).not.toBe(shape("$1,000.00"));
  });
});

describe("shares", () => {
  it.each([
    [9109, "91%"],
    [9999, "99%"],
    [10000, "100%"],
    [11358, "113%"],
    [100, "1%"],
    [99, "0.99%"],
    [1, "0.01%"],
    [0, "< 0.01%"],
  ])("%s hundredths are %s", (hundredths, expected) => expect(percent("en", hundredths)).toBe(expected));

  it("is exact for those who hear it", () => expect(exactPercent("en", 9109)).toBe("91.09%"));
});

describe("moments", () => {
  const now = new Date(2025, 10, 21, 18, 0).getTime();
  const hour = 3_600_000;
  it.each([
    [now - 2_000, "now"],
    [now - 40_000, "40 seconds ago"],
    [now - 3 * 60_000, "3 minutes ago"],
    [now + 20 * hour, "in 20 hours"],
    [now + 30 * hour, "in 2 days"],
    [now - 26 * hour, "yesterday"],
    [now + 90 * 24 * hour, "in 3 months"],
  ])("%#: %s", (then, expected) => expect(relative("en", then, now)).toBe(expected));

  it("names the day where it is another", () => {
    expect(plain(clock("en-GB", now - hour, now))).toBe("17:00");
    expect(plain(clock("en-GB", now - 30 * hour, now))).toMatch(/20 Nov.*12:00/);
  });
});

describe("words", () => {
  it.each(Object.keys(catalogues))("%s has all its plurals, and the same places to fill in as English", (language) => {
    const catalogue = catalogues[language]!;
    const categories = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    const places = (text: string): string => [...text.matchAll(/\{\w+\}/g)].map(String).sort().join();
    for (const [name, entry] of Object.entries(catalogue)) {
      const english = catalogues.en[name as keyof typeof catalogue];
      if (typeof entry === "string") expect(places(entry), name).toBe(places(english as string));
      else {
        expect(Object.keys(entry).sort(), name).toEqual([...categories].sort());
        expect(places(entry.other), name).toBe(places((english as { other: string }).other));
      }
    }
  });

  it("counts as the language does", () => {
    expect(wordsFor("en").counted("donors", 1)).toBe("1 donor");
    expect(wordsFor("en").counted("donors", 9635)).toBe("9,635 donors");
    expect(wordsFor("pl").counted("donations", 3)).toBe("3 wpłaty");
    expect(wordsFor("pl").counted("donations", 5)).toBe("5 wpłat");
  });

  it("speaks English with the numbers of a language that it has no words of", () => {
    expect(plain(wordsFor("fi").counted("donors", 9635))).toBe("9 635 donors");
    expect(wordsFor("fi").language).toBe("en");
  });

  it.each([
    ["fi", "Ends in 6 days"],
    ["ru", "Ends in 6 days"],
    ["de-AT", "Endet in 6 Tagen"],
    ["zh-CN", "结束：6天后"],
    ["zh-TW", "結束：6 天後"],
    ["zh-Hant", "結束：6 天後"],
    ["zh-HK", "結束：6 日後"],
  ])("%s says a sentence in one language", (locale, sentence) => {
    const now = new Date(2025, 10, 21, 12).getTime();
    expect(plain(dates(wordsFor(locale), { endsAt: now + 6 * 86_400_000 }, now))).toBe(sentence);
  });
});

describe("the dates and the status of a campaign", () => {
  const now = new Date(2025, 10, 21, 12).getTime();
  const day = 86_400_000;
  it.each([
    [{}, ""],
    [{ status: "ACTIVE" }, ""],
    [{ status: "in review" }, ""],
    [{ status: "ACTIVE", startsAt: now - day, endsAt: now + 2 * day }, "Ends in 2 days"],
    [{ startsAt: now + day, endsAt: now + 9 * day }, "Starts tomorrow"],
    [{ status: "CLOSED" }, "Closed"],
    [{ status: "completed", endsAt: now + 2 * day }, "Closed"],
    [{ status: "CLOSED", endsAt: now - day }, "Ended yesterday"],
    [{ status: "PAUSED", endsAt: now + 2 * day }, "Paused"],
    [{ status: "On hold" }, "Paused"],
    [{ status: "PAUSED", endsAt: now - day }, "Ended yesterday"],
  ])("%j is %s", (campaign, said) => expect(dates(wordsFor("en"), campaign, now)).toBe(said));
});

describe("languages", () => {
  it("knows which are written from right to left", () => {
    expect(["ar-EG", "he", "fa", "ur", "de", "zh-Hant"].map(directionOf)).toEqual(["rtl", "rtl", "rtl", "rtl", "ltr", "ltr"]);
  });
  it("refuses what is no tag", () => {
    expect(canonical("de-ch")).toBe("de-CH");
    expect(canonical("de_AT.UTF-8")).toBe("de-AT");
    expect(canonical("not a tag")).toBeUndefined();
    expect(canonical("")).toBeUndefined();
  });
});
