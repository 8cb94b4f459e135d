"""Rows 1 and 16 as a campaign: ten kills on each database; ``make crash`` makes it a hundred each."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.crash.campaign import Campaign

KILLS = int(os.environ.get("CENTRALITA_TEST_KILLS", "6"))
SEED = int(os.environ.get("CENTRALITA_TEST_SEED", "20260101"))


@pytest.mark.timeout(300 if KILLS <= 10 else 7200)
async def test_kills_at_random_under_load_lose_nothing(database_url: str, tmp_path: Path) -> None:
    audit = await Campaign(tmp_path, database_url, SEED).run(KILLS)
    print(f"\n{audit.table()}")
    assert audit.faults == []
    assert audit.kills == KILLS
    assert audit.acknowledged > KILLS
