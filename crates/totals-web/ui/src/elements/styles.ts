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
  /* The place of a first value. It is seen only if the value takes long. */
  :host([data-state="loading"]) .number:empty::after,
  :host([data-state="loading"]) .tube {
    animation: come 0.5s ease-out 0.4s both, breathe 1.6s ease-in-out 0.9s infinite alternate;
  }
  @keyframes come {
    from {
      opacity: 0;
    }
  }
  @keyframes breathe {
    to {
      opacity: 0.45;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    :host([data-state="loading"]) .number:empty::after,
    :host([data-state="loading"]) .tube {
      animation: come 0s 0.4s both;
    }
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
