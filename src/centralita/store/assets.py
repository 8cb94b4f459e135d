"""What is known of assets beside the inventory's own words, and who was seen on which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from centralita.store import bulk
from centralita.store.asset_tables import asset_sightings, assets
from centralita.store.database import Transaction


class Known(msgspec.Struct, kw_only=True):
    """An asset's row; see the table."""

    id: str
    name: str = ""
    serial_key: str = ""
    name_key: str = ""
    known_owner: str | None = None
    set_at: float = 0.0
    locked: bool = False
    shared: bool = False
    ignored: str = ""
    conflict: str = ""
    account: str = ""
    why: dict[str, Any] = msgspec.field(default_factory=dict)
    conflict_at: float | None = None
    read_by: str = ""
    read_at: float = 0.0


_NAMES = [column.name for column in assets.columns]
_SAVE = sa.text(
    f"insert into assets ({', '.join(_NAMES)}) values ({', '.join(':' + name for name in _NAMES)})"
    f" on conflict (id) do update set {', '.join(f'{name} = excluded.{name}' for name in _NAMES if name != 'id')}"
)


def load(tx: Transaction, ids: Iterable[str]) -> dict[str, Known]:
    """Those of ``ids`` that are known."""
    wanted = sorted(set(ids))
    rows = tx.execute(sa.select(assets).where(assets.c.id.in_(wanted))) if wanted else ()
    return {row.id: _known(row) for row in rows}


def lock(tx: Transaction, id_: str) -> Known | None:
    """An asset, kept from others until the transaction ends."""
    row = tx.execute(sa.select(assets).where(assets.c.id == id_).with_for_update()).first()
    return _known(row) if row is not None else None


def save(tx: Transaction, changed: Iterable[Known]) -> None:
    """Writes whole rows."""
    rows = [
        {**msgspec.structs.asdict(known), "why": msgspec.json.encode(known.why).decode()}
        for known in sorted(changed, key=lambda known: known.id)  # in one order, so that no two wait for each other
    ]
    if rows:
        tx.execute(_SAVE, rows)


def conflicts(tx: Transaction, limit: int, after: str = "") -> list[Known]:
    """The assets about which a person has to decide, by id."""
    query = sa.select(assets).where(assets.c.conflict != "", assets.c.id > after)
    return [_known(row) for row in tx.execute(query.order_by(assets.c.id).limit(limit))]


def counted(tx: Transaction) -> int:
    """How many are in the inventory, as far as it was read."""
    found: int = tx.execute(sa.select(sa.func.count()).where(assets.c.read_by != "")).scalar_one()
    return found


def forget_absent(tx: Transaction, plan: str) -> None:
    """Those that ``plan`` did not read are no longer in the inventory: what was decided about them stays."""
    gone = {"serial_key": "", "name_key": "", "conflict": "", "read_by": ""}
    tx.execute(sa.update(assets).where(assets.c.read_by != plan, assets.c.read_by != "").values(**gone))


def _known(row: Any) -> Known:
    return Known(**{**row._mapping, "why": msgspec.json.decode(row.why)})


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody was seen on an asset."""

    asset: str
    """An id, ``serial:<key>`` or ``name:<key>``."""
    account: str
    written: str
    at: float
    source: str


def note(tx: Transaction, seen: Sequence[Sighting]) -> None:
    """Keeps sightings, one a day for each asset and account."""
    rows = {(one.asset, int(one.at // 86_400), one.account): one for one in seen}
    listed = [{"day": key[1], **msgspec.structs.asdict(one)} for key, one in sorted(rows.items())]
    bulk.insert(tx, asset_sightings, listed, ignore=True)


def sightings(tx: Transaction, keys: Iterable[str], since: float) -> dict[str, list[Sighting]]:
    """Sightings by key, the newest first."""
    found: dict[str, list[Sighting]] = {}
    wanted = sorted(set(keys))
    for start in range(0, len(wanted), 500):
        query = sa.select(asset_sightings).where(
            asset_sightings.c.asset.in_(wanted[start : start + 500]), asset_sightings.c.day > int(since // 86_400)
        )
        for row in tx.execute(query.order_by(asset_sightings.c.at.desc())):
            sighting = Sighting(**{name: getattr(row, name) for name in Sighting.__struct_fields__})
            found.setdefault(sighting.asset, []).append(sighting)
    return found


def forget_sightings(tx: Transaction, before: float) -> None:
    """Drops those of the days before."""
    tx.execute(sa.delete(asset_sightings).where(asset_sightings.c.day < int(before // 86_400)))
