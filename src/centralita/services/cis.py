"""Configuration items as people see them: looked for, listed, shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz

from centralita.core.ci_search import GOOD, POOR, asked_for, fold, score
from centralita.core.cis import RELATIONS, TYPE_WORDS, Ci, edited_fields
from centralita.services.hub import Hub
from centralita.services.times import shown
from centralita.store import cis
from centralita.store.cis import Filter
from centralita.store.database import Transaction

MOST_MEANT = 20


class CiRefused(Exception):
    """It can't be done; ``reason`` is a message id."""

    def __init__(self, reason: str, **arguments: str) -> None:
        super().__init__(reason)
        self.reason, self.arguments = reason, arguments


class NoCi(LookupError):
    """Nothing is called so."""


@dataclass(frozen=True)
class OwnerView:
    """Whose a CI is."""

    name: str
    email: str


@dataclass(frozen=True)
class CiView:
    """A configuration item as it is now."""

    id: str
    source: str
    """Slug of the source that told of it; "" for one that a person made."""
    external_id: str
    name: str
    type: str
    status: str
    owner: OwnerView | None
    attributes: Mapping[str, str]
    edited: list[str]
    """What people said, which wins over the source: ``name``, ``attributes.rack``..."""
    version: int
    url: str
    """Of its page; "" while server.public_url is not set."""
    created_at: str | None
    updated_at: str | None


@dataclass(frozen=True)
class Hit:
    """What a search has found."""

    ci: CiView
    score: float
    """0 to 100."""
    sure: bool
    """Whether it is what was looked for; else it is only near."""


@dataclass(frozen=True)
class RelationView:
    """What a CI has to do with another."""

    kind: str
    """From this CI's end: ``depends_on``, or ``required_by`` where the other depends on it."""
    ci: str
    name: str
    type: str


@dataclass(frozen=True)
class CiDetail:
    """A CI with its relations, and what its source says where people said something else."""

    ci: CiView
    relations: list[RelationView]
    said: Mapping[str, str]
    """Field to what the source says, of the fields that people changed."""


def ci_url(hub: Hub, id_: str) -> str:
    """Where people see a CI; "" while nobody said where the hub is reached."""
    base = hub.settings.server.public_url
    return f"{base.rstrip('/')}/cis/{id_}" if base else ""


def ci_view(hub: Hub, ci: Ci) -> CiView:
    """A CI as people see it."""
    owner = ci.owner
    return CiView(
        id=ci.id,
        source=ci.source,
        external_id=ci.external_id,
        name=ci.name,
        type=ci.type,
        status=ci.status,
        owner=OwnerView(owner.name, owner.email) if owner.name or owner.email else None,
        attributes=ci.attributes,
        edited=edited_fields(ci),
        version=ci.version,
        url=ci_url(hub, ci.id),
        created_at=shown(ci.created_at),
        updated_at=shown(ci.updated_at),
    )


def ci_detail(hub: Hub, tx: Transaction, ci: Ci) -> CiDetail:
    """A CI with all that is known of it."""
    found = cis.relations(tx, ci.id)
    others = cis.load(tx, {end for one, _kind, other in found for end in (one, other)} - {ci.id})
    related = []
    for one, kind, other in found:
        end = others.get(other if one == ci.id else one)
        if end is not None:  # one that is gone may come back, and its relations with it
            related.append(RelationView(kind if one == ci.id else RELATIONS[kind], end.id, end.name, end.type))
    return CiDetail(ci_view(hub, ci), related, _said(ci))


def _said(ci: Ci) -> dict[str, str]:
    texts = {name: str(getattr(ci.said, name) or "") for name in ("name", "type", "status")}
    owner = ci.said.owner
    texts["owner"] = (owner.email or owner.name) if owner is not None else ""
    texts |= {f"attributes.{key}": value for key, value in ci.said.attributes.items()}
    return {name: texts[name] for name in edited_fields(ci) if texts.get(name)}


def one_called(tx: Transaction, text: str) -> Ci:
    """The CI that ``text`` names: our id, its source's id, or its name, whatever the accents and case.

    Raises NoCi, and CiRefused when several are called so.
    """
    found = cis.called(tx, text.strip(), MOST_MEANT)
    if not found:
        raise NoCi(text)
    if len(found) > 1:
        which = ", ".join(f"{ci.id} ({ci.name}, {ci.source or cis.BY_HAND})" for ci in found)
        raise CiRefused("ci.ambiguous", text=text, which=which)
    return found[0]


async def show(hub: Hub, text: str) -> CiDetail:
    """One CI by id, external id or name. Raises NoCi, CiRefused."""
    return await hub.database.read(lambda tx: ci_detail(hub, tx, one_called(tx, text)))


async def called(hub: Hub, text: str, most: int) -> list[CiView]:
    """The CIs that ``text`` names exactly, as ``show`` takes it; [] for none."""
    found = await hub.database.read(lambda tx: cis.called(tx, text.strip(), most))
    return [ci_view(hub, ci) for ci in found]


async def search(hub: Hub, text: str, limit: int = 10) -> list[Hit]:
    """The CIs that are nearest to what somebody typed, the nearest first; with typing errors, without accents. When
    nothing is ``sure``, these are guesses."""
    filed = asked_for(text, TYPE_WORDS)
    found = await hub.database.read(lambda tx: cis.candidates(tx, filed))
    ranked = sorted(((_score(text, ci), ci) for ci in found), key=lambda each: (-each[0][0], -each[0][1], each[1].id))
    return [Hit(ci_view(hub, ci), round(near, 1), near >= GOOD) for (near, _close), ci in ranked if near >= POOR][
        :limit
    ]


def _score(text: str, ci: Ci) -> tuple[float, float]:
    known_by, also = cis.texts(ci)
    asked, name = fold(text), fold(ci.name)
    typed = [word for word, kind in TYPE_WORDS.items() if kind == ci.type]
    near = score(asked, name, fold(" ".join(known_by)), fold(" ".join([*also, *typed])))
    return near, fuzz.ratio(asked, name)


async def listing(hub: Hub, wanted: Filter, limit: int, cursor: str) -> tuple[list[CiView], str | None]:
    """CIs by name, and the next page's cursor. Raises ValueError for a wrong one."""
    id_, space, name = cursor.partition(" ")
    if cursor and not (space and id_.startswith("ci_")):
        raise ValueError(cursor)
    found = await hub.database.read(lambda tx: cis.listed(tx, wanted, limit, (name, id_) if cursor else None))
    more = f"{found[-1].id} {fold(found[-1].name)}" if len(found) == limit else None
    return [ci_view(hub, ci) for ci in found], more
