/**
 * When a campaign starts or ends, or that it is closed or paused, in words; empty if nobody knows, or it does not matter now.
 *
 * A status is in the platform's own words. The usual ones are known here; any other says nothing.
 */

import { relative } from "../format/time";
import type { Words } from "../format/words";
import { now as serverTime } from "../live/clock";
import type { Campaign } from "../live/model";

const CLOSED = ["CLOSED", "COMPLETED", "COMPLETE", "ENDED", "FINISHED", "EXPIRED", "ARCHIVED", "CANCELLED", "CANCELED"];
const PAUSED = ["PAUSED", "SUSPENDED", "ON_HOLD"];

type Known = Pick<Campaign, "status" | "startsAt" | "endsAt">;

export function dates(words: Words, { status, startsAt, endsAt }: Known, now = serverTime()): string {
  const when = (then: number): { when: string } => ({ when: relative(words.sentenceLocale, then, now) });
  const known = status?.trim().toUpperCase().replace(/[\s-]/g, "_") ?? "";
  if (endsAt !== undefined && endsAt <= now) return words.say("ended", when(endsAt));
  // A date to come does not count for a campaign that was closed before it.
  if (CLOSED.includes(known)) return words.say("closed");
  if (PAUSED.includes(known)) return words.say("paused");
  if (startsAt !== undefined && startsAt > now) return words.say("starts", when(startsAt));
  return endsAt === undefined ? "" : words.say("ends", when(endsAt));
}
