"""Configuration items: what their sources say of them, what people said instead, and how they hang together.

Both are kept apart: what a person says wins for as long as it stands, whatever the source says meanwhile; taken back,
the source's word is there again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from centralita.core.attributes import one_line
from centralita.core.ci_search import fold
from centralita.core.payload import tame_text

NAME_LIMIT = 200
KEY_LIMIT = 100
VALUE_LIMIT = 1000
MOST_ATTRIBUTES = 60
DELETED = "deleted"


class Owner(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whose a CI is; both "" for nobody."""

    name: str = ""
    email: str = ""
    """In lower case."""


NOBODY = Owner()


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody says of a CI; None where nothing is said."""

    name: str | None = None
    type: str | None = None
    status: str | None = None
    owner: Owner | None = None
    attributes: dict[str, str] = msgspec.field(default_factory=dict)
    """An empty value hides what the source says."""


class Ci(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration item."""

    id: str
    """``ci_`` and a ULID."""
    source: str = ""
    """Slug of the source that told of it; "" for one that a person made."""
    external_id: str = ""
    """Its id there; its own where a person made it."""
    said: Facts = Facts()
    """By its source."""
    edited: Facts = Facts()
    """By people."""
    version: int = 1
    """Counts every change of what it is."""
    created_at: float = 0.0
    updated_at: float = 0.0
    read_at: float = 0.0
    """When its source spoke of it last."""
    deleted_at: float | None = None
    """It is gone: nothing finds it, and it is back as soon as its source speaks of it again."""

    @property
    def name(self) -> str:
        return self.edited.name or self.said.name or self.external_id

    @property
    def type(self) -> str:
        return self._one("type")

    @property
    def status(self) -> str:
        return self._one("status")

    @property
    def owner(self) -> Owner:
        return self.edited.owner or self.said.owner or NOBODY

    @property
    def attributes(self) -> dict[str, str]:
        """Without those that are hidden."""
        merged = {**self.said.attributes, **self.edited.attributes}
        return {key: value for key, value in merged.items() if value}

    @property
    def by_hand(self) -> bool:
        """Whether a person made it."""
        return not self.source

    def _one(self, field: str) -> str:
        edited: str | None = getattr(self.edited, field)
        return str(getattr(self.said, field) or "") if edited is None else edited


def edited_fields(ci: Ci) -> list[str]:
    """What people said: ``name``, ``attributes.rack``..."""
    own = [name for name in ("name", "type", "status", "owner") if getattr(ci.edited, name) is not None]
    return [*own, *(f"attributes.{key}" for key in sorted(ci.edited.attributes))]


# ---- what sources say ------------------------------------------------------------------------------------------------

TYPES: Mapping[str, tuple[str, ...]] = {
    "server": ("server", "servers", "servidor", "servidores", "virtual server", "servidor virtual"),
    "virtual_machine": ("virtual machine", "maquina virtual", "vm"),
    "laptop": ("laptop", "notebook", "portatil", "computadora portatil", "computador portatil", "ultrabook"),
    "desktop": ("desktop", "pc", "workstation", "computadora", "computador", "computer", "ordenador", "escritorio"),
    "printer": ("printer", "printers", "impresora", "impresoras", "multifuncional", "plotter"),
    "scanner": ("scanner", "escaner"),
    "monitor": ("monitor", "monitores", "pantalla", "display"),
    "phone": ("phone", "smartphone", "telefono", "celular", "movil", "mobile"),
    "tablet": ("tablet", "tableta", "ipad"),
    "router": ("router", "enrutador"),
    "switch": ("switch", "conmutador"),
    "firewall": ("firewall", "cortafuegos"),
    "access_point": ("access point", "punto de acceso", "ap", "wifi"),
    "storage": ("storage", "almacenamiento", "nas", "san"),
    "ups": ("ups", "sai"),
    "camera": ("camera", "camara"),
    "projector": ("projector", "proyector"),
    "database": ("database", "base de datos"),
    "application": ("application", "aplicacion", "app", "software", "sistema"),
    "service": ("service", "servicio", "business service", "servicio de negocio"),
    "network": ("network", "red"),
    "vehicle": ("vehicle", "vehiculo", "camion", "camioneta"),
}
"""Our word for a type, and what InvGate, CMMShere and people call it, folded."""
TYPE_WORDS = {word: name for name, words in TYPES.items() for word in (fold(name), *words)}


def type_of(said: str) -> str:
    """Our word for a type: by all of what is said, else by its noun (the first word in Spanish, the last in English),
    else what is said, in lower case."""
    folded = fold(said)
    words = folded.split()
    for word in (folded, *words[:1], *words[-1:]):
        if word in TYPE_WORDS:
            return TYPE_WORDS[word]
    return one_line(said, KEY_LIMIT).lower()


_OWN = ("id", "name", "type", "status", "owner", "url", "last_user", "reported_at")
"""Fields of an asset that are no attributes of the CI: who logged in last changes every day, and is the asset's."""


def facts_of(asset: Mapping[str, Any]) -> Facts:
    """What an asset's fields (``core.records``) say of a CI; fields that hold nothing to read are left out."""
    name, kind, status = (one_line(asset.get(field), NAME_LIMIT) or None for field in ("name", "type", "status"))
    attributes: dict[str, str] = {}
    for key, value in asset.items():
        written = ", ".join(filter(None, map(tame_text, value))) if isinstance(value, list) else tame_text(value)
        if key not in _OWN and len(attributes) < MOST_ATTRIBUTES and written:
            attributes[one_line(key, KEY_LIMIT)] = written[:VALUE_LIMIT]
    return Facts(
        name=name,
        type=type_of(kind) if kind else None,
        status=status,
        owner=_owner(asset["owner"]) if "owner" in asset else None,
        attributes=attributes,
    )


def _owner(said: object) -> Owner:
    if isinstance(said, Mapping):
        return owner_of(tame_text(said.get("name")), tame_text(said.get("email")))
    written = one_line(said, NAME_LIMIT)
    return owner_of("", written) if "@" in written else owner_of(written, "")


def owner_of(name: str, email: str) -> Owner:
    """An owner by what a person or a source writes."""
    return Owner(one_line(name, NAME_LIMIT), one_line(email, 254).lower())


def completed(before: Facts, said: Facts) -> Facts:
    """What a source says by now: what it leaves out this time stays."""
    return Facts(
        name=said.name or before.name,
        type=said.type or before.type,
        status=said.status if said.status is not None else before.status,
        owner=said.owner if said.owner is not None else before.owner,
        attributes={**before.attributes, **said.attributes},
    )


def is_changed(before: Ci, after: Ci) -> bool:
    """Whether two states of a CI differ in what it is."""
    return (before.said, before.edited, before.deleted_at is None) != (
        after.said,
        after.edited,
        after.deleted_at is None,
    )


# ---- what people say -------------------------------------------------------------------------------------------------

_TEXTS = ("name", "type", "status")


def edit(before: Facts, change: Mapping[str, Any]) -> Facts:
    """What people say after one of them changed something: ``name, type, status`` (text), ``owner``
    (``{name, email}``), ``attributes`` (key to text). None takes back what people said; what is left out stays."""
    facts: dict[str, Any] = {name: getattr(before, name) for name in (*_TEXTS, "owner")}
    for name in _TEXTS:
        if name in change:
            facts[name] = None if change[name] is None else one_line(change[name], NAME_LIMIT)
    if facts["type"]:
        facts["type"] = type_of(facts["type"])
    if "owner" in change:
        owner = change["owner"]
        facts["owner"] = None if owner is None else owner_of(owner.get("name") or "", owner.get("email") or "")
    attributes = dict(before.attributes)
    for key, value in (change.get("attributes") or {}).items():
        key = one_line(key, KEY_LIMIT)
        if value is None:
            attributes.pop(key, None)
        elif key:
            attributes[key] = tame_text(value)[:VALUE_LIMIT]
    return Facts(**facts, attributes=attributes)


def without_echoes(said: Facts, edited: Facts, change: Mapping[str, Any]) -> dict[str, Any]:
    """``change`` without what would only repeat what the source says anyway: a form sends every field, and who leaves
    one as it is does not mean to hold on to it."""
    kept: dict[str, Any] = {}
    for name, value in change.items():
        if name == "attributes":
            kept[name] = {
                key: one
                for key, one in (value or {}).items()
                if key in edited.attributes or one is None or one != said.attributes.get(key, "")
            }
        elif getattr(edited, name) is not None or value is None or not _repeats(name, getattr(said, name), value):
            kept[name] = value
    return kept


def _repeats(name: str, said: Any, value: Any) -> bool:
    if isinstance(value, Mapping):
        return owner_of(value.get("name") or "", value.get("email") or "") == (said or NOBODY)
    return bool((type_of(value) if name == "type" else value) == (said or ""))


def read_attributes(lines: str) -> tuple[dict[str, str], list[int]]:
    """Attributes that a person wrote as lines ``key: value``, and the numbers (from 1) of the lines that are none."""
    found: dict[str, str] = {}
    wrong: list[int] = []
    for number, line in enumerate(lines.splitlines(), 1):
        key, colon, value = line.partition(":")
        if not line.strip():
            continue
        if not colon or not key.strip() or len(key.strip()) > KEY_LIMIT or len(value.strip()) > VALUE_LIMIT:
            wrong.append(number)
        else:
            found[one_line(key, KEY_LIMIT)] = value.strip()
    return found, wrong


def write_attributes(attributes: Mapping[str, str]) -> str:
    """As ``read_attributes`` reads them."""
    return "\n".join(f"{key}: {' '.join(value.split())}" for key, value in sorted(attributes.items()))


# ---- relations -------------------------------------------------------------------------------------------------------

RELATIONS: Mapping[str, str] = {
    "depends_on": "required_by",
    "runs_on": "runs",
    "connected_to": "connected_to",
    "part_of": "contains",
    "uses": "used_by",
    "backs_up": "backed_up_by",
}
"""Kind -> the same seen from the other end. The kinds are what is stored."""
INVERSE = {inverse: kind for kind, inverse in RELATIONS.items()}
RELATION_WORDS = tuple(dict.fromkeys((*RELATIONS, *INVERSE)))


def relation(ci: str, word: str, other: str) -> tuple[str, str, str] | None:
    """``ci word other`` as it is stored (from, kind, to); None for a word that is none. What is the same from both
    ends is stored one way round."""
    kind = word.strip().lower().replace(" ", "_").replace("-", "_")
    if kind in RELATIONS:
        ends = sorted((ci, other)) if RELATIONS[kind] == kind else [ci, other]
        return ends[0], kind, ends[1]
    return (other, INVERSE[kind], ci) if kind in INVERSE else None
