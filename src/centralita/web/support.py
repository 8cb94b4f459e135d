"""``/api/support/troubleshooting/webhooks``: outgoing webhooks by the troubleshooting assistant's interface."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from centralita.i18n import N_
from centralita.services import support_webhooks
from centralita.services.support_webhooks import Registration, SentEvent, Stats, SupportWebhook
from centralita.web.api.once import Route, changing_hub
from centralita.web.auth import hub_of, principal_of, requires

PREFIX = "/api/support/troubleshooting"
router = APIRouter(prefix=PREFIX, route_class=Route, tags=["support"])

_EXAMPLE: dict[str, Any] = {
    "url": "https://example.com/webhook",
    "events": ["session_started", "session_resolved"],
    "secret": "optional-secret-key",
    "timeout": 10,
    "retry_attempts": 3,
}
_Limit = Annotated[int, Query(ge=1, le=500, description="Most to show.")]


class RegistrationBody(BaseModel):
    """A webhook to be registered."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, json_schema_extra={"examples": [_EXAMPLE]})
    url: str = Field(min_length=1, max_length=4096, description=N_("Where events are posted to."))
    events: list[str] = Field(min_length=1, max_length=200, description=N_("session_started, ..., or *."))
    secret: str | None = Field(
        default=None, max_length=4096, description=N_("Signs what is sent; without one WEBHOOK_SECRET, or a made one.")
    )
    timeout: float = Field(default=10, gt=0, le=300, description=N_("Seconds that an attempt may take in all."))
    retry_attempts: int = Field(default=3, ge=0, le=50, description=N_("How often a failed attempt is repeated."))
    headers: dict[str, str] | None = Field(default=None, description=N_("Headers sent with each request."))
    enabled: bool = Field(default=True, description=N_("Whether it is sent anything."))
    webhook_id: str = Field(default="", max_length=100, description=N_("Its name; one is made if it is left out."))


class Registered(BaseModel):
    """A webhook that was registered."""

    webhook_id: str
    webhook: SupportWebhook
    secret: str = Field(description=N_("The secret that was made for it, in this answer and nowhere else."))


class Webhooks(BaseModel):
    """All that there are."""

    webhooks: list[SupportWebhook]


class Events(BaseModel):
    """The newest first."""

    events: list[SentEvent]


class TriggerBody(BaseModel):
    """Something that happened in a guided session."""

    model_config = ConfigDict(extra="forbid")
    event: str = Field(min_length=1, max_length=200, description=N_("session_started, step_completed, ..."))
    data: dict[str, Any] = Field(default={}, description=N_("What is known of it."))


class Triggered(BaseModel):
    """An event that was taken in."""

    receipt: str


def _registration(body: RegistrationBody, webhook_id: str) -> Registration:
    return Registration(
        url=body.url,
        events=tuple(body.events),
        secret=body.secret or "",
        timeout=body.timeout,
        retry_attempts=body.retry_attempts,
        headers=body.headers or {},
        enabled=body.enabled,
        webhook_id=webhook_id,
    )


@router.post("/webhooks", dependencies=[requires("webhook.manage")], status_code=201)
async def register(request: Request, response: Response, body: RegistrationBody) -> Registered:
    """It gets the very next event. A Slack, Teams or Discord address gets messages that these understand."""
    actor, hub = (await principal_of(request)).actor, changing_hub(request)
    response.headers["cache-control"] = "no-store"
    webhook, secret = await support_webhooks.register(hub, actor, _registration(body, body.webhook_id))
    return Registered(webhook_id=webhook.webhook_id, webhook=webhook, secret=secret)


@router.get("/webhooks", dependencies=[requires("webhook.read")])
async def list_registered(request: Request) -> Webhooks:
    """By id; one page holds them all."""
    return Webhooks(webhooks=await support_webhooks.listing(hub_of(request)))


@router.put("/webhooks/{webhook_id}", dependencies=[requires("webhook.manage")])
async def replace_registered(request: Request, webhook_id: str, body: RegistrationBody) -> SupportWebhook:
    """Has it say what is given, and nothing else; the secret stays unless another one is given."""
    actor, hub = (await principal_of(request)).actor, changing_hub(request)
    return await support_webhooks.replace(hub, actor, _registration(body, webhook_id))


@router.get("/webhooks/{webhook_id}/stats", dependencies=[requires("webhook.read")])
async def show_stats(request: Request, webhook_id: str) -> Stats:
    """Totals, success rate, the last event, the most common errors."""
    return await support_webhooks.stats(hub_of(request), webhook_id)


@router.get("/webhooks/{webhook_id}/events", dependencies=[requires("webhook.read")])
async def list_sent(request: Request, webhook_id: str, limit: _Limit = 100) -> Events:
    """What it was sent and what came of it."""
    return Events(events=await support_webhooks.history(hub_of(request), webhook_id, limit))


@router.post("/events", dependencies=[requires("source.manage")], status_code=202)
async def trigger(request: Request, body: TriggerBody) -> Triggered:
    """Taken in as if the assistant had sent it; 409 without a source of the kind troubleshooting."""
    actor, hub = (await principal_of(request)).actor, changing_hub(request)
    return Triggered(receipt=await support_webhooks.trigger(hub, actor, body.event, body.data))
