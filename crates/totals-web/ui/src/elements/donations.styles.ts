import { css } from "lit";

export const donationsStyles = css`
  ol {
    list-style: none;
    margin: 0;
    padding: 0;
  }
  li {
    display: flex;
    justify-content: var(--totals-list-align, space-between);
    align-items: baseline;
    gap: 1em;
    padding-block: 0.6em;
    border-block-end: 1px solid var(--totals-line, color-mix(in srgb, currentcolor 14%, transparent));
  }
  .amount {
    font-weight: 640;
    white-space: nowrap;
  }
  .who {
    min-inline-size: 0;
    display: flex;
    flex-wrap: wrap;
    justify-content: flex-end;
    gap: 0 0.6em;
    color: var(--soft);
    text-align: end;
  }
  .name {
    min-inline-size: 0;
    max-inline-size: 100%;
    overflow-wrap: anywhere;
    overflow-x: clip;
    color: var(--totals-name, inherit);
  }
  .amount,
  .name {
    transition: color 0.4s;
  }
  :host([data-state="stale"]) :is(.amount, .name) {
    color: var(--soft);
  }
  time {
    white-space: nowrap;
    font-size: 0.9em;
  }
  .empty {
    margin: 0;
    color: var(--soft);
  }
`;
