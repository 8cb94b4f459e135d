"""The views under the names that people's own SQL has, on both databases, and by psql."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from centralita.core.effects import Effect
from centralita.settings.webhooks import Webhook, parted
from centralita.store import schema, stored_webhooks
from centralita.store.database import Database, Transaction, open_database
from centralita.store.migrate import migrate
from centralita.store.stored_webhooks import WebhookRow
from tests.scenarios.judges import Reader

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "data" / "db" / "support_webhooks_schema.sql"
NOW = 1_800_000_000.0
DAY = int(NOW // 86_400)
EFFECT = msgspec.json.encode(Effect(rule="r", destination="webhook", target="wh_123"))

RECENT = """
SELECT * FROM support_webhook_events
WHERE webhook_id = 'wh_123'
ORDER BY triggered_at DESC
LIMIT 10;
"""
FAILING = """
SELECT
    webhook_id,
    url,
    success_rate,
    failed_events
FROM vw_webhook_stats
WHERE success_rate < 90
ORDER BY failed_events DESC;
"""


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    opened = await open_database(migrated_url)
    await opened.write(_fill)
    yield opened
    await opened.close()


def _webhook(tx: Transaction, name: str) -> None:
    hook = Webhook(name=name, url=f"https://{name}.test/secret", types=("session_started",), schedule_s=(5, 30, 60))
    spec = parted(hook)[0]
    row = WebhookRow(
        name=name, address=f"https://{name}.test/...", types=hook.types, spec=spec, created_at=NOW, updated_at=NOW
    )
    stored_webhooks.add(tx, row)


def _history(tx: Transaction, number: int, lane_id: int, state: str, detail: str = "") -> None:
    tx.execute(sa.insert(schema.history).values(
        day=DAY, event_id=f"evt_{number}", id=number, lane_id=lane_id, state=state, rule="r", attempts=2,
        created_at=NOW + number, finished_at=NOW + number + 1, reason="http.status" if detail else "", detail=detail,
        effect=EFFECT,
    ))  # fmt: skip
    for attempt, status in ((1, 500), (2, 200 if state == "delivered" else int(detail or 0))):
        tx.execute(sa.insert(schema.attempts).values(
            day=DAY, delivery_id=number, number=attempt, started_at=NOW + number + attempt / 10, elapsed_ms=12.5,
            outcome="delivered" if status == 200 else "retry", status=status, response=b"\xff\x00no es UTF-8",
            lane_id=lane_id,
        ))  # fmt: skip


def _fill(tx: Transaction) -> None:
    for number, name in enumerate(("wh_123", "wh_456", "wh_new"), 1):
        _webhook(tx, name)
        if name != "wh_new":
            values = {"id": number, "key": f"webhook:{name}", "destination": "webhook", "target": name}
            tx.execute(sa.insert(schema.lanes).values(**values, last_error="http.status 503"))
    event = {"receipt_id": "rcp_1", "source": "guide", "routed_at": NOW, "body": b"{}"}
    for number in range(1, 13):
        tx.execute(sa.insert(schema.events).values(day=DAY, id=f"evt_{number}", type="session.started", **event))
        _history(tx, number, 1, "delivered" if number > 4 else "dead", "" if number > 4 else "503")
    _history(tx, 13, 1, "superseded", "503")
    _history(tx, 20, 2, "delivered")
    tx.execute(sa.insert(schema.deliveries).values(
        id=30, lane_id=1, state="due", due_at=NOW, attempts=1, event_day=DAY, event_id="evt_12", rule="r2",
        created_at=NOW + 30, reason="net.dns", payload=b"{}",
    ))  # fmt: skip


def _rows(tx: Transaction, sql: str) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in tx.execute(sa.text(sql.strip().rstrip(";")))]


async def test_the_queries_that_people_have_find_what_happened(database: Database) -> None:
    recent = await database.read(lambda tx: _rows(tx, RECENT))
    assert [row["id"] for row in recent] == ["dlv_30", *(f"dlv_{number}" for number in range(13, 4, -1))]
    waiting, superseded, delivered = recent[:3]
    assert (waiting["status"], waiting["error_message"], waiting["status_code"]) == ("pending", "net.dns", None)
    assert superseded["status"] == "superseded"
    assert (delivered["event_type"], delivered["status"], delivered["status_code"], delivered["error_message"]) == (
        *("session.started", "delivered", 200, None),
    )
    assert (delivered["attempts"], delivered["response_time_ms"]) == (2, 12.5)
    assert _moment(delivered["triggered_at"]) == datetime.fromtimestamp(NOW + 12, UTC)

    [failing] = await database.read(lambda tx: _rows(tx, FAILING))
    assert {**failing, "success_rate": float(failing["success_rate"])} == {
        "webhook_id": "wh_123",
        "url": "https://wh_123.test/...",
        "success_rate": 66.67,
        "failed_events": 4,
    }


async def test_every_webhook_is_in_the_statistics_also_one_that_was_sent_nothing(database: Database) -> None:
    rows = {
        row["webhook_id"]: row for row in await database.read(lambda tx: _rows(tx, "SELECT * FROM vw_webhook_stats;"))
    }
    assert {name: (row["total_events"], row["pending_events"]) for name, row in rows.items()} == {
        "wh_123": (13, 1),
        "wh_456": (1, 0),
        "wh_new": (0, 0),
    }
    assert rows["wh_new"]["success_rate"] is rows["wh_new"]["last_event_at"] is None
    assert _moment(rows["wh_123"]["last_event_at"]) == datetime.fromtimestamp(NOW + 30, UTC)
    assert rows["wh_456"]["last_error"] == "http.status 503"


async def test_what_subscribes_to_what_is_told_without_the_secret_half_of_an_address(database: Database) -> None:
    [row] = await database.read(lambda tx: _rows(tx, "select * from support_webhooks where webhook_id = 'wh_456'"))
    events = msgspec.json.decode(row["events"]) if isinstance(row["events"], str) else row["events"]
    assert (row["url"], events, bool(row["enabled"])) == ("https://wh_456.test/...", ["session_started"], True)
    assert (row["format"], row["timeout"], row["retry_attempts"]) == ("standard", 15.0, 3)
    assert "secret" not in repr(row)


async def test_those_of_the_file_are_there_as_long_as_the_file_has_them(database: Database) -> None:
    shadows = [WebhookRow(name=name, origin="file", address=name, created_at=NOW) for name in ("erp", "wh_123", "crm")]

    def addresses(tx: Transaction) -> dict[str, str]:
        rows = tx.execute(sa.text("select webhook_id, url from support_webhooks")).all()
        return {row.webhook_id: row.url for row in rows if row.webhook_id in ("erp", "crm", "wh_123")}

    made = "https://wh_123.test/..."
    await database.write(lambda tx: stored_webhooks.shadow(tx, shadows))
    assert await database.read(addresses) == {"erp": "erp", "crm": "crm", "wh_123": made}
    moved = [msgspec.structs.replace(shadows[0], address="elsewhere")]
    await database.write(lambda tx: stored_webhooks.shadow(tx, moved))
    assert await database.read(addresses) == {"erp": "elsewhere", "wh_123": made}
    await database.write(lambda tx: _webhook(tx, "crm"))  # the name is free again
    await database.write(lambda tx: stored_webhooks.shadow(tx, []))
    assert await database.read(addresses) == {"wh_123": made, "crm": "https://crm.test/..."}


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def _psql(url: str, sql: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATABASE_URL": url}
    return subprocess.run(
        ["psql", "--no-psqlrc", "-q", url], input=sql, env=environment, text=True, capture_output=True, check=False
    )


def _views(url: str) -> list[tuple[Any, ...]]:
    return Reader(url).rows("select viewname, definition from pg_views where schemaname = 'public' order by 1")


async def _make(url: str) -> None:
    opened = await open_database(url)
    await migrate(opened)
    await opened.write(_fill)
    await opened.close()


def test_psql_takes_the_schema_again_and_again_and_it_is_the_one_of_the_migrations(postgres_url: str) -> None:
    asyncio.run(_make(postgres_url))
    before = _views(postgres_url)
    assert {name for name, _definition in before} == {
        *("support_webhooks", "support_webhook_events", "vw_webhook_stats"),
    }
    for _time in range(2):
        # Word for word as the guide has it.
        command = ["sh", "-c", "psql $DATABASE_URL < data/db/support_webhooks_schema.sql"]
        environment = {**os.environ, "DATABASE_URL": postgres_url}
        done = subprocess.run(command, cwd=ROOT, env=environment, text=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    assert _views(postgres_url) == before
    assert "wh_456" in _psql(postgres_url, "SELECT * FROM vw_webhook_stats;").stdout
    assert "(10 rows)" in _psql(postgres_url, RECENT).stdout
    assert re.search(r"wh_123 +\| https://wh_123.test/... +\| +66.67 +\| +4\n", _psql(postgres_url, FAILING).stdout)


def test_psql_says_what_to_do_on_a_database_that_holds_nothing(postgres_url: str) -> None:
    done = _psql(postgres_url, SCHEMA.read_text())
    assert done.returncode == 3
    assert "centralita migrate" in done.stderr
    assert _views(postgres_url) == []
