"""``python -m tests.crash --database sqlite|postgresql --kills 100 --seed N``: a campaign of kills, and its audit.

Ends with 0 when nothing was lost, repeated too often, out of order or damaged.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from tests.crash.campaign import Campaign
from tests.postgres import PostgresCluster


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    choice = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="centralita-crash-"))
    cluster: PostgresCluster | None = None
    try:
        url = f"sqlite:///{directory / 'centralita.db'}"
        if choice.database == "postgresql":
            root = Path(tempfile.mkdtemp(prefix="centralita-pg-"))
            cluster = PostgresCluster.create(root)
            url = cluster.create_database()
        audit = asyncio.run(Campaign(directory, url, choice.seed).run(choice.kills))
    finally:
        if cluster is not None:
            cluster.stop("immediate")
            shutil.rmtree(cluster.root, ignore_errors=True)
        shutil.rmtree(directory, ignore_errors=True)
    print(audit.table())
    return 1 if audit.faults else 0


if __name__ == "__main__":
    sys.exit(main())
