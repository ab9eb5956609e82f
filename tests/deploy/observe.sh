#!/usr/bin/env bash
# Has a real Prometheus scrape an API and a worker that are under load, and asks it for all that the alerts and the dashboard
# ask for: observe.py. The end-to-end test `observed` runs it.
#
#     tests/deploy/observe.sh API-METRICS-URL WORKER-URL
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/deploy/tools.sh

exec "$bin/python" tests/deploy/observe.py "$prometheus/prometheus" "$work" "$@"
