"""The first run, on one page in steps: an administrator, Slack, a source, a rule, a message. Each can be left for
later, and what is done shows as done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request, Response

from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.integrations import registry
from centralita.integrations.slack.scopes import missing
from centralita.services import events, first_run, sign_in, slack_channels, sources
from centralita.services.access import Refused
from centralita.services.first_run import LOOPBACK, Progress
from centralita.services.hub import Hub
from centralita.services.source_setup import CURES
from centralita.services.sources import SourceDetail
from centralita.services.wording import in_words
from centralita.store.events import Filter
from centralita.web.auth import PUBLIC, hub_of, requires
from centralita.web.dashboard import forms
from centralita.web.dashboard.access import Forbidden, browser_of, keep, person_of
from centralita.web.dashboard.forms import Form
from centralita.web.dashboard.page import Flash, locale, page_of, redirect, render

router = APIRouter()

STEPS: Mapping[str, str] = {
    "slack": N_("Connect Slack"),
    "source": N_("Add the first source"),
    "rule": N_("Say who is told"),
    "message": N_("Send the first message"),
}
"""After the administrator, who is there once anybody sees these."""
PERMISSION = "settings.read"
"""To see the steps; each one has its own on top."""
CHANNELS_S = 2.0
"""So long the page waits for the names of Slack's channels."""
ASTRAY_S = 3600.0
"""So old are the tries at addresses that no source has, which are shown while nothing has come."""
_BETWEEN = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


@router.get("/setup", dependencies=[requires(PUBLIC)])
async def show(
    request: Request,
    key: str = Query(default="", max_length=200),
    step: str = Query(default="", max_length=20),
    source: str = Query(default="", max_length=63),
    event: str = Query(default="", max_length=40),
) -> Response:
    """The administrator's account as long as there is none, then the other steps."""
    if await sign_in.is_unclaimed(hub_of(request)):
        return await _claim(request, Form(values={"key": key}))
    await _admit(request)
    return await page(request, step, source=source, event=event)


@router.post("/setup/admin", dependencies=[requires(PUBLIC)])
async def claim(request: Request) -> Response:
    """Whoever is first, and can show the key where one is needed, is the administrator."""
    hub, form = hub_of(request), await forms.read(request)
    language = locale(request)
    if needs_key(request) and not first_run.is_setup_key(hub, form.get("key")):
        form.fault("key", _("This is not the key. The hub prints it when it starts.", language))
        return await _claim(request, form, 403)
    if not form.get("name"):
        form.fault("name", _("Without a name nobody can sign in.", language))
        return await _claim(request, form, 422)
    name, email, password = form.get("name"), form.get("email"), form.values.get("password", "")
    try:
        opened = await sign_in.first_admin(hub, name, email, password, *browser_of(request))
    except Refused as refused:
        if refused.reason == "user.not_first":
            return redirect(request, "/setup")
        at = "password" if refused.reason.startswith("password.") else "name"
        form.fault(at, in_words(refused.reason, refused.arguments, language))
        return await _claim(request, form, 422)
    response = redirect(request, "/setup", Flash(N_("{name} is the administrator of this hub."), {"name": name}))
    keep(request, response, opened.token)
    return response


def needs_key(request: Request) -> bool:
    """Whether a stranger may be asking: the hub is reached by other machines, or by something that stands in front."""
    try:
        asked = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        asked = ""
    between = any(name in request.headers for name in _BETWEEN)
    return between or asked not in LOOPBACK or not first_run.is_local(hub_of(request))


async def _claim(request: Request, form: Form, status: int = 200) -> Response:
    language = locale(request)
    shown = await page_of(request, title=_("Set the hub up", language))
    return await render(
        request, "setup/claim.html", shown, status=status, form=form, needs_key=needs_key(request), steps=STEPS
    )


async def _admit(request: Request) -> None:
    person = await person_of(request)
    if not person.principal.may(PERMISSION):
        raise Forbidden(PERMISSION)


# ---- the steps


async def page(
    request: Request,
    step: str = "",
    *,
    form: Form | None = None,
    status: int = 200,
    source: str = "",
    event: str = "",
    **more: Any,
) -> Response:
    """The page with one step open: ``step``, else the first that is not done. ``form`` is that step's."""
    hub, language = hub_of(request), locale(request, await person_of(request))
    progress = await first_run.progress(hub)
    done = done_of(progress)
    open_ = step if step in STEPS else next((name for name in STEPS if not done[name]), "")
    shown = await page_of(request, title=_("Set the hub up", language), section="overview", **said_of(done, language))
    detail = await _source(hub, source, progress)
    context = {
        "forms": {each: Form(values=_given(each, detail)) for each in STEPS} | ({open_: form} if form else {}),
        "faulty": open_ if form is not None else "",
        "steps": STEPS,
        "open": open_,
        "done": done,
        "progress": progress,
        "lacking": {each.name or each.team_id: missing(each.scopes) for each in progress.workspaces if each.scopes},
        **await coming(hub, detail),
        "sent": await events.detail(hub, event) if event else None,
        "local_slack": not (urlsplit(hub.settings.slack.api_url).hostname or "").endswith("slack.com"),
        "slack_at": hub.settings.slack.api_url,
        "socket_mode": hub.settings.slack.mode == "socket",
        "handover": None,
        "preview": None,
        "channels": await slack_channels.channel_names(hub, CHANNELS_S) if open_ == "rule" else (),
        "kinds": kinds(language),
        **more,
    }
    return await render(request, "setup/page.html", shown, status=status, **context)


def done_of(progress: Progress) -> dict[str, bool]:
    """Which steps are done."""
    return {
        "slack": bool(progress.workspaces) or progress.posts_only,
        "source": progress.heard,
        "rule": bool(progress.rules),
        "message": progress.arrived is not None,
    }


def said_of(done: Mapping[str, bool], language: str) -> dict[str, str]:
    """The page's sentence and its lamp."""
    if all(done.values()):
        said = _("Everything is set up: what comes in reaches those who have to know.", language)
        return {"sentence": said, "lamp": "flowing"}
    said = _("{done} of {count} steps are done. Each can be left for later.", language)
    return {"sentence": said.format(done=sum(done.values()) + 1, count=len(STEPS) + 1), "lamp": "waiting"}


def kinds(language: str) -> list[tuple[str, str]]:
    """What a source can be, with the one for everything else last."""
    known = [(kind, kind) for kind in registry.kinds() if kind != "generic"]
    return [*known, ("generic", _("generic: any other tool that can post JSON", language))]


def _given(step: str, source: SourceDetail | None) -> dict[str, str]:
    """What a fresh form begins with."""
    if step == "rule" and source is not None:
        return {"name": source.source.name, "condition": f"source == '{source.source.slug}'"}
    return {"kind": "invgate"} if step == "source" else {}


async def _source(hub: Hub, slug: str, progress: Progress) -> SourceDetail | None:
    """The one that is spoken of: that of the address, else the one that was heard last."""
    known = [each.slug for each in progress.sources]
    return await sources.detail(hub, slug if slug in known else known[0]) if known else None


async def coming(hub: Hub, source: SourceDetail | None) -> dict[str, Any]:
    """What the wait for a source's first event shows: its newest event, as it was understood, and what was refused."""
    shown: dict[str, Any] = {"source": source, "first": None, "astray": (), "cures": CURES, "polled": False}
    if source is None:
        return shown
    if source.source.accepted:
        found = await events.find(hub, Filter(source=source.source.slug), None, 1, "")
        return {**shown, "first": found.items[0] if found.items else None}
    return {**shown, "astray": await sources.astray(hub, hub.clock.now() - ASTRAY_S)}
