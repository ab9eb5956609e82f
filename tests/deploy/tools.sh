# Where the checks of deploy/ find what they run. Sourced, at the root of the repository.
#
# Installs nothing into the system: Prometheus comes out of Debian's package, which is unpacked and not installed since it would
# start a server; all else from PyPI.
work=${CARGO_TARGET_DIR:-target}/deploy
mkdir -p "$work"

if [ ! -x "$work/prometheus/usr/bin/prometheus" ]; then
    (
        cd "$work"
        rm -f prometheus_*.deb
        apt-get -qq download prometheus 2>/dev/null || { apt-get -qq update && apt-get -qq download prometheus; }
        dpkg-deb -x prometheus_*.deb prometheus
    )
fi
prometheus=$work/prometheus/usr/bin

# A new list of requirements is a new environment. uv, because pip takes two minutes for checkov.
requirements=tests/deploy/requirements.txt
if ! cmp -s "$requirements" "$work/python/requirements.txt"; then
    python3 -m venv --clear "$work/python"
    "$work/python/bin/pip" install --quiet --disable-pip-version-check uv==0.13.9
    "$work/python/bin/uv" pip install --quiet --python "$work/python/bin/python" --requirement "$requirements"
    cp "$requirements" "$work/python/requirements.txt"
fi
bin=$work/python/bin
