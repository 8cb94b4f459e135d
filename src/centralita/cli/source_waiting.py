"""Waiting for what a sender sends: each refused try with its reason and its cure, and the event that arrived."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from centralita.cli.cable import plain_line, understood
from centralita.cli.output import lit, say
from centralita.cli.session import Session, segment
from centralita.cli.words import _

WAIT_S = 25
"""One request of the long poll: the hub answers as soon as there is something."""
MOST_TOLD = 5
"""Events that are told whole, when many come at once."""


def now_of(hub: Session, slug: str) -> str:
    """The cursor from which ``first_event`` sees everything that comes after now."""
    return str(hub.get(f"/sources/{segment(slug)}/watch")["news"]["cursor"])


def first_event(hub: Session, slug: str, cursor: str, tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """The first events behind ``cursor``, whole; what is refused until then is told line by line."""
    while True:
        watched = hub.get(f"/sources/{segment(slug)}/watch", after=cursor, wait_s=WAIT_S)
        news, cursor = watched["news"], watched["news"]["cursor"]
        for row in news["rejections"]:
            tell(_refused(slug, row, watched["reasons"], f"{row['status']}  ", row["remote"]))
        for row in news["unparsed"]:
            tell(_refused(slug, row, watched["reasons"], "", row["receipt"]))
        if news["events"]:
            return [hub.get(f"/events/{segment(event)}") for event in news["events"][:MOST_TOLD]]


def _refused(slug: str, row: Mapping[str, Any], reasons: Mapping[str, str], status: str, whence: str) -> str:
    from centralita.services.source_setup import CURES

    reason = f"{reasons[row['reason']]} {row['detail']}".strip()
    at = str(row["at"])[11:19]
    line = plain_line(f"{lit('failed')} {at}  {status}{reason}  {whence}".rstrip())
    cure = CURES.get(row["reason"])
    return f"{line}\n    → {_(cure).format(slug=slug)}" if cure else line


def say_events(details: list[dict[str, Any]]) -> None:
    """What was understood, who is told, and what to do when nobody is."""
    for detail in details:
        for line in understood(detail):
            say(line)
        if not detail["matched"]:
            say("    → " + _("No rule matches; why not: {command}").format(
                command=f"centralita event show {detail['event']['id']}"))  # fmt: skip
