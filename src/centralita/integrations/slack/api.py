"""Calls of Slack's Web API as generators: they yield the request that ``net.py`` makes and are sent its response.

A call returns the decoded answer, also one with ``ok: false``, which the caller judges; it raises ``Ended`` for what
ends the attempt whoever calls: no answer, a rate limit, a fault of Slack's servers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Mapping
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode

import msgspec

from centralita.core.retry import retry_after
from centralita.integrations.slack.errors import RATE_LIMITS
from centralita.ports import HttpRequest, HttpResponse, Outcome, Rate, Remember

T = TypeVar("T")
Calls = Generator[HttpRequest | Remember, HttpResponse | None, T]
Answer = dict[str, Any]

DEFAULT_RETRY_AFTER_S = 30.0
TIMEOUT_S = 15.0
WEBHOOK_BUCKET = "incoming-webhook"


class Method(msgspec.Struct, frozen=True):
    """How a method is called. Methods that only read take forms, not JSON (https://docs.slack.dev/apis/web-api)."""

    rate: Rate
    is_json: bool = False
    paced: bool = False


# A tier's calls a minute, a fifth of them at once (https://docs.slack.dev/apis/web-api/rate-limits).
_TIER_2, _TIER_3, _TIER_4 = Rate(20 / 60, 4), Rate(50 / 60, 10), Rate(100 / 60, 20)

METHODS: Mapping[str, Method] = {
    # "Several hundred messages a minute" for a workspace; the lane holds the one a second of a channel.
    "chat.postMessage": Method(Rate(5.0, 300), is_json=True, paced=True),
    "chat.update": Method(_TIER_3, is_json=True),
    "reactions.add": Method(_TIER_3, is_json=True),
    "reactions.remove": Method(_TIER_2, is_json=True),
    "conversations.open": Method(_TIER_3, is_json=True),
    "conversations.history": Method(_TIER_3),
    "conversations.replies": Method(_TIER_3),
    "conversations.list": Method(_TIER_2),
    "users.lookupByEmail": Method(_TIER_3),
    "users.info": Method(_TIER_4),
    "users.list": Method(_TIER_2),
    "usergroups.list": Method(_TIER_2),
    "auth.test": Method(Rate(5.0, 100)),
}

BUCKETS: Mapping[str, Rate] = {
    **{name: method.rate for name, method in METHODS.items()},
    WEBHOOK_BUCKET: Rate(1.0, 4),
}


def bucket_of(method: str, workspace: str) -> str:
    """The bucket of a method in a workspace: Slack counts each workspace for itself."""
    return f"{method}@{workspace}" if workspace else method


class Ended(Exception):
    """The attempt is over."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


class Api(msgspec.Struct, frozen=True, kw_only=True):
    """One workspace. ``buckets`` false leaves out Slack's limits per method, for a workspace that has none."""

    url: str
    token: str
    now: float
    buckets: bool = True
    workspace: str = ""
    """Whose the limits are: a team's id; "" for the default one."""

    def __repr__(self) -> str:
        return f"Api({self.url})"

    def call(self, name: str, arguments: Mapping[str, Any]) -> Calls[Answer]:
        """The decoded answer of the method ``name``. Raises Ended."""
        method = METHODS[name]
        bucket = bucket_of(name, self.workspace) if self.buckets else ""
        kind, body = (
            ("application/json; charset=utf-8", msgspec.json.encode(arguments))
            if method.is_json
            else ("application/x-www-form-urlencoded", urlencode(arguments).encode())
        )
        headers = (("content-type", kind), ("authorization", f"Bearer {_checked_token(self.token)}"))
        url = f"{self.url.rstrip('/')}/{name}"
        response = yield HttpRequest(
            url=url, headers=headers, body=body, timeout_s=TIMEOUT_S, paced=method.paced, bucket=bucket
        )
        hold = "lane" if method.paced or not bucket else bucket
        return self._read(received(response), hold)

    def _read(self, response: HttpResponse, hold: str) -> Answer:
        answer = _decoded(response) if response.status == 200 else None
        if answer is None:
            raise_for_transport(response, hold, self.now)
            raise Ended(Outcome(state="retry", reason="slack.unreadable", detail=str(response.status)))
        if error_of(answer) in RATE_LIMITS:
            raise Ended(rate_limited(response, hold, self.now))
        return answer


_BEGINNING = re.compile(rb'\s*\{\s*"ok"\s*:\s*true\s*,\s*"channel"\s*:\s*"(\w+)"\s*,\s*"ts"\s*:\s*"([0-9.]+)"')

_LIST = re.compile(r'"(members|messages|channels|usergroups)"\s*:\s*\[\s*')
_COMMA = re.compile(r"\s*,?\s*")


def _decoded(response: HttpResponse) -> Answer | None:
    """The answer; of one that was cut off, what its beginning says about a message that was posted."""
    try:
        answer = msgspec.json.decode(response.body)
        return answer if isinstance(answer, dict) else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Slack echoes the message: with many emoji it grows beyond what is read of a response.
        found = _BEGINNING.match(response.body)
        if found:
            return {"ok": True, "channel": found[1].decode(), "ts": found[2].decode()}
        return _beginning_of_list(response.body.decode("utf-8", "replace"))


def _beginning_of_list(text: str) -> Answer | None:
    """Of a list that was cut off, the items that came whole; ``cut`` says so."""
    start = _LIST.search(text)
    if start is None:
        return None
    items, position, decoder = list[Any](), start.end(), json.JSONDecoder()
    while True:
        try:
            item, position = decoder.raw_decode(text, position)
        except (json.JSONDecodeError, RecursionError):
            return {"ok": True, start[1]: items, "cut": True}
        items.append(item)
        comma = _COMMA.match(text, position)
        position = comma.end() if comma else position


def received(response: HttpResponse | None) -> HttpResponse:
    """What was sent back for a request: never None, by the protocol of ``Destination.perform``."""
    if response is None:
        raise TypeError("a request is answered with a response")
    return response


def raise_for_transport(response: HttpResponse, hold: str, now: float) -> None:
    """Raises Ended when the response carries no answer of Slack's."""
    if response.status == 429:
        raise Ended(rate_limited(response, hold, now))
    if response.status == 0 or response.error:
        # The policy's own verdict does not heal by waiting.
        state: Literal["dead", "retry"] = "dead" if response.error == "blocked" else "retry"
        raise Ended(Outcome(state=state, reason=f"net.{response.error or 'protocol'}", detail=response.detail))
    if 300 <= response.status < 400:
        raise Ended(Outcome(state="retry", reason="http.redirect", detail=str(response.status)))
    if response.status >= 500:
        raise Ended(Outcome(state="retry", reason="http.status", detail=str(response.status)))


def rate_limited(response: HttpResponse, hold: str, now: float) -> Outcome:
    """The receiver wants fewer requests: nothing is wrong with the delivery or with the channel."""
    wait_s = retry_after(response.header("retry-after") or "", now)
    return Outcome(
        state="retry",
        reason="slack.ratelimited",
        retry_after_s=DEFAULT_RETRY_AFTER_S if wait_s is None else wait_s,
        hold=hold,
        spends_attempt=False,
        failure=False,
    )


def error_of(answer: Answer) -> str:
    """The error's name; "" for an answer that is ok."""
    if answer.get("ok") is True:
        return ""
    error = answer.get("error")
    return error if isinstance(error, str) and re.fullmatch(r"[a-z0-9_]{1,80}", error) else "unknown_error"


def detail_of(answer: Answer) -> str:
    """What Slack says about an error beyond its name."""
    said = answer.get("response_metadata")
    messages = said.get("messages") if isinstance(said, dict) else None
    parts = [str(message) for message in messages[:5]] if isinstance(messages, list) else []
    needed = answer.get("needed")
    return "; ".join([*parts, *([f"needed: {needed}"] if needed else [])])[:500]


def soft(calls: Calls[T], otherwise: Callable[[], T]) -> Calls[T]:
    """The result of ``calls``, or ``otherwise()`` when it ends the attempt: for what a message can do without."""
    try:
        return (yield from calls)
    except Ended:
        return otherwise()


def _checked_token(token: str) -> str:
    if not re.fullmatch(r"[\x21-\x7e]{1,4096}", token):
        raise Ended(Outcome(state="retry", reason="slack.invalid_auth"))
    return token
