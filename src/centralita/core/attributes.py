"""From what an unknown sender wrote to an event's attributes: words, severity, phase, time, link, reference, type.

Nothing here raises: what cannot be understood is absent (``None`` or ""), so that a wrong type never loses an event.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, cast
from urllib.parse import quote, urlsplit

from centralita.core.events import SEVERITIES, Phase, Severity
from centralita.core.payload import tame_number, tame_text

TITLE_LIMIT = 300
WORD_LIMIT = 100
URL_LIMIT = 2_000
REFERENCE_LIMIT = 200

_NOT_A_WORD = re.compile(r"[^a-z0-9]+")


def word(value: object) -> str:
    """A sender's word as the key of a table: ``Crítica`` is ``critica``, ``In progress`` is ``in_progress``, 3 is
    ``3``, True is ``true``; "" for what is no word."""
    if isinstance(value, bool):
        return str(value).lower()
    return _NOT_A_WORD.sub("_", _without_accents(tame_text(value, WORD_LIMIT)).casefold()).strip("_")


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    return "".join(mark for mark in unicodedata.normalize("NFKD", text) if not unicodedata.combining(mark))


def one_line(value: object, limit: int = WORD_LIMIT) -> str:
    """``value`` as text of one line, without control characters, at most ``limit`` characters."""
    text = tame_text(value)
    if text.isprintable():
        return " ".join(text.split())[:limit].rstrip()
    # Cc controls, Cf invisible formatting such as the marks that turn the direction of writing around.
    visible = "".join(" " if unicodedata.category(mark) in ("Cc", "Cf", "Zl", "Zp") else mark for mark in text)
    return " ".join(visible.split())[:limit].rstrip()


# --- Severity and phase ----------------------------------------------------------------------------------------------

SEVERITY_WORDS: Mapping[str, Severity] = {
    **dict.fromkeys("critical crit critica critico fatal emergency emerg emergencia disaster page".split(), "critical"),
    **dict.fromkeys("high alta alto error err urgent urgente major mayor severe grave".split(), "high"),
    **dict.fromkeys("medium media medio warning warn advertencia average moderate moderado normal".split(), "medium"),
    **dict.fromkeys("low baja bajo minor menor notice aviso".split(), "low"),
    **dict.fromkeys("info information informational informativa informativo debug none ok".split(), "info"),
    **{"p0": "critical", "p1": "critical", "p2": "high", "p3": "medium", "p4": "low", "p5": "info"},
    **{"sev0": "critical", "sev1": "critical", "sev2": "high", "sev3": "medium", "sev4": "low", "sev5": "info"},
    **{"sev_0": "critical", "sev_1": "critical", "sev_2": "high", "sev_3": "medium", "sev_4": "low", "sev_5": "info"},
}
"""English and Spanish words for how grave something is, and the usual names of priorities, as ``word`` writes them."""

PHASE_WORDS: Mapping[str, Phase] = {
    **dict.fromkeys(
        "open opened new active firing alerting problem down triggered reopened assigned in_progress pending waiting "
        "on_hold acknowledged abierto abierta nuevo nueva activo activa en_curso en_progreso en_proceso pendiente "
        "en_espera esperando reabierto reabierta asignado asignada caido caida".split(),
        "open",
    ),
    **dict.fromkeys(
        "closed resolved solved fixed ok up recovered recovery done completed cancelled canceled rejected finished "
        "cerrado cerrada resuelto resuelta solucionado solucionada cancelado cancelada rechazado rechazada finalizado "
        "finalizada completado completada recuperado recuperada".split(),
        "closed",
    ),
}
"""English and Spanish words for the state of a ticket or an alert, as ``word`` writes them."""


def severity_of(value: object, table: Mapping[str, str] | None = None) -> Severity | None:
    """The severity that a sender's word or number means: by ``table`` first, then by ``SEVERITY_WORDS``.

    The keys of ``table`` are as ``word`` writes them.
    """
    key = word(value)
    found = (table or {}).get(key) or SEVERITY_WORDS.get(key)
    return found if found in SEVERITIES else None


def phase_of(value: object, table: Mapping[str, str] | None = None) -> Phase:
    """Whether a sender's word for a state means open or closed: by ``table`` first, then by ``PHASE_WORDS``."""
    key = word(value)
    found = (table or {}).get(key) or PHASE_WORDS.get(key)
    return cast(Phase, found) if found in ("open", "closed") else ""


def word_table(value: object) -> dict[str, str]:
    """A table from the configuration (word to word) with its keys as ``word`` writes them; {} for anything else."""
    if not isinstance(value, Mapping):
        return {}
    return {word(key): tame_text(meaning) for key, meaning in value.items() if tame_text(meaning)}


# --- Time ------------------------------------------------------------------------------------------------------------

_EARLIEST_S = 1e8
"""March 1973. A smaller number is a counter, a date without separators, or Go's zero time; never an event's time."""
_ZONE = re.compile(r" (?:UTC|GMT)$| ([+-]\d{2}:?\d{2})$", re.ASCII)
"""How GitLab writes one: ``2016-08-12 15:26:29 UTC``, ``2021-04-28 21:50:00 +0200``."""
_DATE = re.compile(r"(\d{4})[./-](\d{2})[./-](\d{2})(?=$|[T ])", re.ASCII)


def rfc3339(time_s: float) -> str:
    """Seconds since 1970 as RFC 3339 in UTC, always with three decimals, so that sorting the text sorts the times."""
    return _written(datetime.fromtimestamp(time_s, UTC))


def instant(value: object, zone: tzinfo = UTC) -> str:
    """A sender's time as ``rfc3339`` writes it: seconds, ms, µs or ns since 1970, or ISO 8601 (also ``2026.11.22``,
    any number of decimals, also ``... UTC`` and ``... +0200``); a time without an offset is in ``zone``. "" for what is
    no time, and for a zero one."""
    number = tame_number(value)
    try:
        if number is not None:
            at = datetime.fromtimestamp(_seconds(number), UTC)
        else:
            text = _ZONE.sub(lambda zone: zone[1] or "+00:00", tame_text(value, 64))
            # fromisoformat also takes weeks and dates without separators, which nobody sends on purpose.
            at = datetime.fromisoformat(_DATE.sub(r"\1-\2-\3", text, count=1)) if _DATE.match(text) else _NEVER
            at = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return ""
    return _written(at) if at.year >= 1973 else ""


_NEVER = datetime(1, 1, 2, tzinfo=UTC)


def _seconds(number: float) -> float:
    for limit, unit in ((1e11, 1), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9)):
        if _EARLIEST_S <= number / unit and number < limit:
            return number / unit
    return 0.0


def _written(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


# --- Links, references, types ----------------------------------------------------------------------------------------

_NOT_IN_A_URL = re.compile(r"[\x00-\x20\x7f<>\"\\^`{|}]")
_HOST = re.compile(r"[^\s/?#@%$'()*,;=!&+:\[\]]+|[0-9A-Fa-f:.]+")


def web_url(value: object) -> str:
    """``value`` when it is an absolute http or https address that is safe to show as a link, else "".

    Safe: no blanks or control characters, no characters that end a link in a message, no user name, a real host.
    """
    text = tame_text(value, URL_LIMIT + 1)
    if not text[:8].lower().startswith(("http://", "https://")) or len(text) > URL_LIMIT or _NOT_IN_A_URL.search(text):
        return ""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return ""
    return text if host and "@" not in parts.netloc and _HOST.fullmatch(host) else ""


_BLANK = re.compile(r"\{(\w+)\}")


def blanks(template: str) -> set[str]:
    """The names in braces of an address such as ``https://desk.example.com/orders/{id}``."""
    return set(_BLANK.findall(template))


def filled_url(template: object, values: Mapping[str, object]) -> str:
    """The address that a configured ``template`` gives with ``values`` in its blanks, each percent-encoded; "" when a
    value is missing, when there is no template, and for what is no ``web_url``."""
    written = {name: quote(text, safe="") for name, value in values.items() if (text := one_line(value, URL_LIMIT))}
    if not isinstance(template, str) or not blanks(template) <= written.keys():
        return ""
    return web_url(_BLANK.sub(lambda blank: written[blank[1]], template))


def reference(kind: str, value: object) -> str:
    """``<kind>/<value>`` as an event's subject; "" without a value. A long value is cut and told apart by a hash."""
    text = one_line(value, REFERENCE_LIMIT + 1)
    if len(text) > REFERENCE_LIMIT:
        whole = hashlib.sha256(tame_text(value).encode("utf-8", "surrogatepass")).hexdigest()
        text = f"{text[: REFERENCE_LIMIT - 17]}~{whole[:16]}"
    return (f"{kind}/{text}" if kind else text) if text else ""


TYPE = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+", re.ASCII)
_TYPE_LIMIT = 120


def type_name(value: object) -> str:
    """A sender's name of an event as a type of ours (``Build Failed.v2`` is ``build_failed.v2``); "" if it can't be.

    Letters become small and lose their accents, blanks and hyphens become ``_``, slashes and colons ``.``.
    """
    text = _without_accents(one_line(value, _TYPE_LIMIT + 1)).lower()
    text = re.sub(r"[/:]+", ".", re.sub(r"[\s-]+", "_", text))
    return text if len(text) <= _TYPE_LIMIT and TYPE.fullmatch(text) else ""


# --- The shapes of data (see events) ---------------------------------------------------------------------------------

_TICKET = ("id", "title", "description", "status", "priority", "category", "url")
_PERSON = ("name", "email")


def shaped(data: Mapping[str, Any]) -> dict[str, Any]:
    """``data`` with what has a promised shape in that shape (see ``events``); a value that can't be brought into it
    moves to ``data.extra`` under its name, so that nothing that a rule or a template reads is of another kind."""
    result, extra = dict(data), {}
    for name, shape in _SHAPES.items():
        if name not in data:
            continue
        value = shape(data[name])
        if value:
            result[name] = value
        else:
            del result[name]
            if data[name] not in (None, "", [], {}):
                extra[name] = data[name]
    if extra:
        before = data.get("extra")
        result["extra"] = {**before, **extra} if isinstance(before, Mapping) else extra
    return result


def _texts(value: object, names: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {}
    known = {name: tame_text(value.get(name)) for name in names}
    others = {name: item for name, item in value.items() if name not in names}
    return {**others, **{name: text for name, text in known.items() if text}}


def _person(value: object) -> dict[str, Any]:
    text = one_line(value, TITLE_LIMIT)
    if text:
        return {"email": text} if "@" in text and " " not in text else {"name": text}
    return _texts(value, _PERSON)


def _ticket(value: object) -> dict[str, Any]:
    ticket = _texts(value, _TICKET)
    if "url" in ticket and not (url := web_url(ticket["url"])):
        del ticket["url"]
    elif "url" in ticket:
        ticket["url"] = url
    return ticket


def _comment(value: object) -> dict[str, Any]:
    text = tame_text(value)
    comment = {"text": text} if text else _texts(value, ("text", "author"))
    # Only a plain True: whoever reads other words for it (``1``, "true") has done so before.
    return {**comment, "visible_to_customer": comment.get("visible_to_customer") is True} if comment else {}


def _affected(value: object) -> list[dict[str, Any]]:
    listed = value if isinstance(value, list) else [value]
    found = []
    for item in listed:
        name = one_line(item, TITLE_LIMIT)
        if name:
            found.append({"id": name, "name": name})
        elif isinstance(item, Mapping) and (entry := _texts(item, ("id", "name"))):
            if "id" in entry or "name" in entry:
                first = entry.get("id") or entry["name"]
                found.append({**entry, "id": first, "name": entry.get("name") or first})
    return found


def _analysis(value: object) -> dict[str, Any]:
    text = tame_text(value)
    return {"summary": text} if text else _texts(value, ("summary", "recommended_action"))


_SHAPES: Mapping[str, Any] = {
    "ticket": _ticket,
    "requester": _person,
    "agent": _person,
    "approver": _person,
    "comment": _comment,
    "description": tame_text,
    "affected_cis": _affected,
    "ai_analysis": _analysis,
    "ci_type": lambda value: one_line(value),
}
