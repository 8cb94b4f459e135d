"""``/cmdb``: configuration items found, shown and changed from Slack."""

from __future__ import annotations

from typing import Any

from centralita.chatops.context import Context
from centralita.chatops.handlers import Handler, Invalid, Said
from centralita.chatops.views import cis as views
from centralita.core import mrkdwn
from centralita.core.cis import read_attributes
from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.services import ci_changes, cis
from centralita.services.cis import CiDetail, CiRefused, NoCi
from centralita.services.wording import in_words


async def search(context: Context) -> None:
    """What is called nearly so."""
    text = _asked(context)
    hits = await cis.search(context.hub, text, views.MOST_ROWS)
    await _list_hits(context, text, [hit for hit in hits if hit.sure] or hits)


async def _list_hits(context: Context, text: str, hits: list[cis.Hit]) -> None:
    locale, shown = context.locale, mrkdwn.escape(mrkdwn.cut(mrkdwn.clean(text), 100))
    if not hits:
        raise Said(
            _("Nothing is called anything like {text}. Part of a name is enough, or a serial number, type or owner.",
              locale).format(text=f"“{shown}”")
        )  # fmt: skip
    if hits[0].sure:
        title = _("What “{text}” may mean:", locale).format(text=shown)
    else:
        title = _("Nothing is called “{text}”. The nearest:", locale).format(text=shown)
    await context.say(title, views.rows(title, [hit.ci for hit in hits], locale))


async def show(context: Context) -> None:
    """One CI by name or id; what may have been meant, when that is not certain."""
    found = await _one(context, _asked(context))
    if found is not None:
        await _show(context, found)


async def show_pressed(context: Context) -> None:
    """The one whose button was pressed."""
    await _show(context, await cis.show(context.hub, context.value))


async def _show(context: Context, found: CiDetail) -> None:
    may_change = context.principal.may("ci.manage")
    await context.say(mrkdwn.escape(mrkdwn.clean(found.ci.name)), views.details(found, may_change, context.locale))


async def update(context: Context) -> None:
    """Opens the modal of the one that was named."""
    found = await _one(context, _asked(context))
    if found is not None:
        await _open(context, found)


async def update_pressed(context: Context) -> None:
    """Opens the modal of the one whose button was pressed."""
    await _open(context, await cis.show(context.hub, context.value))


async def _open(context: Context, found: CiDetail) -> None:
    owner = found.ci.owner
    known = context.people.with_email(context.person.team, owner.email) if owner is not None else None
    place = {"channel": context.channel, "thread_ts": context.thread_ts}
    await context.open_view(views.change(found.ci, known.id if known is not None else "", place, context.locale))


async def save(context: Context) -> None:
    """Takes what the modal says; what is wrong is said in place."""
    values, locale, known = context.values, context.locale, context.metadata
    before = await cis.show(context.hub, str(known["ci"]))
    lines, wrong = read_attributes(str(values.get("attributes") or ""))
    faults = {}
    if not str(values.get("name") or "").strip():
        faults["name"] = in_words("ci.name_missing", {}, locale)
    if wrong:
        text = _("Write each line as name: value. Not so: line {lines}", locale)
        faults["attributes"] = text.format(lines=", ".join(map(str, wrong)))
    if faults:
        raise Invalid(faults)
    change: dict[str, Any] = {name: str(values.get(name) or "").strip() for name in ("name", "type", "status")}
    change |= await _owner(context, str(values.get("owner") or ""), str(known.get("owner") or ""))
    change["attributes"] = _attributes(before, lines)
    try:
        done = await ci_changes.update(
            context.hub, context.principal.actor, before.ci.id, change, int(known["version"])
        )
    except CiRefused as fault:
        block = "attributes" if fault.reason == "ci.too_many_attributes" else "name"
        raise Invalid({block: in_words(fault.reason, fault.arguments, locale)}) from None
    await context.ack()
    name = mrkdwn.escape(mrkdwn.clean(done.ci.name))
    same = done.ci.version == before.ci.version
    said = _("{name} stays as it was.", locale) if same else _("{name} was changed.", locale)
    await context.say(said.format(name=f"*{name}*"))


async def _owner(context: Context, chosen: str, before: str) -> dict[str, Any]:
    """What the choice of a person changes: nothing, where it was left as it was."""
    if chosen == before:
        return {}
    if not chosen:
        return {"owner": {}}
    person = await context.people.find(context.client, context.person.team, chosen)
    if not person.email and not person.name:
        raise Invalid({"owner": _("Slack does not say who that is just now. Try again.", context.locale)})
    return {"owner": {"name": person.name, "email": person.email}}


def _attributes(before: CiDetail, lines: dict[str, str]) -> dict[str, str | None]:
    """What the lines change: those that are new or another, and those that were taken out."""
    shown = {key: " ".join(value.split()) for key, value in views.fitting(before.ci.attributes).items()}
    changed: dict[str, str | None] = {key: value for key, value in lines.items() if shown.get(key) != value}
    gone = shown.keys() - lines.keys()
    return {**changed, **dict.fromkeys(gone, "")}


def _asked(context: Context) -> str:
    text = mrkdwn.as_typed(context.arguments.text).strip("\"'“” ")
    if not text:
        raise Said(_("Which one? Part of its name is enough for a search: {example}", context.locale).format(
            example="`/cmdb search erp`"))  # fmt: skip
    return text[:200]


async def _one(context: Context, text: str) -> CiDetail | None:
    """The one that is called so; else a list of what may have been meant, and None."""
    try:
        return await cis.show(context.hub, text)
    except NoCi:
        hits = await cis.search(context.hub, text, views.MOST_ROWS)
        certain = [hit for hit in hits if hit.sure]
        await _list_hits(context, text, certain or hits)
    except CiRefused as fault:
        if fault.reason != "ci.ambiguous":
            raise
        called = await cis.called(context.hub, text, views.MOST_ROWS)
        title = _("Several are called “{text}”:", context.locale)
        title = title.format(text=mrkdwn.escape(mrkdwn.cut(mrkdwn.clean(text), 100)))
        await context.say(title, views.rows(title, called, context.locale))
    return None


HANDLERS = (
    Handler(
        kind="command",
        name="/cmdb search",
        permission="ci.read",
        run=search,
        help=N_("finds configuration items; accents and typing errors don't matter"),
        usage=N_("erp db"),
        aliases=("buscar", "find"),
    ),
    Handler(
        kind="command",
        name="/cmdb show",
        permission="ci.read",
        run=show,
        help=N_("shows what is known of one"),
        usage=N_("erp-db-01"),
        aliases=("ver", "mostrar"),
    ),
    Handler(
        kind="command",
        name="/cmdb update",
        permission="ci.manage",
        run=update,
        help=N_("opens a window to change one"),
        usage=N_("erp-db-01"),
        aliases=("cambiar", "actualizar"),
    ),
    Handler(kind="action", name="ci_details", permission="ci.read", run=show_pressed),
    Handler(kind="action", name="update_ci", permission="ci.manage", run=update_pressed),
    Handler(kind="view", name="ci_modal", permission="ci.manage", run=save),
)
