"""What time takes away, kind by kind, and what it never does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from centralita.core import ids
from centralita.core.rollups import Extent, Grain, floor
from centralita.services import interactions, rule_changes, timers
from centralita.services.hub import Hub
from centralita.settings import load
from centralita.store import rollups, schema, slack_installations, upkeep
from centralita.store.arrival_tables import arrival_days, arrival_minutes
from centralita.store.chat_tables import interactions as carried_out
from centralita.store.database import Transaction
from centralita.store.rollup_tables import ROLLUPS
from centralita.store.rule_tables import rulesets, stored_rules
from centralita.store.slack_tables import slack_grants
from centralita.wiring import open_hub

DAY_S = 86_400
CONFIG = """
locale: en
retention:
  {receipts_days: 10, events_days: 40, history_days: 30, attempts_days: 20,
   rollup_minutes_days: 5, rollup_hours_days: 15, rollup_days_days: 50}
"""
DAYS = {"receipts": 10, "events": 40, "history": 30, "attempts": 20}
ROLLUP_DAYS: dict[Grain, int] = {"minute": 5, "hour": 15, "day": 50}
HELD_AGE = 400
"""In days: an event whose delivery waits still."""
_FILLED = {str: "x", bytes: b"{}", int: 1, float: 1.0, bool: True}


@pytest.fixture
async def hub(tmp_path: Path, migrated_url: str) -> AsyncIterator[Hub]:
    """A hub that does nothing by itself."""
    config = tmp_path / "centralita.yaml"
    config.write_text(CONFIG)
    environ = {"CENTRALITA_DATABASE__URL": migrated_url, "CENTRALITA_DATA_DIR": str(tmp_path)}
    async with open_hub(load(config, environ), role="web") as opened:
        yield opened


def add(tx: Transaction, table: sa.Table, **given: Any) -> None:
    """A row of 1970, as far as nothing else is said."""
    needed = (column for column in table.columns if not column.nullable and column.server_default is None)
    filled = {column.name: _FILLED[column.type.python_type] for column in needed}
    tx.execute(sa.insert(table).values({**filled, **given}))


async def column_of(hub: Hub, column: sa.Column[Any]) -> list[Any]:
    return await hub.database.read(lambda tx: sorted(tx.execute(sa.select(column)).scalars()))


@pytest.mark.parametrize("name", DAYS)
async def test_what_is_older_than_its_limit_goes(hub: Hub, name: str) -> None:
    table, today = schema.metadata.tables[name], int(hub.clock.now() // DAY_S)
    kept = [today - HELD_AGE, today - DAYS[name], today]
    gone = [today - HELD_AGE - 1, today - DAYS[name] - 1]

    def fill(tx: Transaction) -> None:
        for day in sorted({*kept, *gone}):
            upkeep.make_partitions(tx, day)
            add(tx, table, day=day)
        for number, state in enumerate(("due", "waiting", "held")):
            add(tx, schema.deliveries, id=number + 1, state=state, event_day=today - HELD_AGE, event_id=f"evt_{number}")

    await hub.database.write(fill)
    await timers.every_hour(hub)
    assert await column_of(hub, table.c.day) == kept
    assert await column_of(hub, schema.deliveries.c.state) == ["due", "held", "waiting"]
    await hub.database.write(lambda tx: tx.execute(sa.delete(schema.deliveries)))
    await timers.every_hour(hub)
    assert await column_of(hub, table.c.day) == kept[1:]


async def test_what_came_before_its_partition_goes_in_batches(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "BATCH", 2)
    today = int(hub.clock.now() // DAY_S)
    tables = [schema.metadata.tables[name] for name in DAYS]

    def fill(tx: Transaction) -> None:  # nobody makes partitions of these days
        for table in tables:
            for number in range(3):
                key = table.primary_key.columns[1]
                value = f"evt_{number}" if key.type.python_type is str else number
                add(tx, table, **{"day": today - DAYS[table.name] - 1, key.name: value})
            add(tx, table, day=today - HELD_AGE)
        add(tx, schema.deliveries, state="due", event_day=today - HELD_AGE)

    await hub.database.write(fill)
    await timers.every_hour(hub)
    for table in tables:
        assert await column_of(hub, table.c.day) == [today - HELD_AGE], table.name


async def test_a_dead_letter_goes_with_its_history_unless_others_wait_behind_it(hub: Hub) -> None:
    today = int(hub.clock.now() // DAY_S)
    old, young = today - DAYS["history"] - 1, today - DAYS["history"]

    def fill(tx: Transaction) -> None:
        for number, (day, key) in enumerate(((old, ""), (old - 1, "T-1"), (old - 2, "T-2"), (young, "")), 1):
            upkeep.make_partitions(tx, day)
            add(tx, schema.history, id=number, day=day, state="dead")
            add(tx, schema.dead_letters, id=number, day=day, lane_id=1, ordering_key=key)
        add(tx, schema.deliveries, id=1, lane_id=1, state="held", ordering_key="T-1", event_day=today)
        add(tx, schema.deliveries, id=2, lane_id=2, state="held", ordering_key="T-2", event_day=today, event_id="evt_2")

    await hub.database.write(fill)
    await timers.every_hour(hub)
    assert await column_of(hub, schema.dead_letters.c.id) == await column_of(hub, schema.history.c.id) == [2, 4]


async def test_what_waits_to_be_routed_keeps_its_bytes(hub: Hub) -> None:
    now = hub.clock.now()
    ages = {"waits": 300, "younger": 299, "older": 301}
    ids_of = {name: f"rcp_{ids.ulid(int((now - age * DAY_S) * 1000), 1)}" for name, age in ages.items()}

    def fill(tx: Transaction) -> None:
        for receipt in ids_of.values():
            add(tx, schema.receipts, day=ids.day(receipt), id=receipt)
            add(tx, schema.unparsed, receipt_id=receipt, at=ids.time_ms(receipt) / 1000)
        add(tx, schema.inbox, receipt_id=ids_of["waits"])

    await hub.database.write(fill)
    await timers.every_hour(hub)
    kept = sorted((ids_of["waits"], ids_of["younger"]))
    assert await column_of(hub, schema.receipts.c.id) == await column_of(hub, schema.unparsed.c.receipt_id) == kept
    await hub.database.write(lambda tx: tx.execute(sa.delete(schema.inbox)))
    await timers.every_hour(hub)
    assert await column_of(hub, schema.receipts.c.id) == await column_of(hub, schema.unparsed.c.receipt_id) == []


async def test_what_rules_said_goes_with_the_last_event_that_it_decided(hub: Hub) -> None:
    now, first = hub.clock.now(), hub.rules.in_force.version
    await rule_changes.add(hub, "user:ana", {"name": "Old", "condition": "severity == 'high'", "channel": "#one"})
    for channel in ("#two", "#three"):
        await rule_changes.change(hub, "user:ana", "Old", {"channel": channel})
    await rule_changes.add(hub, "user:ana", {"name": "Gone", "condition": "severity == 'low'", "channel": "#one"})
    await rule_changes.remove(hub, "user:ana", "Gone")
    last = hub.rules.in_force.version
    ages = dict(zip(range(first, last + 1), (90, 80, 60, 50, 45, 2), strict=True))

    def age(tx: Transaction) -> None:
        for version, days in ages.items():
            found = rulesets.c.version == version
            tx.execute(sa.update(rulesets).where(found).values(created_at=now - days * DAY_S))
        add(tx, schema.deliveries, state="due", event_day=int(now // DAY_S) - 55)

    await hub.database.write(age)
    await timers.every_hour(hub)  # an event of 55 days ago is not over: what was in force then stays
    assert await column_of(hub, rulesets.c.version) == [first, *range(first + 2, last + 1)]
    assert await column_of(hub, stored_rules.c.since) == [first + 2, first + 3, first + 4]
    assert [spec.channel for spec in (await hub.rules.at(first + 2)).specs] == ["#two"]
    await hub.database.write(lambda tx: tx.execute(sa.delete(schema.deliveries)))
    await timers.every_hour(hub)
    assert await column_of(hub, rulesets.c.version) == [first, first + 4, last]
    assert await column_of(hub, stored_rules.c.since) == [first + 3, first + 4]
    assert (await rule_changes.restore(hub, "user:ana", "Gone")).state == "on"  # an event of then is still there
    assert [spec.channel for spec in hub.ruleset.specs] == ["#three", "#one"]


async def test_statistics_go_by_how_fine_they_are(hub: Hub) -> None:
    now = hub.clock.now()
    today = floor(now, "day")

    def fill(tx: Transaction) -> None:
        def made(kept: Extent) -> Extent:
            return msgspec.structs.replace(kept, hours_until=floor(now, "hour"), days_until=today)

        rollups.change_extent(tx, made)  # what is finer was made coarser already
        for grain, days in ROLLUP_DAYS.items():
            for age in (days + 1, days, 0):
                add(tx, ROLLUPS[grain], start=today - age * DAY_S)
        for age in (ROLLUP_DAYS["minute"] + 1, 0):
            add(tx, arrival_minutes, start=today - age * DAY_S)
        for age in (ROLLUP_DAYS["day"] + 1, ROLLUP_DAYS["day"]):
            add(tx, arrival_days, day=today // DAY_S - age)

    await hub.database.write(fill)
    await timers.every_hour(hub)
    for grain, days in ROLLUP_DAYS.items():
        assert await column_of(hub, ROLLUPS[grain].c.start) == [today - days * DAY_S, today], grain
    assert await column_of(hub, arrival_minutes.c.start) == [today]
    assert await column_of(hub, arrival_days.c.day) == [today // DAY_S - ROLLUP_DAYS["day"]]


async def test_nothing_else_goes_however_old_it_is(hub: Hub) -> None:
    """Incidents and what was written in them, configuration items, approvals, the audit log, ..."""
    arrived = {"arrival_minutes", "arrival_days"}
    others = {"dedupe", "webhook_revisions", "unparsed", "dead_letters", "stored_rules", "rulesets"}
    temporary = {*DAYS, *(table.name for table in ROLLUPS.values()), *arrived, *others}
    lasting = [table for table in schema.metadata.sorted_tables if table.name not in temporary]
    assert {"incidents", "incident_entries", "cis", "ci_relations", "audit"} <= {t.name for t in lasting}

    def rows(tx: Transaction) -> dict[str, int]:
        return {t.name: tx.execute(sa.select(sa.func.count()).select_from(t)).scalar_one() for t in lasting}

    def fill(tx: Transaction) -> None:
        there = rows(tx)
        for table in lasting:
            if not there[table.name]:
                add(tx, table, **({"receipt_id": f"rcp_{ids.ulid(0, 1)}"} if "receipt_id" in table.c else {}))

    await timers.every_hour(hub)  # writes down what it has made
    await hub.database.write(fill)
    before = await hub.database.read(rows)
    assert all(before.values())
    await timers.every_hour(hub)
    assert await hub.database.read(rows) == before


async def test_what_slack_will_not_tell_again_is_forgotten(hub: Hub) -> None:
    now = hub.clock.now()
    ages = {"old": interactions.KEPT_S + 60, "young": interactions.KEPT_S - 60, "new": 0.0}

    def fill(tx: Transaction) -> None:
        for key, age in ages.items():
            add(tx, carried_out, key=key, at=now - age)

    await hub.database.write(fill)
    await interactions.forget(hub)
    assert await column_of(hub, carried_out.c.key) == ["new", "young"]


async def test_rights_to_install_are_forgotten_once_they_have_expired(hub: Hub) -> None:
    now = hub.clock.now()

    def fill(tx: Transaction) -> None:
        for hash_, expires_at in (("over", now + 60), ("open", now + 600)):
            slack_installations.add_grant(tx, hash_, "state", "ana", expires_at, now)
        slack_installations.add_grant(tx, "next", "state", "ana", now + 900, now + 60)

    await hub.database.write(fill)
    assert await column_of(hub, slack_grants.c.hash) == ["next", "open"]
