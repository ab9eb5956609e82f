/**
 * The time as the server has it. What windows say of the past ("2 minutes ago") compares it with times that come from the server,
 * and a reader's clock may be wrong by hours.
 */

/** In milliseconds. The server tells whole seconds, and its answer takes a while: less than this is no error of the clock. */
const TOLERATED = 10_000;

/** How far the reader's clock is behind, in milliseconds. */
let behind = 0;

/** Takes the header `Date` of an answer that no cache has kept for long; `null` if the page may not read it. */
export function learnTime(date: string | null): void {
  const away = Date.parse(date ?? "") - Date.now();
  if (!Number.isNaN(away)) behind = Math.abs(away) > TOLERATED ? away : 0;
}

/** Milliseconds since 1970. */
export function now(): number {
  return Date.now() + behind;
}
