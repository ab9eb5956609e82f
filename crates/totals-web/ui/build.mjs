// Writes ../dist: the pages with their assets, and the script for other sites. Two builds, because the script is one file with a
// name that never changes, while the pages share assets whose names change with their content.

import { rm } from "node:fs/promises";
import { build } from "vite";

const banner = "/*! Contains Lit. Its licence: /assets/licenses.md on the server of this file. */";
const dist = new URL("../dist/", import.meta.url).pathname;
const shared = {
  configFile: false,
  logLevel: "warn",
  build: { outDir: dist, emptyOutDir: false, target: "es2022", modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
};

await rm(dist, { recursive: true, force: true });
await build({
  ...shared,
  build: {
    ...shared.build,
    license: { fileName: "assets/licenses.md" },
    rolldownOptions: { input: ["home.html", "campaign.html", "overlay.html", "overlay-help.html"] },
  },
});
await build({
  ...shared,
  publicDir: false,
  build: {
    ...shared.build,
    rolldownOptions: { input: ["src/embed.ts"], output: { entryFileNames: "embed/totals.js", postBanner: banner } },
  },
});
