"""One webhook: its failures in groups, the most common first, and seeing to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.exceptions import HTTPException

from centralita.core.failures import ACTIONS, STATES, TRANSITIONS
from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.services import webhook_issues
from centralita.services.webhook_issues import IssueView
from centralita.web.auth import hub_of
from centralita.web.dashboard.access import needs, person_of
from centralita.web.dashboard.page import Flash, locale
from centralita.web.dashboard.webhook_frame import actor_of, base_of, done, framed, show

router = APIRouter()

PAGE = 50
LAMPS: Mapping[str, tuple[str, str]] = {
    "open": ("failed", N_("open")),
    "acknowledged": ("held", N_("somebody sees to it")),
    "resolved": ("flowing", N_("resolved")),
    "ignored": ("skipped", N_("ignored")),
}
WORDS: Mapping[str, str] = {
    "acknowledge": N_("I see to it"),
    "resolve": N_("Resolved"),
    "ignore": N_("Ignore"),
    "reopen": N_("Open again"),
}
_SAID: Mapping[str, str] = {
    "acknowledge": N_("Noted: you see to it."),
    "resolve": N_("Resolved; it opens again when it fails again."),
    "ignore": N_("Ignored; nobody hears of it any more."),
    "reopen": N_("Open again."),
}


@router.get("/webhooks/{name}/errors", dependencies=[needs("webhook.read")])
async def errors(
    request: Request,
    name: str,
    state: Annotated[str, Query(max_length=20)] = "",
    after: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """What fails, by its kind."""
    frame = await framed(request, name)
    language, wanted = frame.page.locale, state if state in STATES else ""
    found = await webhook_issues.listing(hub_of(request), wanted, name, PAGE, _behind(after), language)
    path = f"{frame.base}/errors?state={wanted}"
    return await show(
        request,
        frame,
        "errors",
        block="rows",
        issues=[(each, LAMPS[each.state], _actions(each, language)) for each in found],
        wanted=wanted,
        states=[("", _("any", language)), *((each, _(LAMPS[each][1], language)) for each in STATES)],
        newest=path if after else "",
        older=f"{path}&after={found[-1].count}_{found[-1].id}" if len(found) == PAGE else "",
    )


def _behind(cursor: str) -> tuple[int, int] | None:
    count, _separator, number = cursor.partition("_")
    if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in (count, number)):
        return None
    return int(count), int(number)


def _actions(issue: IssueView, language: str) -> list[tuple[str, str]]:
    """What can be done to it as it is."""
    return [(each, _(WORDS[each], language)) for each in ACTIONS if (issue.state, each) in TRANSITIONS]


@router.post("/webhooks/{name}/errors/{number}/{action}", dependencies=[needs("delivery.replay")])
async def change(request: Request, name: str, number: int, action: str) -> Response:
    """Somebody sees to it, or has."""
    language = locale(request, await person_of(request))
    if action not in ACTIONS or not 0 < number < 1 << 62:
        raise HTTPException(404)
    work = webhook_issues.change(hub_of(request), await actor_of(request), number, action, language)
    return await done(request, work, base_of(name) + "/errors", Flash(_SAID[action]))
