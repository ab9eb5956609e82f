/** Which language and direction a place of a page has. */

/** The reader's locale on a page whose words are in another language, since there are none in the reader's. */
let readersLocale: string | undefined;

export function setReadersLocale(locale: string): void {
  readersLocale = locale;
}

/** The page's own wish: the nearest `lang` around the element, through shadow roots; else the reader's language. */
export function localeOf(element: Element): string {
  for (let at: Element | null = element; at; at = above(at)) {
    if (readersLocale && at === document.documentElement) return readersLocale;
    const lang = at.getAttribute("lang");
    if (lang !== null) return canonical(lang) ?? navigator.language;
  }
  return navigator.language;
}

function above(element: Element): Element | null {
  if (element.parentElement) return element.parentElement;
  const root = element.getRootNode();
  return root instanceof ShadowRoot ? root.host : null;
}

/** The tag as `Intl` takes it; `undefined` if it is none. It may be written as POSIX has it: `de_DE.UTF-8`. */
export function canonical(tag: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(tag.replace(/[.@].*$/, "").replaceAll("_", "-"))[0];
  } catch {
    return undefined;
  }
}

const RIGHT_TO_LEFT = new Set(["ar", "arc", "ckb", "dv", "fa", "ha", "he", "khw", "ks", "ku", "ps", "sd", "ug", "ur", "yi"]);

/** The direction in which this language is written. */
export function directionOf(tag: string): "ltr" | "rtl" {
  return RIGHT_TO_LEFT.has(tag.split("-")[0] ?? "") ? "rtl" : "ltr";
}
