# Installs Debian packages without a question and without starting the services they bring.
set -e
export DEBIAN_FRONTEND=noninteractive

# Debian asks this file before it starts a service; 101 forbids. One that exists is left alone.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

# Another source's failure to update need not matter; if it does, the installation says so.
apt-get update || echo 'apt-get update failed; trying with the lists there are'
apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@"
