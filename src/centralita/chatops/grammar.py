"""What people type after a slash command, read: a word, options, and the rest. Pure.

``create --priority high "Disk full" @ana`` is the word ``create``, the option ``priority``, and two more words;
``priority:high`` and ``priority=high`` mean the same as ``--priority high``. Quotes keep words together, also after an
option (``reason:"It broke"``); a quote that is never closed is an apostrophe.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from centralita.core.mrkdwn import as_typed

_QUOTED = r'"([^"]*)"|“([^”]*)”|\'([^\']*)\''
_TOKEN = re.compile(rf"{_QUOTED}|((?:--)?[a-z_áéíóúñ]+[:=])(?=[\"“'])|(\S+)", re.IGNORECASE)
_OPTION = re.compile(r"(?:--)?([a-z_áéíóúñ]+)[:=](.*)", re.IGNORECASE | re.DOTALL)
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")


@dataclass(frozen=True)
class Arguments:
    """What follows a command's word."""

    text: str = ""
    """All of it as Slack sends it: its markup is for ``core.mrkdwn`` to read."""
    words: tuple[str, ...] = ()
    """As they were typed, but that mentions keep their markup. Without options; what stood in quotes is one word."""
    options: Mapping[str, str] = field(default_factory=dict)
    """In lower case; ``--urgent`` alone is "true"."""

    @property
    def rest(self) -> str:
        """The words as one text."""
        return " ".join(self.words)


def read_arguments(text: str, known: Iterable[str] = ()) -> Arguments:
    """Reads ``text``; only ``known`` options count (so that ``https://…`` or ``nota: x`` stay text)."""
    options: dict[str, str] = {}
    words: list[str] = []
    names, waiting = set(known), ""
    for token, quoted in _tokens(as_typed(text)):
        if waiting:
            options[waiting], waiting = token, ""
            continue
        name = "" if quoted else _option(token, names)
        if not name:
            words.append(token)
        elif (found := _OPTION.fullmatch(token)) is not None:
            value = found[2]
            options[name] = value
            if not value:
                waiting = name
        else:
            waiting = name
    if waiting:
        options[waiting] = options.get(waiting) or "true"
    return Arguments(text.strip(), tuple(words), options)


def _tokens(text: str) -> Iterable[tuple[str, bool]]:
    for found in _TOKEN.finditer(text):
        quoted = next((part for part in found.groups()[:3] if part is not None), None)
        yield (quoted, True) if quoted is not None else (found[4] or found[5], False)


def _option(token: str, known: set[str]) -> str:
    found = _OPTION.fullmatch(token)
    name = (found[1] if found else token.removeprefix("--") if token.startswith("--") else "").lower()
    return name if name in known else ""


def split_word(text: str) -> tuple[str, str]:
    """The first word in lower case, and what follows it."""
    word, _space, rest = text.strip().partition(" ")
    return word.lower(), rest.strip()


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that may have been meant; "" if none."""
    found = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return found[0] if found else ""


def mentioned(text: str) -> str:
    """The id of the person that ``<@U…>`` or ``<@U…|name>`` names; "" when it names nobody."""
    found = _MENTION.search(text)
    return found[1] if found else ""
