"""What people type into a search field, as a condition of the rules' language: a path inside the data, words of a
title."""

from __future__ import annotations

import re

import msgspec

from centralita.core.conditions import Condition

_PATH = re.compile(r"(?P<path>[^=]*?)\s*(?:==?\s*(?P<value>.*))?", re.DOTALL)
_INDEX = re.compile(r"\[\s*(?:(\d{1,9})|'([\w-]+)'|\"([\w-]+)\")\s*\]")
_KEYS = re.compile(r"[\w-]+(\.[\w-]+)*")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?")
_PLAIN = re.compile(r"[\w\s]", re.ASCII)


def of_path(text: str) -> str:
    """The condition for ``$.ticket.items[0].id = 4521``, or for a path alone: something stands there.

    A value without quotes is looked for as a text and, where it is one, as a number or a truth value: nobody remembers
    how the sender wrote it. "" for "". Raises ValueError for what is no such path.
    """
    found = _PATH.fullmatch(text.strip())
    path = _INDEX.sub(lambda match: "." + next(part for part in match.groups() if part), found["path"] if found else "")
    if not path and found and found["value"] is None:
        return ""
    path = path.removeprefix("$").removeprefix(".")
    if path.partition(".")[0] != "data":
        path = f"data.{path}"
    if found is None or not _KEYS.fullmatch(path) or path == "data":
        raise ValueError(text)
    if found["value"] is None:
        return f"{path} exists"
    return _equal(path, found["value"].strip())


def _equal(path: str, value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return f"{path} == {quoted(value[1:-1])}"
    if _NUMBER.fullmatch(value) or value in ("true", "false"):
        return f"({path} == {value} OR {path} == {quoted(value)})"
    return f"{path} == {quoted(value)}"


def of_words(text: str) -> str:
    """The condition for words of a title or a subject, whatever their case; "" for ""."""
    words = text.split()
    if not words:
        return ""
    pattern = quoted("(?i)" + r"\s+".join("".join(_literal(each) for each in word) for word in words))
    return f"(title matches {pattern} OR subject matches {pattern})"


def _literal(character: str) -> str:
    # RE2 takes a backslash before ASCII punctuation only.
    return character if not character.isascii() or _PLAIN.fullmatch(character) else f"\\{character}"


def quoted(text: str) -> str:
    """``text`` as a constant of a condition."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def both(*conditions: str) -> str:
    """One condition that all of these are parts of; those that are empty are left out."""
    return " AND ".join(f"({each})" for each in conditions if each.strip())


def said(condition: Condition) -> tuple[tuple[bytes, ...], ...]:
    """What the JSON of an event contains for which ``condition`` is true: of each group at least one.

    Necessary, not sufficient: the texts that something has to equal, as this hub's JSON writes them.
    """
    groups = []
    for (kind, _path), values in condition.requires.items():
        if kind == "equal" and values and all(isinstance(value, str) for value in values):
            groups.append(tuple(sorted(msgspec.json.encode(value) for value in values if _is_unicode(value))))
    return tuple(groups)


def _is_unicode(text: str) -> bool:
    # Half of a pair: nothing that was kept says it.
    return not any("\ud800" <= character <= "\udfff" for character in text)
