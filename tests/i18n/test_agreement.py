"""A state's word in Spanish agrees with what it is said of, also where several nouns share the word."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from centralita.cli.output import LAMPS
from centralita.cli.rule_changing import STATES as RULE_LAMPS
from centralita.i18n import gettext
from centralita.services import cable
from centralita.web.dashboard import event_words, webhook_frame, webhook_history, webhook_issues, webhook_overview

_PARTICIPLE = re.compile(r"\w*(?:[aeiou]d|ert|uelt|uest|crit|ech|vist|ctiv|gad|os)(?P<gender>[oa])s?")
"""A first word that has a gender: ``rechazada``, ``resuelto``; ``en espera`` and ``pendiente`` have none."""

SAID: dict[str, tuple[str, Iterable[str]]] = {
    "evento": ("o", [word for _lamp, word in event_words.CAME_OF.values()]),
    "incidente": ("o", [word for _lamp, word in event_words.INCIDENT_STATES.values()]),
    "error": ("o", [word for _lamp, word in webhook_issues.LAMPS.values()]),
    "webhook": ("o", [word for _lamp, word in webhook_frame.LAMPS.values()]),
    "origen": ("o", [LAMPS[state][2] for state in ("flowing", "off")]),
    "aprobación": ("a", [word for _lamp, word in event_words.APPROVAL_STATES.values()]),
    "respuesta": ("a", webhook_overview.LAYER_WORDS),
    "entrega": (
        "a",
        [
            word
            for states in (cable.STATES, webhook_history.STATES, event_words.OUTCOMES)
            for _l, word in states.values()
        ],
    ),
    "regla": ("a", [LAMPS[lamp][2] for lamp in RULE_LAMPS.values()]),
    "persona": ("a", [LAMPS[state][2] for state in ("flowing", "inactive")]),
}
"""Noun -> its gender's ending, and the msgids of its states."""


@pytest.mark.parametrize("noun", SAID)
def test_states_agree_with_their_noun(noun: str) -> None:
    ending, words = SAID[noun]
    spanish = {word: gettext(word, "es") for word in words}
    assert all(text != word or word == "error" for word, text in spanish.items()), spanish
    said = {text: _PARTICIPLE.fullmatch(text.split()[0].lower()) for text in spanish.values()}
    assert [text for text, found in said.items() if found and found["gender"] != ending] == []


def test_a_participle_is_told() -> None:
    for text in ("rechazada", "Retenido", "exitosos", "resuelta", "omitida"):
        assert _PARTICIPLE.fullmatch(text.lower())
