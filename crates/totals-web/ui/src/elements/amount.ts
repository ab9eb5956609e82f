/** An amount on the page: three kinds of text, changed in place many times a second, and as large as its room allows. */

import { money, moneyPieces, shape, type Style } from "../format/money";

/** The text of an amount within an element. Only text nodes change, and only those that differ. */
export class AmountText {
  readonly #host: HTMLElement;
  #kinds = "";

  constructor(host: HTMLElement) {
    this.#host = host;
  }

  show(locale: string, currency: string, minor: bigint, style: Style = "exact"): void {
    const pieces = moneyPieces(locale, currency, minor, style);
    const kinds = pieces.map(({ kind }) => kind).join(" ");
    if (kinds !== this.#kinds || this.#host.childElementCount !== pieces.length) {
      this.#kinds = kinds;
      this.#host.replaceChildren(...pieces.map(({ kind }) => span(kind)));
    }
    pieces.forEach(({ text }, place) => {
      const node = this.#host.children[place]?.firstChild;
      if (node instanceof Text && node.data !== text) node.data = text;
    });
  }

  /** The shape of the amount: two of one shape are equally wide. */
  static shape(locale: string, currency: string, minor: bigint): string {
    return shape(money(locale, currency, minor));
  }
}

function span(kind: string): HTMLElement {
  const element = document.createElement("span");
  // A text that changes, rather than a new one for each of sixty frames a second.
  element.append("");
  element.className = kind;
  element.setAttribute("part", kind);
  // Isolates it, or `US$` would be `$US` among Arabic digits.
  if (kind === "symbol") element.dir = "auto";
  return element;
}

/**
 * Makes a text as large as fits into its room: from its largest size, which the style of the room says, down to whatever it
 * takes. It is measured, because no count of digits tells how wide a currency is written. A room whose height is not that of the
 * text, as on a wall, bounds it as well.
 */
export class Fit {
  readonly #room: HTMLElement;
  readonly #text: HTMLElement;
  readonly #watch: ResizeObserver;

  constructor(room: HTMLElement, text: HTMLElement) {
    this.#room = room;
    this.#text = text;
    this.#watch = new ResizeObserver(() => this.measure());
    this.#watch.observe(room);
  }

  measure(): void {
    this.#text.style.removeProperty("font-size");
    const { paddingInlineStart, paddingInlineEnd } = getComputedStyle(this.#room);
    const room = this.#room.clientWidth - parseFloat(paddingInlineStart) - parseFloat(paddingInlineEnd);
    const high = this.#room.clientHeight;
    const text = this.#text.getBoundingClientRect();
    // Sizes of rooms are whole numbers, and those of text are rounded: a pixel is no reason, and a hundredth is left free.
    const tooLarge = Math.max(room > 0 && text.width > room + 1 ? text.width / room : 1, high > 0 && text.height > high + 1 ? text.height / high : 1);
    if (tooLarge > 1) this.#text.style.fontSize = `${(0.99 / tooLarge).toFixed(4)}em`;
  }

  stop(): void {
    this.#watch.disconnect();
  }
}
