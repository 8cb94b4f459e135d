#!/usr/bin/env bash
# Writes requirements.lock (what the hub runs on) and requirements-dev.lock (that and the tools), for every platform,
# with hashes. `--upgrade` takes newer versions; any other option of `uv pip compile` is passed on too.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}
options=(--quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-emit-find-links
    --no-header --no-annotate "$@")

"$uv" pip compile "${options[@]}" --output-file requirements.lock pyproject.toml
"$uv" pip compile "${options[@]}" --constraint requirements.lock --group dev --output-file requirements-dev.lock \
    pyproject.toml
# A lock that names the registry it was made from would send everybody there.
if grep -nE '://|^--(index|extra-index|find-links)' requirements.lock requirements-dev.lock; then
    echo "an address crept into a lock" >&2
    exit 1
fi
