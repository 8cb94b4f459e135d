#!/usr/bin/env bash
# Makes sure that the programs which the tests and benchmarks drive are there:
# need.sh [postgresql] [chromium] [faketime] [slapd] [node] [npm] [php] [wrk] [prometheus-alertmanager]
# On Debian and its kin a missing one is installed by apt-get; elsewhere it says what to install, and fails.
set -euo pipefail

has() {
    local name
    case $1 in
    postgresql)
        command -v initdb >/dev/null && return
        for name in /usr/lib/postgresql/*/bin/initdb; do [ -x "$name" ] && return; done
        ;;
    chromium)
        for name in chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable; do
            command -v "$name" >/dev/null && return
        done
        ;;
    faketime)
        for name in /usr/lib/*/faketime/libfaketimeMT.so.1 /usr/local/lib/faketime/libfaketimeMT.so.1; do
            [ -e "$name" ] && return
        done
        ;;
    slapd)
        for name in /usr/sbin/slapd /usr/lib/openldap/slapd /usr/local/libexec/slapd /usr/bin/slapd; do
            [ -x "$name" ] && return
        done
        ;;
    node | npm) command -v "$1" >/dev/null && return ;;
    php) command -v php >/dev/null && return ;;
    wrk) command -v wrk >/dev/null && return ;;
    prometheus-alertmanager)
        for name in prometheus-alertmanager alertmanager; do command -v "$name" >/dev/null && return; done
        ;;
    *)
        echo "need.sh: unknown program $1" >&2
        exit 2
        ;;
    esac
    return 1
}

missing=()
for program in "$@"; do has "$program" || missing+=("$program"); done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
if ! command -v apt-get >/dev/null || { [ ${#as_root[@]} -gt 0 ] && ! command -v sudo >/dev/null; }; then
    echo "The tests need these programs, please install them: ${missing[*]}" >&2
    exit 1
fi
packages=("${missing[@]/#node/nodejs}")
packages=("${packages[@]/#php/php-cli}")
"${as_root[@]}" apt-get update -q
# The engine without windows: smaller, and the tests take half as long.
if apt-cache show chromium-headless-shell >/dev/null 2>&1; then
    packages=("${packages[@]/%chromium/chromium-headless-shell}")
fi
echo "Installing with apt-get: ${packages[*]}"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}"
for program in "${missing[@]}"; do
    has "$program" || { echo "$program is still missing after installing ${packages[*]}" >&2; exit 1; }
done
