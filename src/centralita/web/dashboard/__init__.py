"""The web dashboard: pages made on the server (Jinja), readable and usable without a script; htmx and small modules add
what is comfort. It asks the same services as the API and the commands, and shows nothing that they could not."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from centralita.services.hub import Hub
from centralita.web.carried import App, carrying

if TYPE_CHECKING:
    from fastapi import APIRouter, FastAPI

MAX_BODY_BYTES = 2 * 1024 * 1024


def make_dashboard(hub: Hub) -> App:
    """The application that answers whatever is neither inbound, nor the API's, nor Slack's, for one hub."""
    return carrying(hub, application())


@cache
def application() -> FastAPI:
    """The same for every hub, which requests carry."""
    from fastapi import FastAPI
    from starlette.middleware.gzip import GZipMiddleware

    from centralita.web.dashboard import faults, static
    from centralita.web.dashboard.guard import Guard

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, max_body_size=MAX_BODY_BYTES)
    app.add_middleware(Guard)
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
    faults.install(app)
    app.include_router(static.router)
    for router in routers():
        app.include_router(router)
    return app


def routers() -> list[APIRouter]:
    """One of each noun. A path without a name in it stands before those that it would be a name for."""
    from centralita.web.dashboard import (
        approvals,
        assets,
        audit,
        cis,
        dead_letters,
        event_live,
        event_page,
        event_replays,
        events,
        example_event,
        identity,
        incidents,
        invitations,
        overview,
        preferences,
        profile,
        rules,
        search,
        setup,
        setup_steps,
        sign_in,
        sources,
        tokens,
        users,
        webhook_routes,
    )

    modules = (
        *(overview, example_event, dead_letters, setup, setup_steps),
        *(events, event_live, event_replays, event_page, incidents, cis, assets),
        *(rules, sources, approvals),
        *(users, tokens, audit),
        *(search, preferences, sign_in, identity, invitations, profile),
    )
    return [module.router for module in (*modules, *webhook_routes.MODULES)]
