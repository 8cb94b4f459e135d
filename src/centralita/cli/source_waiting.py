"""Waiting for what a sender sends: each refused try with its reason and its cure, and the event that arrived."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from centralita.cli.cable import plain_line, understood
from centralita.cli.output import lit, say
from centralita.cli.session import Session, segment
from centralita.cli.words import _
from centralita.i18n import N_

WAIT_S = 25
"""One request of the long poll: the hub answers as soon as there is something."""
MOST_TOLD = 5
"""Events that are told whole, when many come at once."""

CURES: Mapping[str, str] = {
    "credential.mismatch": N_("Enter the secret at the sender again, whole and without blanks around it."),
    "credential.missing": N_("The sender has to send the secret with each request, where this source expects it."),
    "header.duplicated": N_("Let the sender, or the proxy in front of us, send that header once."),
    "id.missing": N_("The sender, or the proxy in front of us, leaves out a header that is signed along."),
    "request.compressed": N_("Switch compression off at the sender, or in the proxy in front of us."),
    "request.method": N_("Set the sender's method to POST."),
    "request.path": N_("Enter the address at the sender again, as it was printed."),
    "request.too_long": N_("Let the sender send less, or raise receive.max_body_bytes."),
    "secret.unconfigured": N_("Give the source a secret: centralita source rotate {slug}"),
    "secret.malformed": N_("Give the source another secret: centralita source rotate {slug}"),
    "scheme.invalid": N_("Correct the source's settings: centralita source edit {slug} --set KEY=VALUE"),
    "signature.mismatch": N_(
        "Enter the secret at the sender again, whole; a proxy in front of us must not change the body."
    ),
    "signature.missing": N_("Switch signing on at the sender, with this source's secret."),
    "signature.too_many": N_("Let the sender sign with fewer secrets."),
    "timestamp.malformed": N_("The sender's time has another form: compare the source's settings with its page."),
    "timestamp.missing": N_("The sender, or the proxy in front of us, leaves out the header with the time."),
    "timestamp.stale": N_("Let NTP set the sender's clock and this one."),
    "body.content_type": N_("Let the sender send JSON, with Content-Type: application/json."),
    "body.empty": N_("The sender's template is empty: give it a body."),
    "json.syntax": N_("Correct the sender's template: a quote inside a field has to be escaped."),
}
"""Why a request was refused, to what to do about it."""


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
