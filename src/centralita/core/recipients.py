"""Who a rule's ``dm`` means for one event, and whether they may read it."""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from centralita.core.effects import Subject
from centralita.core.events import PEOPLE, Event
from centralita.core.subjects import said, same_person

Audience = Literal["channel", "requester", "agent", "approver", "system"]
_AUDIENCES: dict[str, Audience] = {"requester": "requester", "agent": "agent", "approver": "approver"}
_ADDRESS = re.compile(r"[^\s@<>,;:\"\\]{1,64}@[^\s@<>,;:\"\\]{1,189}")


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """An e-mail address in lower case and what its owner is to the subject; or why nobody is told."""

    address: str = ""
    audience: Audience = "channel"
    skip: str = ""
    """``person.no_email`` or ``comment.internal``."""


def is_address(value: str) -> bool:
    """Whether ``value`` has the shape of an e-mail address."""
    return _ADDRESS.fullmatch(value) is not None


def resolve(wanted: str, event: Event, subject: Subject) -> Recipient:
    """The recipient that ``wanted`` (a role or an address) stands for.

    An address in a rule gets the audience of the role whose address it is, the requester's first: so that nobody reads
    as somebody else what is kept from requesters. A comment that is not said to be visible to customers is.
    """
    address = _address(wanted, event, subject) if wanted in _AUDIENCES else wanted.strip().lower()
    if not is_address(address):
        return Recipient(skip="person.no_email")
    role = wanted if wanted in _AUDIENCES else _role_of(address, event, subject)
    audience = _AUDIENCES.get(role, "channel")
    if audience == "requester" and has_internal_comment(event):
        return Recipient(skip="comment.internal")
    return Recipient(address=address, audience=audience)


def has_internal_comment(event: Event) -> bool:
    """Whether the event carries a comment that its sender did not declare visible to customers."""
    comment: Any = event.data.get("comment")
    if not comment:
        return False
    return not (isinstance(comment, dict) and comment.get("visible_to_customer") is True)


def _role_of(address: str, event: Event, subject: Subject) -> str:
    return next((role for role in PEOPLE if _address(role, event, subject) == address), "")


def _address(role: str, event: Event, subject: Subject) -> str:
    person, known = said(event.data.get(role)), said(subject.data.get(role))
    if "email" not in person and (not person or same_person(person, known)):
        person = known
    email = person.get("email")
    return email.strip().lower() if isinstance(email, str) else ""
