"""One event as a cable: from its source over the rules to each destination, a lamp at every hop and the time between.

What is drawn is decided here, once, for the terminal and for the page. Pure: it is made of ``services.events.detail``
as the API gives it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from centralita.i18n import N_, ngettext
from centralita.i18n import gettext as _
from centralita.services.decide import FILL_RULE
from centralita.services.wording import explained, in_words

Detail = Mapping[str, Any]

STATES: Mapping[str, tuple[str, str]] = {
    "delivered": ("flowing", N_("delivered")),
    "dead": ("failed", N_("given up")),
    "held": ("held", N_("held")),
    "waiting": ("waiting", N_("waiting")),
    "due": ("waiting", N_("due")),
    "in_flight": ("waiting", N_("in flight")),
    "skipped": ("skipped", N_("skipped")),
    "superseded": ("off", N_("superseded")),
}
"""State of a delivery -> lamp, word."""
UNFINISHED = ("waiting", "due", "in_flight", "held")


@dataclass(frozen=True)
class End:
    """Where one delivery goes."""

    delivery: str
    state: str
    lamp: str
    label: str
    """The lane's key, as far as there is one."""
    rule: str
    generation: int
    took_ms: float | None
    """From being made to its end; None while it has none."""
    attempts: int
    most_attempts: int
    """0 when nobody knows."""
    status: int
    """What the receiver answered last; 0 for nothing."""
    due_at: str | None
    reason: str
    detail: str
    reference: str
    """What the other system called it: a message's address."""


@dataclass(frozen=True)
class Cable:
    """The whole."""

    source: str
    routed_ms: float | None
    """From the request to the rules' decision; None when nobody knows any more."""
    matched: int
    rules: int
    ends: Sequence[End]
    """In the order in which they were made, what was sent again included."""
    done_ms: float | None
    """From the request to the end of the last one; None while one has no end."""

    @property
    def latest(self) -> list[End]:
        """Of each destination and rule the newest: what was sent again stands in its predecessor's place. What the hub
        had to read before the rules could decide is no destination."""
        newest: dict[tuple[str, str], End] = {}
        for end in self.ends:
            if end.rule == FILL_RULE and end.state in ("delivered", "superseded"):
                continue
            place = end.label, end.rule
            if end.state != "superseded" and (place not in newest or newest[place].generation <= end.generation):
                newest[place] = end
        return list(newest.values())


def cable_of(detail: Detail, most_attempts: Mapping[str, int] | None = None) -> Cable:
    """The cable of an event; ``most_attempts`` by the id of a delivery."""
    receipt = detail["receipt"]
    began = receipt["received_at"] if receipt else detail["routed_at"]
    ends = [_end(delivery, (most_attempts or {}).get(delivery["id"], 0)) for delivery in detail["deliveries"]]
    finished = [delivery["finished_at"] for delivery in detail["deliveries"]]
    return Cable(
        source=detail["event"]["source"],
        routed_ms=between_ms(receipt["received_at"], detail["routed_at"]) if receipt else None,
        matched=len(detail["matched"]),
        rules=len(detail["rules"]),
        ends=ends,
        done_ms=between_ms(began, max(finished)) if finished and all(finished) else None,
    )


def _end(delivery: Detail, most_attempts: int) -> End:
    state = delivery["state"]
    return End(
        delivery=delivery["id"],
        state=state,
        lamp=STATES.get(state, ("off", state))[0],
        label=delivery["lane"] or f"{delivery['destination']}:{delivery['target']}",
        rule=delivery["rule"],
        generation=delivery["generation"],
        took_ms=between_ms(delivery["created_at"], delivery["finished_at"]),
        attempts=delivery["attempts"],
        most_attempts=most_attempts,
        status=delivery["tries"][-1]["status"] if delivery["tries"] else 0,
        due_at=delivery["due_at"],
        reason=delivery["reason"],
        detail=delivery["detail"],
        reference=delivery["reference"],
    )


def between_ms(start: str | None, end: str | None) -> float | None:
    """Milliseconds between two RFC 3339 times; None when one is missing."""
    if not start or not end:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() * 1000


# ---- in words


Write = Callable[[Any], str]


def sentence(cable: Cable, locale: str, ms: Write, at: Write) -> tuple[str, str]:
    """How things stand with an event, in one sentence, and its lamp. ``ms`` and ``at`` write a duration in ms and an
    RFC 3339 time as the reader does."""
    ends = cable.latest
    dead = [end for end in ends if end.state == "dead"]
    unfinished = sorted(
        (end for end in ends if end.state in UNFINISHED), key=lambda end: (end.state != "held", -end.attempts)
    )
    if dead:
        text = ngettext("{label} was given up", "{n} deliveries were given up, {label} among them", len(dead), locale)
        said = [explained(dead[0].reason, dead[0].detail, locale).rstrip(".")]
        return _joined(text.format(label=dead[0].label, n=len(dead)), said), "failed"
    if unfinished:
        first, others = unfinished[0], len(unfinished) - 1
        text = _("Waits for {label}", locale) if first.state != "held" else _("{label} is held", locale)
        said = progress(first, locale, at)
        if others:
            said.append(ngettext("{n} more waits", "{n} more wait", others, locale).format(n=others))
        return _joined(text.format(label=first.label), said), "held" if first.state == "held" else "waiting"
    return _settled(cable, ends, locale, ms)


def _settled(cable: Cable, ends: Sequence[End], locale: str, ms: Write) -> tuple[str, str]:
    delivered = [end for end in ends if end.state == "delivered"]
    if delivered:
        counts = {"delivered": len(delivered), "all": len(ends)}
        if cable.done_ms is None or any(end.generation for end in ends):  # long after the event came in
            return _("Delivered to {delivered} of {all}.", locale).format(**counts), "flowing"
        text = _("Delivered to {delivered} of {all} in {time}.", locale)
        return text.format(**counts, time=ms(cable.done_ms)), "flowing"
    if ends:
        text = ngettext("Its delivery was skipped", "Its {n} deliveries were skipped", len(ends), locale)
        return _joined(text.format(n=len(ends)), [in_words(ends[0].reason, {}, locale).rstrip(".")]), "off"
    if cable.matched:
        return _("Rules matched it, and nobody is told.", locale), "off"
    return _("No rule wanted it: nobody is told.", locale), "off"


def progress(end: End, locale: str, at: Write) -> list[str]:
    """How far a delivery came that is not finished: its attempts, the last answer, when it is tried next."""
    said = []
    if end.attempts and end.most_attempts:
        text = _("attempt {number} of {most}", locale)
        said.append(text.format(number=end.attempts, most=max(end.attempts, end.most_attempts)))
    elif end.attempts:
        said.append(_("attempt {number}", locale).format(number=end.attempts))
    if end.attempts and end.status:
        said.append(str(end.status))
    elif end.reason:
        said.append(in_words(end.reason, {}, locale).rstrip("."))
    if end.due_at and (end.attempts or end.state == "held"):
        said.append(_("next {time}", locale).format(time=at(end.due_at)))
    return said


def _joined(text: str, said: Sequence[str]) -> str:
    parts = ", ".join(part for part in said if part)
    return f"{text}: {parts}." if parts else f"{text}."
