"""Sources: who sends and what came of it, adding one and changing those that are people's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from centralita.i18n import N_, ngettext
from centralita.i18n import gettext as _
from centralita.integrations import registry
from centralita.services import events, replays, source_changes, source_trial, sources
from centralita.services.access import Refused
from centralita.services.hub import Hub
from centralita.services.keys import KeyFault
from centralita.services.replays import NotFound
from centralita.services.source_changes import Faulty, Handover, InTheWay, NewSource
from centralita.services.source_setup import CURES, instructions, trial
from centralita.services.sources import SourceDetail, SourceSummary
from centralita.services.wording import in_words
from centralita.store.events import Filter
from centralita.web.auth import hub_of
from centralita.web.dashboard import forms, source_settings
from centralita.web.dashboard.access import needs, person_of
from centralita.web.dashboard.forms import Form
from centralita.web.dashboard.page import Flash, locale, page_of, redirect, render

router = APIRouter()

KEEP_S = 86_400.0
"""So long the secrets before a new one are good, unless somebody says that they leaked."""
NEWEST = 5
"""Events and refused tries on a source's page."""
MANAGE = "source.manage"
TRIAL_S = 8.0
"""So long the answer to a try waits for what comes of it."""


@router.get("/sources", dependencies=[needs("source.read")])
async def show(request: Request) -> Response:
    """By slug, each with what came last."""
    hub, language = hub_of(request), locale(request, await person_of(request))
    rows = [row for row in await sources.listing(hub) if row.origin != "hub"]
    refused = [row for row in rows if lamp_of(row)[0] == "failed"]
    said = ngettext("{n} source.", "{n} sources.", len(rows), language).format(n=len(rows))
    if refused:
        text = ngettext("{n} is being refused.", "{n} are being refused.", len(refused), language)
        said += " " + text.format(n=len(refused))
    page = await page_of(
        request,
        title=_("Sources", language),
        section="sources",
        sentence=said if rows else _("Nothing can come in yet.", language),
        lamp="failed" if refused else "flowing" if rows else "waiting",
    )
    away = source_changes.restorable(hub) if page.may(MANAGE) else []
    return await render(request, "sources.html", page, rows=rows, lamp=lamp_of, href=href, away=away)


def href(slug: str, action: str = "") -> str:
    """Where a source's page is."""
    return f"/sources/{quote(slug, safe='')}" + (f"/{action}" if action else "")


def lamp_of(row: SourceSummary) -> tuple[str, str]:
    """How a source is: its lamp, and the word beside it (an English msgid)."""
    if not row.enabled:
        return "off", N_("off")
    if row.last_rejected_at and row.last_rejected_at > (row.last_accepted_at or ""):
        return "failed", N_("the last try was refused")
    return ("flowing", N_("flowing")) if row.last_accepted_at else ("waiting", N_("nothing came yet"))


# ---- a new one


@router.get("/sources/new", dependencies=[needs(MANAGE)])
async def new(request: Request, kind: str = Query(default="", max_length=100)) -> Response:
    """The kind first, then what that kind needs."""
    known = kind if kind in registry.kinds() else ""
    return await _new(request, Form(values={"kind": known, "slug": _free(hub_of(request), known)}))


def _free(hub: Hub, kind: str) -> str:
    """A slug that none has: the kind's, or with a number."""
    return next((each for each in (kind, *(f"{kind}-{n}" for n in range(2, 100))) if each not in hub.sources), kind)


async def _new(request: Request, form: Form) -> Response:
    language = locale(request, await person_of(request))
    page = await page_of(request, title=_("New source", language), section="sources")
    kind = form.get("kind")
    fields = source_settings.fields_of(kind, form, language) if kind in registry.kinds() else []
    return await render(
        request,
        "source_new.html",
        page,
        status=422 if form.faults else 200,
        form=form,
        kinds=sorted(registry.kinds(), key=lambda each: (each == "generic", each)),
        fields=fields,
    )


@router.post("/sources/new", dependencies=[needs(MANAGE)])
async def add(request: Request) -> Response:
    """Adds it, and shows what is to be entered at the sender, this once."""
    hub, person, form = hub_of(request), await person_of(request), await forms.read(request)
    language, kind, slug = locale(request, person), form.get("kind"), form.get("slug")
    if kind not in registry.kinds():
        form.fault("kind", _("Which kind of sender is it?", language))
        return await _new(request, form)
    given = source_settings.read(kind, form, {}, language)
    if form.faults:
        return await _new(request, form)
    wanted = NewSource(kind, slug or kind, form.get("name"), given, form.get("secret"))
    try:
        _source, handover = await source_changes.add(hub, person.principal.actor, wanted)
    except (InTheWay, Refused, Faulty, KeyFault) as fault:
        _note(form, fault, language)
        return await _new(request, form)
    return await _page(request, wanted.slug, Form(), handover)


def _note(form: Form, fault: InTheWay | Refused | Faulty | KeyFault, language: str) -> None:
    if isinstance(fault, Faulty):
        for each in fault.faults:
            path, _colon, reason = each.rpartition(": ")
            name, _dot, below = path.partition(".")
            at = "secret" if name == "secrets" else f"set.{name}"
            form.fault(at, f"{below}: {in_words(reason, {}, language)}" if below else in_words(reason, {}, language))
    elif isinstance(fault, KeyFault):
        form.fault("", f"{in_words(fault.reason, {}, language)} {fault.place}")
    else:
        at = "slug" if fault.reason in ("source.slug_invalid", "source.taken") else ""
        form.fault(at, in_words(fault.reason, fault.arguments, language))


# ---- one of them


@router.get("/sources/{slug}", dependencies=[needs("source.read")])
async def show_one(request: Request, slug: str) -> Response:
    """What came of it, its settings, and what can be done about it."""
    return await _page(request, slug, Form())


async def _page(request: Request, slug: str, form: Form, handover: Handover | None = None) -> Response:
    hub, language = hub_of(request), locale(request, await person_of(request))
    found = await _detail(hub, slug)
    lamp, word = lamp_of(found.source)
    page = await page_of(request, title=found.source.name, section="sources", lamp=lamp, sentence=_(word, language))
    mine = found.source.origin == "database" and page.may(MANAGE)
    source = hub.sources[slug]
    if not form.values:
        form = replace(form, values=source_settings.shown(source.integration.fields, found.settings, found.source.name))
    address = handover.address if handover is not None else found.address
    return await render(
        request,
        "source.html",
        page,
        status=422 if form.faults else 200,
        source=found,
        form=form,
        mine=mine,
        fields=source_settings.fields_of(found.source.kind, form, language),
        handover=handover,
        steps_there="\n".join(instructions(found.source.kind, address, language)),
        trial=trial(found.source.kind, handover, language) if handover is not None else "",
        href=href,
        **await _came(hub, found),
    )


async def _detail(hub: Hub, slug: str) -> SourceDetail:
    found = await sources.detail(hub, slug)
    if found is None or found.source.origin == "hub":
        raise LookupError(slug)
    return found


async def _came(hub: Hub, found: SourceDetail) -> dict[str, Any]:
    newest = await events.find(hub, Filter(source=found.source.slug), None, NEWEST, "")
    return {"newest": newest.items, "shown": NEWEST, "cures": CURES}


@router.get("/sources/{slug}/came", dependencies=[needs("source.read")])
async def came(request: Request, slug: str) -> Response:
    """What came: the part of the page that looks again by itself."""
    hub = hub_of(request)
    found, page = await _detail(hub, slug), await page_of(request)
    return await render(
        request, "source_came.html", page, block="came", source=found, href=href, **await _came(hub, found)
    )


@router.post("/sources/{slug}", dependencies=[needs(MANAGE)])
async def change(request: Request, slug: str) -> Response:
    """Keeps its name and its settings."""
    hub, person, form = hub_of(request), await person_of(request), await forms.read(request)
    language = locale(request, person)
    found = await _detail(hub, slug)
    given = source_settings.read(found.source.kind, form, hub.sources[slug].settings, language)
    if not form.faults:
        try:
            await source_changes.change(
                hub, person.principal.actor, slug, name=form.get("name"), enabled=None, settings=given
            )
        except (InTheWay, Faulty, KeyFault) as fault:
            _note(form, fault, language)
        else:
            return redirect(request, href(slug), Flash(N_("The source {slug} is kept."), {"slug": slug}))
    return await _page(request, slug, form)


@router.post("/sources/{slug}/secret", dependencies=[needs(MANAGE)])
async def rotate(request: Request, slug: str) -> Response:
    """Another secret, which is shown this once."""
    hub, person, form = hub_of(request), await person_of(request), await forms.read(request)
    keep_s = 0.0 if form.ticked("leaked") else KEEP_S
    try:
        handover = await source_changes.add_secret(hub, person.principal.actor, slug, form.get("secret"), keep_s)
    except (InTheWay, Faulty, KeyFault) as fault:
        shown = Form(faults={})
        _note(shown, fault, locale(request, person))
        return await _page(request, slug, shown)
    return await _page(request, slug, Form(), handover)


@router.post("/sources/{slug}/test", dependencies=[needs(MANAGE)])
async def send_example(request: Request, slug: str) -> Response:
    """Signs one of the kind's examples as the sender would, and takes it in."""
    hub, person, form = hub_of(request), await person_of(request), await forms.read(request)
    try:
        sent = await source_trial.send_fixture(hub, person.principal.actor, slug, form.get("fixture"), TRIAL_S)
    except ValueError as fault:
        said = in_words(str(fault), {}, locale(request, person))
        return redirect(request, href(slug), Flash("{said}", {"said": said}, lamp="failed"))
    text = N_("{fixture} was answered {status}, and became {count} events.")
    arguments = {"fixture": form.get("fixture"), "status": str(sent.status), "count": str(len(sent.events))}
    return redirect(request, href(slug), Flash(text, arguments, lamp="flowing" if sent.events else "held"))


@router.post("/sources/{slug}/unread/{receipt}/{action}", dependencies=[needs("event.replay")])
async def see_to(request: Request, slug: str, receipt: str, action: str) -> Response:
    """A receipt that could not be read: read again, or laid to rest."""
    hub, actor = hub_of(request), (await person_of(request)).principal.actor
    try:
        if action == "again" and receipt.startswith("rcp_"):
            await replays.of_event(hub, actor, receipt, "reparse")
            return redirect(request, href(slug), Flash(N_("It is being read from its bytes again."), lamp="waiting"))
        if action == "rest":
            await sources.dismiss_unparsed(hub, actor, slug, receipt)
            return redirect(request, href(slug), Flash(N_("Laid to rest: {count}."), {"count": "1"}))
    except NotFound:
        gone = N_("The bytes that it came in are not kept any more: it can't be read again.")
        return redirect(request, href(slug), Flash(gone, lamp="failed"))
    raise LookupError(action)


@router.post("/sources/{slug}/restore", dependencies=[needs(MANAGE)])
async def restore(request: Request, slug: str) -> Response:
    """Brings back what was removed; too late, the list says so."""
    hub, person = hub_of(request), await person_of(request)
    try:
        await source_changes.restore(hub, person.principal.actor, slug)
    except LookupError:
        text = N_("It is too late to restore the source {slug}.")
        return redirect(request, "/sources", Flash(text, {"slug": slug}, "failed"))
    except InTheWay as fault:
        said = in_words(fault.reason, fault.arguments, locale(request, person))
        return redirect(request, "/sources", Flash("{said}", {"said": said}, lamp="failed"))
    return redirect(request, href(slug), Flash(N_("The source {slug} is back."), {"slug": slug}))


@router.post("/sources/{slug}/{action}", dependencies=[needs(MANAGE)])
async def act(request: Request, slug: str, action: str) -> Response:
    """On, off, and away."""
    hub, person = hub_of(request), await person_of(request)
    actor, arguments = person.principal.actor, {"slug": slug}
    try:
        if action in ("enable", "disable"):
            on = action == "enable"
            await source_changes.change(hub, actor, slug, name=None, enabled=on, settings={})
            text = N_("The source {slug} takes requests again.") if on else N_("The source {slug} takes nothing now.")
            flash = Flash(text, arguments, undo=href(slug, "disable" if on else "enable"))
            return redirect(request, href(slug), flash)
        if action != "remove":
            raise LookupError(action)
        await source_changes.remove(hub, actor, slug)
        text = N_("The source {slug} is removed. For 10 minutes it can be restored with its secrets.")
        return redirect(request, "/sources", Flash(text, arguments, "held", href(slug, "restore")))
    except InTheWay as fault:
        said = in_words(fault.reason, fault.arguments, locale(request, person))
        return redirect(request, href(slug), Flash("{said}", {"said": said}, lamp="failed"))
