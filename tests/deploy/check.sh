#!/usr/bin/env bash
# Proves that deploy/ is what the programs that read it expect, without a cluster and without the service:
#
# - Prometheus' own promtool accepts the configuration, the alerts and the dashboard's expressions, and sees each alert fire
#   and not fire (alerts/);
# - kustomize builds the base and the example, which fit the schemas of Kubernetes, and checkov finds no right too many;
# - check.py: each alert has its runbook and its test, the dashboard hangs together, names and numbers agree.
#
# Debian and Python with venv; tools.sh brings the rest. Once it is there, this takes half a minute.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/deploy/tools.sh
promtool=$prometheus/promtool

# The oldest version of Kubernetes whose schema has all that the manifests use, and the newest that is known.
kubernetes=(1.27 1.37)

"$promtool" check config deploy/prometheus/prometheus.yml
for test in tests/deploy/alerts/*.yml; do
    "$promtool" test rules "$test"
done

for name in base overlays/example; do
    built=$work/${name//\//-}.yaml
    "$bin/kubectl" kustomize "deploy/kubernetes/$name" > "$built"
    for version in "${kubernetes[@]}"; do
        # Its one warning is that it knows no ServiceMonitor, which is the Prometheus Operator's own.
        "$bin/kubernetes-validate" --kubernetes-version "$version" --strict --quiet --no-warn "$built"
    done
    "$bin/checkov" --file "$built" --framework kubernetes --skip-download --quiet --compact
done

"$bin/python" tests/deploy/check.py "$work"
"$promtool" check rules "$work/dashboard.yml"
