/** Counts and shares as people of a language write them. */

export function count(locale: string, value: number): string {
  return value.toLocaleString(locale);
}

/**
 * A share in hundredths of a percent, rounded down: whole percents, since nobody reads more from afar. Below one percent it has
 * two decimals, so that something never looks like nothing. It is not for nothing at all.
 */
export function percent(locale: string, hundredths: number): string {
  const share = (decimals: number, value: number): string =>
    value.toLocaleString(locale, { style: "percent", minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  if (hundredths >= 100) return share(0, Math.floor(hundredths / 100) / 100);
  return hundredths > 0 ? share(2, hundredths / 10_000) : `< ${share(2, 0.0001)}`;
}

/** The share to the hundredth of a percent. */
export function exactPercent(locale: string, hundredths: number): string {
  return (hundredths / 10_000).toLocaleString(locale, { style: "percent", maximumFractionDigits: 2 });
}
