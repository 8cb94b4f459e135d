"""Seeing what a webhook's receiver would get, without sending anything: of an event that has happened, or an example.

No secret of a webhook signs a preview, else whoever may look at one could have any message signed: a format with a
signature inside the body shows one by ``SAMPLE_KEY``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from centralita.core.effects import Subject
from centralita.core.events import Event
from centralita.core.rule_specs import WebhookSpec
from centralita.core.subjects import project
from centralita.core.subscriptions import Subscription
from centralita.integrations.webhook.formats import Unrenderable, material_of, render
from centralita.integrations.webhook.formats.template import check_template
from centralita.integrations.webhook.receiver import Receiver, SigningKey, receiver_of
from centralita.ports import ORIGINAL, Known
from centralita.services.attempts import look_up
from centralita.services.event_types import example_event
from centralita.services.hub import Hub
from centralita.services.webhook_catalogue import make_receiver, spec_of
from centralita.services.webhook_checks import WebhookFaulty, subscription_faults
from centralita.services.webhook_trial import as_text, config_of, example_of
from centralita.settings.webhooks import Webhook
from centralita.store import events, subjects
from centralita.store.database import Transaction

SAMPLE_KEY = SigningKey("preview")


@dataclass(frozen=True)
class PreviewFault:
    """Why there is nothing to see: a message id with its arguments."""

    reason: str
    arguments: Mapping[str, str]


@dataclass(frozen=True)
class Preview:
    """What the receiver would get."""

    event: str
    """Id of the event, an example's too."""
    type: str
    taken: bool
    """Whether the webhook subscribes to such an event."""
    headers: list[tuple[str, str]]
    """Those that belong to the format."""
    body: str
    encoding: Literal["text", "base64"]
    """How ``body`` stands here: bytes that are no UTF-8 are base64."""
    faults: list[PreviewFault]
    """When there are any, there is no body."""


@dataclass(frozen=True)
class Looked:
    """What is rendered: an event that has happened, by its id, else the example of a type."""

    event: str = ""
    type: str = ""


async def preview_draft(hub: Hub, draft: Webhook, looked: Looked) -> Preview:
    """By settings that are not saved. Raises LookupError, WebhookFaulty for a subscription that can't be understood."""
    if faults := list(subscription_faults(draft)):
        raise WebhookFaulty(faults)
    receiver = make_receiver(draft, (SAMPLE_KEY,), hub.webhooks.defaults)
    return await _preview(hub, receiver, spec_of(draft), looked)


async def preview_saved(hub: Hub, name: str, looked: Looked) -> Preview:
    """By those of a webhook that there is. Raises LookupError, InTheWay when its secrets can't be opened."""
    receiver = msgspec.structs.replace(receiver_of(config_of(hub, name)), keys=(SAMPLE_KEY,))
    provided = hub.webhooks.provided.get(name)
    hook = provided if provided is not None else hub.webhooks.open(hub.webhooks.rows[name])[0]
    return await _preview(hub, receiver, spec_of(hook), looked)


async def _preview(hub: Hub, receiver: Receiver, spec: WebhookSpec, looked: Looked) -> Preview:
    if looked.event:
        event, subject, known = await _stored(hub, looked.event)
    else:
        event = example_event(looked.type) if looked.type else example_of(tuple(spec.types))
        subject, known = project(None, event), {}
    subscription = Subscription(spec, hub.webhooks.defaults.aliases)
    taken = subscription.takes(event) and subscription.condition.test(event)
    faults, headers, body = _template_faults(receiver), list[tuple[str, str]](), b""
    if not faults:
        try:
            message = render(material_of(event, subject, receiver, known, hub.clock.now()))
            headers, body = list(message.headers), message.body
        except Unrenderable as fault:
            faults = [PreviewFault(fault.reason, {"detail": fault.detail})]
    text, encoding = as_text(body)
    return Preview(event.id, event.type, taken, headers, text, encoding, faults)


async def _stored(hub: Hub, event_id: str) -> tuple[Event, Subject, Known]:
    def read(tx: Transaction) -> tuple[Event, Subject, Known] | None:
        stored = events.get(tx, event_id)
        if stored is None:
            return None
        event = stored.event
        subject = subjects.load(tx, event.source, [event.subject]).get(event.subject) or project(None, event)
        return event, subject, look_up(tx, (ORIGINAL,), event.id)

    found = await hub.database.read(read)
    if found is None:
        raise LookupError(event_id)
    return found


def _template_faults(receiver: Receiver) -> list[PreviewFault]:
    if receiver.format != "template":
        return []
    return [
        PreviewFault(fault.message_id, {"line": str(fault.line), "detail": fault.detail})
        for fault in check_template(receiver.template, receiver.content_type)
    ]
