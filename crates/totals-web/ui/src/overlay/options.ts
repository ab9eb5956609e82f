/** What the address of an overlay may ask for. A bad option is passed over, and named to whoever composes the address. */

import { canonical } from "../format/locale";

const CHOICES = {
  style: ["bar", "number", "thermometer", "alerts"],
  position: ["bottom", "middle", "top"],
  align: ["center", "start", "end"],
  title: ["on", "off"],
  goal: ["on", "off"],
  donors: ["off", "on"],
  alerts: ["on", "off"],
} as const;

type Choices = { readonly [K in keyof typeof CHOICES]: (typeof CHOICES)[K][number] };

/** What each colour of the overlay is called in the address. */
const COLOURS = ["color", "glow", "ink", "background"] as const;

export interface Options extends Choices {
  /** A colour as CSS writes it; absent if the address names none. */
  readonly colours: { readonly [K in (typeof COLOURS)[number]]?: string };
  readonly lang?: string;
  /** How large everything is, 1 being right for 1920 by 1080. */
  readonly size: number;
  /** How long an alert is shown. */
  readonly seconds: number;
}

export interface Read {
  readonly options: Options;
  /** What is wrong with the address, one sentence for each option. */
  readonly problems: readonly string[];
}

/** Reads the query of an overlay's address. */
export function readOptions(search: string): Read {
  const query = new URLSearchParams(search);
  const problems: string[] = [];
  const known = [...Object.keys(CHOICES), ...COLOURS, "lang", "size", "seconds"];
  for (const name of new Set(query.keys())) {
    if (!known.includes(name)) problems.push(`${name}: there is no such option; there are ${known.join(", ")}`);
  }
  const choice = <K extends keyof Choices>(name: K): Choices[K] => {
    const allowed: readonly string[] = CHOICES[name];
    const value = query.get(name);
    if (value !== null && !allowed.includes(value)) problems.push(`${name}=${value}: must be ${allowed.join(" or ")}`);
    return (value !== null && allowed.includes(value) ? value : allowed[0]) as Choices[K];
  };
  const number = (name: string, least: number, most: number, otherwise: number): number => {
    const text = query.get(name);
    if (text === null) return otherwise;
    const value = text.trim() === "" ? NaN : Number(text);
    if (value >= least && value <= most) return value;
    problems.push(`${name}=${text}: must be a number from ${least} to ${most}`);
    return otherwise;
  };
  const lang = query.get("lang");
  const locale = lang === null ? undefined : canonical(lang);
  if (lang !== null && !locale) problems.push(`lang=${lang}: must be a language tag, such as en, pt-BR or ar`);
  const options: Options = {
    style: choice("style"),
    position: choice("position"),
    align: choice("align"),
    title: choice("title"),
    goal: choice("goal"),
    donors: choice("donors"),
    alerts: choice("alerts"),
    colours: colours(query, problems),
    ...(locale ? { lang: locale } : {}),
    size: number("size", 0.25, 8, 1),
    seconds: number("seconds", 1, 60, 5),
  };
  return { options, problems };
}

function colours(query: URLSearchParams, problems: string[]): Options["colours"] {
  const found: Record<string, string> = {};
  for (const name of COLOURS) {
    const text = query.get(name);
    if (text === null) continue;
    const hex = /^#?((?:[\da-f]{3,4}){1,2})$/i.exec(text)?.[1];
    if (hex) found[name] = `#${hex}`;
    else if (name === "background" && text === "none") found[name] = "transparent";
    else problems.push(`${name}=${text}: must be a colour in hexadecimal, such as 0b6e4f${name === "background" ? ", or none" : ""}`);
  }
  return found;
}
