"""Which message a delivery becomes: a subject's message, or the line that its thread gets."""

from __future__ import annotations

import msgspec

from centralita.integrations.slack.approvals import is_approval, render_approval, render_approval_change
from centralita.integrations.slack.asked import is_answer, render_answer
from centralita.integrations.slack.asset_owners import is_asset_owner, render_asset_owner
from centralita.integrations.slack.conversations import (
    is_conversation,
    render_conversation,
    render_conversation_change,
)
from centralita.integrations.slack.facts import Facts
from centralita.integrations.slack.incidents import (
    is_incident,
    open_thread,
    render_incident,
    render_incident_change,
)
from centralita.integrations.slack.messages import Message, Value, render_event, render_event_change
from centralita.integrations.slack.registers import is_register, render_register, render_register_change
from centralita.integrations.slack.sessions import is_session, render_session, render_session_change
from centralita.integrations.slack.system import is_system, render_system
from centralita.integrations.slack.tickets import is_ticket, render_ticket, render_ticket_change


def tell_root(
    facts: Facts,
    public_url: str,
    *,
    in_thread: bool,
    notes: tuple[Value, ...] = (),
    buttons: bool = False,
    desk: str = "",
) -> Message:
    """The message of the delivery's subject as it is now, with ``notes`` after its own. ``in_thread``: what the event
    adds to the story stands in the thread. ``buttons``: whether pressing one gets anywhere; ``desk``: the source whose
    tickets can be changed."""
    if is_answer(facts):
        message = render_answer(facts)
    elif is_system(facts):
        message = render_system(facts, public_url)
    elif is_approval(facts):
        message = render_approval(facts)
    elif is_incident(facts):
        message = render_incident(facts)
    elif is_asset_owner(facts):
        message = render_asset_owner(facts)
    elif is_ticket(facts):
        message = render_ticket(facts, in_thread, desk)
    elif is_conversation(facts):
        message = render_conversation(facts, in_thread)
    elif is_session(facts):
        message = render_session(facts, in_thread)
    else:
        message = render_register(facts) if is_register(facts) else render_event(facts)
    shown = message.buttons if buttons else ()
    return msgspec.structs.replace(message, notes=(*message.notes, *notes), buttons=shown)


def tell_change(facts: Facts, public_url: str) -> Message:
    """What has just changed, for the thread."""
    if is_answer(facts):
        return render_answer(facts)
    if is_system(facts):
        return msgspec.structs.replace(render_system(facts, public_url), fields=(), links=())
    if is_approval(facts):
        return render_approval_change(facts)
    if is_incident(facts):
        return render_incident_change(facts)
    if is_asset_owner(facts):
        return msgspec.structs.replace(render_asset_owner(facts), links=())
    if is_ticket(facts):
        return render_ticket_change(facts)
    if is_conversation(facts):
        return render_conversation_change(facts)
    if is_session(facts):
        return render_session_change(facts)
    return render_register_change(facts) if is_register(facts) else render_event_change(facts)


def begin_thread(facts: Facts) -> list[str]:
    """The replies that a new message's thread begins with, as Slack's markup."""
    return [text for text in [open_thread(facts) if is_incident(facts) else ""] if text]


class Marks(msgspec.Struct, frozen=True):
    """The reactions that a message is to have, and those that it must not have any more; by Slack's names."""

    put: tuple[str, ...] = ()
    take: tuple[str, ...] = ()


SEEN, DONE = "eyes", "white_check_mark"
_MARKS = {
    "incident.acknowledged": Marks((SEEN,)),
    "incident.resolved": Marks((DONE,)),
    "incident.reopened": Marks((), (DONE, SEEN)),
    "alert.acknowledged": Marks((SEEN,)),
}


def marks_of(facts: Facts) -> Marks:
    """What the event changes in the reactions to its subject's message."""
    return Marks((DONE,)) if facts.phase == "closed" else _MARKS.get(facts.type, Marks())
