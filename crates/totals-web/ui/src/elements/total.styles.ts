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
    margin-inline-start: -0.03em;
    font-weight: var(--totals-number-weight, 680);
    letter-spacing: -0.03em;
    transition: color 0.4s;
    unicode-bidi: isolate;
  }
  .number:empty::before {
    content: "\\200b";
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
    display: flex;
    flex-wrap: wrap;
    gap: 0.2em 0.8em;
    align-items: baseline;
    justify-content: var(--totals-align, flex-start);
    min-block-size: 1.6em;
    line-height: 1.6;
    color: var(--soft);
  }
  .chip {
    opacity: 0;
    padding-inline: 0.7em;
    border-radius: 99px;
    font-weight: 640;
    white-space: nowrap;
    color: var(--joy);
    background: color-mix(in srgb, var(--glow) 22%, transparent);
  }
  .chip.less {
    color: inherit;
    background: color-mix(in srgb, currentcolor 12%, transparent);
  }
  /* Where there is little room below the number, the chip comes beside it. */
  :host([beside]) .room {
    padding-inline-end: min(35%, 6.5rem);
  }
  :host([beside]) .chip {
    position: absolute;
    inset-block-start: 0.35em;
    inset-inline-end: 0;
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
  :host([inline]) .cents {
    font-size: inherit;
    vertical-align: baseline;
    color: inherit;
  }
`;
