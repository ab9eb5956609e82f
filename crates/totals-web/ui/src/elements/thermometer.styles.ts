import { css } from "lit";

export const thermometerStyles = css`
  .track {
    position: relative;
    block-size: var(--totals-bar-size, 0.75rem);
    transition: opacity 0.4s;
    /* All of the bar is backgrounds, which printers leave out otherwise. */
    print-color-adjust: exact;
  }
  .tube {
    position: absolute;
    inset: 0;
    overflow: hidden;
    border-radius: 99px;
    background: var(--track);
  }
  .fill,
  .beyond {
    position: absolute;
    inset-block: 0;
    inset-inline-start: 0;
    border-radius: 99px;
    transition: inline-size 0.7s cubic-bezier(0.2, 0.8, 0.2, 1);
  }
  .fill {
    inline-size: var(--fill, 0%);
    background: var(--accent);
  }
  /* Something is never shown as nothing. */
  .some .fill {
    min-inline-size: var(--totals-bar-size, 0.75rem);
  }
  .over .fill {
    border-start-end-radius: 0;
    border-end-end-radius: 0;
  }
  .beyond {
    inline-size: var(--beyond, 0%);
    background: var(--glow);
  }
  .mark {
    --thick: max(3px, var(--totals-bar-size, 0.75rem) * 0.08);
    display: none;
    position: absolute;
    inset-block: -35%;
    inset-inline-start: calc(var(--fill) - var(--thick) / 2);
    inline-size: var(--thick);
    border-radius: 99px;
    background: currentcolor;
    transition: inset-inline-start 0.7s cubic-bezier(0.2, 0.8, 0.2, 1);
  }
  .over .mark {
    display: block;
  }
  .still :is(.fill, .beyond, .mark) {
    transition: none !important;
  }
  .joy .tube {
    animation: joy 1.6s ease-out 2;
  }
  @keyframes joy {
    0% {
      box-shadow: 0 0 0 0 color-mix(in srgb, var(--glow) 70%, transparent);
    }
    100% {
      box-shadow: 0 0 0 1.2em transparent;
    }
  }
  .caption {
    display: flex;
    flex-wrap: wrap;
    justify-content: var(--totals-caption-align, space-between);
    gap: 0 1em;
    margin-block-start: 0.45em;
    color: var(--soft);
  }
  .joyful {
    color: var(--joy);
    font-weight: 640;
  }
  /* All of the bar at once, or its parts would show through each other. */
  :host([data-state="stale"]) .track {
    opacity: 0.6;
  }
  :host([data-state="stale"]) .joyful {
    color: var(--soft);
  }
  /* An empty bar beside words that nothing is known would look like nothing raised. */
  :host([data-state="unavailable"]) .track {
    visibility: hidden;
  }
  :host([orientation="vertical"]) .track {
    inline-size: var(--totals-bar-size, 2.4rem);
    block-size: var(--totals-bar-length, 18rem);
    margin-inline: auto;
    margin-block-end: calc(var(--totals-bar-size, 2.4rem) * 1.3);
  }
  :host([orientation="vertical"]) .track::after {
    content: "";
    position: absolute;
    inset-block-start: calc(100% - var(--totals-bar-size, 2.4rem) * 0.75);
    inset-inline: calc(var(--totals-bar-size, 2.4rem) * -0.4);
    aspect-ratio: 1;
    border-radius: 50%;
    background: var(--accent);
  }
  :host([data-state="loading"]) .track::after {
    content: none;
  }
  :host([orientation="vertical"]) :is(.fill, .beyond) {
    inset: auto 0 0;
    inline-size: auto;
    border-radius: 0;
    transition: block-size 0.7s cubic-bezier(0.2, 0.8, 0.2, 1);
  }
  :host([orientation="vertical"]) .fill {
    block-size: var(--fill, 0%);
  }
  :host([orientation="vertical"]) .beyond {
    block-size: var(--beyond, 0%);
  }
  :host([orientation="vertical"]) .mark {
    inset: auto -22% calc(var(--fill) - var(--thick) / 2);
    inline-size: auto;
    block-size: var(--thick);
  }
  :host([orientation="vertical"]) .caption {
    justify-content: center;
    text-align: center;
  }
  @media (forced-colors: active) {
    .tube {
      outline: 1px solid CanvasText;
    }
    .fill,
    .beyond {
      forced-color-adjust: none;
      background: Highlight;
    }
    /* In these colours no second one is sure to differ from the first. */
    .beyond {
      background: repeating-linear-gradient(135deg, Highlight 0 0.15em, Canvas 0.15em 0.4em);
    }
    .mark {
      background: CanvasText;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    .fill,
    .beyond,
    .mark {
      transition: none;
    }
    .joy .tube {
      animation: none;
    }
  }
`;
