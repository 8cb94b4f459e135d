"""``python tests/scenarios/hub_process.py FILE [ROLE]``: a hub; its first line on stdout is its address."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import uvloop

from centralita import logs
from centralita.serving import serve_until_signalled
from centralita.settings import load


def main(file: str, role: str = "all") -> None:
    settings = load(Path(file), os.environ)
    close = logs.configure(settings.logs)
    try:
        uvloop.run(serve_until_signalled(settings, role, lambda hub, url: print(json.dumps({"url": url}), flush=True)))
    finally:
        close()


if __name__ == "__main__":
    main(*sys.argv[1:])
