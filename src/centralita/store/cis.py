"""Configuration items as rows, what they are filed under, and their relations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from centralita.core.ci_search import filed_under, fold
from centralita.core.cis import Ci, Facts
from centralita.store import bulk
from centralita.store.ci_tables import ci_grams, ci_relations, cis
from centralita.store.database import Transaction

COMMON = 1000
"""What so many CIs are filed under says little: candidates are looked for by what is rarer, if anything is."""
CANDIDATES = 50
_CHUNK = 500
KNOWN_BY = ("serial", "code", "hostname", "ip", "inventory_id")
"""Attributes that a CI is known by, as by its name."""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which CIs; "" for any."""

    type: str = ""
    status: str = ""
    owner: str = ""
    """E-mail."""
    source: str = ""
    """Slug; ``hand`` for those that people made."""
    text: str = ""
    """What the folded name contains."""


BY_HAND = "hand"

# ---- rows ------------------------------------------------------------------------------------------------------------


def hold(tx: Transaction) -> None:
    """Lets one transaction at a time write what sources say: two may speak of the same CI."""
    if tx.dialect.name == "postgresql":  # SQLite has one writer
        tx.execute(sa.text("select pg_advisory_xact_lock(7310584)"))


def lock(tx: Transaction, id_: str) -> Ci | None:
    """A CI that is not gone, kept from others until the transaction ends."""
    query = sa.select(cis).where(cis.c.id == id_, cis.c.deleted_at.is_(None)).with_for_update()
    row = tx.execute(query).first()
    return _ci(row) if row is not None else None


def load(tx: Transaction, ids: Iterable[str]) -> dict[str, Ci]:
    """Those of ``ids`` that are not gone."""
    wanted, found = sorted(set(ids)), dict[str, Ci]()
    for start in range(0, len(wanted), _CHUNK):
        query = sa.select(cis).where(cis.c.id.in_(wanted[start : start + _CHUNK]), cis.c.deleted_at.is_(None))
        found |= {row.id: _ci(row) for row in tx.execute(query)}
    return found


def of_source(tx: Transaction, source: str, external_ids: Iterable[str]) -> dict[str, Ci]:
    """What is known of a source's CIs, gone or not, by its ids; kept from others until the transaction ends."""
    wanted, found = sorted(set(external_ids)), dict[str, Ci]()
    for start in range(0, len(wanted), _CHUNK):
        some = cis.c.external_id.in_(wanted[start : start + _CHUNK])
        query = sa.select(cis).where(cis.c.source == source, some).order_by(cis.c.id).with_for_update()
        found |= {row.external_id: _ci(row) for row in tx.execute(query)}
    return found


def save(tx: Transaction, changed: Sequence[tuple[Ci | None, Ci]]) -> None:
    """Writes CIs, each with what it was before (None: it is new), and files them."""
    new = [_row(after) for before, after in changed if before is None]
    bulk.insert(tx, cis, new)
    old = [_row(after) for before, after in changed if before is not None]
    bulk.update(tx, cis, ("id",), sorted(old, key=lambda row: str(row["id"])))
    gone, come = list[tuple[str, str]](), list[tuple[str, str]]()
    for before, after in changed:
        was, now = _filed(before) if before is not None else set(), _filed(after)
        gone += [(gram, after.id) for gram in was - now]
        come += [(gram, after.id) for gram in now - was]
    _unfile(tx, gone)
    bulk.insert(tx, ci_grams, [{"gram": gram, "ci": ci} for gram, ci in sorted(come)], ignore=True)


def touch(tx: Transaction, ids: Sequence[str], read_at: float) -> None:
    """Notes that a source spoke of CIs, of which nothing changed."""
    bulk.update(tx, cis, ("id",), [{"id": id_, "read_at": read_at} for id_ in sorted(ids)])


def _filed(ci: Ci) -> set[str]:
    if ci.deleted_at is not None:
        return set()
    known_by, also = texts(ci)
    return filed_under(known_by, also)


def texts(ci: Ci) -> tuple[list[str], list[str]]:
    """What a CI is known by (its name first), and what else is said of it."""
    attributes = ci.attributes
    known_by = [ci.name, "" if ci.by_hand else ci.external_id, *(attributes.get(name, "") for name in KNOWN_BY)]
    others = [value for name, value in attributes.items() if name not in KNOWN_BY]
    return [text for text in known_by if text], [ci.type, ci.owner.name, ci.owner.email, ci.status, *others]


def _unfile(tx: Transaction, pairs: Sequence[tuple[str, str]]) -> None:
    by_ci: dict[str, list[str]] = {}
    for gram, ci in pairs:
        by_ci.setdefault(ci, []).append(gram)
    for ci, listed in sorted(by_ci.items()):
        tx.execute(sa.delete(ci_grams).where(ci_grams.c.ci == ci, ci_grams.c.gram.in_(sorted(listed))))


def _row(ci: Ci) -> dict[str, Any]:
    return {
        "id": ci.id,
        "source": ci.source,
        "external_id": ci.external_id,
        "name_key": fold(ci.name),
        "type": ci.type,
        "status": ci.status,
        "owner_email": ci.owner.email,
        "said": msgspec.json.encode(ci.said).decode(),
        "edited": msgspec.json.encode(ci.edited).decode(),
        "version": ci.version,
        "created_at": ci.created_at,
        "updated_at": ci.updated_at,
        "read_at": ci.read_at,
        "deleted_at": ci.deleted_at,
    }


_facts = msgspec.json.Decoder(Facts)


def _ci(row: Any) -> Ci:
    return Ci(
        id=row.id,
        source=row.source,
        external_id=row.external_id,
        said=_facts.decode(row.said),
        edited=_facts.decode(row.edited),
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
        read_at=row.read_at,
        deleted_at=row.deleted_at,
    )


# ---- finding ---------------------------------------------------------------------------------------------------------


def named(tx: Transaction, source: str, ids: Iterable[str], keys: Iterable[str]) -> list[Ci]:
    """The CIs that are meant by ``ids`` (ours, or those of ``source``) or by folded names ``keys``, the oldest first.
    One statement, by index alone."""
    wanted, folded = sorted(set(ids)), sorted(set(keys))
    theirs = sa.and_(cis.c.source == source, cis.c.external_id.in_(wanted if source else []))
    meant = sa.or_(cis.c.id.in_(wanted), cis.c.name_key.in_(folded), theirs)
    query = sa.select(cis).where(meant, cis.c.deleted_at.is_(None)).order_by(cis.c.id).limit(5000)
    return [_ci(row) for row in tx.execute(query)]


def called(tx: Transaction, text: str, most: int) -> list[Ci]:
    """The CIs that ``text`` names exactly: by our id, else by its source's, else by the folded name."""
    for meant in (cis.c.id == text, cis.c.external_id == text, cis.c.name_key == fold(text)):
        query = sa.select(cis).where(meant, cis.c.deleted_at.is_(None)).order_by(cis.c.id).limit(most)
        if found := [_ci(row) for row in tx.execute(query)]:
            return found
    return []


def listed(tx: Transaction, wanted: Filter, limit: int, after: tuple[str, str] | None) -> list[Ci]:
    """CIs by name; ``after`` is the last one's (folded name, id)."""
    query = sa.select(cis).where(cis.c.deleted_at.is_(None))
    for column, value in ((cis.c.type, wanted.type), (cis.c.status, wanted.status), (cis.c.owner_email, wanted.owner)):
        if value:
            query = query.where(column == value)
    if wanted.source:
        query = query.where(cis.c.source == ("" if wanted.source == BY_HAND else wanted.source))
    if text := fold(wanted.text):
        query = query.where(cis.c.name_key.contains(text, autoescape=True))
    if after is not None:
        later = sa.and_(cis.c.name_key == after[0], cis.c.id > after[1])
        query = query.where(sa.or_(cis.c.name_key > after[0], later))
    return [_ci(row) for row in tx.execute(query.order_by(cis.c.name_key, cis.c.id).limit(limit))]


def candidates(tx: Transaction, filed: Sequence[str], most: int = CANDIDATES) -> list[Ci]:
    """The CIs that are filed under the most of ``filed`` (``core.ci_search.asked_for``); a whole word counts as three
    pieces. What is common is not read through: it only decides between those that something rarer has found."""
    if not filed:
        return []
    counts = _counts(tx, filed)
    rare = [gram for gram in filed if 0 < counts[gram] < COMMON]
    common = [gram for gram in filed if counts[gram] >= COMMON]
    if not rare and not common:
        return []
    if rare:
        pool: sa.Select[Any] = sa.select(ci_grams.c.gram, ci_grams.c.ci).where(ci_grams.c.gram.in_(rare))
    else:
        pool = sa.union_all(*(_some(gram) for gram in common)).subquery().select()
    pairs = pool.subquery()
    shared = sa.func.sum(_weight(pairs.c.gram)).label("shared")
    first = sa.select(pairs.c.ci, shared).group_by(pairs.c.ci).order_by(shared.desc(), pairs.c.ci).limit(COMMON)
    found = first.subquery()
    more = sa.select(sa.func.coalesce(sa.func.sum(_weight(ci_grams.c.gram)), 0)).where(
        ci_grams.c.gram.in_(common), ci_grams.c.ci == found.c.ci
    )
    total = (found.c.shared + more.scalar_subquery()).label("total") if rare and common else found.c.shared
    ids = [row.ci for row in tx.execute(sa.select(found.c.ci, total).order_by(total.desc(), found.c.ci).limit(most))]
    loaded = load(tx, ids)
    return [loaded[id_] for id_ in ids if id_ in loaded]


def _weight(gram: Any) -> Any:
    return sa.case((sa.func.substr(gram, 1, 1) == "=", 3), else_=1)


def _some(gram: str) -> sa.Select[Any]:
    some = sa.select(ci_grams.c.gram, ci_grams.c.ci).where(ci_grams.c.gram == gram).limit(COMMON)
    return some.subquery().select()


def _counts(tx: Transaction, filed: Sequence[str]) -> Mapping[str, int]:
    """How many CIs are filed under each, counted up to ``COMMON``."""
    each = []
    for gram in filed:
        some = sa.select(sa.literal(1).label("one")).where(ci_grams.c.gram == gram).limit(COMMON).subquery()
        each.append(sa.select(sa.literal(gram, sa.Text).label("gram"), sa.func.count().label("n")).select_from(some))
    return {row.gram: row.n for row in tx.execute(sa.union_all(*each))}


# ---- what is gone ----------------------------------------------------------------------------------------------------


def counted(tx: Transaction, source: str) -> int:
    """How many CIs a source has."""
    query = sa.select(sa.func.count()).where(cis.c.source == source, cis.c.deleted_at.is_(None))
    found: int = tx.execute(query).scalar_one()
    return found


def unread(tx: Transaction, source: str, since: float, most: int) -> list[Ci]:
    """The CIs of which a source has not spoken since; kept from others until the transaction ends."""
    query = sa.select(cis).where(cis.c.source == source, cis.c.deleted_at.is_(None), cis.c.read_at < since)
    return [_ci(row) for row in tx.execute(query.order_by(cis.c.id).limit(most).with_for_update())]


def count_unread(tx: Transaction, source: str, since: float) -> int:
    """How many those are."""
    query = sa.select(sa.func.count()).where(cis.c.source == source, cis.c.deleted_at.is_(None), cis.c.read_at < since)
    found: int = tx.execute(query).scalar_one()
    return found


# ---- relations -------------------------------------------------------------------------------------------------------


def relate(tx: Transaction, relation: tuple[str, str, str], now: float, actor: str) -> bool:
    """Writes a relation (``core.cis.relation``); False when it is there already."""
    known = tx.execute(sa.select(ci_relations.c.ci).where(_is(relation))).first()
    ci, kind, other = relation
    row = {"ci": ci, "kind": kind, "other": other, "created_at": now, "created_by": actor}
    bulk.insert(tx, ci_relations, [row], ignore=True)
    return known is None


def unrelate(tx: Transaction, relation: tuple[str, str, str]) -> bool:
    """Takes a relation away; False when there is none."""
    return bool(tx.execute(sa.delete(ci_relations).where(_is(relation))).rowcount)


def _is(relation: tuple[str, str, str]) -> Any:
    r = ci_relations.c
    return sa.and_(r.ci == relation[0], r.kind == relation[1], r.other == relation[2])


def relations(tx: Transaction, id_: str, most: int = 500) -> list[tuple[str, str, str]]:
    """The relations of a CI, whichever end it is."""
    r = ci_relations.c
    query = sa.select(r.ci, r.kind, r.other).where(sa.or_(r.ci == id_, r.other == id_))
    return [(row.ci, row.kind, row.other) for row in tx.execute(query.order_by(r.kind, r.ci, r.other).limit(most))]
