"""CMMShere's envelope, ``{created, object: "event", type, data: {object, client, user, asset}}``, of any event.

What CMMShere itself sent keeps its names and values; what others sent is told under CMMShere's names. Documented
fields are always there, null when nobody said them. Source: https://cmmshere.com/webhooks
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from centralita.core.payload import mapping, text
from centralita.integrations.webhook.formats.material import Material, Message, type_name

_OBJECTS: Mapping[str, str] = {
    **{"sol": "solicitud_trabajo", "ot": "orden_trabajo", "cli": "cliente", "act": "activo"},
    **{"cliusu": "usuario_cliente", "usucli": "usuario_cliente", "contacto": "usuario_cliente"},
    **{"con": "contacto", "cont": "contacto"},
}
"""The prefix of a type's name to what the object says that it is."""
_PREFIXES: Mapping[str, str] = {"ticket": "sol", "client": "cli", "asset": "act", "contact": "cliusu"}
_RECORDS: Mapping[str, str] = {
    **{"sol": "ticket", "ot": "ticket", "cli": "client", "act": "asset"},
    **dict.fromkeys(("cliusu", "con", "cont", "contacto", "usucli"), "contact"),
}
_FIELDS: Mapping[str, Mapping[str, str]] = {
    "ticket": {
        "codigo": "pretty_id",
        "titulo": "title",
        "descripcion": "description",
        "estado": "status",
        "prioridad": "priority",
        "categoria": "category",
        "url": "url",
    },
    "client": {
        "codigo": "code",
        "nombre_comercial": "name",
        "nombre_legal": "legal_name",
        "direccion": "address",
        "pais": "country",
        "ciudad": "city",
        "email": "email",
        "telefono": "phone",
        "url": "url",
    },
    "contact": {"nombre": "name", "email": "email", "username": "username", "telefono": "phone", "url": "url"},
    "asset": {
        "codigo": "code",
        "nombre": "name",
        "nro_serie": "serial",
        "tipo": "type",
        "ubicacion": "location",
        "url": "url",
    },
}
"""CMMShere's name of a field to ours."""
_DOCUMENTED: Mapping[str, tuple[str, ...]] = {
    "ticket": ("codigo", "titulo", "descripcion", "created"),
    "client": (
        *("codigo", "nombre_comercial", "nombre_legal", "caracteristicas", "nro_id", "direccion", "pais", "ciudad"),
        *("email", "telefono"),
    ),
    "contact": ("nombre", "ap_paterno", "ap_materno", "email", "username", "descripcion"),
    "asset": (),
}


def render_cmms(material: Material) -> Message:
    """The envelope; what CMMShere has no type for keeps our name of it and is an object of the kind ``evento``."""
    event = material.event
    name = _name(material)
    prefix = name.partition(".")[0] if _is_name(name) else ""
    known = {**material.subject.data, **event.data}
    body = {
        "created": _microseconds(event.time),
        "object": "event",
        "type": name,
        "data": {
            "object": _about(material, prefix) if prefix else _event(material),
            "client": _record("client", mapping(known, "client"), "cliente"),
            "user": _record("contact", mapping(known, "requester"), "usuario_cliente"),
            "asset": _record("asset", mapping(known, "asset"), "activo"),
        },
    }
    return Message(body=msgspec.json.encode(body))


def _name(material: Material) -> str:
    """CMMShere's name of the type: its own, else the one that the receiver subscribed by, else what comes nearest."""
    event = material.event
    for said in (event.alias, _sent(material), type_name(event, material.receiver)):
        if _is_name(said):
            return said
    kind, _, verb = event.type.partition(".")
    if kind not in _PREFIXES:
        return event.type
    is_order = text(event.data, "ticket.type") == "work_order"
    return f"{'ot' if is_order else _PREFIXES[kind]}.{verb if verb in ('created', 'deleted') else 'updated'}"


def _is_name(name: str) -> bool:
    prefix, _, verb = name.partition(".")
    return prefix in _OBJECTS and verb in ("created", "updated", "deleted")


def _sent(material: Material) -> str:
    """The name under which CMMShere sent the event; "" when somebody else did."""
    said = text(material.event.data, "type").lower()
    return said if _is_name(said) else ""


def _about(material: Material, prefix: str) -> dict[str, Any]:
    """The object of a type that CMMShere has."""
    event, kind = material.event, _RECORDS[prefix]
    record = {**mapping(material.subject.data, kind), **mapping(event.data, kind)}
    record.setdefault("id", event.subject.partition("/")[2])
    sent = mapping(event.data, "object") if _sent(material) else {}
    ours: dict[str, Any] = {}
    if kind == "ticket":
        record = {"title": event.title, "status": event.status, "url": event.url, **record}
        ours["created"] = _microseconds(event.time) if event.type == "ticket.created" else None
    return {**_record(kind, record, _OBJECTS[prefix], bare=True), **ours, **sent}


def _event(material: Material) -> dict[str, Any]:
    """The object of an event of any other kind."""
    event = material.event
    return {
        "id": event.subject or event.id,
        "object": "evento",
        "codigo": None,
        "titulo": event.title or material.subject.title or None,
        "descripcion": text(event.data, "description") or text(event.data, "message.text") or None,
        "created": _microseconds(event.time),
    }


def _record(kind: str, record: Mapping[str, Any], name: str, bare: bool = False) -> dict[str, Any]:
    """One of the parties under CMMShere's names; what it said beyond those stays, unless ``bare``."""
    if not record:
        return {"id": None, "object": name}
    fields = _FIELDS[kind]
    ours = {"id", *fields.values(), *(("name",) if kind == "contact" else ())}
    beyond = {} if bare else {key: value for key, value in record.items() if key not in ours}
    told = {theirs: record[mine] for theirs, mine in fields.items() if record.get(mine)}
    documented = dict.fromkeys(_DOCUMENTED[kind])
    return {"id": record.get("id") or None, "object": name, **documented, **told, **beyond}


def _microseconds(time: str) -> str:
    try:
        return datetime.fromisoformat(time).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except (ValueError, OverflowError):
        return time
