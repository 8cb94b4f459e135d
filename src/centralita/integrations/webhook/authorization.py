"""How the hub proves itself to a receiver that wants more than a signature.

An access token is kept in the receiver's ``session``, which is the process's memory and no more, until shortly before
it ends. Sources: RFC 7617 (Basic), RFC 6750 (Bearer), RFC 6749 sections 2.3.1, 4.4 and 5 (client credentials).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Generator
from typing import Any
from urllib.parse import quote_plus, urlencode

import msgspec

from centralita.core.retry import retry_after
from centralita.integrations.webhook.receiver import Auth, Receiver
from centralita.integrations.webhook.signatures import Headers
from centralita.ports import HttpRequest, HttpResponse, Outcome

DEFAULT_LIFE_S = 300.0
"""Of a token whose end the server does not tell."""
EARLY = 0.2
"""The part of its life before whose beginning a token is renewed; while one attempt does, the others use it still."""
PATIENCE_S = 30.0
"""How long the others leave that to one attempt."""
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
_CODE = re.compile(r"[a-z_]{1,40}")

Authorizing = Generator[HttpRequest, HttpResponse | None, Headers | Outcome]


class Token(msgspec.Struct, frozen=True):
    """An access token. Times are in seconds since 1970."""

    text: str
    asked_at: float
    """The ``now`` of the attempt that asked for it."""
    fresh_until: float
    until: float

    def __repr__(self) -> str:
        return f"Token(until={self.until})"


def authorize(receiver: Receiver, session: dict[str, Any], now: float) -> Authorizing:
    """The headers that prove it, or how the attempt ended because there are none to be had."""
    auth = receiver.auth
    if auth is None:
        return ()
    if auth.kind == "basic":
        return (("authorization", _basic(auth.username, auth.password)),)
    if auth.kind == "bearer":
        return (("authorization", f"Bearer {auth.token}"),)
    token = session.get("token")
    if token is not None and (now < token.fresh_until or now < min(token.until, session.get("renewed_by", 0.0))):
        return _bearer(token)
    session["renewed_by"] = now + PATIENCE_S
    return (yield from _ask(auth, session, now, receiver.timeout_s))


def is_outdated(receiver: Receiver, session: dict[str, Any], sent: Headers, now: float) -> bool:
    """Whether a receiver that answered 401 to the headers ``sent`` may take another token: the one that it refused was
    kept, and is forgotten. One that this attempt had anew is refused for good."""
    token = session.get("token")
    if receiver.auth is None or receiver.auth.kind != "oauth2" or token is None:
        return False
    if sent == _bearer(token):
        if token.asked_at == now:
            return False
        del session["token"]
    return True


def _bearer(token: Token) -> Headers:
    return (("authorization", f"Bearer {token.text}"),)


def _basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def _ask(auth: Auth, session: dict[str, Any], now: float, timeout_s: float) -> Authorizing:
    answer = yield _token_request(auth, timeout_s, in_body=session.get("in_body", False))
    if answer is not None and _error_of(answer) == "invalid_client" and not session.get("in_body"):
        # Servers have to take a client's secret as Basic, and some only take it in the body all the same.
        answer = yield _token_request(auth, timeout_s, in_body=True)
        session["in_body"] = answer is not None and answer.status == 200
    if answer is None:
        raise TypeError("a request is answered with a response")
    token = _read(answer, now)
    if token is None:
        session.pop("renewed_by", None)
        return _refusal(answer, now)
    session["token"] = token
    return _bearer(token)


def _token_request(auth: Auth, timeout_s: float, *, in_body: bool) -> HttpRequest:
    form = {"grant_type": "client_credentials"} | ({"scope": auth.scope} if auth.scope else {})
    headers: Headers = (("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json"))
    if in_body:
        form |= {"client_id": auth.client_id, "client_secret": auth.client_secret}
    else:
        headers += (("authorization", _basic(quote_plus(auth.client_id), quote_plus(auth.client_secret))),)
    return HttpRequest(
        url=auth.token_url, headers=headers, body=urlencode(form).encode(), timeout_s=timeout_s, safe=True, private=True
    )


def _read(answer: HttpResponse, now: float) -> Token | None:
    """The token of an answer; None when there is none that a request can carry."""
    given = _object(answer)
    text, life_s = given.get("access_token"), given.get("expires_in", DEFAULT_LIFE_S)
    if answer.status != 200 or not isinstance(text, str) or not _TOKEN.fullmatch(text):
        return None
    if str(given.get("token_type", "bearer")).lower() != "bearer":
        return None
    try:
        life_s = min(float(life_s), 86_400.0)  # some servers say it in quotes
    except (TypeError, ValueError, OverflowError):
        life_s = DEFAULT_LIFE_S
    if not life_s > 0:
        life_s = 0.0
    return Token(text, asked_at=now, fresh_until=now + life_s * (1 - EARLY), until=now + life_s)


def _object(answer: HttpResponse) -> dict[str, Any]:
    try:
        return msgspec.json.decode(answer.body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


def _error_of(answer: HttpResponse) -> str:
    """The server's own word for what is wrong (RFC 6749, 5.2)."""
    error = _object(answer).get("error") if answer.status in (400, 401) else None
    return error if isinstance(error, str) and _CODE.fullmatch(error) else ""


def _refusal(answer: HttpResponse, now: float) -> Outcome:
    if answer.status == 0:
        reason = answer.reason or f"net.{answer.error or 'protocol'}"
        return Outcome(
            state="dead" if answer.error == "blocked" else "retry",
            reason="webhook.token",
            detail=f"{reason} {answer.detail}".rstrip(),
        )
    return Outcome(
        state="retry",
        reason="webhook.token",
        detail=f"{answer.status} {_error_of(answer)}".rstrip(),
        retry_after_s=retry_after(answer.header("retry-after") or "", now),
    )
