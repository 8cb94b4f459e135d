"""The reference of the reasons: every message id that a person or a program may meet, in words."""

from __future__ import annotations

from typing import Literal

from centralita.i18n import gettext as _
from centralita.integrations.registry import FAULTS
from centralita.integrations.slack.system import DETAILS, REASONS
from centralita.services.wording import TEXTS
from pages.markdown import GENERATED, code, page, table

SAID = {
    "en": (
        "Reasons",
        ("Id", "In words"),
        "Ids stand in `--json`, in the API and in the logs; people are told the words.",
    ),
    "es": (
        "Motivos",
        ("Identificador", "En palabras"),
        "Los identificadores están en `--json`, en la API y en los registros; las personas leen las palabras.",
    ),
}


def reasons_page(locale: Literal["en", "es"]) -> str:
    """Every id."""
    title, heads, how = SAID[locale]
    texts = {**FAULTS, **REASONS, **DETAILS, **TEXTS}
    rows = [(code(name), _(texts[name], locale)) for name in sorted(texts)]
    return page(f"# {title}", "", GENERATED[locale], "", how, "", *table(heads, rows))
