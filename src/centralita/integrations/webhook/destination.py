"""A webhook of somebody else as a destination: the event as signed JSON, by the Standard Webhooks specification.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. The id is the event's, so
that a receiver that keeps ids takes each event once, however often it is tried or sent again.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from centralita import __version__
from centralita.core.effects import Effect
from centralita.core.headers import judge_header
from centralita.core.retry import retry_after
from centralita.integrations.webhook.authorization import authorize, is_outdated
from centralita.integrations.webhook.formats import Unrenderable, material_of, render
from centralita.integrations.webhook.formats.answers import in_terms_of_http
from centralita.integrations.webhook.mailing import SCHEME, mail_to
from centralita.integrations.webhook.receiver import Receiver, receiver_of, session_of
from centralita.integrations.webhook.signatures import Headers, signature_headers
from centralita.ports import (
    ORIGINAL,
    Config,
    ConfigField,
    Delivery,
    HttpRequest,
    HttpResponse,
    Known,
    Lane,
    MailRequest,
    Outcome,
    Rate,
    Remember,
)

DEFAULT_RETRY_AFTER_S = 60.0
"""For a 429 that does not say how long."""
USER_AGENT = f"Centralita/{__version__}"
FIELDS: tuple[ConfigField, ...] = ()
"""None here: what a webhook can say stands in ``settings.webhooks``."""
_OWN_HEADERS = frozenset({"content-type", "user-agent", "webhook-id", "webhook-timestamp", "webhook-signature"})
_STATES: Mapping[str, Outcome] = {
    # Somebody removed it on purpose, and the audit log says who and how much waited.
    "removed": Outcome(state="skipped", reason="webhook.removed"),
    "shut": Outcome(state="retry", reason="webhook.secret"),
}


class WebhookDestination:
    """Posts events to a receiver's address. ``config`` is ``receiver.receiver_of``'s."""

    kind: str = "webhook"
    fields: tuple[ConfigField, ...] = FIELDS
    buckets: Mapping[str, Rate] = {}
    places: str = ""

    def lane(self, effect: Effect, config: Config) -> Lane:
        """One lane per webhook, with the webhook's own policy."""
        return Lane(key=f"webhook:{effect.target}", policy=receiver_of(config).policy)

    def wants(self, delivery: Delivery, config: Config) -> tuple[str, ...]:
        """The sender's own bytes, to pass them on; nothing else: an uncertain attempt is repeated with the same id."""
        return (ORIGINAL,) if receiver_of(config).format == "raw" else ()

    def perform(
        self, delivery: Delivery, config: Config, known: Known, now: float
    ) -> Generator[HttpRequest | MailRequest | Remember, HttpResponse | None, Outcome]:
        """One signed POST; any 2xx is delivered. To ``mailto:``, one mail."""
        receiver = receiver_of(config)
        if receiver.state in _STATES:
            return _STATES[receiver.state]
        if not receiver.url:
            return Outcome(state="dead", reason="webhook.unconfigured", detail=delivery.effect.target, failure=False)
        material = material_of(delivery.event, delivery.subject, receiver, known, now)
        if receiver.url.startswith(SCHEME):
            return (yield from mail_to(receiver, material))
        try:
            message = render(material)
        except Unrenderable as fault:
            if fault.reason == "webhook.secret":  # as below: somebody can put it right while the queue waits
                return Outcome(state="retry", reason=fault.reason, detail=delivery.effect.target)
            return Outcome(state="dead", reason=fault.reason, detail=fault.detail, failure=False)
        try:
            signature = signature_headers(receiver, delivery.event.id, message.body, now)
        except ValueError:
            return Outcome(state="retry", reason="webhook.secret", detail=delivery.effect.target)
        bad = _bad_header(receiver)
        if bad is not None:
            return Outcome(state="retry", reason="webhook.header", detail=bad[:100])
        headers = (*message.headers, ("user-agent", USER_AGENT), *signature)
        return (yield from _post(receiver, session_of(config), headers, message.body, now))


def _post(
    receiver: Receiver, session: dict[str, Any], headers: Headers, body: bytes, now: float
) -> Generator[HttpRequest, HttpResponse | None, Outcome]:
    """The request with what authorizes it; a second one when the token was kept and the receiver refuses it."""
    for is_last in (False, True):
        authorization = yield from authorize(receiver, session, now)
        if isinstance(authorization, Outcome):
            return authorization
        response = yield HttpRequest(
            url=receiver.url,
            headers=(*headers, *authorization, *receiver.headers),
            body=body,
            timeout_s=receiver.timeout_s,
            paced=True,
            client_certificate=receiver.client_certificate,
        )
        if response is None:
            break
        if is_last or response.status != 401 or not is_outdated(receiver, session, authorization, now):
            return judge_response(in_terms_of_http(receiver.format, response), now)
    raise TypeError("a request is answered with a response")


def _bad_header(receiver: Receiver) -> str | None:
    """The name of a header of the receiver's that may not be sent, or would be there twice; None for none."""
    own = _OWN_HEADERS | ({"authorization"} if receiver.auth else frozenset())
    if receiver.keys and receiver.signing.scheme == "hmac":
        if receiver.signing.header.lower() in own:
            return receiver.signing.header
        own |= {receiver.signing.header.lower()}
    return next((name for name, value in receiver.headers if name.lower() in own or judge_header(name, value)), None)


def judge_response(response: HttpResponse, now: float) -> Outcome:
    """What a response, or none, means for the delivery."""
    status = response.status
    if 200 <= status < 300:
        # The receiver has answered for the request; that its body broke off changes nothing.
        return Outcome(state="delivered", detail=str(status))
    if status == 0:
        return Outcome(
            state="dead" if response.error == "blocked" else "retry",
            reason=response.reason or f"net.{response.error or 'protocol'}",
            detail=response.detail,
        )
    if status == 410:
        return Outcome(state="retry", reason="http.gone", detail="410", gone=True)
    wait_s = retry_after(response.header("retry-after") or "", now)
    if status == 429:
        return Outcome(
            state="retry",
            reason="http.throttled",
            detail="429",
            retry_after_s=DEFAULT_RETRY_AFTER_S if wait_s is None else wait_s,
            hold="lane",
            spends_attempt=False,
            failure=False,
        )
    return Outcome(
        state="retry",
        reason="http.redirect" if 300 <= status < 400 else "http.status",
        detail=str(status),
        retry_after_s=wait_s,
        # A server in trouble speaks for all of its queue; what it says of one request (4xx) is that one's alone.
        hold="lane" if wait_s is not None and status >= 500 else "",
    )
