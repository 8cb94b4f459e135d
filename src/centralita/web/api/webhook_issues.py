"""Outgoing webhooks: their failures in groups, and seeing to them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request

from centralita.services import webhook_issues
from centralita.services.webhook_issues import IssueView
from centralita.web.api.once import Route, changing_hub
from centralita.web.api.parameters import Cursor, Limit, Page, Word
from centralita.web.api.problems import Problem, locale_of
from centralita.web.auth import hub_of, principal_of, requires

router = APIRouter(route_class=Route, tags=["webhooks"])

Number = Annotated[int, Path(ge=1, lt=1 << 62)]
Action = Literal["acknowledge", "resolve", "ignore", "reopen"]


@router.get("/webhook-issues", dependencies=[requires("webhook.read")])
async def list_webhook_issues(
    request: Request,
    state: Annotated[Literal["", "open", "acknowledged", "resolved", "ignored"], Query(examples=["open"])] = "",
    webhook: Word = "",
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Page[IssueView]:
    """What fails, by webhook and kind of failure: the most common first."""
    hub, locale = hub_of(request), locale_of(request)
    items = await webhook_issues.listing(hub, state, webhook, limit, _behind(cursor), locale)
    return Page(items, f"{items[-1].count}_{items[-1].id}" if len(items) == limit else None)


def _behind(cursor: str) -> tuple[int, int] | None:
    count, _separator, number = cursor.partition("_")
    if not cursor:
        return None
    if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in (count, number)):
        raise Problem(422, "cursor.unreadable")
    return int(count), int(number)


@router.get("/webhook-issues/{number}", dependencies=[requires("webhook.read")])
async def show_webhook_issue(request: Request, number: Number) -> IssueView:
    """One of them, with its newest example."""
    return await webhook_issues.get(hub_of(request), number, locale_of(request))


@router.post("/webhook-issues/{number}/{action}", dependencies=[requires("delivery.replay")])
async def change_webhook_issue(request: Request, number: Number, action: Action) -> IssueView:
    """`acknowledge`: somebody sees to it. `resolve`: it is mended; it opens again when it fails again. `ignore`: nobody
    wants to hear of it. `reopen`."""
    actor = (await principal_of(request)).actor
    return await webhook_issues.change(changing_hub(request), actor, number, action, locale_of(request))
