"""Webhooks: trying one out, saved or not, and what its receiver needs to verify it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel, Field

from centralita.services import webhook_trial
from centralita.services.webhook_trial import Trial, Wish
from centralita.services.wording import in_words
from centralita.web.api.once import Route, changing_hub
from centralita.web.api.problems import locale_of
from centralita.web.api.webhook_bodies import ChosenEvent, DraftBody
from centralita.web.auth import hub_of, principal_of, requires

router = APIRouter(route_class=Route, tags=["webhooks"])


class TestBody(ChosenEvent):
    """What is to be sent; nothing for an example of a type that the webhook subscribes to."""

    even_if_off: bool = Field(default=False, description="Also to a webhook that is switched off.")


class TrialView(BaseModel):
    """What was sent, what came back, and what that means."""

    trial: Trial
    verdict: str
    """In the language of the request."""


class SnippetView(BaseModel):
    """A program that verifies the webhook's signatures; the secret is an environment variable."""

    language: str
    code: str


_EXAMPLE = {
    "example": {"summary": "An example of a type", "value": {"type": "ticket.created"}},
    "event": {"summary": "An event that has happened", "value": {"event": "evt_01KAN4GQ000000000000000000"}},
    "off": {"summary": "Although it is switched off", "value": {"even_if_off": True}},
}
_DRAFT = {
    "draft": {
        "summary": "Before saving",
        "value": {
            "webhook": {"name": "erp", "url": "https://erp.example.com/hook", "format": "standard"},
            "type": "ticket.created",
        },
    }
}


# Before the routes with a name in them: "test" is no webhook's.
@router.post("/webhooks/test", dependencies=[requires("webhook.manage")])
async def try_draft(
    request: Request, response: Response, body: Annotated[DraftBody, Body(openapi_examples=_DRAFT)]
) -> TrialView:
    """Sends a message now by settings that are not saved. Nothing of it is in the queue or in the history."""
    actor = (await principal_of(request)).actor
    response.headers["cache-control"] = "no-store"
    wish = Wish(event=body.event, type=body.type)
    return _view(request, await webhook_trial.try_draft(changing_hub(request), actor, body.webhook, wish))


@router.post("/webhooks/{name}/test", dependencies=[requires("webhook.manage")])
async def try_webhook(
    request: Request, response: Response, name: str, body: Annotated[TestBody, Body(openapi_examples=_EXAMPLE)]
) -> TrialView:
    """Sends a message now. Nothing of it is in the queue, the breaker or the history; 409 for a webhook that is off."""
    actor = (await principal_of(request)).actor
    response.headers["cache-control"] = "no-store"
    wish = Wish(event=body.event, type=body.type, even_if_off=body.even_if_off)
    return _view(request, await webhook_trial.try_saved(changing_hub(request), actor, name, wish))


@router.get("/webhooks/{name}/snippet", dependencies=[requires("webhook.read")])
async def show_snippet(
    request: Request, name: str, language: Annotated[Literal["python", "javascript", "php"], Query()] = "python"
) -> SnippetView:
    """What the receiver runs to verify this webhook's signatures; 409 for a webhook that signs nothing."""
    return SnippetView(language=language, code=webhook_trial.snippets_of(hub_of(request), name)[language])


def _view(request: Request, trial: Trial) -> TrialView:
    return TrialView(trial=trial, verdict=verdict(trial, locale_of(request)))


def verdict(trial: Trial, locale: str) -> str:
    """What a trial's end means, in words."""
    said = in_words(trial.reason or "webhook.test_delivered", {}, locale)
    return f"{said} {trial.detail}".strip() if trial.reason else said
