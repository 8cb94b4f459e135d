"""Which message a delivery becomes: a subject's message, or the line that its thread gets."""

from __future__ import annotations

import msgspec

from centralita.integrations.slack.facts import Facts
from centralita.integrations.slack.messages import Message, Value, render_change, render_root
from centralita.integrations.slack.system import is_system, render_system


def tell_root(facts: Facts, public_url: str, *, in_thread: bool, notes: tuple[Value, ...] = ()) -> Message:
    """The message of the delivery's subject as it is now, with ``notes`` after its own."""
    message = render_system(facts, public_url) if is_system(facts) else render_root(facts, in_thread)
    return msgspec.structs.replace(message, notes=(*message.notes, *notes))


def tell_change(facts: Facts, public_url: str) -> Message:
    """What has just changed, for the thread."""
    if not is_system(facts):
        return render_change(facts)
    message = render_system(facts, public_url)
    return msgspec.structs.replace(message, fields=(), links=())
