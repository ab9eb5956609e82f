import { css } from "lit";

export const totalStyles = css`
  :host {
    position: relative;
  }
  /* The room's size is the largest that the number may have. Its line takes the height of the number alone. */
  .room {
    font-size: var(--totals-number-size, clamp(2.25rem, 8vw, 4.5rem));
    line-height: 0;
    white-space: nowrap;
  }
  .number {
    display: inline-block;
    line-height: 1.14;
    position: relative;
    inset-inline-start: -0.03em;
    font-weight: var(--totals-number-weight, 680);
    letter-spacing: -0.03em;
    transition: color 0.4s;
    unicode-bidi: isolate;
  }
  .number:empty::before {
    content: "\\200b";
  }
  :host([data-state="loading"]) .number:empty::after {
    content: "";
    display: inline-block;
    inline-size: 3em;
    block-size: 0.72em;
    margin-inline-start: 0.03em;
    border-radius: 0.08em;
    background: var(--track);
  }
  .number.words {
    font-size: 0.55em;
    font-weight: 600;
    letter-spacing: -0.01em;
    white-space: normal;
  }
  .symbol {
    font-weight: 560;
  }
  .cents {
    font-size: 0.5em;
    font-weight: 560;
    vertical-align: 0.62em;
    letter-spacing: -0.01em;
    color: var(--soft);
  }
  :host([data-state="stale"]) .number {
    color: var(--soft);
  }
  .line {
    position: relative;
    display: flex;
    align-items: baseline;
    justify-content: var(--totals-align, flex-start);
    min-block-size: 1.6em;
    line-height: 1.6;
    color: var(--soft);
  }
  /* A chip takes no room, so nothing moves when it comes: behind the words, or over their end where there is no room behind. */
  .chip {
    position: absolute;
    inset-block-start: 0;
    inset-inline-end: 0;
    opacity: 0;
    padding-inline: 0.7em;
    border-radius: 99px;
    font-weight: 640;
    white-space: nowrap;
    color: var(--joy);
    background: linear-gradient(var(--chip), var(--chip)) var(--totals-paper, Canvas);
    --chip: color-mix(in srgb, var(--glow) 22%, transparent);
  }
  @media (min-width: 40rem) {
    .behind {
      position: relative;
      align-self: stretch;
    }
    .chip {
      inset-inline: 0.8em auto;
    }
    .detail:empty + .behind .chip {
      inset-inline-start: 0;
    }
  }
  .chip.less {
    color: inherit;
    --chip: color-mix(in srgb, currentcolor 12%, transparent);
  }
  /* Where there is little room below the number, the chip comes beside it. */
  :host([beside]) .room {
    padding-inline-end: min(42%, 7.75rem);
  }
  :host([beside]) :is(.line, .behind) {
    position: static;
  }
  :host([beside]) .chip {
    font-size: 0.88em;
    inset-block-start: 0.45em;
    inset-inline: auto 0;
  }
  /* Where the words are in the middle, the chip comes over them. */
  :host([over]) .behind {
    position: static;
  }
  :host([over]) .chip {
    inset-inline: 0;
    margin-inline: auto;
    inline-size: fit-content;
  }
  /* Where there is no room behind the counts, the chip has a line of its own below them. */
  @media (max-width: 39.99rem) {
    :host([details]:not([beside], [over], [inline])) .line {
      padding-block-end: 1.7em;
    }
    :host([details]:not([beside], [over], [inline])) .chip {
      inset: auto auto 0 0;
      inset-inline: 0 auto;
    }
  }
  :host([inline]) {
    display: inline;
  }
  :host([inline]) .room,
  :host([inline]) .line {
    display: inline;
    font-size: inherit;
    line-height: inherit;
    margin: 0;
  }
  :host([inline]) .line {
    margin-inline-start: 0.5em;
  }
  :host([inline][data-state="live"]) .line,
  :host([inline][data-state="none"]) .line {
    display: none;
  }
  :host([inline]) .number,
  :host([inline]) .words {
    display: inline;
    font-size: inherit;
    font-weight: inherit;
    letter-spacing: inherit;
  }
  :host([inline]) :is(.cents, .symbol) {
    font-size: inherit;
    font-weight: inherit;
    vertical-align: baseline;
    color: inherit;
  }
`;
