"""``/approve``: what waits for an answer, answering it, and asking for an approval."""

from __future__ import annotations

import re
from typing import Any

from babel.numbers import NumberFormatError, parse_decimal

from centralita.chatops.approvals import PAGE, chosen_person, named_person, say_mine, tell_done, written
from centralita.chatops.context import Context
from centralita.chatops.grammar import mentioned, nearest
from centralita.chatops.handlers import Handler, Invalid, Said
from centralita.chatops.views import approvals as views
from centralita.chatops.views.notices import no_such_word
from centralita.core import mrkdwn
from centralita.core.approvers import StageSpec
from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.services import approvals
from centralita.services.approvals import Declined, Filter, NewApproval

_AMOUNT = re.compile(r"\s*([-\d.,'  ]*\d)\s*([^\d\s]{0,12})\s*|\s*([^\d\s]{1,12})\s*([\d.,'  ]*\d)\s*")


async def mine(context: Context) -> None:
    """What waits for the person; a word that there is not is answered with those that there are."""
    words = context.arguments.words
    if not words:
        await say_mine(context)
        return
    known = {name: handler for handler in HANDLERS for name in (handler.word, *handler.aliases) if name}
    said = no_such_word("/approve", words[0], nearest(words[0], known), HANDLERS, context.locale)
    await context.say(said["text"], said["blocks"])


async def list_(context: Context) -> None:
    """Everything that is not over, whoever has to answer."""
    locale = context.locale
    found = await approvals.listing(context.hub, Filter(state="waiting"), PAGE * 4, "")
    text = _("What waits for approval:", locale) if found else _("Nothing waits for approval.", locale)
    await context.say(text, views.overview(text, found, locale))


async def show(context: Context) -> None:
    """One approval with every answer; with its buttons for whoever may answer."""
    approval = await approvals.show(context.hub, _id(context))
    if approval is None:
        raise LookupError(_id(context))
    try:
        await approvals.answerable(context.hub, context.principal, approval.id)
        may_answer = context.principal.may("approval.decide")
    except Declined:
        may_answer = False
    await context.say(mrkdwn.escape(approval.title), views.details(approval, context.locale, may_answer=may_answer))


async def approve(context: Context) -> None:
    await _give(context, "approve")


async def reject(context: Context) -> None:
    """Rejects, with a reason."""
    if not _rest(context):
        raise Said(_("It has to be said why: {usage}", context.locale).format(usage="`/approve reject ID reason`"))
    await _give(context, "reject")


async def _give(context: Context, answer: Any) -> None:
    approval = await approvals.give(context.hub, context.principal, _id(context), answer, note=_rest(context))
    await context.say(views.done(approval, context.locale))


async def info(context: Context) -> None:
    """Asks the requester."""
    if not _rest(context):
        raise Said(_("What do you want to know? {usage}", context.locale).format(usage="`/approve info ID question`"))
    approval = await approvals.ask(context.hub, context.principal, _id(context), _rest(context))
    await context.say(views.done(approval, context.locale))


async def delegate(context: Context) -> None:
    """Gives one away."""
    user = mentioned(context.arguments.rest)
    if not user:
        usage = "`/approve delegate ID @who`"
        raise Said(_("Who answers instead? {usage}", context.locale).format(usage=usage))
    to = await named_person(context, user)
    approval = await approvals.reassign(context.hub, context.principal, _id(context), "", to.email, to.name)
    await context.say(views.done(approval, context.locale))


def _id(context: Context) -> str:
    words = context.arguments.words
    if not words:
        usage = f"`{context.handler.name} {mrkdwn.escape(_(context.handler.usage, context.locale))}`"
        raise Said(_("Which one? {usage} `/approve list` shows their ids.", context.locale).format(usage=usage))
    return words[0].strip("`")


def _rest(context: Context) -> str:
    """What follows the id; a word such as ``reason:`` before it is no part of it."""
    options = context.arguments.options
    said = (options[name] for name in ("reason", "motivo", "note", "nota") if options.get(name))
    return " ".join([*context.arguments.words[1:], *said]).strip()


# --- Asking ----------------------------------------------------------------------------------------------------------


async def request(context: Context) -> None:
    """Asks for an approval; without a title by a modal."""
    arguments, locale = context.arguments, context.locale
    options = arguments.options
    if not arguments.words:
        metadata = {"channel": context.channel, "thread_ts": context.thread_ts, "origin": "private"}
        await context.open_view(views.request(locale, metadata))
        return
    amount, currency = _amount(_first(options, "amount", "monto"), locale)
    approvers = [await named_person(context, user) for user in _mentions(_first(options, "to", "para"))]
    wanted = NewApproval(
        title=arguments.rest[: views.TITLE_LIMIT],
        justification=_first(options, "reason", "motivo")[: views.NOTE_LIMIT],
        amount=amount,
        currency=currency,
        category=_first(options, "category", "categoria", "categoría")[:100],
        stages=(StageSpec(approvers=tuple(approvers)),) if approvers else (),
    )
    await _ask(context, wanted)


def _first(options: Any, *names: str) -> str:
    return next((str(options[name]) for name in names if options.get(name)), "")


def _mentions(text: str) -> list[str]:
    return [user for part in text.split(">") if (user := mentioned(f"{part}>"))]


def _amount(text: str, locale: str) -> tuple[float | None, str]:
    """``1500 USD`` or ``USD 1.500,50``, in the person's way of writing numbers; None for "". Raises Said."""
    if not text.strip():
        return None, ""
    found = _AMOUNT.fullmatch(text)
    try:
        if found is not None:
            number, currency = (found[1], found[2]) if found[1] else (found[4], found[3])
            return float(parse_decimal(number.strip(), locale=locale)), currency
    except NumberFormatError:
        pass
    shown = f"`{mrkdwn.escape(mrkdwn.cut(mrkdwn.clean(text), 40))}`"
    raise Said(_("This is no amount: {text}. Write 1500 or 1500 USD.", locale).format(text=shown))


async def submit_request(context: Context) -> None:
    """The modal's values."""
    values, locale = context.values, context.locale
    try:
        amount, currency = _amount(str(values.get("amount") or ""), locale)
    except Said:
        raise Invalid({"amount": _("Write 1500 or 1500 USD.", locale)}) from None
    users = values.get("approvers") or []
    approvers = [await chosen_person(context, "approvers", user) for user in users]
    reason = str(values.get("reason") or "")
    if context.hub.settings.approvals.justification and not reason.strip():
        raise Invalid({"reason": _("It has to be said what it is for.", locale)})
    wanted = NewApproval(
        title=written(context, "title"),
        justification=reason,
        amount=amount,
        currency=currency,
        category=str(values.get("category") or ""),
        stages=(StageSpec(approvers=tuple(approvers)),) if approvers else (),
    )
    try:
        await _ask(context, wanted)
    except Declined as fault:
        if fault.reason != "approval.nobody":
            raise
        raise Invalid({"approvers": _("Nobody is left who may approve it: name somebody else.", locale)}) from None


async def _ask(context: Context, wanted: NewApproval) -> None:
    approval = await approvals.request(context.hub, context.principal, wanted)
    await tell_done(context, views.done(approval, context.locale))


DECIDE, READ, REQUEST = "approval.decide", "approval.read", "approval.request"
HANDLERS = (
    Handler(kind="command", name="/approve", permission=READ, run=mine, help=N_("shows what waits for you")),
    Handler(
        kind="command",
        name="/approve list",
        permission=READ,
        run=list_,
        help=N_("shows everything that waits for approval"),
        aliases=("lista", "listar"),
    ),
    Handler(
        kind="command",
        name="/approve show",
        permission=READ,
        run=show,
        usage=N_("ID"),
        help=N_("shows one with every answer"),
        aliases=("ver", "mostrar"),
    ),
    Handler(
        kind="command",
        name="/approve approve",
        permission=DECIDE,
        run=approve,
        usage=N_("ID [note]"),
        help=N_("approves"),
        aliases=("aprobar",),
    ),
    Handler(
        kind="command",
        name="/approve reject",
        permission=DECIDE,
        run=reject,
        usage=N_("ID reason"),
        help=N_("rejects, and says why"),
        aliases=("rechazar",),
    ),
    Handler(
        kind="command",
        name="/approve info",
        permission=DECIDE,
        run=info,
        usage=N_("ID question"),
        help=N_("asks the requester; the time stands still until they answer"),
        aliases=("preguntar", "pregunta"),
    ),
    Handler(
        kind="command",
        name="/approve delegate",
        permission=DECIDE,
        run=delegate,
        usage=N_("ID @who"),
        help=N_("lets somebody else answer it"),
        aliases=("delegar",),
    ),
    Handler(
        kind="command",
        name="/approve request",
        permission=REQUEST,
        run=request,
        usage=N_('["title" amount:"1500 USD" reason:"…" to:@who]'),
        help=N_("asks for an approval; alone it opens a form"),
        aliases=("pedir", "solicitar"),
    ),
    Handler(kind="view", name="approval_request_modal", permission=REQUEST, run=submit_request),
)
