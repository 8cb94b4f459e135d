"""Telling an app that something happened, by Socket Mode or by a signed request, and taking its answer.

Events are sent again when nobody acknowledges them, with the same ``event_id``; what a person waits for (a button, a
command, a form) fails instead. Either is answered within three seconds.
https://docs.slack.dev/apis/events-api#responding, https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
import uuid
from collections.abc import Coroutine
from dataclasses import asdict, dataclass
from typing import Any, Literal
from urllib.parse import urlencode

import aiohttp
import msgspec

from centralita.sandbox.journal import Journal
from centralita.sandbox.slack.apps import App
from centralita.sandbox.slack.connections import Connections

Kind = Literal["events_api", "interactive", "slash_commands"]


@dataclass(frozen=True)
class Told:
    """One attempt to tell an app something."""

    seq: int
    app: str
    kind: Kind
    name: str
    """The event's, the payload's or the command's."""
    via: Literal["socket", "http"]
    attempt: int
    """From 0."""
    acknowledged: bool
    error: str
    """"" or ``operation_timeout``, ``no_connection``, ``http_500``..."""
    took_ms: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Ack:
    """How an app answered."""

    ok: bool
    payload: dict[str, Any]
    error: str = ""
    final: bool = False
    """It asked not to be told again (``X-Slack-No-Retry: 1``)."""


class Dispatcher:
    """Tells apps. Start it inside the loop, close it at the end."""

    def __init__(self) -> None:
        self.connections = Connections()
        self.journal: Journal[Told] = Journal()
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Before the first request."""
        self._session = aiohttp.ClientSession()

    async def close(self) -> None:
        """Ends what is under way."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.connections.close()
        if self._session is not None:
            await self._session.close()

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Does something beside the request at hand."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def event(self, app: App, body: dict[str, Any]) -> None:
        """An event's envelope, until it is acknowledged or has been tried four times."""
        name, reason = str(body["event"]["type"]), ""
        for attempt in range(len(app.retry_waits_s) + 1):
            if attempt:
                await asyncio.sleep(app.retry_waits_s[attempt - 1])
            ack = await self._tell(app, "events_api", name, body, attempt, reason)
            if ack.ok or ack.final:
                return
            reason = "http_timeout" if ack.error == "operation_timeout" else "http_error"

    async def interact(self, app: App, payload: dict[str, Any]) -> Ack:
        """Something that a person does with an app's surface."""
        return await self._tell(app, "interactive", str(payload["type"]), payload)

    async def command(self, app: App, form: dict[str, str]) -> Ack:
        """A slash command."""
        return await self._tell(app, "slash_commands", form["command"], dict(form))

    async def verify_url(self, app: App) -> str:
        """``url_verification`` of the events' address: "" when it answers the challenge, else what it did."""
        challenge = uuid.uuid4().hex
        body = {"token": app.verification_token, "challenge": challenge, "type": "url_verification"}
        ack = await self._post(app, app.events_url, msgspec.json.encode(body), "application/json", 0, "")
        given = ack.payload.get("challenge") or ack.payload.get("text")
        return "" if ack.ok and given == challenge else ack.error or "the challenge was not answered"

    async def _tell(
        self, app: App, kind: Kind, name: str, body: dict[str, Any], attempt: int = 0, reason: str = ""
    ) -> Ack:
        begun = time.monotonic()
        if app.socket_mode:
            ack = await self._by_socket(app, kind, body, attempt, reason)
        else:
            ack = await self._by_http(app, kind, body, attempt, reason)
        took_ms = (time.monotonic() - begun) * 1000
        via: Literal["socket", "http"] = "socket" if app.socket_mode else "http"
        self.journal.add(lambda seq: Told(seq, app.id, kind, name, via, attempt, ack.ok, ack.error, took_ms))
        return ack

    async def _by_socket(self, app: App, kind: Kind, body: dict[str, Any], attempt: int, reason: str) -> Ack:
        envelope: dict[str, Any] = {
            "envelope_id": str(uuid.uuid4()),
            "type": kind,
            "payload": body,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": attempt, "retry_reason": reason}
        if not self.connections.of(app.id):
            return Ack(False, {}, "no_connection")
        answer = await self.connections.send(app.id, envelope, app.ack_s)
        return Ack(False, {}, "operation_timeout") if answer is None else Ack(True, answer)

    async def _by_http(self, app: App, kind: Kind, body: dict[str, Any], attempt: int, reason: str) -> Ack:
        if kind == "events_api":
            return await self._post(app, app.events_url, msgspec.json.encode(body), "application/json", attempt, reason)
        url = app.interactivity_url
        form = body
        if kind == "slash_commands":
            url = app.commands[body["command"]].url or url
        else:
            if body["type"] == "block_suggestion":
                url = app.options_url or url
            form = {"payload": msgspec.json.encode(body).decode()}
        return await self._post(app, url, urlencode(form).encode(), "application/x-www-form-urlencoded", 0, "")

    async def _post(self, app: App, url: str, body: bytes, content_type: str, attempt: int, reason: str) -> Ack:
        if self._session is None or not url:
            return Ack(False, {}, "no_address")
        sent_at = str(int(time.time()))
        base = b"v0:" + sent_at.encode() + b":" + body
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": sent_at,
            "X-Slack-Signature": "v0=" + hmac.new(app.signing_secret.encode(), base, hashlib.sha256).hexdigest(),
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        }
        if attempt:
            headers |= {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason}
        try:
            patience = aiohttp.ClientTimeout(total=app.ack_s)
            async with self._session.post(
                url, data=body, headers=headers, allow_redirects=False, timeout=patience
            ) as response:
                text = await response.text()
                if response.status >= 300:
                    final = response.headers.get("X-Slack-No-Retry") == "1"
                    return Ack(False, {}, f"http_{response.status}", final)
                return Ack(True, _answer(text))
        except TimeoutError:
            return Ack(False, {}, "operation_timeout")
        except aiohttp.ClientError:
            return Ack(False, {}, "service_unavailable")


def _answer(text: str) -> dict[str, Any]:
    """What a request was answered: a JSON object as it is, other text as a message's text."""
    if not text.strip():
        return {}
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return {"text": text}
    return value if isinstance(value, dict) else {"text": text}
