"""Tickets in Slack: commands, buttons, the modal that creates one. InvGate is asked, and answers in its own time: who
asked hears at once that it was asked, and by a message of their own that it was created or refused; everything else is
told where the ticket is told."""

from __future__ import annotations

from centralita.chatops.context import Context
from centralita.chatops.grammar import mentioned
from centralita.chatops.handlers import Handler, Said
from centralita.chatops.views import tickets as views
from centralita.chatops.written import permalink, plain
from centralita.core import mrkdwn
from centralita.core.attributes import one_line, word
from centralita.core.recipients import is_address
from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.services import tickets
from centralita.services.ticket_endings import Follow
from centralita.store.records import Filter

MOST_LISTED = 20
_MINE = frozenset({"mine", "mios", "mis", "mias"})
_ME = frozenset({"", "me", "yo", "mi", "a_mi"})
_STATUSES = {
    **dict.fromkeys("solved resolved solve resolve resuelto resuelta resolver solucionado".split(), "solved"),
    **dict.fromkeys("cancelled canceled cancel cancelado cancelada cancelar".split(), "cancelled"),
    **dict.fromkeys("rejected reject rechazado rechazada rechazar".split(), "rejected"),
    **dict.fromkeys("reopened reopen reabierto reabierta reabrir".split(), "reopened"),
    **dict.fromkeys("waiting_for_customer waiting espera esperando_cliente".split(), "waiting_for_customer"),
    **dict.fromkeys("waiting_for_agent esperando_agente".split(), "waiting_for_agent"),
}
"""What people call a status, to what InvGate is asked for."""


# --- What was meant --------------------------------------------------------------------------------------------------


def number_of(context: Context, written: str) -> str:
    """A ticket's number. Raises Said."""
    number = written.removeprefix("#")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise Said(_("Which ticket? It is named by its number, such as #4521.", context.locale))
    return number


def _first(context: Context) -> str:
    return number_of(context, context.arguments.words[0] if context.arguments.words else "")


def _second(context: Context) -> str:
    return " ".join(context.arguments.words[1:])


def _option(context: Context, *names: str) -> str:
    return next((context.arguments.options[name] for name in names if name in context.arguments.options), "")


async def _address(context: Context, written: str) -> str:
    """The address of whom a command names. Raises Said."""
    locale, slack_id = context.locale, mentioned(written)
    if word(written) in _ME:
        slack_id = context.person.id
    if not slack_id:
        if is_address(written):
            return written.lower()
        text = _("{written} is neither somebody in Slack (@name) nor an e-mail address.", locale)
        raise Said(text.format(written=mrkdwn.escape(written)))
    return await address_of(context, slack_id)


async def address_of(context: Context, slack_id: str) -> str:
    """The address of somebody in Slack, by which InvGate knows them. Raises Said."""
    person = context.person
    if slack_id != person.id:
        person = await context.people.find(context.client, person.team, slack_id)
    if not person.email:
        text = _("Slack does not say the e-mail address of {who}, by which InvGate knows people.", context.locale)
        raise Said(text.format(who=mrkdwn.escape(person.called)))
    return person.email


def follow(context: Context, **more: str) -> Follow:
    """The end is told to whoever asked."""
    return Follow(person=context.person.email or context.person.id, **more)


async def say_asked(context: Context, text: str) -> None:
    """That InvGate was asked; ``text`` is translated."""
    more = _("Should it refuse, you are told.", context.locale)
    await context.say(f"⏳ {mrkdwn.escape(text)} {mrkdwn.escape(more)}")


# --- Commands --------------------------------------------------------------------------------------------------------


async def create(context: Context) -> None:
    """At once with a title, else by the modal."""
    title = context.arguments.rest
    if not title:
        await context.open_view(views.creation(context.locale, {}, {"channel": context.channel}))
        return
    requester = _option(context, "requester", "solicitante")
    fields = {
        "title": one_line(title, 300),
        "description": _option(context, "description", "descripcion", "descripción"),
        "priority": _option(context, "priority", "prioridad"),
        "category": _option(context, "category", "categoria", "categoría"),
        "type": _option(context, "type", "tipo"),
        "requester": await _address(context, requester) if requester else "",
    }
    await tickets.create(context.hub, context.principal.actor, fields, 0.0, follow=follow(context))
    await _say_creating(context)


async def _say_creating(context: Context) -> None:
    text = _("InvGate is asked to create it; you get the ticket's number by a message.", context.locale)
    await context.say(f"⏳ {mrkdwn.escape(text)}")


async def show(context: Context) -> None:
    """As its source last described it."""
    ticket = await tickets.find(context.hub, _first(context))
    await context.say(views.line(ticket), views.shown(ticket, context.locale))


async def list_(context: Context) -> None:
    """The open ones; ``mine``: those that one asked for, or works on."""
    if any(word(each) in _MINE for each in context.arguments.words):
        found = await tickets.of_person(context.hub, context.person.email, MOST_LISTED)
    else:
        found, _more = await tickets.listing(context.hub, Filter(kind="ticket", phase="open"), MOST_LISTED, "")
    if not found:
        await context.say(_("No open ticket fits.", context.locale))
        return
    await context.say(_("Tickets", context.locale), views.listed(found, context.locale))


async def assign(context: Context) -> None:
    """To whom is named, else to oneself."""
    number, agent = _first(context), await _address(context, _second(context) or _option(context, "to", "para"))
    await tickets.assign(context.hub, context.principal.actor, number, agent, wait_s=0.0, follow=follow(context))
    text = _("InvGate is asked to assign #{number} to {agent}.", context.locale)
    await say_asked(context, text.format(number=number, agent=agent))


async def status(context: Context) -> None:
    """What it is to be."""
    number = _first(context)
    written = context.arguments.words[1] if len(context.arguments.words) > 1 else ""
    wanted = _STATUSES.get(word(written))
    if wanted is None:
        text = _("What is it to be? One of: {known}.", context.locale)
        raise Said(text.format(known=", ".join(f"`{each}`" for each in sorted(set(_STATUSES.values())))))
    note = " ".join(context.arguments.words[2:]) or _option(context, "note", "nota")
    await _change_status(context, number, wanted, note)


async def _change_status(context: Context, number: str, wanted: str, note: str = "") -> None:
    if wanted == "solved" and not note:
        note = _("The ticket is resolved.", context.hub.settings.locale)  # its requester reads this
    await tickets.change_status(context.hub, context.principal.actor, number, wanted, note, 0.0, follow=follow(context))
    text = _("InvGate is asked to make #{number} {status}.", context.locale)
    await say_asked(context, text.format(number=number, status=wanted))


# --- Buttons, the modal, the shortcut --------------------------------------------------------------------------------


async def press_assign(context: Context) -> None:
    """To whoever pressed."""
    number, agent = number_of(context, context.value), await address_of(context, context.person.id)
    await tickets.assign(context.hub, context.principal.actor, number, agent, wait_s=0.0, follow=follow(context))
    await say_asked(context, _("InvGate is asked to assign #{number} to you.", context.locale).format(number=number))


async def press_resolve(context: Context) -> None:
    """Slack has asked whether they are sure."""
    await _change_status(context, number_of(context, context.value), "solved")


async def create_from_message(context: Context) -> None:
    """The modal, filled with what somebody wrote."""
    message, ts = context.message, str(context.message.get("ts") or "")
    text = await plain(context, str(message.get("text") or ""))
    link = await permalink(context, ts)
    values = {
        "title": one_line(text.strip().partition("\n")[0], 150),
        "description": "\n\n".join(part for part in (text[: views.LONGEST_INPUT - 300], link) if part),
    }
    place = f"{context.channel}:{message.get('thread_ts') or ts}"
    await context.open_view(views.creation(context.locale, values, {"channel": context.channel, "thread": place}))


async def submit_creation(context: Context) -> None:
    """Asks InvGate for it."""
    values, metadata = context.values, context.metadata
    requester = values.get("requester")
    fields = {name: str(values.get(name) or "") for name in ("title", "description", "priority", "category")}
    fields["requester"] = await address_of(context, requester) if requester else ""
    told = follow(context, thread=str(metadata.get("thread") or ""))
    await tickets.create(context.hub, context.principal.actor, fields, 0.0, follow=told)
    await context.ack()
    await _say_creating(context)


async def suggest_priority(context: Context) -> None:
    await _suggest(context, "priority")


async def suggest_category(context: Context) -> None:
    await _suggest(context, "category")


async def _suggest(context: Context, attribute: str) -> None:
    names = await tickets.choices(context.hub, attribute)
    typed = word(context.body.get("value"))
    await context.ack(options=views.options({id_: name for id_, name in names.items() if typed in word(name)}))


HANDLERS = (
    Handler(
        kind="command",
        name="/ticket create",
        permission="ticket.manage",
        run=create,
        help=N_("creates a ticket in InvGate; without a title in a window"),
        usage=N_('["title"] [priority:Alta] [category:Hardware] [requester:@name]'),
        aliases=("crear", "new", "nuevo"),
    ),
    Handler(
        kind="command",
        name="/ticket show",
        permission="ticket.read",
        run=show,
        help=N_("shows one"),
        usage=N_("4521"),
        aliases=("ver", "mostrar"),
    ),
    Handler(
        kind="command",
        name="/ticket list",
        permission="ticket.read",
        run=list_,
        help=N_("lists the open ones"),
        usage=N_("[mine]"),
        aliases=("lista", "listar", "ls"),
    ),
    Handler(
        kind="command",
        name="/ticket assign",
        permission="ticket.assign",
        run=assign,
        help=N_("gives one to somebody, or to oneself"),
        usage=N_("4521 [@name|me]"),
        aliases=("asignar",),
    ),
    Handler(
        kind="command",
        name="/ticket status",
        permission="ticket.manage",
        run=status,
        help=N_("solves, cancels, rejects or reopens one, or lets it wait"),
        usage=N_("4521 solved|cancelled|rejected|reopened|waiting [note]"),
        aliases=("estado",),
    ),
    Handler(kind="action", name="assign_ticket", permission="ticket.assign", run=press_assign),
    Handler(kind="action", name="resolve_ticket", permission="ticket.manage", run=press_resolve),
    Handler(kind="view", name=views.CREATE, permission="ticket.manage", run=submit_creation),
    Handler(kind="options", name=views.PRIORITY, permission="ticket.manage", run=suggest_priority),
    Handler(kind="options", name=views.CATEGORY, permission="ticket.manage", run=suggest_category),
    Handler(
        kind="message_shortcut",
        name="create_ticket_from_message",
        permission="ticket.manage",
        run=create_from_message,
        help=N_("Create a ticket of it"),
    ),
)
