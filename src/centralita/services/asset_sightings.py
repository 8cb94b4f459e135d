"""Who was seen on which asset: told by a plan's own reading, by webhooks about assets, and by files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from centralita.core.assets import Asset, Policy, Seen, serial_key
from centralita.core.effects import Subject
from centralita.core.events import Event
from centralita.core.payload import text
from centralita.core.people import Person
from centralita.core.usernames import Account, NoPerson, is_ignored, read_account
from centralita.services.audit import record
from centralita.services.hub import Hub
from centralita.services.reactions import NOTHING, Reaction
from centralita.services.times import moment
from centralita.settings import Settings
from centralita.store import assets, timers
from centralita.store.assets import Sighting
from centralita.store.database import Transaction

EVENTS = ("asset.created", "asset.updated", "asset.seen")
WEBHOOK_TIMER = "asset.webhook"
WEBHOOK_DELAY_S = 60.0
"""Webhooks that come together are looked into together: every plan reads all people."""
MOST_AT_ONCE = 500
DAY_S = 86_400.0
FUTURE_S = 86_400.0
"""A clock may be wrong by a zone, not by more."""
_BATCH = 500
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "asset": ("asset", "asset_id", "id", "activo"),
    "serial": ("serial", "serial_number", "serie"),
    "name": ("name", "host", "hostname", "computer", "nombre", "equipo"),
    "user": ("user", "last_user", "last_logged_user", "username", "usuario", "ultimo_usuario"),
    "at": ("at", "date", "time", "seen_at", "fecha"),
}


def policy_of(settings: Settings) -> Policy:
    """The rules as they are configured."""
    owners = settings.assets
    return Policy(
        sightings=owners.sightings,
        days=owners.days,
        ignore=owners.ignore,
        domains=owners.domains,
        shared_users=owners.shared_users,
        keep_existing=owners.keep_existing,
    )


def keys_of(id_: str, serial: str, name: str) -> list[str]:
    """The keys under which an asset's sightings are kept, the surest first."""
    keys = [id_, f"serial:{serial_key(serial)}", f"name:{name.strip().lower()}"]
    return [key for key in keys if key and not key.endswith(":")]


@dataclass(frozen=True)
class Window:
    """Who was seen on one asset in the window of the policy."""

    newest: str
    """As it was written; "" when nobody was."""
    days: Mapping[str, frozenset[int]]
    """Account -> days."""
    accounts: Mapping[str, Account]


def window_of(asset: Asset, own: Sighting | None, kept: Iterable[Sighting], policy: Policy, now: float) -> Window:
    """Puts together what the inventory says and what was noted before."""
    oldest = int(now // DAY_S) - policy.days
    found = sorted([*kept, *((own,) if own is not None else ())], key=lambda one: one.at, reverse=True)
    newest, days, accounts = "", dict[str, set[int]](), dict[str, Account]()
    for one in found:
        day = int(one.at // DAY_S)
        account = read_account(one.written, asset.name)
        if day <= oldest or isinstance(account, NoPerson) or is_ignored(account, policy.ignore):
            continue
        newest = newest or one.written
        days.setdefault(account.key, set()).add(day)
        accounts[account.key] = account
    return Window(newest, {key: frozenset(on) for key, on in days.items()}, accounts)


def seen_of(window: Window, candidate: str, who: Mapping[str, Person]) -> Seen:
    """On how many days each user was seen. Accounts of which ``who`` knows that they are one person's count as one,
    under ``candidate`` if that is among them."""
    days: dict[str, set[int]] = {}
    named: dict[str, str] = {}
    for key in sorted(window.days, key=lambda key: key != candidate):
        whose = f"person {who[key].id}" if key in who else key
        days.setdefault(named.setdefault(whose, key), set()).update(window.days[key])
    return {key: len(on) for key, on in days.items()}


def own_sighting(asset: Asset, now: float) -> Sighting | None:
    """What the inventory's last user says; None when that is no person."""
    account = read_account(asset.last_user, asset.name)
    if isinstance(account, NoPerson):
        return None
    return Sighting(asset=asset.id, account=account.key, written=asset.last_user, at=_at(asset.reported_at, now),
                    source="inventory")  # fmt: skip


def _at(written: str, now: float) -> float:
    try:
        return min(moment(written, now), now)
    except (ValueError, OverflowError):
        return now


# ---- webhooks --------------------------------------------------------------------------------------------------------


def react(settings: Settings, tx: Transaction, event: Event, subject: Subject, now: float) -> Reaction:
    """Notes whom an event about an asset saw; and has the asset looked into, if that is wanted."""
    said = event.data.get("asset")
    asset: dict[str, Any] = said if isinstance(said, dict) else {}
    written, name = text(asset, "last_user", 300), text(asset, "name", 200)
    ours = event.source == settings.assets.source
    id_ = text(asset, "id", 200) if ours else ""
    keys = keys_of(id_, text(asset, "serial", 200), name)
    account = read_account(written, name)
    if not keys or isinstance(account, NoPerson):
        return NOTHING
    at = _at(event.time, now)
    assets.note(tx, [Sighting(asset=keys[0], account=account.key, written=written, at=at, source=event.source)])
    if settings.assets.on_webhook and id_:
        _look_into(tx, id_, now)
    return NOTHING


def _look_into(tx: Transaction, id_: str, now: float) -> None:
    timer = timers.find(tx, WEBHOOK_TIMER, "")
    waiting = list(timer.body.get("assets", ())) if timer is not None else []
    if id_ not in waiting and len(waiting) < MOST_AT_ONCE:
        due_at = timer.due_at if timer is not None else now + WEBHOOK_DELAY_S
        timers.set_timer(tx, WEBHOOK_TIMER, "", due_at, {"assets": [*waiting, id_]})


# ---- files -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BadLine:
    """A line that says nothing."""

    line: int
    """In the file; the first is 1."""
    reason: str
    """Message id."""


@dataclass(frozen=True)
class Imported:
    """What became of a file."""

    noted: int
    bad: list[BadLine]


async def import_csv(hub: Hub, actor: str, content: str) -> Imported:
    """Notes the sightings of a CSV file with a heading: ``asset``, ``serial`` or ``name``, ``user``, and ``at`` (RFC
    3339; without one, now). What is good is kept, whatever else is wrong. A file may be imported again."""
    now = hub.clock.now()
    good, bad = read_csv(content, now)
    for start in range(0, len(good), _BATCH):
        await hub.database.write(partial(assets.note, seen=good[start : start + _BATCH]))
    details = {"noted": len(good), "bad": len(bad)}
    await hub.database.write(lambda tx: record(tx, now, actor, "asset_sightings.imported", "", details))
    return Imported(len(good), bad)


def read_csv(content: str, now: float) -> tuple[list[Sighting], list[BadLine]]:
    """The sightings of a file, and the lines that are none."""
    heading = content.lstrip("\ufeff").partition("\n")[0]
    delimiter = max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(content.lstrip("\ufeff"), newline=""), delimiter=delimiter)
    good: list[Sighting] = []
    bad: list[BadLine] = []
    places: dict[str, int] = {}
    line = 1
    try:
        for cells in reader:
            if not places:
                places = _places(cells)
                if "user" not in places or not places.keys() & {"asset", "serial", "name"}:
                    return [], [BadLine(1, "asset.csv_heading")]
            elif any(cell.strip() for cell in cells):
                found = _sighting(places, cells, now)
                good.append(found) if isinstance(found, Sighting) else bad.append(BadLine(line, found))
            line = reader.line_num + 1
    except csv.Error:
        bad.append(BadLine(line, "asset.csv_unreadable"))
    return good, bad


def _places(cells: list[str]) -> dict[str, int]:
    heads = [cell.strip().lower().replace(" ", "_") for cell in cells]
    found = {column: next((heads.index(name) for name in names if name in heads), -1)
             for column, names in _COLUMNS.items()}  # fmt: skip
    return {column: place for column, place in found.items() if place >= 0}


def _sighting(places: Mapping[str, int], cells: list[str], now: float) -> Sighting | str:
    """A sighting, or the message id of what is wrong."""
    said = {column: cells[place].strip() if place < len(cells) else "" for column, place in places.items()}
    keys = keys_of(said.get("asset", ""), said.get("serial", ""), said.get("name", ""))
    if not keys:
        return "asset.csv_no_asset"
    account = read_account(said["user"], said.get("name", ""))
    if isinstance(account, NoPerson):
        return f"asset.{account.reason}"
    try:
        at = moment(said["at"], now) if said.get("at") else now
    except (ValueError, OverflowError):
        return "asset.csv_bad_time"
    if not 0 <= at <= now + FUTURE_S:
        return "asset.csv_bad_time"
    return Sighting(asset=keys[0], account=account.key, written=said["user"], at=min(at, now), source="file")
