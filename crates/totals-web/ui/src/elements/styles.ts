/** The look that all elements share. Site owners change it by the variables, which inherit into the elements, and by `::part`. */

import { css } from "lit";

export const shared = css`
  :host {
    --accent: var(--totals-accent, #0b6e4f);
    --track: var(--totals-track, rgb(127 127 127 / 0.25));
    --glow: var(--totals-glow, #d69a1e);
    --joy: var(--totals-joy, inherit);
    --soft: var(--totals-soft, inherit);
    display: block;
    font-variant-numeric: tabular-nums lining-nums;
  }
  /* Browsers of 2024 and later follow the page's color-scheme; the programs that broadcasters use are often older. */
  @supports (color: light-dark(red, red)) {
    :host {
      --accent: var(--totals-accent, light-dark(#0b6e4f, #5fd3a6));
      --track: var(--totals-track, color-mix(in srgb, var(--accent) 18%, transparent));
      --glow: var(--totals-glow, light-dark(#d69a1e, #f2c14e));
      --joy: var(--totals-joy, light-dark(#7a4f0a, #f2c14e));
      --soft: var(--totals-soft, color-mix(in srgb, currentcolor 72%, transparent));
    }
  }
  :host([hidden]) {
    display: none;
  }
  .spoken {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .error {
    color: #a4161a;
    font-size: 1rem;
  }
`;
