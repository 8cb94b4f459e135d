"""Packages for JavaScript that tests need, such as Slack's own, in the versions of a ``package.json``."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from filelock import FileLock

JS = Path(__file__).with_name("js")


def installed(wanted: Path = JS) -> Path:
    """The directory of packages for ``NODE_PATH``, filled once per version of the list, by npm, outside the repository.
    ``wanted``: where the list is.

    Raises CalledProcessError when npm can't have them.
    """
    manifest = (wanted / "package.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "centralita-tests"
    directory = cache / f"{wanted.parent.name}-js-{hashlib.sha256(manifest).hexdigest()[:16]}"
    directory.mkdir(parents=True, exist_ok=True)
    done = directory / ".done"
    with FileLock(directory / ".lock"):  # the workers of a run share it
        if not done.exists():
            shutil.copy(wanted / "package.json", directory)
            command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
            subprocess.run(command, cwd=directory, check=True, stdout=subprocess.DEVNULL)
            done.touch()
    return directory / "node_modules"
