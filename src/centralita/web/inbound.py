"""The hot path: ``POST /in/{slug}`` and ``/in/{slug}/{key}`` as a bare ASGI endpoint.

What is malformed is answered 4xx before anything is stored; what Python's decoders would guess at (a compressed body, a
length said twice) is refused. The deadlines are the protocol's (``web.server``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol
from urllib.parse import unquote

import msgspec

from centralita.ports import RawRequest
from centralita.services.ingest import Answer, Ingest

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PREFIX = b"/in/"
MAX_HEADERS = 100
MAX_HEADER_BYTES = 32 * 1024
# Saying these twice says two things: which one was signed?
_ONCE = frozenset((b"content-type", b"content-length", b"content-encoding", b"authorization", b"host"))


class Limits(Protocol):
    """The ``receive`` section of the settings."""

    max_body_bytes: int


class _Refused(Exception):
    """``reason``: a message id, for whoever asks why nothing arrives."""

    def __init__(self, status: int, reason: str, title: str) -> None:
        super().__init__(title)
        self.status, self.reason, self.title = status, reason, title


class ClientGone(Exception):
    """The client went away before its request was whole: nobody to answer, nothing to store."""


class Inbound:
    """The ASGI application below ``/in/``."""

    def __init__(self, ingest: Ingest, limits: Limits) -> None:
        self._ingest, self._limits = ingest, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            slug, request = await self._read(scope, receive)
        except _Refused as refused:
            meant = scope.get("raw_path", scope["path"].encode())[len(PREFIX) :].split(b"/")[0].decode("latin-1")
            client = scope.get("client")
            self._ingest.refused(meant, refused.status, refused.reason, client[0] if client else "")
            body = msgspec.json.encode({"type": "about:blank", "title": refused.title, "status": refused.status})
            # The rest of the body is unread: the connection cannot be used again.
            await _send(
                send, Answer(status=refused.status, body=body, content_type=b"application/problem+json"), close=True
            )
            return
        except ClientGone:
            return
        await _send(send, await self._ingest.receive(slug, request))

    async def _read(self, scope: Scope, receive: Receive) -> tuple[str, RawRequest]:
        if scope["method"] != "POST":
            raise _Refused(405, "request.method", "Send events by POST.")
        parts = scope.get("raw_path", scope["path"].encode())[len(PREFIX) :].split(b"/")
        if not 1 <= len(parts) <= 2 or not parts[0]:
            raise _Refused(404, "request.path", "There is no such address: it is /in/{source} or /in/{source}/{key}.")
        headers = self._headers(scope["headers"])
        body = await self._body(scope["headers"], receive)
        client = scope.get("client")
        return parts[0].decode("latin-1"), RawRequest(
            method="POST",
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            body=body,
            key=unquote(parts[1].decode("latin-1")) if len(parts) == 2 else "",
            remote=client[0] if client else "",
        )

    def _headers(self, raw: list[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
        if len(raw) > MAX_HEADERS or sum(len(name) + len(value) for name, value in raw) > MAX_HEADER_BYTES:
            raise _Refused(431, "request.headers", "There are too many headers, or they are too long.")
        seen = set()
        for name, value in raw:
            if name in _ONCE:
                if name in seen:
                    raise _Refused(400, "request.ambiguous", f"The header {name.decode('latin-1')} came twice.")
                seen.add(name)
            if name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
                raise _Refused(415, "request.compressed", "Compressed bodies are not taken; send it plain.")
        if b"content-length" in seen and any(name == b"transfer-encoding" for name, _ in raw):
            raise _Refused(400, "request.ambiguous", "Content-Length and Transfer-Encoding contradict each other.")
        return tuple([(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw])

    async def _body(self, raw: list[tuple[bytes, bytes]], receive: Receive) -> bytes:
        limit = self._limits.max_body_bytes
        declared = next((value for name, value in raw if name == b"content-length"), b"0")
        if not declared.isdigit() or int(declared) > limit:
            raise _Refused(413, "request.too_long", f"The body is longer than {limit} bytes.")
        message = await _next(receive)
        if not message.get("more_body"):
            return bytes(message.get("body", b""))
        chunks = [message.get("body", b"")]
        size = len(chunks[0])
        while message.get("more_body"):
            message = await _next(receive)
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > limit:
                raise _Refused(413, "request.too_long", f"The body is longer than {limit} bytes.")
        return b"".join(chunks)


async def _next(receive: Receive) -> Message:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message


async def _send(send: Send, answer: Answer, *, close: bool = False) -> None:
    headers = [(b"content-type", answer.content_type), (b"content-length", b"%d" % len(answer.body))]
    if answer.retry_after_s:
        headers.append((b"retry-after", b"%d" % answer.retry_after_s))
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
