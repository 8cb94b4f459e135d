"""Webhooks: seeing what a receiver would get, of settings that are saved or not."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel

from centralita.services import webhook_preview
from centralita.services.webhook_preview import Looked, Preview
from centralita.services.wording import in_words
from centralita.web.api.once import Route
from centralita.web.api.problems import locale_of
from centralita.web.api.webhook_bodies import ChosenEvent, DraftBody
from centralita.web.auth import hub_of, requires

router = APIRouter(route_class=Route, tags=["webhooks"])


class PreviewView(BaseModel):
    """What the receiver would get, and in the language of the request why it would get nothing."""

    preview: Preview
    faults: list[str]


_DRAFT = {
    "template": {
        "summary": "A template on the example of a type",
        "value": {
            "webhook": {"name": "erp", "format": "template", "template": '{"text": "{{ title }}"}'},
            "type": "ticket.created",
        },
    },
    "cloudevents": {
        "summary": "A format on an event that has happened",
        "value": {"webhook": {"name": "erp", "format": "cloudevents"}, "event": "evt_01KAN4GQ000000000000000000"},
    },
}
_SAVED = {"example": {"summary": "An example", "value": {"type": "ticket.created"}}}
# What is shown is the event: whoever may not read events may not read them in another format either.
_MAY = [requires("webhook.read"), requires("event.read")]


@router.post("/webhooks/preview", dependencies=_MAY)
async def preview_draft(request: Request, body: Annotated[DraftBody, Body(openapi_examples=_DRAFT)]) -> PreviewView:
    """What a webhook of these settings would be sent. Nothing is sent, and no secret signs it."""
    looked = Looked(event=body.event, type=body.type)
    return _view(request, await webhook_preview.preview_draft(hub_of(request), body.webhook, looked))


@router.post("/webhooks/{name}/preview", dependencies=_MAY)
async def preview_webhook(
    request: Request, name: str, body: Annotated[ChosenEvent, Body(openapi_examples=_SAVED)]
) -> PreviewView:
    """What a webhook that there is would be sent. Nothing is sent, and no secret signs it."""
    looked = Looked(event=body.event, type=body.type)
    return _view(request, await webhook_preview.preview_saved(hub_of(request), name, looked))


def _view(request: Request, preview: Preview) -> PreviewView:
    locale = locale_of(request)
    return PreviewView(
        preview=preview, faults=[in_words(each.reason, each.arguments, locale) for each in preview.faults]
    )
