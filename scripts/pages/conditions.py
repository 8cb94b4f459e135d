"""The reference of the condition language: what a path can name, and the grammar itself."""

from __future__ import annotations

import textwrap

from centralita.core.condition_syntax import EVENT_ATTRIBUTES, GRAMMAR, MAX_DEPTH, MAX_LENGTH
from centralita.core.events import SEVERITIES
from centralita.integrations import registry
from centralita.services import announcements
from pages.markdown import GENERATED, codes, page, table


def conditions_page() -> str:
    """Attributes, the sources' paths, limits, grammar."""
    sources = {
        **{kind: registry.SOURCES[kind] for kind in sorted(registry.SOURCES)},
        "centralita": announcements.OwnEvents(),
    }
    return page(
        "# The condition language",
        "",
        GENERATED["en"],
        "",
        "[Rules and conditions](../rules.md) explains it with examples; this is the whole of it.",
        "",
        "## What a name means",
        "",
        f"An attribute of the event: {codes(sorted(EVENT_ATTRIBUTES))}.",
        "Any other name is a key of its `data`, and dots go deeper: `ticket.priority` is `data.ticket.priority`.",
        "A number picks from a list: `affected_cis.0.name`.",
        f"Severities are {codes(SEVERITIES)}.",
        "",
        "Paths that a kind of source declares; `config check` warns about any other. `*`: whatever the sender has.",
        "",
        *table(("Kind", "Paths in `data`"), ((kind, codes(sorted(each.paths))) for kind, each in sources.items())),
        "## Limits",
        "",
        f"{MAX_LENGTH:,} bytes, {MAX_DEPTH} levels of parentheses and lists, numbers of 64 bits. `matches` searches by",
        "[RE2](https://github.com/google/re2/wiki/Syntax). There are no loops and no calls: a condition's time",
        "grows no faster than the condition and the event.",
        "",
        "## Grammar",
        "",
        "In the notation of [Lark](https://lark-parser.readthedocs.io/en/stable/grammar.html).",
        "",
        "```lark",
        textwrap.dedent(GRAMMAR).strip(),
        "```",
    )
