"""Approvals: the buttons of an approver's message, and the modals that they open.

A button's value is the approval as it was seen (``apr_…:stage:version``), so that a press that comes late, or twice,
never counts for anything else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from centralita.chatops import home
from centralita.chatops.context import Context
from centralita.chatops.handlers import Handler, Invalid, Said
from centralita.chatops.views import approvals as views
from centralita.core.approvals import Approval
from centralita.core.approvers import Approver, read_approver
from centralita.i18n import gettext as _
from centralita.integrations.slack.approvals import ANSWER, APPROVE, ASK, DELEGATE, REJECT
from centralita.services import approvals, delegations
from centralita.services.approvals import Declined


@dataclass(frozen=True)
class Seen:
    """An approval as somebody saw it when they pressed."""

    id: str
    stage: int | None = None
    version: int | None = None


def read_value(value: str) -> Seen:
    """What a button stands for; what can't be read stands for an approval that there is not."""
    id_, _colon, rest = value.partition(":")
    stage, _colon, version = rest.partition(":")
    if not (stage.isdecimal() and version.isdecimal()):
        return Seen(id_)
    return Seen(id_, int(stage), int(version))


# --- Where it was done -----------------------------------------------------------------------------------------------


def origin_of(context: Context) -> str:
    """Where a button was pressed: ``home``, ``private`` (what only this person sees), or ``message``, which changes by
    itself; of a modal, where it was opened."""
    if context.handler.kind == "view":
        return str(context.metadata.get("origin") or "private")
    if context.view.get("type") == "home":
        return "home"
    container = context.body.get("container") or {}
    return "message" if container.get("message_ts") and not container.get("is_ephemeral") else "private"


def metadata_of(context: Context) -> dict[str, Any]:
    """What a modal takes along: what was pressed, and where."""
    where = {"channel": context.channel, "thread_ts": context.thread_ts}
    return {"value": context.value, "origin": origin_of(context), **{name: at for name, at in where.items() if at}}


async def tell_done(context: Context, text: str) -> None:
    """Says what was done where nothing else shows it."""
    origin = origin_of(context)
    if origin == "home":
        await home.publish(context)
    elif origin == "private":
        await context.ack() if context.handler.kind == "view" else None
        await context.say(text)


# --- Buttons ---------------------------------------------------------------------------------------------------------


async def press_approve(context: Context) -> None:
    """Approves, or asks why first."""
    seen = read_value(context.value)
    approval = await approvals.answerable(context.hub, context.principal, seen.id, seen.stage)
    if approval.note_required == "always":
        await context.open_view(views.approve(approval, context.locale, metadata_of(context)))
        return
    await _give(context, seen, "approve", "")


async def _give(context: Context, seen: Seen, answer: Any, note: str) -> None:
    approval = await approvals.give(
        context.hub, context.principal, seen.id, answer, note=note, stage=seen.stage, version=seen.version
    )
    await tell_done(context, views.done(approval, context.locale))


def _opening(view: Callable[[Approval, str, dict[str, Any]], dict[str, Any]]) -> Callable[[Context], Awaitable[None]]:
    async def press(context: Context) -> None:
        """Opens a modal, for whoever may still answer."""
        seen = read_value(context.value)
        approval = await approvals.answerable(context.hub, context.principal, seen.id, seen.stage)
        await context.open_view(view(approval, context.locale, metadata_of(context)))

    return press


async def press_answer(context: Context) -> None:
    """Opens the modal for the answer to a question."""
    approval = await approvals.show(context.hub, read_value(context.value).id)
    if approval is None:
        raise LookupError(context.value)
    if approval.state != "asked":
        raise Declined("approval.not_asked")
    metadata = {**metadata_of(context), "asked_at": approval.asked_at}
    await context.open_view(views.answer(approval, context.locale, metadata))


async def more(context: Context) -> None:
    """The next page of what waits for the person."""
    await say_mine(context, before=context.value)


PAGE = 5


async def say_mine(context: Context, before: str = "") -> None:
    """What waits for the person's answer, each with its buttons; the newest first."""
    locale = context.locale
    found = await approvals.waiting_for(context.hub, context.principal, PAGE + 1, before)
    if not found:
        await context.say(_("Nothing waits for your approval.", locale))
        return
    heading = _("This waits for your approval:", locale)
    await context.say(heading, views.listing(heading, found[:PAGE], locale, more=len(found) > PAGE))


# --- Modals ----------------------------------------------------------------------------------------------------------


def written(context: Context, block_id: str) -> str:
    """What was written into a modal's input. Raises Invalid for nothing but blanks."""
    found = str(context.values.get(block_id) or "").strip()
    if not found:
        raise Invalid({block_id: _("Please write something.", context.locale)})
    return found


def _seen(context: Context) -> Seen:
    return read_value(str(context.metadata.get("value") or ""))


async def submit_approve(context: Context) -> None:
    await _give(context, _seen(context), "approve", written(context, "note"))


async def submit_reject(context: Context) -> None:
    """The reason; then it is asked once more."""
    seen, reason = _seen(context), written(context, "reason")
    approval = await approvals.answerable(context.hub, context.principal, seen.id, seen.stage)
    metadata = {**context.metadata, "reason": reason}
    view = views.sure_to_reject(approval.title, reason, context.locale, metadata)
    await context.ack(response_action="update", view=view)


async def submit_rejection(context: Context) -> None:
    await _give(context, _seen(context), "reject", str(context.metadata.get("reason") or ""))


async def submit_question(context: Context) -> None:
    approval = await approvals.ask(context.hub, context.principal, _seen(context).id, written(context, "question"))
    await tell_done(context, views.done(approval, context.locale))


async def submit_answer(context: Context) -> None:
    """Answers the question that was shown, not another one that was asked meanwhile."""
    text, at = written(context, "answer"), context.metadata.get("asked_at")
    approval = await approvals.tell(context.hub, context.principal, _seen(context).id, text, at)
    await tell_done(context, views.done(approval, context.locale))


async def submit_delegate(context: Context) -> None:
    """Gives this one away, or lets somebody stand in until a time."""
    hub, locale = context.hub, context.locale
    to = await chosen_person(context, "to", str(context.values.get("to") or ""))
    if context.values.get("what") != views.ALL:
        approval = await approvals.reassign(hub, context.principal, _seen(context).id, "", to.email, to.name)
        await tell_done(context, views.done(approval, locale))
        return
    until, now = float(context.values.get("until") or 0), hub.clock.now()
    if until <= now:
        raise Invalid({"until": _("Until when? A time to come.", locale)})
    await delegations.delegate(hub, context.principal, "", to.email, now, until)
    await tell_done(context, views.handed_over(to, until, locale))


async def chosen_person(context: Context, block_id: str, user: str) -> Approver:
    """Somebody who was chosen in a modal, by their address. Raises Invalid for whoever has none that can be seen."""
    person = await context.people.find(context.client, context.person.team, user)
    if not person.email:
        raise Invalid({block_id: _("No e-mail address is known of {name}.", context.locale).format(name=person.called)})
    return Approver(name=person.name, email=read_approver(person.email).email)


async def named_person(context: Context, user: str) -> Approver:
    """Somebody whom a command mentions. Raises Said."""
    try:
        return await chosen_person(context, "", user)
    except Invalid as fault:
        raise Said(fault.errors[""]) from None


DECIDE, READ = "approval.decide", "approval.read"
HANDLERS = (
    Handler(kind="action", name=APPROVE, permission=DECIDE, run=press_approve),
    Handler(kind="action", name=REJECT, permission=DECIDE, run=_opening(views.reject)),
    Handler(kind="action", name=ASK, permission=DECIDE, run=_opening(views.question)),
    Handler(kind="action", name=DELEGATE, permission=DECIDE, run=_opening(views.delegate)),
    # Whoever was asked may answer, whatever else they may: the service sees to it that it is the requester.
    Handler(kind="action", name=ANSWER, permission=READ, run=press_answer),
    Handler(kind="action", name=views.MORE, permission=READ, run=more),
    Handler(kind="view", name="approve_modal", permission=DECIDE, run=submit_approve),
    Handler(kind="view", name="reject_modal", permission=DECIDE, run=submit_reject),
    Handler(kind="view", name="reject_sure_modal", permission=DECIDE, run=submit_rejection),
    Handler(kind="view", name="info_modal", permission=DECIDE, run=submit_question),
    Handler(kind="view", name="answer_modal", permission=READ, run=submit_answer),
    Handler(kind="view", name="delegate_modal", permission=DECIDE, run=submit_delegate),
)
