"""Slack's text: what is escaped, how long it may be, where it is cut.

Values come from strangers. They are cleaned and cut as they are and escaped last, so that no cut falls inside an entity
(https://docs.slack.dev/messaging/formatting-message-text).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

ELLIPSIS = "…"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_NOT_IN_URL = re.compile(r"[\s\x00-\x1f]")
_CALLS_EVERYBODY = re.compile(r"@(?=(?:channel|here|everyone|group)\b)", re.IGNORECASE)
_WORD_JOINER = "\u2060"
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_TABLE = str.maketrans(_ESCAPED)
_WIDTH = {character: len(entity) for character, entity in _ESCAPED.items()}
_ZERO_WIDTH_JOINER, _EMOJI_VARIANT = "\u200d", "\ufe0f"


def clean(value: object) -> str:
    """``value`` as text: without control and direction characters, without a word that calls everybody; "" for None.

    Slack turns a bare ``@channel`` into a call to everybody in some places, so a character of no width stands behind
    the ``@``.
    """
    text = "" if value is None else str(value)
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _CALLS_EVERYBODY.sub("@" + _WORD_JOINER, text).strip()


def escape(text: str) -> str:
    """``& < >`` as entities, so that a value can be no link, mention or command."""
    return text.translate(_TABLE)


def plain(text: str) -> str:
    """For a ``plain_text`` object, where entities would be shown: markup is broken up instead of escaped."""
    return re.sub(r"<(?=[!@#]|[a-z]+:)", "<" + _WORD_JOINER, text)


def length(text: str) -> int:
    """The length of ``text`` once escaped, in UTF-16 units: never less than what Slack counts."""
    entities = sum((len(entity) - 1) * text.count(character) for character, entity in _ESCAPED.items())
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 + entities


def cut(text: str, limit: int) -> str:
    """``text``, or its beginning and an ellipsis, so that its escaped length is at most ``limit``."""
    if length(text) <= limit:
        return text
    return text[: _fitting(text, 0, limit - 1)].rstrip() + ELLIPSIS


def split(text: str, limit: int, most: int) -> tuple[list[str], str]:
    """At most ``most`` pieces of at most ``limit`` each (escaped length), and what is left.

    Cuts at the last end of line that fits, else at the last space, else anywhere but inside a character.
    """
    pieces, start = list[str](), 0
    while start < len(text) and len(pieces) < most:
        end = _fitting(text, start, limit)
        if end < len(text):
            end = _seam(text, start, end)
        piece = text[start:end].strip("\n")
        if piece.strip():
            pieces.append(piece)
        start = end
    return pieces, text[start:].strip("\n")


def _fitting(text: str, start: int, limit: int) -> int:
    """The largest end such that ``text[start:end]`` fits into ``limit``; always beyond ``start``."""
    if len(text) - start <= limit and length(text[start:]) <= limit:
        return len(text)
    used = 0
    for position in range(start, len(text)):
        character = text[position]
        used += _WIDTH.get(character, 2 if character > "\uffff" else 1)
        if used > limit:
            end = position
            while end > start + 1 and (_continues(text[end]) or text[end - 1] == _ZERO_WIDTH_JOINER):
                end -= 1
            return max(end, start + 1)
    return len(text)


def _continues(character: str) -> bool:
    return character in (_ZERO_WIDTH_JOINER, _EMOJI_VARIANT) or unicodedata.combining(character) > 0


def _seam(text: str, start: int, end: int) -> int:
    earliest = start + (end - start) // 3
    for separator in ("\n", " "):
        found = text.rfind(separator, earliest, end + 1)
        if found > start:
            return min(found + 1, end)
    return end


def safe_url(url: object) -> str:
    """``url``, with what would end a link encoded, if it is http or https, has a host and is not too long; else ""."""
    text = str(url or "").strip()
    if len(text) > 2000 or _NOT_IN_URL.search(text):
        return ""
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return ""
    return quote(text, safe="!#$%&'()*+,/:;=?@[]~-._")


def link(url: str, label: str) -> str:
    """A link whose text is ``label``; only the label when ``url`` is none that may be linked."""
    target = safe_url(url)
    text = escape(label.replace("|", "¦").replace("\n", " "))
    return f"<{escape(target)}|{text}>" if target else text


def moment(time: str) -> str:
    """An RFC 3339 time that each reader sees in their own zone and language; the text itself when it is no time."""
    try:
        at = datetime.fromisoformat(time)
    except ValueError:
        return escape(cut(clean(time), 100))
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    written = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{written}>"


_REFERENCE = re.compile(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>")


def mentioned_people(text: str) -> list[str]:
    """The ids of the people that Slack's markup mentions."""
    return [found[2] for found in _REFERENCE.finditer(text) if found[1] == "@"]


def read(text: str, names: Mapping[str, str]) -> str:
    """Slack's markup, as somebody wrote it there, in plain text; ``names`` are of people, by their ids.

    https://docs.slack.dev/messaging/formatting-message-text#retrieving-messages
    """

    def shown(found: re.Match[str]) -> str:
        kind, target, label = found.groups()
        if kind == "@":
            return f"@{names.get(target) or label or target}"
        if kind == "#":
            return f"#{label or target}"
        if kind == "!":
            return label or f"@{target.partition('^')[0]}"
        target = target.removeprefix("mailto:")
        return f"{label} ({target})" if label and label not in target else target

    return _unescape(_REFERENCE.sub(shown, text))


def as_typed(text: str) -> str:
    """A command's text as it was typed: Slack makes links of addresses and escapes ``& < >``. Who and what is mentioned
    stays marked up, as only that tells the id (``should_escape``).

    https://docs.slack.dev/interactivity/implementing-slash-commands
    """

    def shown(found: re.Match[str]) -> str:
        kind, target, label = found.groups()
        return found[0] if kind else label or target.removeprefix("mailto:")

    return _unescape(_REFERENCE.sub(shown, text))


def _unescape(text: str) -> str:
    for character, escaped in reversed(_ESCAPED.items()):  # the ampersand last: "&amp;lt;" was "&lt;"
        text = text.replace(escaped, character)
    return text
