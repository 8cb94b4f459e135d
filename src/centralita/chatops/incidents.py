"""Incidents in Slack: commands, buttons, modals, a message's shortcut, and what is written in their threads."""

from __future__ import annotations

from typing import Any

from centralita.chatops.affected import chosen_items, suggest_affected
from centralita.chatops.context import Context
from centralita.chatops.grammar import mentioned
from centralita.chatops.handlers import Handler, Invalid, Said
from centralita.chatops.threads import Reply, Thread
from centralita.chatops.views import incidents as views
from centralita.chatops.written import permalink, plain
from centralita.core import mrkdwn
from centralita.core.attributes import one_line
from centralita.core.incidents import TEXT_LIMIT, Incident, Item, Who, priority_of, read_number
from centralita.core.payload import text as text_of
from centralita.core.recipients import is_address
from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.services import acknowledgements, incidents
from centralita.services.announcements import About
from centralita.services.incident_telling import item_facts
from centralita.services.incident_timeline import moment
from centralita.services.incidents import Declined, Filter, NewIncident
from centralita.services.wording import in_words
from centralita.store import events

MOST_LISTED = 20


def _me(context: Context) -> Who:
    person = context.person
    return Who(name=person.name, email=person.email, slack=person.id)


async def _who(context: Context, slack_id: str) -> Who:
    if slack_id == context.person.id:
        return _me(context)
    person = await context.people.find(context.client, context.person.team, slack_id)
    return Who(name=person.name, email=person.email, slack=slack_id)


async def _named(context: Context, written: str) -> Who | None:
    """Whom a command names: ``@somebody`` or an address; None when it names nobody. Raises Said."""
    if not written:
        return None
    if slack_id := mentioned(written):
        return await _who(context, slack_id)
    if is_address(written):
        return Who(email=written.lower())
    text = _("{written} is neither somebody in Slack (@name) nor an e-mail address.", context.locale)
    raise Said(text.format(written=mrkdwn.escape(written)))


def _number(context: Context, written: str) -> int:
    number = read_number(written)
    if number is None:
        raise Said(_("Which incident? It is named by its number, such as INC-12.", context.locale))
    return number


def _first(context: Context) -> int:
    return _number(context, context.arguments.words[0] if context.arguments.words else "")


def _option(context: Context, *names: str) -> str:
    return next((context.arguments.options[name] for name in names if name in context.arguments.options), "")


async def _say_of(context: Context, msgid: str, incident: Incident) -> None:
    text = _(msgid, context.locale).format(code=incident.code)
    await context.say(f"{mrkdwn.escape(text)} {mrkdwn.escape(incident.title)}")


# --- Commands --------------------------------------------------------------------------------------------------------


async def create(context: Context) -> None:
    """At once with a title, else by the modal."""
    title, priority = context.arguments.rest, _option(context, "priority", "prioridad", "severity", "severidad")
    if not title:
        await context.open_view(views.creation(context.locale, {"priority": priority}, {"channel": context.channel}))
        return
    assignee = await _named(context, _option(context, "assign", "assignee", "asignar", "to", "para"))
    ci = _option(context, "ci")
    wanted = NewIncident(
        title=title,
        priority=_PRIORITIES.get(priority.casefold(), priority),
        description=_option(context, "description", "descripcion", "descripción"),
        assignee=assignee or Who(),
        affected=_items(ci),
    )
    made = await incidents.create(context.hub, context.principal, wanted, _me(context))
    await _say_of(context, N_("{code} was created."), made)


async def update(context: Context) -> None:
    """At once with options, else by the modal."""
    number = _first(context)
    priority = _option(context, "priority", "prioridad", "severity", "severidad")
    values = {
        "title": _option(context, "title", "titulo", "título"),
        "priority": _PRIORITIES.get(priority.casefold(), priority),
        "description": _option(context, "description", "descripcion", "descripción"),
    }
    given: dict[str, Any] = {name: value for name, value in values.items() if value}
    if not given:
        await context.open_view(views.change(context.locale, await incidents.show(context.hub, number)))
        return
    made = await incidents.update(context.hub, context.principal, number, **given, by=_me(context))
    await _say_of(context, N_("{code} was changed."), made)


async def resolve(context: Context) -> None:
    """With what follows the number as the note."""
    number, note = _first(context), " ".join(context.arguments.words[1:]) or _option(context, "note", "nota")
    made = await incidents.resolve(context.hub, context.principal, number, note, _me(context))
    await _say_of(context, N_("{code} is resolved."), made)


async def reopen(context: Context) -> None:
    """With what follows the number as the note."""
    number, note = _first(context), " ".join(context.arguments.words[1:]) or _option(context, "note", "nota")
    made = await incidents.reopen(context.hub, context.principal, number, note, _me(context))
    await _say_of(context, N_("{code} is open again."), made)


async def assign(context: Context) -> None:
    """To whom is named, else to oneself."""
    number = _first(context)
    written = context.arguments.words[1] if len(context.arguments.words) > 1 else _option(context, "to", "para")
    to = await _named(context, written) or _me(context)
    made = await incidents.assign(context.hub, context.principal, number, to, _me(context))
    await _say_of(context, N_("{code} is assigned."), made)


async def acknowledge(context: Context) -> None:
    """Takes charge."""
    made = await incidents.acknowledge(context.hub, context.principal, _first(context), _me(context))
    await _say_of(context, N_("{code} is in your hands."), made)


async def list_(context: Context) -> None:
    """Those that are not over; ``all``, ``mine``, or a priority."""
    wanted: dict[str, str] = {"state": "unresolved"}
    for word in (each.casefold() for each in context.arguments.words):
        if word in ("all", "todos", "todas"):
            wanted["state"] = ""
        elif word in ("mine", "míos", "mios"):
            wanted["assignee"] = _me(context).key
        else:
            wanted["priority"] = _PRIORITIES.get(word, word)
    found = await incidents.listing(context.hub, Filter(**wanted), MOST_LISTED + 1)
    if not found:
        await context.say(_("No incident fits.", context.locale))
        return
    text = _("Incidents", context.locale)
    await context.say(text, views.listing(found[:MOST_LISTED], len(found) > MOST_LISTED, context.locale))


async def timeline(context: Context) -> None:
    """What happened."""
    incident, entries = await incidents.timeline(context.hub, _first(context))
    await context.say(_("Incident timeline", context.locale), views.timeline(incident, entries, context.locale))


_PRIORITIES = {
    **{"crítica": "critical", "critica": "critical", "crítico": "critical", "critico": "critical"},
    **{"alta": "high", "alto": "high", "media": "medium", "medio": "medium", "baja": "low", "bajo": "low"},
}

# --- Buttons ---------------------------------------------------------------------------------------------------------


async def press_acknowledge(context: Context) -> None:
    """Of the incident's message: the message itself then says who."""
    await incidents.acknowledge(context.hub, context.principal, _number(context, context.value), _me(context))


async def press_assign(context: Context) -> None:
    """To whoever pressed."""
    me = _me(context)
    await incidents.assign(context.hub, context.principal, _number(context, context.value), me, me)


async def press_resolve(context: Context) -> None:
    """Asks how."""
    incident = await incidents.show(context.hub, _number(context, context.value))
    if incident.state == "resolved":
        raise Said(_("{code} is resolved.", context.locale).format(code=incident.code))
    await context.open_view(views.resolution(context.locale, incident, {"channel": context.channel}))


async def press_update(context: Context) -> None:
    """Opens the modal."""
    incident = await incidents.show(context.hub, _number(context, context.value))
    await context.open_view(views.change(context.locale, incident))


async def acknowledge_event(context: Context) -> None:
    """Takes charge of an alert: its thread tells who, and the button goes away."""
    await acknowledgements.acknowledge(context.hub, context.principal, context.value, _me(context))


async def create_from_event(context: Context) -> None:
    """The modal, filled with what the event says."""
    event_id = context.value
    stored = await context.hub.database.read(lambda tx: events.get(tx, event_id))
    if stored is None:
        raise Said(_("That event is not kept any more.", context.locale))
    event = stored.event
    values = {
        "title": one_line(event.title),
        "priority": priority_of(event.severity),
        "description": text_of(event.data, "description", views.LONGEST_INPUT),
    }
    affected = [Item(id=id_, name=name) for id_, name in item_facts(event.data)]
    metadata = {"event": event_id, "channel": context.channel, "thread_ts": context.thread_ts}
    await context.open_view(views.creation(context.locale, values, metadata, affected))


async def create_from_message(context: Context) -> None:
    """The modal, filled with what somebody wrote."""
    text = await plain(context, str(context.message.get("text") or ""))
    title = one_line(text.partition("\n")[0], 150)
    metadata = {"channel": context.channel, "ts": str(context.message.get("ts") or "")}
    values = {"title": title, "description": text, "priority": "medium"}
    await context.open_view(views.creation(context.locale, values, metadata))


# --- Modals ----------------------------------------------------------------------------------------------------------


async def submit_creation(context: Context) -> None:
    """Creates it."""
    values, metadata = context.values, context.metadata
    assignee = values.get("assignee")
    wanted = NewIncident(
        title=values.get("title") or "",
        description=values.get("description") or "",
        priority=values.get("priority") or "",
        assignee=await _who(context, assignee) if assignee else Who(),
        affected=await chosen_items(context),
        event=str(metadata.get("event") or ""),
        message=await permalink(context, str(metadata.get("ts") or "")),
    )
    try:
        made = await incidents.create(context.hub, context.principal, wanted, _me(context))
    except Declined as fault:
        raise _in_place(fault, context.locale) from None
    if context.channel:
        await context.ack()
        await _say_of(context, N_("{code} was created."), made)


async def submit_change(context: Context) -> None:
    """Changes it."""
    values, number = context.values, int(context.metadata["number"])
    changes = {name: values.get(name) or "" for name in ("title", "description", "priority")}
    known = {each.id: each for each in (await incidents.show(context.hub, number)).affected}
    affected = tuple(known.get(each.id, each) for each in await chosen_items(context))
    try:
        await incidents.update(context.hub, context.principal, number, **changes, affected=affected, by=_me(context))
    except Declined as fault:
        raise _in_place(fault, context.locale) from None


async def submit_resolution(context: Context) -> None:
    """Ends it."""
    note, number = context.values.get("note") or "", int(context.metadata["number"])
    try:
        await incidents.resolve(context.hub, context.principal, number, note, _me(context))
    except Declined as fault:
        raise _in_place(fault, context.locale, "note") from None


def _in_place(fault: Declined, locale: str, block: str = "title") -> Invalid:
    """What is wrong, at the input that it is about."""
    said = dict(fault.arguments)
    if "at" in said:
        said["at"] = moment(said["at"])
    return Invalid({fault.field or block: in_words(fault.reason, said, locale)})


def _items(written: str) -> tuple[Item, ...]:
    return tuple(Item(id=one_line(each, 200)) for each in written.replace("\n", ",").split(",") if each.strip())


# --- What is written in its thread -----------------------------------------------------------------------------------


async def follow(context: Context, reply: Reply, about: About) -> None:
    """A reply stands in the timeline, as its author wrote it last."""
    hub, principal = context.hub, context.principal
    message, number = f"{reply.channel}:{reply.ts}", int(about.subject.rpartition("/")[2])
    if reply.kind == "deleted":
        await incidents.delete_comment(hub, principal, message)
        return
    text = (await plain(context, reply.text))[:TEXT_LIMIT]
    if reply.kind == "changed" and await incidents.edit_comment(hub, principal, message, text):
        return
    if text:  # a picture alone says nothing that could be written down
        await incidents.comment(hub, principal, number, text, message=message, by=await _who(context, reply.user))
    if reply.kind == "changed":  # the message itself may have been noted in between, as it was before
        await incidents.edit_comment(hub, principal, message, text)


THREAD = Thread(permission="incident.read", run=follow)


HANDLERS = (
    Handler(
        kind="command",
        name="/incident create",
        permission="incident.manage",
        run=create,
        help=N_("creates an incident; without a title in a window"),
        usage=N_('["title"] [priority:high] [assign:@name] [ci:SW-02]'),
        aliases=("crear", "new", "nuevo"),
    ),
    Handler(
        kind="command",
        name="/incident list",
        permission="incident.read",
        run=list_,
        help=N_("lists the incidents that are not over"),
        usage=N_("[all|mine|critical|high|medium|low]"),
        aliases=("lista", "listar", "ls"),
    ),
    Handler(
        kind="command",
        name="/incident ack",
        permission="incident.acknowledge",
        run=acknowledge,
        help=N_("takes charge of one"),
        usage=N_("INC-12"),
        aliases=("acknowledge", "tomar", "atender"),
    ),
    Handler(
        kind="command",
        name="/incident assign",
        permission="incident.manage",
        run=assign,
        help=N_("gives one to somebody, or to oneself"),
        usage=N_("INC-12 [@name]"),
        aliases=("asignar",),
    ),
    Handler(
        kind="command",
        name="/incident update",
        permission="incident.manage",
        run=update,
        help=N_("changes one; without options in a window"),
        usage=N_("INC-12 [priority:high] [title:...]"),
        aliases=("actualizar", "cambiar"),
    ),
    Handler(
        kind="command",
        name="/incident resolve",
        permission="incident.manage",
        run=resolve,
        help=N_("ends one"),
        usage=N_("INC-12 [how]"),
        aliases=("resolver", "close", "cerrar"),
    ),
    Handler(
        kind="command",
        name="/incident reopen",
        permission="incident.manage",
        run=reopen,
        help=N_("opens a resolved one again"),
        usage=N_("INC-12 [why]"),
        aliases=("reabrir",),
    ),
    Handler(
        kind="command",
        name="/incident timeline",
        permission="incident.read",
        run=timeline,
        help=N_("shows what happened"),
        usage=N_("INC-12"),
        aliases=("cronología", "cronologia", "show", "ver"),
    ),
    Handler(kind="action", name="incident_acknowledge", permission="incident.acknowledge", run=press_acknowledge),
    Handler(kind="action", name="incident_assign_to_me", permission="incident.manage", run=press_assign),
    Handler(kind="action", name="incident_resolve", permission="incident.manage", run=press_resolve),
    Handler(kind="action", name="incident_update", permission="incident.manage", run=press_update),
    Handler(kind="action", name="acknowledge_event", permission="incident.acknowledge", run=acknowledge_event),
    Handler(kind="action", name="create_incident", permission="incident.manage", run=create_from_event),
    Handler(
        kind="message_shortcut",
        name="create_incident_from_message",
        permission="incident.manage",
        run=create_from_message,
        help=N_("creates an incident from a message"),
    ),
    Handler(kind="options", name=views.AFFECTED, permission="incident.manage", run=suggest_affected),
    Handler(kind="view", name=views.CREATE, permission="incident.manage", run=submit_creation),
    Handler(kind="view", name=views.UPDATE, permission="incident.manage", run=submit_change),
    Handler(kind="view", name=views.RESOLVE, permission="incident.manage", run=submit_resolution),
)
