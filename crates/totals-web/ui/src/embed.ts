/** The script of other sites' pages, `/embed/totals.js`: the elements, asking the server that the script came from. */

import { setOwnServer } from "./elements/base";
import { defineElements } from "./elements/define";

setOwnServer(new URL(/* @vite-ignore */ "..", import.meta.url).href.replace(/\/$/, ""));
defineElements();
