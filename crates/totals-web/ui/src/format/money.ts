/** Amounts as people of a language write them, in pieces that may be styled each by itself. */

import { toDecimal } from "../live/exact";
import { digitsOf } from "../live/model";
import { directionOf } from "./locale";

/** A piece of an amount: the currency's symbol, the whole units with what is around them, or the point and what is behind it. */
export interface Piece {
  readonly kind: "symbol" | "whole" | "cents";
  readonly text: string;
}

/** `round`: without digits behind the point where they are zeros. `signed`: with a sign, for a change. */
export type Style = "exact" | "round" | "signed";

const formats = new Map<string, Intl.NumberFormat>();

function format(locale: string, currency: string, style: Style): Intl.NumberFormat {
  const digits = digitsOf(currency);
  const key = `${locale} ${currency} ${digits} ${style}`;
  let known = formats.get(key);
  if (!known) {
    const options = {
      style: "currency",
      currency,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
      ...(style === "round" ? { trailingZeroDisplay: "stripIfInteger" } : {}),
      ...(style === "signed" ? { signDisplay: "always" } : {}),
    };
    known = new Intl.NumberFormat(locale, options as Intl.NumberFormatOptions);
    formats.set(key, known);
  }
  return known;
}

/** A decimal text, which `Intl` takes digit for digit. The declarations of TypeScript know it only for newer libraries. */
function exact(minor: bigint, currency: string): number {
  return toDecimal(minor, digitsOf(currency)) as unknown as number;
}

/**
 * The amount as one text. Where the language is written from right to left, the symbol is isolated (U+2068, U+2069), or `US$`
 * would be shown as `$US`.
 */
export function money(locale: string, currency: string, minor: bigint, style: Style = "exact"): string {
  const text = format(locale, currency, style).formatToParts(exact(minor, currency));
  const isolated = directionOf(locale) === "rtl";
  return text.map(({ type, value }) => (isolated && type === "currency" ? `\u2068${value}\u2069` : value)).join("");
}

/** The amount in pieces, whose texts together are the amount. */
export function moneyPieces(locale: string, currency: string, minor: bigint, style: Style = "exact"): Piece[] {
  const pieces: Piece[] = [];
  for (const { type, value } of format(locale, currency, style).formatToParts(exact(minor, currency))) {
    const kind = type === "currency" ? "symbol" : type === "decimal" || type === "fraction" ? "cents" : "whole";
    const last = pieces.at(-1);
    if (last?.kind === kind) pieces[pieces.length - 1] = { kind, text: last.text + value };
    else pieces.push({ kind, text: value });
  }
  return pieces;
}

/** The text with every digit the same, so that two amounts of one width have one shape. */
export function shape(text: string): string {
  return text.replace(/\p{Nd}/gu, "0");
}
