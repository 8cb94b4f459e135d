"""The message of a guided session: the problem stays its headline, and its steps stand in its thread."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from centralita.core import payload
from centralita.core.lamps import FLOWING, HELD, OFF, WAITING
from centralita.core.mrkdwn import clean
from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.integrations.slack.facts import LONG_TEXT, Facts
from centralita.integrations.slack.messages import (
    Field,
    Message,
    Moment,
    Paragraph,
    links_of,
    present,
)


class _Kind(msgspec.Struct, frozen=True):
    emoji: str
    headline: str
    """msgid with ``{problem}``."""
    change: str
    """msgid with ``{number}``."""


_GUIDED = N_("Guided session: {problem}")
KINDS: Mapping[str, _Kind] = {
    "session.started": _Kind("🧭", _GUIDED, N_("Session started")),
    "session.resolved": _Kind("✅", N_("Guided session solved: {problem}"), N_("Problem solved")),
    "session.escalated": _Kind("🙋", N_("Guided session needs a person: {problem}"), N_("Handed to a person")),
    "session.abandoned": _Kind("🚪", N_("Guided session abandoned: {problem}"), N_("Session abandoned")),
    "step.completed": _Kind("✔️", _GUIDED, N_("Step {number} done")),
    "step.failed": _Kind("✖️", _GUIDED, N_("Step {number} did not help")),
    "step.retried": _Kind("🔁", _GUIDED, N_("Step {number} is tried again")),
    "feedback.received": _Kind("⭐", _GUIDED, N_("Rated {number} of 5")),
    "problem.detected": _Kind("🔎", _GUIDED, N_("Known problem recognised")),
}
_STATES = {
    "started": N_("Started"),
    "in_progress": N_("In progress"),
    "needs_escalation": N_("Needs a person"),
    "escalated": N_("With a person"),
    "resolved": N_("Solved"),
    "abandoned": N_("Abandoned"),
}
_COLOURS = {"session.escalated": HELD, "session.resolved": FLOWING, "session.abandoned": OFF}


def is_session(facts: Facts) -> bool:
    """Whether the event is a step of a guided session, its start or its end."""
    return facts.type in KINDS


def render_session(facts: Facts, in_thread: bool) -> Message:
    """The session as it is now. ``in_thread``: what was noted stands in the thread, not here too."""
    kind, locale = KINDS[facts.type], facts.locale
    number, status = facts.ticket["id"], facts.status
    problem, description = facts.ticket["title"] or facts.title or facts.type, facts.ticket["description"]
    fields = [
        Field(_("Status", locale), _(_STATES[status], locale) if status in _STATES else status),
        Field(_("Requester", locale), facts.people["requester"]),
        Field(_("Ticket", locale), number),
        Field(_("Category", locale), facts.event.category),
    ]
    said = [] if in_thread else [Paragraph("", _noted(facts))]
    if description != problem:
        said.append(Paragraph(_("Description", locale), description))
    return Message(
        emoji=kind.emoji if facts.type.startswith("session.") else "🧭",
        headline=_(kind.headline, locale).format(problem=problem),
        lead=_("Somebody has to take it over.", locale) if facts.type == "session.escalated" else "",
        fields=tuple(field for field in fields if field.value),
        paragraphs=present(said),
        links=links_of(facts, facts.event.url, _("Open at the source", locale)),
        notes=(facts.event.source, Moment(facts.event.time)),
        colour=_COLOURS.get(facts.type, WAITING),
    )


def render_session_change(facts: Facts) -> Message:
    """What has just happened in it, for the thread."""
    kind, data = KINDS[facts.type], facts.event.data
    number = payload.text(data, "rating" if facts.type == "feedback.received" else "step_number", 10)
    headline = _(kind.change, facts.locale).format(number=clean(number))
    return Message(
        emoji=kind.emoji,
        headline=" ".join(headline.split()),
        paragraphs=present([Paragraph("", _noted(facts))]),
        notes=(Moment(facts.event.time),),
    )


def _noted(facts: Facts) -> str:
    """The words that came with this event."""
    texts = (clean(payload.text(facts.event.data, name, LONG_TEXT)) for name in ("reason", "notes", "feedback_text"))
    return next((text for text in texts if text), "")
