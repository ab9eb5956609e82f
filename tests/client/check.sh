#!/usr/bin/env bash
# Holds the package @totals/client against the API's OpenAPI document, runs its own tests, packs it, and compiles a fresh project
# that has installed the pack. Prints the project's compiled program. tests/e2e/client.rs runs that on the real service.
#
#     tests/client/check.sh [TOTALS_API]      # target/debug/totals-api; build it first
set -euo pipefail
cd "$(dirname "$0")/../.."
target=${CARGO_TARGET_DIR:-$PWD/target}
api=${1:-$target/debug/totals-api}
client=crates/totals-web/client
project=$target/client/project

{
    "$api" openapi > "$client/openapi.json"
    npm ci --prefix "$client" --no-audit --no-fund
    npm run --prefix "$client" types -- --check \
        || { echo 'the OpenAPI document has changed: run `npm run types` in crates/totals-web/client'; exit 1; }
    npm test --prefix "$client"

    rm -rf "$project"
    mkdir -p "$project"
    packed=$(npm pack --silent --pack-destination "$project" "./$client")
    cp tests/client/main.ts tests/client/tsconfig.json "$project"
    cd "$project"
    echo '{ "private": true, "type": "module" }' > package.json
    # The versions that the client itself is compiled with.
    version() { node -p "require('$OLDPWD/$client/node_modules/$1/package.json').version"; }
    npm install --no-audit --no-fund "./$packed" "typescript@$(version typescript)" "@types/node@$(version @types/node)"
    npx tsc
} >&2
echo "$project/main.js"
