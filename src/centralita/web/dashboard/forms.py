"""Forms: what was typed, kept for showing it again, and what is wrong with it, at its field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from fastapi import Request

from centralita.i18n import gettext as _
from centralita.services.times import moment, span_s

MAX_FIELDS = 2_000


@dataclass(frozen=True)
class Fault:
    """What is wrong with a field, in the reader's words; ``caret`` is the text with a mark below the place."""

    text: str
    caret: str = ""


@dataclass
class Form:
    """A form as it is shown. A list of values (ticked boxes) is in ``lists``."""

    values: Mapping[str, str] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    lists: Mapping[str, list[str]] = field(default_factory=dict)

    def fault(self, name: str, text: str, caret: str = "") -> None:
        """Notes what is wrong with a field; "" for the whole form."""
        self.faults.setdefault(name, []).append(Fault(text, caret))

    def get(self, name: str) -> str:
        """What was typed, without blanks around it; "" for nothing."""
        return self.values.get(name, "").strip()

    def all(self, name: str) -> list[str]:
        """Every value of that name."""
        return self.lists.get(name, [])

    def ticked(self, name: str) -> bool:
        """Whether a box was ticked."""
        return bool(self.values.get(name))


async def read(request: Request) -> Form:
    """The form that was sent (``application/x-www-form-urlencoded``); one that can't be read is empty."""
    body = await request.body()
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        return Form()
    lists: dict[str, list[str]] = {}
    for name, value in pairs:
        # Browsers send line ends as CRLF; NUL is in no text that a person types.
        lists.setdefault(name, []).append(value.replace("\r\n", "\n").replace("\x00", ""))
    return Form(values={name: values[-1] for name, values in lists.items()}, lists=lists)


def moment_of(form: Form, name: str, now: float, zone: ZoneInfo, locale: str) -> float | None:
    """The time in a field, seconds since 1970; one without a zone is meant in ``zone``. What is none is a fault."""
    text = form.get(name)
    if not text:
        return None
    try:
        if span_s(text) is None:
            at = datetime.fromisoformat(text)
            return (at if at.tzinfo else at.replace(tzinfo=zone)).timestamp()
        return moment(text, now)
    except (ValueError, OverflowError):
        form.fault(name, _("Write a time such as 2026-11-22 14:02, or a span such as 30m, 2h, 7d.", locale))
        return None
