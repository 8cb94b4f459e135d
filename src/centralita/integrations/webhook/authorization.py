"""How the hub proves itself to a receiver that wants more than a signature."""

from __future__ import annotations

import base64
from collections.abc import Generator
from typing import Any

from centralita.integrations.webhook.receiver import Auth, Receiver
from centralita.integrations.webhook.signatures import Headers
from centralita.ports import HttpRequest, HttpResponse, Outcome


def authorize(
    receiver: Receiver, session: dict[str, Any], now: float
) -> Generator[HttpRequest, HttpResponse | None, Headers | Outcome]:
    """The headers that prove it, or how the attempt ended because there are none to be had."""
    auth = receiver.auth
    if auth is None:
        return ()
    if auth.kind == "basic":
        proof = base64.b64encode(f"{auth.username}:{auth.password}".encode()).decode()
        return (("authorization", f"Basic {proof}"),)
    if auth.kind == "bearer":
        return (("authorization", f"Bearer {auth.token}"),)
    return (yield from _client_token(auth, session, now))


def _client_token(
    auth: Auth, session: dict[str, Any], now: float
) -> Generator[HttpRequest, HttpResponse | None, Headers | Outcome]:
    """A token had by client credentials (RFC 6749, 4.4)."""
    answer = yield HttpRequest(url=auth.token_url, safe=True)
    return Outcome(state="retry", reason="webhook.token", detail=str(answer.status if answer else 0))
