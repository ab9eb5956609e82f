#!/usr/bin/env bash
# Proves that deploy/ is what the programs that read it expect, without a cluster and without the service:
#
# - Prometheus' own promtool accepts the configuration, the alerts and the dashboard's expressions, and sees each alert fire
#   and not fire (alerts/);
# - kustomize builds the base and the example, which fit the schemas of Kubernetes, and checkov finds no right too many;
# - check.py: each alert has its runbook and its test, the dashboard hangs together, names and numbers agree.
#
# Debian and Python with venv. Installs nothing into the system: promtool comes out of Debian's package, which is unpacked
# and not installed since it would start a server; all else from PyPI. Once they are there, it takes half a minute.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=${CARGO_TARGET_DIR:-target}/deploy
mkdir -p "$work"

# The oldest version of Kubernetes whose schema has all that the manifests use, and the newest that is known.
kubernetes=(1.27 1.37)

if [ ! -x "$work/prometheus/usr/bin/promtool" ]; then
    (
        cd "$work"
        rm -f prometheus_*.deb
        apt-get -qq download prometheus 2>/dev/null || { apt-get -qq update && apt-get -qq download prometheus; }
        dpkg-deb -x prometheus_*.deb prometheus
    )
fi
promtool=$work/prometheus/usr/bin/promtool

# A new list of requirements is a new environment. uv, because pip takes two minutes for checkov.
requirements=tests/deploy/requirements.txt
if ! cmp -s "$requirements" "$work/python/requirements.txt"; then
    python3 -m venv --clear "$work/python"
    "$work/python/bin/pip" install --quiet --disable-pip-version-check uv==0.13.9
    "$work/python/bin/uv" pip install --quiet --python "$work/python/bin/python" --requirement "$requirements"
    cp "$requirements" "$work/python/requirements.txt"
fi
bin=$work/python/bin

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
