"""With an incoming webhook only: messages are posted, and that is all. No changes, no threads, nobody is written to
directly (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks)."""

from __future__ import annotations

import re

import msgspec

from centralita.core.mrkdwn import clean, escape
from centralita.i18n import best_locale
from centralita.integrations.slack.api import (
    TIMEOUT_S,
    WEBHOOK_BUCKET,
    Calls,
    Ended,
    raise_for_transport,
    received,
)
from centralita.integrations.slack.blocks import render
from centralita.integrations.slack.errors import BAD_CONTENT, judge
from centralita.integrations.slack.facts import read_facts
from centralita.integrations.slack.people import EVERYBODY, is_address
from centralita.integrations.slack.settings import SlackSettings
from centralita.integrations.slack.story import tell_root
from centralita.ports import Delivery, HttpRequest, HttpResponse, Outcome

_ERROR = re.compile(rb"[a-z_]{1,80}")


def post_to_webhook(delivery: Delivery, settings: SlackSettings, now: float) -> Calls[Outcome]:
    """Posts the delivery's message to the incoming webhook. Raises Ended."""
    effect = delivery.effect
    if is_address(effect.target):
        raise Ended(Outcome(state="skipped", reason="slack.webhook_only", detail=effect.target, failure=False))
    locale = best_locale((settings.locale_of(effect.target) or delivery.locale,))
    message = tell_root(read_facts(delivery, locale, settings.public_url), settings.public_url, in_thread=False)
    mentions = " ".join(EVERYBODY.get(name.strip().lower()) or escape(clean(name)) for name in effect.mentions)
    uses_blocks = effect.formatting.get("use_blocks") is not False
    for use_blocks in (True, False) if uses_blocks else (False,):
        content = render(message, mentions, locale, use_blocks=use_blocks, threads=False).content()
        response = received((yield _request(settings, content)))
        raise_for_transport(response, WEBHOOK_BUCKET if settings.method_limits else "lane", now)
        if response.status == 200:
            return Outcome(state="delivered")
        error = _error(response)
        if error not in BAD_CONTENT | {"invalid_payload"}:
            break
    raise Ended(judge(error, str(response.status)))


def _request(settings: SlackSettings, content: dict[str, object]) -> HttpRequest:
    return HttpRequest(
        url=settings.webhook_url,
        headers=(("content-type", "application/json; charset=utf-8"),),
        body=msgspec.json.encode(content),
        timeout_s=TIMEOUT_S,
        paced=True,
        bucket=WEBHOOK_BUCKET if settings.method_limits else "",
    )


def _error(response: HttpResponse) -> str:
    name = response.body.strip()
    return name.decode() if _ERROR.fullmatch(name) else "unknown_error"
