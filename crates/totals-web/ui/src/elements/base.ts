/** What all elements have in common: their campaign, the server, the language of their place in the page, and their end. */

import { LitElement, type PropertyDeclarations } from "lit";
import { localeOf } from "../format/locale";
import { type Words, wordsFor } from "../format/words";
import { type LiveTotals, liveTotals, type View } from "../live/totals";

/** The server that elements ask if their `server` attribute names none: the one that this script came from. */
let ownServer = "";

export function setOwnServer(base: string): void {
  ownServer = base === location.origin ? "" : base;
}

/** What an element is in, for styles and tests: its attribute `data-state`. */
export type State = "loading" | "live" | "none" | "stale" | "unavailable" | "absent" | "invalid";

/** An element that shows something that is watched. */
export abstract class LiveElement<T> extends LitElement {
  static override properties: PropertyDeclarations = {
    campaign: { type: String, noAccessor: true },
    server: { type: String },
    view: { state: true },
  };

  #campaign = "";
  /** `null` when the attribute has been taken away. */
  declare server: string | null;
  /** What is shown; `undefined` until anything is known. */
  declare view: View<T> | undefined;

  locale = "en";
  #unwatch: (() => void) | undefined;
  #watched = "";
  #language: MutationObserver | undefined;

  constructor() {
    super();
    this.server = "";
  }

  get campaign(): string {
    return this.#campaign;
  }

  /** Frameworks set what a page has: an id may be a number, or there may be none yet. */
  set campaign(id: unknown) {
    const before = this.#campaign;
    this.#campaign = String(id ?? "");
    this.requestUpdate("campaign", before);
  }

  get words(): Words {
    return wordsFor(this.locale);
  }

  get state(): State {
    if (this.isInvalid) return "invalid";
    const { value, health } = this.view ?? {};
    const isOut = health === "unavailable" || health === "absent";
    if (value === undefined) return isOut ? health : "loading";
    if (isOut) return "stale";
    return this.isNothing(value) ? "none" : "live";
  }

  /** Returns true if the page has not said what to show. */
  get isInvalid(): boolean {
    return !this.campaign;
  }

  /** Returns true if this value means that there is nothing yet. */
  protected abstract isNothing(value: T | null): boolean;
  protected abstract watch(live: LiveTotals, listener: (view: View<T>) => void): () => void;
  /** Called with each new view, before it is rendered. */
  protected viewed?(view: View<T>): void;
  /** Called when something else is to be shown. */
  protected left?(): void;

  override connectedCallback(): void {
    super.connectedCallback();
    this.locale = localeOf(this);
    this.#language = new MutationObserver(() => {
      const locale = localeOf(this);
      if (locale === this.locale) return;
      this.locale = locale;
      this.requestUpdate();
    });
    this.#observeLanguage(this.#language);
    this.#begin();
  }

  /** Any element around this one may have a `lang`, through shadow roots. */
  #observeLanguage(observer: MutationObserver): void {
    for (let at: Element | undefined = this; at; ) {
      const root: Node = at.getRootNode();
      observer.observe(root, { subtree: true, attributeFilter: ["lang"] });
      at = root instanceof ShadowRoot ? root.host : undefined;
    }
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#language?.disconnect();
    this.#end();
  }

  override willUpdate(_changed: Map<PropertyKey, unknown>): void {
    if (!this.isConnected || this.#named === this.#watched) return;
    this.#end();
    this.view = undefined;
    this.left?.();
    this.#begin();
  }

  override updated(): void {
    this.dataset.state = this.state;
  }

  /** What the page wants to be shown, as a text to compare. */
  get #named(): string {
    return `${this.server} ${this.campaign}`;
  }

  #begin(): void {
    this.#watched = this.#named;
    if (this.isInvalid) return;
    const base = String(this.server ?? "").replace(/\/+$/, "") || ownServer;
    this.#unwatch = this.watch(liveTotals(base), (view) => {
      this.viewed?.(view);
      this.view = view;
    });
  }

  #end(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
  }
}
