"""What the events of one subject add up to: its phase, its newest words, and how often it has to be told anew."""

from __future__ import annotations

from typing import Any

import msgspec

from centralita.core.effects import Subject
from centralita.core.events import PEOPLE, RECORDS, Event, worse


def project(subject: Subject | None, event: Event) -> Subject:
    """``subject`` (None before its first event) after ``event``.

    A new episode begins when a closed subject is said to be open, and when the severity of one that is not closed gets
    graver. What the event does not say stays as it was.
    """
    before = Subject(source=event.source, subject=event.subject) if subject is None else subject
    return msgspec.structs.replace(
        before,
        episode=before.episode + (before.events > 0 and _tells_anew(before, event)),
        phase=event.phase or before.phase,
        severity=event.severity or before.severity,
        status=event.status or before.status,
        title=event.title or before.title,
        events=before.events + 1,
        data=_merged(before.data, event.data),
    )


def still_needed(event: Event, known: Subject | None) -> tuple[str, ...]:
    """What the event needs (``Event.needs``) and what is known of its subject does not give: an earlier event told the
    ticket's title and requester, and this one says what has changed."""
    if event.needs != ("ticket",) or known is None:
        return event.needs
    told = said(known.data.get("ticket")).get("title") and said(known.data.get("requester")).get("email")
    return () if told else event.needs


def _tells_anew(before: Subject, event: Event) -> bool:
    if before.phase == "closed":
        return event.phase == "open"
    return event.phase != "closed" and worse(event.severity, before.severity)


def _merged(before: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    merged = dict(before)
    ticket = said(event.get("ticket"))
    if ticket:
        merged["ticket"] = {**before.get("ticket", {}), **ticket}
    for name in RECORDS:
        record = said(event.get(name))
        if record:
            known = before.get(name, {})
            is_same = record.get("id") == known.get("id") and record.get("id") is not None
            merged[name] = {**known, **record} if is_same else record
    message = said(event.get("message"))
    # A conversation is known by what the customer wrote first; until they write, by whoever spoke first.
    if message and (not before.get("message") or (_is_customer(message) and not _is_customer(before["message"]))):
        merged["message"] = message
    for role in PEOPLE:
        person = said(event.get(role))
        if person:
            known = before.get(role, {})
            merged[role] = {**known, **person} if same_person(known, person) else person
    return merged


def _is_customer(message: dict[str, Any]) -> bool:
    return bool(message.get("from") == "user")


def said(value: object) -> dict[str, Any]:
    """The entries of an object that say something: neither null nor empty text; {} of anything else."""
    return {key: item for key, item in value.items() if item not in (None, "")} if isinstance(value, dict) else {}


def same_person(left: dict[str, Any], right: dict[str, Any]) -> bool:
    """Whether two ``{name, email}`` speak of one person, so that one may complete the other.

    Two e-mails decide; else the names do. A name must never get the e-mail of somebody else.
    """
    for key in ("email", "name"):
        one, other = left.get(key), right.get(key)
        if one and other:
            return str(one).strip().casefold() == str(other).strip().casefold()
    return False
