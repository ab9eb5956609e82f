/**
 * What the windows say, in the languages of `catalogues`. A language that is not there gets English sentences, with the moments
 * within them. Its numbers and amounts are in its own way all the same, since `Intl` knows every language.
 */

import { catalogues, type Catalogue, type Plural } from "./catalogues";
import { count } from "./number";

/** The language of this locale, as `catalogues` names it. */
function languageOf(locale: string): string {
  const { language, script } = new Intl.Locale(locale).maximize();
  return language === "zh" && script === "Hant" ? "zh-Hant" : (language ?? "en");
}

/** The words of one language, filled in. */
export class Words {
  readonly locale: string;
  /** The language that the words are in. */
  readonly language: string;
  /** In which moments within sentences are told: this locale, or English where the words are. */
  readonly sentenceLocale: string;
  readonly #catalogue: Catalogue;
  readonly #plurals: Intl.PluralRules;

  constructor(locale: string) {
    const language = languageOf(locale);
    this.locale = locale;
    this.language = language in catalogues ? language : "en";
    this.sentenceLocale = language in catalogues ? locale : "en";
    this.#catalogue = catalogues[this.language] ?? catalogues.en;
    this.#plurals = new Intl.PluralRules(this.language);
  }

  /** The sentence of this name, with what is named in braces. */
  say(name: SentenceName, fill: Record<string, string> = {}): string {
    return this.#catalogue[name].replace(/\{(\w+)\}/g, (_, key: string) => fill[key] ?? "");
  }

  /** So many of something: "1 donor", "9,635 donors". */
  counted(name: PluralName, value: number, fill: Record<string, string> = {}): string {
    const forms = this.#catalogue[name];
    const form = forms[this.#plurals.select(value)] ?? forms.other;
    return form.replace(/\{(\w+)\}/g, (_, key: string) => (key === "n" ? count(this.locale, value) : (fill[key] ?? "")));
  }
}

type SentenceName = { [K in keyof Catalogue]: Catalogue[K] extends string ? K : never }[keyof Catalogue];
type PluralName = { [K in keyof Catalogue]: Catalogue[K] extends Plural ? K : never }[keyof Catalogue];

const known = new Map<string, Words>();

/** The words for this locale. */
export function wordsFor(locale: string): Words {
  let words = known.get(locale);
  if (!words) known.set(locale, (words = new Words(locale)));
  return words;
}
