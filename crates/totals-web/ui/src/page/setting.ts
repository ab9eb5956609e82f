/** How a page is shown: language, theme and wall, from its address (`?lang=`, `?theme=`, `?wall`) and its reader. */

import { canonical, directionOf, setReadersLocale } from "../format/locale";
import { type Words, wordsFor } from "../format/words";

export interface Setting {
  readonly locale: string;
  readonly words: Words;
  /** One number and one bar, to be read from ten metres. */
  readonly isWall: boolean;
}

/** Reads the address, and gives the document its language, direction and theme. */
export function readSetting(): Setting {
  const query = new URLSearchParams(location.search);
  const locale = canonical(query.get("lang") ?? "") ?? navigator.language;
  const words = wordsFor(locale);
  const theme = query.get("theme");
  const root = document.documentElement;
  root.lang = words.sentenceLocale;
  setReadersLocale(locale);
  root.dir = directionOf(words.language);
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  const isWall = query.has("wall");
  root.classList.toggle("wall", isWall);
  if (isWall) stayAwake();
  return { locale, words, isWall };
}

/** Keeps the screen on, where the browser allows it: a wall has nobody to move a mouse. */
function stayAwake(): void {
  const ask = (): void => {
    if (!document.hidden) navigator.wakeLock?.request("screen").catch(() => undefined);
  };
  document.addEventListener("visibilitychange", ask);
  ask();
}

/** The address of a page of this site, in the same setting as this one. */
export function keepSetting(path: string): string {
  const query = new URLSearchParams(location.search);
  const kept = new URLSearchParams([...query].filter(([name]) => name === "lang" || name === "theme"));
  return kept.size > 0 ? `${path}?${kept}` : path;
}
