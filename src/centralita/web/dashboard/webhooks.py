"""The outgoing webhooks: the list, switching one on and off, removing one and bringing it back."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from centralita.i18n import N_, ngettext
from centralita.i18n import gettext as _
from centralita.services import webhook_changes, webhook_queue, webhook_statistics, webhooks
from centralita.services.webhooks import STATES, WebhookView
from centralita.web.auth import hub_of
from centralita.web.dashboard.access import needs, person_of
from centralita.web.dashboard.page import Flash, locale, page_of, redirect, render
from centralita.web.dashboard.webhook_frame import LAMPS, SECTION, actor_of, base_of, done, lamp_of

router = APIRouter()

PAGE = 50
Word = Annotated[str, Query(max_length=500)]


@router.get("/webhooks", dependencies=[needs("webhook.read")])
async def show(request: Request, state: Word = "", type: Word = "", text: Word = "", after: Word = "") -> Response:
    """The list, by name."""
    hub, language = hub_of(request), locale(request, await person_of(request))
    wanted = {"state": state if state in STATES else "", "type": type.strip(), "text": text.strip()}
    found, following = await webhooks.listing(hub, PAGE, after, **wanted)
    given = {name: value for name, value in wanted.items() if value}
    lamp, sentence = _sentence(found, language) if not (given or after or following) else ("", "")
    page = await page_of(request, title=_("Webhooks", language), section=SECTION, lamp=lamp, sentence=sentence)
    return await render(
        request,
        "webhooks/list.html",
        page,
        block="rows",
        hooks=[(view, lamp_of(view)) for view in found],
        glances=await webhook_statistics.glances(hub, [view.name for view in found]),
        wanted=wanted,
        filtered=bool(given),
        states=[("", _("any", language)), *((each, _(LAMPS[each][1], language)) for each in STATES)],
        newest="/webhooks?" + urlencode(given) if after else "",
        older="/webhooks?" + urlencode({**given, "after": following}) if following else "",
        away=webhook_changes.restorable(hub) if page.may("webhook.manage") else [],
        base_of=base_of,
    )


def _sentence(found: list[WebhookView], language: str) -> tuple[str, str]:
    """How those that fit on one page are."""
    if not found:
        return "", ""
    waiting = sum(view.waiting for view in found)
    broken = [view for view in found if lamp_of(view)[0] in ("held", "failed")]
    clause = ngettext("{n} delivery waits, none is lost", "{n} deliveries wait, none is lost", waiting, language)
    clause = clause.format(n=waiting) if waiting else _("nothing waits", language)
    if not broken:
        return "flowing", _("Every webhook flows; {waiting}.", language).format(waiting=clause)
    lamp = "failed" if any(lamp_of(view)[0] == "failed" for view in broken) else "held"
    if len(broken) == 1:
        text = _("{name} needs a look; {waiting}.", language)
        return lamp, text.format(name=broken[0].name, waiting=clause)
    text = _("{count} webhooks need a look; {waiting}.", language)
    return lamp, text.format(count=len(broken), waiting=clause)


@router.post("/webhooks/{name}/enable", dependencies=[needs("webhook.manage")])
async def enable(request: Request, name: str) -> Response:
    """On again, also after the hub stopped by itself."""
    work = webhook_changes.set_enabled(hub_of(request), await actor_of(request), name, True)
    flash = Flash(N_("The webhook {name} is on."), {"name": name}, undo=base_of(name) + "/disable")
    return await done(request, work, base_of(name), flash)


@router.post("/webhooks/{name}/disable", dependencies=[needs("webhook.manage")])
async def disable(request: Request, name: str) -> Response:
    """Off: what waits is kept."""
    work = webhook_changes.set_enabled(hub_of(request), await actor_of(request), name, False)
    flash = Flash(
        N_("The webhook {name} is off; what waits is kept."), {"name": name}, "held", base_of(name) + "/enable"
    )
    return await done(request, work, base_of(name), flash)


@router.post("/webhooks/{name}/pause", dependencies=[needs("lane.manage")])
async def pause(request: Request, name: str) -> Response:
    """Sends nothing for now: what comes in waits."""
    work = webhook_queue.pause(hub_of(request), await actor_of(request), name)
    text = N_("The webhook {name} is paused; what comes in waits.")
    return await done(request, work, base_of(name), Flash(text, {"name": name}, "held", base_of(name) + "/resume"))


@router.post("/webhooks/{name}/resume", dependencies=[needs("lane.manage")])
async def resume(request: Request, name: str) -> Response:
    """Goes on with what waits, whatever stopped or held it."""
    work = webhook_queue.resume(hub_of(request), await actor_of(request), name)
    return await done(request, work, base_of(name), Flash(N_("The webhook {name} goes on."), {"name": name}))


@router.post("/webhooks/{name}/remove", dependencies=[needs("webhook.manage")])
async def remove(request: Request, name: str) -> Response:
    """Puts it away: ten minutes to think better of it."""
    work = webhook_changes.put_away(hub_of(request), await actor_of(request), name)
    text = N_("The webhook {name} was removed. For 10 minutes it can be restored with its secrets and its queue.")
    return await done(request, work, "/webhooks", Flash(text, {"name": name}, "held", base_of(name) + "/restore"))


@router.post("/webhooks/{name}/restore", dependencies=[needs("webhook.manage")])
async def restore(request: Request, name: str) -> Response:
    """Brings it back; too late, the list says so."""
    try:
        await webhook_changes.restore(hub_of(request), await actor_of(request), name)
    except LookupError:
        text = N_("It is too late to restore the webhook {name}.")
        return redirect(request, "/webhooks", Flash(text, {"name": name}, "failed"))
    return redirect(request, base_of(name), Flash(N_("The webhook {name} is back."), {"name": name}))
