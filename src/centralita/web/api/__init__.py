"""The HTTP API ``/api/v1``: bearer tokens, problem+json, cursor paging, ``Idempotency-Key``."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from centralita import __version__
from centralita.services.hub import Hub
from centralita.web.careful import Careful
from centralita.web.carried import App, carrying

if TYPE_CHECKING:
    from fastapi import APIRouter, FastAPI

PREFIX = "/api/v1"
MAX_BODY_BYTES = 16 * 1024 * 1024
"""Ten thousand rules to try out are 2 MB."""


def make_api(hub: Hub) -> App:
    """The application below ``/api`` for one hub, and problem+json 404 for whatever is nowhere else."""
    return carrying(hub, Careful(application()))


@cache
def application() -> FastAPI:
    """The same for every hub: it is asked for by requests only, which carry it."""
    # Here, not above: whatever this package's other modules need of it would run in a circle.
    from fastapi import FastAPI

    from centralita.web import slack_pages, support
    from centralita.web.api import description, metrics, problems, slack

    app = FastAPI(
        title="Centralita",
        version=__version__,
        description="A self-hosted event hub for service desks.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        max_body_size=MAX_BODY_BYTES,
    )
    problems.install(app)
    for router in _routers():
        app.include_router(router, prefix=PREFIX)
    app.include_router(metrics.router)
    app.include_router(support.router)
    app.include_router(slack.seed_router)
    app.include_router(slack_pages.router)
    app.include_router(description.router)
    return app


def _routers() -> list[APIRouter]:
    """One of each noun. A path without a name in it stands before those that it would be a name for."""
    from centralita.web.api import (
        approvals,
        assets,
        audit,
        cis,
        dead_letters,
        delegations,
        event_types,
        events,
        incidents,
        lanes,
        overview,
        rule_changes,
        rules,
        saved_views,
        settings,
        slack,
        slack_check,
        sources,
        tickets,
        tokens,
        users,
        webhook_history,
        webhook_issues,
        webhook_polling,
        webhook_preview,
        webhook_replay,
        webhook_statistics,
        webhook_trial,
        webhooks,
    )

    modules = (
        *(overview, events, event_types, dead_letters, lanes, sources, tickets, approvals, delegations, incidents),
        *(assets, cis, rules, rule_changes, tokens, users, saved_views, audit, settings, slack, slack_check),
        *(webhook_preview, webhook_trial, webhook_polling, webhook_statistics),
        *(webhook_history, webhook_replay, webhook_issues),
        *(webhooks,),
    )
    return [module.router for module in modules]
