#!/usr/bin/env node
// Holds the AsyncAPI document against the AsyncAPI 3.0 specification.
//
//     node tests/docs/check_asyncapi.mjs
//
// Prints the document with target/debug/totals-api ($TOTALS_API names another binary; build it first, no database is
// needed) and checks it with the official parser from npm, unpacked below target/. The parser's package has a bundle with
// all that it depends on, so nothing else is installed, and its checksum is all there is to pin. Exits with 1 and the
// parser's words on failure.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import vm from "node:vm";

const PACKAGE = "@asyncapi/parser@3.6.6";
const SHA512 = "DppE3OStajt6gHc+RsVf9VxRwW9WACagHnFvkOML5rZGwS9hXxtFYTxnsH3mHPRgHom0rClMs6DpbjNY65Y54A==";

// What the parser merely recommends, and does not suit.
const IGNORED = new Set([
  // Tools read 3.0 today; 3.1 adds nothing that the document needs.
  "asyncapi-latest-version",
]);

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const target = process.env.CARGO_TARGET_DIR ?? path.join(root, "target");

function fail(words) {
  console.error(`check_asyncapi: ${words}`);
  process.exit(1);
}

/** The parser's bundle, which is downloaded if it is not there. */
function bundle() {
  const directory = path.join(target, "check-asyncapi", PACKAGE);
  const file = path.join(directory, "package", "browser", "index.js");
  if (!existsSync(file)) {
    mkdirSync(directory, { recursive: true });
    const packed = execFileSync("npm", ["pack", "--silent", PACKAGE], { cwd: directory, encoding: "utf8" }).trim();
    const archive = path.join(directory, packed.split("\n").at(-1));
    const found = createHash("sha512").update(readFileSync(archive)).digest("base64");
    if (found !== SHA512) {
      rmSync(archive);
      fail(`${PACKAGE} has another checksum than the one that was looked at: ${found}`);
    }
    execFileSync("tar", ["xzf", archive, "-C", directory]);
    rmSync(archive);
  }
  return readFileSync(file, "utf8");
}

function parser() {
  // The bundle is for browsers, and looks for their global object.
  globalThis.self = globalThis;
  globalThis.window = globalThis;
  vm.runInThisContext(bundle());
  return new globalThis.AsyncAPIParser();
}

const program = process.env.TOTALS_API ?? path.join(target, "debug", "totals-api");
if (!existsSync(program)) fail(`${program} does not exist: run \`cargo build -p totals-api\` first`);
const text = execFileSync(program, ["asyncapi"], { encoding: "utf8" });
const { document, diagnostics } = await parser().parse(text);
const complaints = diagnostics.filter(({ code }) => !IGNORED.has(code));
if (!document || complaints.length > 0) {
  fail(complaints.map(({ code, message, path }) => `${path.join(".")}: ${message} (${code})`).join("\n"));
}
// A parser that understood nothing would have nothing to complain about.
const messages = document.allMessages().all().length;
if (messages < 5) fail(`the parser sees ${messages} messages, and not the events and the dead letters`);
console.log(`the AsyncAPI document (${text.length} bytes, ${messages} messages) is valid`);
