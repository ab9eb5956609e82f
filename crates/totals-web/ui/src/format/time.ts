/** Moments as people of a language speak of them. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const STEPS: readonly (readonly [number, number, Intl.RelativeTimeFormatUnit])[] = [
  [MINUTE, SECOND, "second"],
  [HOUR, MINUTE, "minute"],
  [DAY, HOUR, "hour"],
  [30 * DAY, DAY, "day"],
  [365 * DAY, 30 * DAY, "month"],
  [Infinity, 365 * DAY, "year"],
];

/** "3 minutes ago", "in 2 days", "tomorrow"; "now" for less than `least` milliseconds. */
export function relative(locale: string, then: number, now: number, least = 5 * SECOND): string {
  const away = then - now;
  const format = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "long" });
  if (Math.abs(away) < least) return format.format(0, "second");
  for (const [below, unit, name] of STEPS) {
    if (Math.abs(away) < below) {
      if (unit === DAY) return format.format(daysBetween(now, then), "day");
      return format.format(Math.trunc(away / unit), name);
    }
  }
  return "";
}

/** Midnights between two moments: in the evening, "tomorrow" is less than a day away. */
function daysBetween(from: number, to: number): number {
  const midnight = (time: number): number => new Date(time).setHours(0, 0, 0, 0);
  return Math.round((midnight(to) - midnight(from)) / DAY);
}

/** "12:04", with the date where it is another day. */
export function clock(locale: string, then: number, now: number): string {
  const isToday = new Date(then).toDateString() === new Date(now).toDateString();
  const time = { hour: "numeric", minute: "2-digit" } as const;
  return new Date(then).toLocaleString(locale, isToday ? time : { ...time, month: "short", day: "numeric" });
}
