"""Asking Slack something on behalf of a person who waits for the answer. What is delivered goes another way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from centralita.integrations.slack.api import Answer, error_of
from centralita.integrations.slack.scopes import granted
from centralita.ports import HttpRequest
from centralita.services.attempts import HttpClient

TIMEOUT_S = 10.0
_MAX_ANSWER_BYTES = 1_048_576


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What Slack answered, or why it did not."""

    answer: Answer = {}
    reason: str = ""
    """"" when it said yes, else a message id: ``slack.invalid_auth``, ``net.refused``, ``http.status``."""
    detail: str = ""
    reached: bool = False
    """Whether Slack itself answered."""
    scopes: frozenset[str] = frozenset()
    """Those of the token, where Slack names them."""
    date: str = ""
    """Slack's clock: the header ``date``."""

    def text(self, name: str) -> str:
        """A text of the answer; "" for anything else."""
        value = self.answer.get(name)
        return value if isinstance(value, str) else ""

    def part(self, name: str) -> Answer:
        """An object of the answer; {} for anything else."""
        value = self.answer.get(name)
        return value if isinstance(value, dict) else {}

    def __repr__(self) -> str:
        return f"Said({self.reason or 'ok'})"  # an answer may hold a token


async def ask(
    client: HttpClient, api_url: str, token: str, method: str, arguments: Mapping[str, Any] | None = None
) -> Said:
    """Calls a method of the Web API once, as a form. ``token`` "" sends none. Raises nothing but CancelledError."""
    headers = [("content-type", "application/x-www-form-urlencoded")]
    if token:
        if not (token.isascii() and token.isprintable()) or " " in token:
            return Said(reason="slack.invalid_auth", reached=True)
        headers.append(("authorization", f"Bearer {token}"))
    response = await client.request(
        HttpRequest(
            url=f"{api_url.rstrip('/')}/{method}",
            headers=tuple(headers),
            body=urlencode(arguments or {}).encode(),
            timeout_s=TIMEOUT_S,
            private=True,
            max_response_bytes=_MAX_ANSWER_BYTES,
        )
    )
    date = response.header("date") or ""
    if response.error or response.status == 0:
        return Said(reason=response.reason or f"net.{response.error or 'protocol'}", detail=response.detail)
    if response.status == 429:
        return Said(reason="slack.ratelimited", detail=response.header("retry-after") or "", reached=True, date=date)
    try:
        answer = msgspec.json.decode(response.body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Said(reason="http.status", detail=str(response.status), date=date)
    error = error_of(answer)
    return Said(
        answer=answer,
        reason=f"slack.{error}" if error else "",
        detail=str(answer.get("needed") or ""),
        reached=True,
        scopes=granted(response.header("x-oauth-scopes") or ""),
        date=date,
    )
