"""What people write where the app is: in a thread that the hub began, it concerns the noun that the thread is about."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from centralita.chatops import incidents, ticket_comments
from centralita.chatops.context import Context
from centralita.chatops.handlers import ANYBODY, Handler
from centralita.chatops.threads import Reply, Thread, read_reply
from centralita.services.announcements import About
from centralita.services.threads import subject_of

THREADS: Mapping[str, Thread] = {
    "incident/": incidents.THREAD,
    "ticket/": ticket_comments.THREAD,
}
"""Which noun hears of a thread's replies, by the beginning of its subject (``ticket/``): one line a noun."""


_WAITS_S = (0.1, 0.3, 0.8)


async def message(context: Context) -> None:
    """A reply that is new, changed or deleted; other messages are nobody's concern."""
    reply = read_reply(context.event)
    if reply is None:
        return
    about = await _about(context, reply)
    thread = thread_of(about.subject) if about is not None else None
    if about is not None and thread is not None and context.principal.may(thread.permission):
        await thread.run(context, reply, about)


async def _about(context: Context, reply: Reply) -> About | None:
    """What the thread is about; whoever replies at once may be faster than the commit of where our message stands."""
    for wait_s in (*_WAITS_S, 0.0):
        about = await context.hub.database.read(lambda tx: subject_of(tx, reply.channel, reply.thread_ts))
        if about is not None or not context.is_below_ours:
            return about
        await asyncio.sleep(wait_s)
    return None


def thread_of(subject: str) -> Thread | None:
    """The noun whose subjects begin like that one."""
    return next((thread for prefix, thread in THREADS.items() if subject.startswith(prefix)), None)


HANDLERS = (Handler(kind="event", name="message", permission=ANYBODY, run=message),)
