/**
 * JSON of the API, with amounts exact: money is a count of minor units in a `bigint`, because a sum may be beyond what a
 * JavaScript number holds to the cent. A number that stays text until it is a `bigint` never passes through floating point.
 */

/** Members that hold amounts. Within a JSON text their quotes would be escaped, so no title can look like one. */
const AMOUNTS = /"(totalAmount|totalAmountMinor|amount|amountMinor|total)":(-?\d[\d.eE+-]*)/g;

/** As `JSON.parse`, but amounts are left as the text that was sent. */
export function parseExact(json: string): unknown {
  return JSON.parse(json.replace(AMOUNTS, '"$1":"$2"'));
}

/**
 * How many digits the currency has behind the point, told by an amount in both units: `"5000.5"` and `"500050"` say 2.
 * Zero says nothing.
 */
export function minorDigits(major: string, minor: string): number | undefined {
  const [whole = "", fraction = ""] = major.split(".");
  let unscaled = BigInt(whole + fraction);
  const wanted = BigInt(minor);
  if (wanted === 0n || unscaled === 0n) return undefined;
  for (let digits = fraction.length; digits <= 6; digits++) {
    if (unscaled === wanted) return digits;
    unscaled *= 10n;
  }
  return undefined;
}

/** Minor units as decimal text: 500050 with 2 digits is `5000.50`. */
export function toDecimal(minor: bigint, digits: number): string {
  const sign = minor < 0n ? "-" : "";
  const text = (minor < 0n ? -minor : minor).toString().padStart(digits + 1, "0");
  return digits === 0 ? sign + text : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** Decimal text as minor units: the other way round. Digits beyond those of the currency are left out. */
export function fromDecimal(text: string, digits: number): bigint {
  const [whole = "0", fraction = ""] = text.split(".");
  return BigInt(whole + fraction.slice(0, digits).padEnd(digits, "0"));
}
