/** When a campaign starts or ends, in words; empty if nobody knows, or it does not matter now. */

import { relative } from "../format/time";
import type { Words } from "../format/words";
import { now as serverTime } from "../live/clock";
import type { Campaign } from "../live/model";

export function dates(words: Words, { startsAt, endsAt }: Campaign, now = serverTime()): string {
  const when = (then: number): { when: string } => ({ when: relative(words.locale, then, now) });
  if (startsAt !== undefined && startsAt > now) return words.say("starts", when(startsAt));
  if (endsAt === undefined) return "";
  return words.say(endsAt > now ? "ends" : "ended", when(endsAt));
}
