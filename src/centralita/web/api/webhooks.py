"""Outgoing webhooks: who is sent what, and changing that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, RootModel

from centralita.i18n import N_
from centralita.services import webhook_changes, webhook_queue, webhooks
from centralita.services.times import shown
from centralita.services.webhook_changes import Made
from centralita.services.webhook_checks import Fault
from centralita.services.webhook_keys import KeyView
from centralita.services.webhooks import State, WebhookDetail, WebhookView
from centralita.services.wording import in_words
from centralita.settings.webhooks import Webhook
from centralita.web.api.once import Route, changing_hub
from centralita.web.api.parameters import Cursor, Limit, Page, Word
from centralita.web.api.problems import locale_of
from centralita.web.auth import hub_of, principal_of, requires

router = APIRouter(route_class=Route, tags=["webhooks"])

MAX_KEEP_S = 7 * 86_400
Scheme = Literal["v1", "v1a"]


class WebhookBody(Webhook):
    """A webhook to be added."""

    scheme: Scheme = Field(
        default="v1",
        description=N_("What is made when no secret is given: v1, a shared secret; v1a, a key pair (ed25519)."),
    )


def _partial(schema: dict[str, Any]) -> None:
    """A webhook's schema, in which every key may be left out and null resets it."""
    whole = Webhook.model_json_schema(ref_template="#/components/schemas/{model}")
    properties = {}
    for name, each in whole["properties"].items():
        if name not in ("name", "secret", "secrets"):
            said = {key: each.pop(key) for key in ("description", "title") if key in each}
            each.pop("default", None)
            properties[name] = {"anyOf": [each, {"type": "null"}], **said}
    schema |= {"type": "object", "properties": properties, "additionalProperties": False}


class WebhookChange(RootModel[dict[str, Any]]):
    """What is to change (RFC 7396): what is left out stays, null resets, a mapping changes the keys that it names."""

    model_config = ConfigDict(json_schema_extra=_partial)


class WebhookSecretBody(BaseModel):
    """Another secret."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    secret: str = Field(
        default="", max_length=4096, description=N_("One of your own: whsec_... or whsk_...; else one is made.")
    )
    scheme: Scheme = Field(default="v1", description=N_("What is made: v1, a shared secret; v1a, a key pair."))
    keep_s: float = Field(
        default=86_400, ge=0, le=MAX_KEEP_S, description=N_("How many seconds those before it sign too.")
    )


class Warned(BaseModel):
    """Something odd that is no fault."""

    at: str = Field(description=N_("The setting."))
    code: str = Field(description=N_("A message id."))
    detail: str = Field(description=N_("The same in words."))


class MadeView(BaseModel):
    """A webhook, and what is shown this once."""

    webhook: WebhookView = Field(description=N_("As it is now."))
    secret: str = Field(description=N_("What the receiver verifies with; it is in this answer and nowhere else."))
    public_key: str = Field(description=N_("whpk_... of a key pair: what the receiver is given instead."))
    old_until: str | None = Field(description=N_("How long the secrets before it sign too."))
    warnings: list[Warned] = Field(description=N_("What is odd, and yet no fault."))


class ChangedView(BaseModel):
    """A webhook as it is now."""

    webhook: WebhookView = Field(description=N_("As it is now."))
    warnings: list[Warned] = Field(description=N_("What is odd, and yet no fault."))


class Removed(BaseModel):
    """What was given up with a webhook."""

    waiting: int = Field(
        description=N_("Deliveries that waited: they end as skipped, with the reason webhook.removed.")
    )
    restorable_until: str | None = Field(
        description=N_("Until when it can be restored, with what waits; null for one that is gone for good.")
    )


class Keys(BaseModel):
    """What signs, the newest first."""

    items: list[KeyView] = Field(description=N_("Those that sign now."))


def _warned(request: Request, faults: Iterable[Fault]) -> list[Warned]:
    locale = locale_of(request)
    return [
        Warned(at=fault.at, code=fault.reason, detail=in_words(fault.reason, fault.arguments, locale))
        for fault in faults
    ]


def _made(request: Request, made: Made) -> MadeView:
    return MadeView(
        webhook=made.view,
        secret=made.secret,
        public_key=made.public_key,
        old_until=shown(made.old_until),
        warnings=_warned(request, made.warnings),
    )


@router.get("/webhooks", dependencies=[requires("webhook.read")])
async def list_webhooks(
    request: Request,
    limit: Limit = 100,
    cursor: Cursor = "",
    state: Annotated[State | None, Query(description="Only those in this state.")] = None,
    type: Annotated[str, Query(max_length=200, description="Only those that subscribe to this event type.")] = "",
    text: Word = "",
) -> Page[WebhookView]:
    """By name. `text` looks into name, description and address."""
    found = await webhooks.listing(hub_of(request), limit, cursor, state=state or "", type=type, text=text)
    return Page(*found)


@router.post("/webhooks", dependencies=[requires("webhook.manage")], status_code=201)
async def add_webhook(request: Request, response: Response, body: WebhookBody) -> MadeView:
    """The very next event that it subscribes to reaches it. The secret is in this answer and nowhere else."""
    actor, hub = (await principal_of(request)).actor, changing_hub(request)
    response.headers["cache-control"] = "no-store"
    given = body.model_dump(exclude_unset=True, exclude={"scheme"})
    return _made(request, await webhook_changes.add(hub, actor, given, body.scheme))


@router.get("/webhooks/{name}", dependencies=[requires("webhook.read")])
async def show_webhook(request: Request, name: str) -> WebhookDetail:
    """Everything about it, but what is secret."""
    return await webhooks.detail(hub_of(request), name)


@router.patch("/webhooks/{name}", dependencies=[requires("webhook.manage")])
async def change_webhook(request: Request, name: str, body: WebhookChange) -> ChangedView:
    """What is left out stays, null resets (RFC 7396); 409 for one that the file provides."""
    actor, hub = (await principal_of(request)).actor, changing_hub(request)
    made = await webhook_changes.change(hub, actor, name, body.root)
    return ChangedView(webhook=made.view, warnings=_warned(request, made.warnings))


@router.delete("/webhooks/{name}", dependencies=[requires("webhook.manage")])
async def remove_webhook(
    request: Request,
    name: str,
    restorable: Annotated[bool, Query(description="So that it can be restored for ten minutes, as it was.")] = False,
) -> Removed:
    """Nothing more is sent to it; what waited ends as skipped. 409 for one that the file provides. With `restorable`
    its secrets, its queue and its name are kept for ten minutes: `POST /webhooks/{name}/restore` brings it back, and
    removing it once more without `restorable` ends it at once."""
    hub, actor = changing_hub(request), (await principal_of(request)).actor
    if restorable:
        return Removed(waiting=0, restorable_until=shown(await webhook_changes.put_away(hub, actor, name)))
    return Removed(waiting=await webhook_changes.remove(hub, actor, name), restorable_until=None)


@router.post("/webhooks/{name}/enable", dependencies=[requires("webhook.manage")])
async def enable_webhook(request: Request, name: str) -> WebhookView:
    """Sends again, also after the hub stopped by itself; what waited goes first."""
    return await webhook_changes.set_enabled(changing_hub(request), (await principal_of(request)).actor, name, True)


@router.post("/webhooks/{name}/disable", dependencies=[requires("webhook.manage")])
async def disable_webhook(request: Request, name: str) -> WebhookView:
    """Sends nothing; what waits is kept, and what happens meanwhile is not queued (replay it with "missed since")."""
    return await webhook_changes.set_enabled(changing_hub(request), (await principal_of(request)).actor, name, False)


@router.post("/webhooks/{name}/restore", dependencies=[requires("webhook.manage")])
async def restore_webhook(request: Request, name: str) -> WebhookView:
    """Brings back, with its secrets and its queue, what was removed restorably less than ten minutes ago, here or at
    the dashboard; 404 for what is gone for good."""
    return await webhook_changes.restore(changing_hub(request), (await principal_of(request)).actor, name)


@router.post("/webhooks/{name}/pause", dependencies=[requires("lane.manage")])
async def pause_webhook(request: Request, name: str) -> WebhookView:
    """Sends nothing until it is resumed; what comes in waits."""
    return await webhook_queue.pause(changing_hub(request), (await principal_of(request)).actor, name)


@router.post("/webhooks/{name}/resume", dependencies=[requires("webhook.manage")])
async def resume_webhook(request: Request, name: str) -> WebhookView:
    """Goes on with a queue that was paused, or stopped by the hub: nothing of it is lost."""
    return await webhook_queue.resume(changing_hub(request), (await principal_of(request)).actor, name)


@router.get("/webhooks/{name}/secrets", dependencies=[requires("webhook.read")])
async def list_secrets(request: Request, name: str) -> Keys:
    """Ids, ends and public halves of what signs; never a secret."""
    return Keys(items=(await webhooks.detail(hub_of(request), name)).keys)


@router.post("/webhooks/{name}/secrets", dependencies=[requires("webhook.manage")], status_code=201)
async def add_webhook_secret(request: Request, response: Response, name: str, body: WebhookSecretBody) -> MadeView:
    """Another secret, which is in this answer and nowhere else; requests carry signatures by those before it for a
    while, so that the receiver can change over without losing one."""
    actor, hub = (await principal_of(request)).actor, changing_hub(request)
    response.headers["cache-control"] = "no-store"
    return _made(request, await webhook_changes.rotate(hub, actor, name, body.secret, body.keep_s, body.scheme))
