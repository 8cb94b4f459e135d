"""CMMShere's objects, which speak Spanish, as the records of ours: ticket, client, requester, asset, contact.

Only the fields of a work request, a client and a client's user are documented; of the others those names are read that
the documented ones suggest. Whatever is not understood stays under the sender's names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from centralita.core.attributes import TITLE_LIMIT, one_line, web_url, word
from centralita.core.payload import find, mapping, tame_text

Thing = Literal["ticket", "client", "asset", "contact"]

_BY_PREFIX: Mapping[str, Thing] = {
    **{"sol": "ticket", "ot": "ticket"},
    **{"cli": "client", "act": "asset"},
    **{"cliusu": "contact", "con": "contact", "cont": "contact", "contacto": "contact", "usucli": "contact"},
}
_BY_OBJECT: Mapping[str, Thing] = {
    **{"solicitud_trabajo": "ticket", "orden_trabajo": "ticket"},
    **{"cliente": "client", "activo": "asset"},
    **{"usuario_cliente": "contact", "contacto": "contact"},
}

_FIELDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "ticket": {
        "id": ("id",),
        "pretty_id": ("codigo", "numero"),
        "title": ("titulo", "asunto", "nombre"),
        "description": ("descripcion", "detalle", "observaciones"),
        "status": ("estado", "status"),
        "priority": ("prioridad", "priority"),
        "category": ("categoria", "tipo", "tipo_trabajo", "tipo_mantenimiento"),
        "url": ("url", "link", "enlace"),
    },
    "client": {
        "id": ("id",),
        "code": ("codigo",),
        "name": ("nombre_comercial", "nombre", "nombre_legal"),
        "legal_name": ("nombre_legal", "razon_social"),
        "email": ("email", "correo"),
        "phone": ("telefono", "celular"),
        "address": ("direccion",),
        "city": ("ciudad",),
        "country": ("pais",),
        "url": ("url", "link", "enlace"),
    },
    "asset": {
        "id": ("id",),
        "code": ("codigo",),
        "name": ("nombre", "titulo", "descripcion"),
        "serial": ("nro_serie", "numero_serie", "serie", "serial"),
        "type": ("tipo", "tipo_activo", "categoria", "clase"),
        "location": ("ubicacion", "localizacion", "sitio", "direccion"),
        "url": ("url", "link", "enlace"),
    },
    "contact": {
        "id": ("id",),
        "email": ("email", "correo"),
        "username": ("username", "usuario"),
        "phone": ("telefono", "celular"),
        "url": ("url", "link", "enlace"),
    },
}
"""A record of ours: its fields, and the sender's names for each, the first that holds something."""

_INSIDE = ("nombre", "descripcion", "titulo", "codigo")
"""Where the word is when a field is an object (``estado: {id, nombre}``)."""

PATHS = (
    *(f"ticket.{name}" for name in (*_FIELDS["ticket"], "type")),
    *(f"client.{name}" for name in _FIELDS["client"]),
    *(f"asset.{name}" for name in _FIELDS["asset"]),
    *(f"{role}.{name}" for role in ("contact", "requester") for name in ("name", *_FIELDS["contact"])),
    *("type", "object.*", "extra.*"),
)


def thing_of(prefix: str, body: Mapping[str, Any]) -> Thing | None:
    """What the event is about: by the type's prefix, else by what the object says it is."""
    return _BY_PREFIX.get(prefix) or _BY_OBJECT.get(word(find(dict(body), "data.object.object")))


def read_records(thing: Thing | None, prefix: str, body: Mapping[str, Any], link: str) -> dict[str, Any]:
    """The event's data: our records, what else the object says under ``object``, all else under the sender's names.

    ``link`` is the address of the object's page when the object itself gives none.
    """
    inside = mapping(dict(body), "data")
    found = {name: value for name, value in body.items() if name not in ("created", "object", "data")} | {
        name: value for name, value in inside.items() if name not in _READ
    }
    subject = mapping(inside, "object")
    found["object"] = _said(subject) if thing else subject
    records = {
        "client": _party("client", mapping(inside, "client")),
        "requester": _person(mapping(inside, "user")),
        "asset": _party("asset", mapping(inside, "asset")),
    }
    if thing:
        records[thing] = _about(thing, prefix, subject, link)
    found |= {name: record for name, record in records.items() if record}
    found["extra"] = {
        **({} if isinstance(body.get("data"), dict) else {"data": body.get("data")}),
        **{name: inside[name] for name in _READ if name in inside and not isinstance(inside[name], dict)},
    }
    found["extra"] = {name: value for name, value in found["extra"].items() if not _is_absent(value)}
    return {name: value for name, value in found.items() if not _is_absent(value)}


_READ = ("object", "client", "user", "asset")
"""What stands in ``data`` by the vendor's documentation; what is there and no object goes to ``extra``."""


def title_of(thing: Thing | None, records: Mapping[str, Any]) -> str:
    """The record's own words: its title or name, else what else there is to know it by; "" when there is nothing."""
    record = mapping(dict(records), thing or "object")
    names = _TITLES if thing else ("titulo", "nombre", "nombre_comercial", "descripcion", "codigo")
    return next((title for name in names if (title := one_line(tame_text(record.get(name)), TITLE_LIMIT))), "")


_TITLES = ("title", "name", "description", "legal_name", "email", "username", "pretty_id", "code")


def _about(thing: Thing, prefix: str, subject: dict[str, Any], link: str) -> dict[str, Any]:
    record = _person(subject) if thing == "contact" else _fields(thing, subject)
    if thing == "ticket":
        name = word(subject.get("object"))
        record["type"] = "work_order" if prefix == "ot" or name.startswith("orden") else "work_request"
    record["url"] = record.get("url") or link
    return {name: value for name, value in record.items() if value}


def _party(thing: Thing, party: dict[str, Any]) -> dict[str, Any]:
    """A party beside the object, with what else the sender says of it; {} for one without anything to know it by."""
    fields = _fields(thing, party)
    return {**_said(party), **fields} if fields else {}


def _person(person: dict[str, Any]) -> dict[str, Any]:
    parts = (one_line(person.get(part)) for part in ("nombre", "ap_paterno", "ap_materno", "apellido", "apellidos"))
    fields = {"name": " ".join(part for part in parts if part), **_fields("contact", person)}
    return {**_said(person), **{name: value for name, value in fields.items() if value}} if any(fields.values()) else {}


def _fields(thing: str, values: Mapping[str, Any]) -> dict[str, Any]:
    read = {name: _first(values, names) for name, names in _FIELDS[thing].items()}
    read["url"] = web_url(read["url"])
    return {name: value for name, value in read.items() if value}


def _first(values: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        value = values.get(name)
        inside = (tame_text(value.get(word)) for word in _INSIDE) if isinstance(value, dict) else iter(())
        if found := tame_text(value) or next((text for text in inside if text), ""):
            return found
    return ""


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is absent, and without the name of the object's kind."""
    return {name: value for name, value in values.items() if not _is_absent(value) and name != "object"}


def _is_absent(value: object) -> bool:
    return value is None or value in ("", [], {})
