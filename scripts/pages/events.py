"""The reference of the event types: those of every kind of source, and the hub's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from centralita.core.events import EventType
from centralita.i18n import gettext as _
from centralita.integrations import registry
from centralita.services import announcements
from pages.markdown import GENERATED, code, codes, page, table

SAID = {
    "en": (
        "Event types",
        ("Type", "Meaning", "Other names"),
        "The hub's own",
        "Rules and webhooks name those of `centralita.*` exactly: no wildcard takes them.",
        "A rule matches on `type`; an outgoing webhook subscribes to a name, to `ticket.*` or to `*`.",
    ),
    "es": (
        "Tipos de evento",
        ("Tipo", "Qué significa", "Otros nombres"),
        "Los del propio hub",
        "Las reglas y los webhooks nombran exactamente los de `centralita.*`: ningún comodín los toma.",
        "Una regla compara `type`; un webhook saliente se suscribe a un nombre, a `ticket.*` o a `*`.",
    ),
}


def events_page(locale: Literal["en", "es"]) -> str:
    """Every declared type, by kind of source."""
    title, heads, own, exactly, how = SAID[locale]
    lines = [f"# {title}", "", GENERATED[locale], "", how, ""]
    for kind in sorted(registry.SOURCES):
        lines += [f"## {kind}", "", *_table(registry.SOURCES[kind].types, heads, locale)]
    lines += [f"## {own}", "", exactly, "", *_table(announcements.TYPES, heads, locale)]
    return page(*lines)


def _table(types: Mapping[str, EventType], heads: tuple[str, ...], locale: str) -> list[str]:
    rows = [(code(name), _(types[name].meaning, locale), codes(types[name].aliases)) for name in sorted(types)]
    return table(heads, rows)
