"""Events as a source's reader drafts them, completed with what comes from the receipt.

A draft has no id, no source, and a time only when the payload has one; its title and link may be as the sender wrote
them. So a reader says what it found, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from centralita.core.attributes import TITLE_LIMIT, instant, one_line, rfc3339, shaped, web_url
from centralita.core.events import Event, Phase, Severity, event_id


class Receipt(Protocol):
    """What is looked at of a receipt: ``ports.Receipt``."""

    @property
    def id(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def received_at(self) -> float: ...


def draft(
    kind: str,
    *,
    title: object = "",
    subject: str = "",
    severity: Severity | None = None,
    status: object = "",
    phase: Phase = "",
    category: object = "",
    correlation: str = "",
    urls: tuple[object, ...] = (),
    times: tuple[object, ...] = (),
    data: Mapping[str, Any] | None = None,
) -> Event:
    """A draft of type ``kind``: the first of ``urls`` and of ``times`` that is one counts."""
    return Event(
        id="",
        source="",
        type=kind,
        time=next((time for time in map(instant, times) if time), ""),
        title=one_line(title, TITLE_LIMIT),
        subject=subject,
        severity=severity,
        status=one_line(status),
        phase=phase,
        category=one_line(category),
        correlation=correlation,
        url=next((url for url in map(web_url, urls) if url), ""),
        data=dict(data or {}),
    )


def completed(event: Event, receipt: Receipt, index: int = 0) -> Event:
    """The draft as the ``index``-th event of its receipt, its data in the promised shapes."""
    return msgspec.structs.replace(
        event,
        id=event_id(receipt.id, index),
        source=receipt.source,
        time=event.time or rfc3339(receipt.received_at),
        data=shaped(event.data),
    )


def joined(*parts: object) -> str:
    """The parts that say something, as a title: ``acme/shop · CI · main``."""
    return " · ".join(said for part in parts if (said := one_line(part, TITLE_LIMIT)))
