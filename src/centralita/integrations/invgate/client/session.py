"""One piece of work at one of InvGate's APIs: credentials, requests, and what the answers mean.

Service Desk takes Basic authentication, or OAuth2 with one scope a call (``api.v1.<endpoint>:<method>``); Assets OAuth2
with the scope ``read`` or ``write``. Tokens live in memory only.

InvGate also reports errors with HTTP 200 and ``{"status": "ERROR"}``; both end in ``Failed``.
"""

from __future__ import annotations

import base64
from collections.abc import Generator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from centralita.core.people import Person
from centralita.core.retry import retry_after
from centralita.ports import HttpRequest, HttpResponse, Remember

T = TypeVar("T")
Call = Generator[HttpRequest | Remember, HttpResponse | None, T]

BUCKETS = {"desk": "invgate.service_desk", "assets": "invgate.assets"}
"""The rate that all lanes and reads of one API share."""
MAX_RESPONSE_BYTES = 16 * 1024 * 1024
MARGIN_S = 30.0
"""A token is renewed this long before it ends."""
_DETAIL_LIMIT = 300


class Connection(msgspec.Struct, kw_only=True, eq=False):
    """How one API is reached, and what is known of it while the process runs."""

    api: str
    """``desk`` or ``assets``."""
    url: str
    """Without a path."""
    username: str = ""
    token: str = ""
    client_id: str = ""
    client_secret: str = ""
    timeout_s: float = 20.0
    amount_field: str = ""
    """Uid of the custom field of tickets that holds an amount."""
    tokens: dict[str, tuple[str, float]] = {}
    """Scope to an access token and the time when it ends."""
    names: dict[str, tuple[dict[str, str], float]] = {}
    """Attribute (``priority``) to the names of its ids, and when they were read."""
    people: dict[str, tuple[Person | None, float]] = {}
    """Id to a person, None for one who is not there, and when that was read."""

    def __repr__(self) -> str:
        return f"Connection({self.api} {self.url})"

    @property
    def bucket(self) -> str:
        return BUCKETS[self.api]


class Failed(Exception):
    """A call did not end well. ``reason`` is a message id, ``detail`` for a person."""

    def __init__(
        self,
        reason: str,
        detail: str = "",
        *,
        retriable: bool,
        unknown: bool = False,
        status: int = 0,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail, self.retriable, self.status = reason, detail[:_DETAIL_LIMIT], retriable, status
        self.unknown = unknown
        """Whether a change may have happened all the same."""
        self.retry_after_s = retry_after_s
        """The receiver asked for fewer requests: not before this."""


class Session:
    """Calls of one API. ``now`` is the time at its beginning, in seconds since 1970."""

    def __init__(self, connection: Connection, now: float) -> None:
        self.connection, self.now = connection, now

    def get(
        self, path: str, parameters: Mapping[str, Any] | Sequence[tuple[str, Any]] = (), *, scope: str = "read"
    ) -> Call[Any]:
        """The decoded answer. Raises Failed."""
        query = encode(parameters)
        return (yield from self._call("GET", f"{path}?{query}" if query else path, b"", "", scope))

    def send(self, method: str, path: str, form: Mapping[str, Any], *, scope: str = "write") -> Call[Any]:
        """Changes something, form-encoded. Raises Failed, with ``unknown`` when it may have happened."""
        body = encode(form).encode()
        return (yield from self._call(method, path, body, "application/x-www-form-urlencoded", scope))

    def send_json(self, method: str, path: str, content: object, *, scope: str = "write") -> Call[Any]:
        """As ``send``, with a JSON:API document (https://jsonapi.org)."""
        body = msgspec.json.encode(content)
        return (yield from self._call(method, path, body, "application/vnd.api+json", scope))

    def _call(self, method: str, path: str, body: bytes, content_type: str, scope: str) -> Call[Any]:
        for last in (False, True):
            authorization = yield from self._authorization(scope)
            headers = [("authorization", authorization), ("accept", "application/vnd.api+json, application/json")]
            if content_type:
                headers.append(("content-type", content_type))
            response = yield from self._exchange(method, path, tuple(headers), body, safe=method == "GET")
            if response.status != 401 or last or not self.connection.tokens.pop(scope, None):
                return _answer(response, self.now, changes=method != "GET")
        raise AssertionError("the second attempt always returns")

    def _authorization(self, scope: str) -> Call[str]:
        connection = self.connection
        if connection.token:
            credentials = f"{connection.username}:{connection.token}".encode()
            return f"Basic {base64.b64encode(credentials).decode()}"
        known = connection.tokens.get(scope)
        if known is None or known[1] <= self.now + MARGIN_S:
            known = connection.tokens[scope] = yield from self._fetch_token(scope)
        return f"Bearer {known[0]}"

    def _fetch_token(self, scope: str) -> Call[tuple[str, float]]:
        """An access token and when it ends (https://www.rfc-editor.org/rfc/rfc6749#section-4.4)."""
        connection = self.connection
        path = "/oauth2/token/" if connection.api == "assets" else "/oauth/token"
        form = {"grant_type": "client_credentials", "scope": scope}
        inside = {**form, "client_id": connection.client_id, "client_secret": connection.client_secret}
        type_ = ("content-type", "application/x-www-form-urlencoded")
        response = yield from self._exchange("POST", path, (type_,), encode(inside).encode(), safe=True)
        if response.status in (400, 401):
            pair = f"{quote(connection.client_id, safe='')}:{quote(connection.client_secret, safe='')}".encode()
            basic = ("authorization", f"Basic {base64.b64encode(pair).decode()}")
            response = yield from self._exchange("POST", path, (type_, basic), encode(form).encode(), safe=True)
        answer = _answer(response, self.now, changes=False)
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise Failed("invgate.token_missing", retriable=True)
        seconds = answer.get("expires_in")
        return token, self.now + (float(seconds) if isinstance(seconds, int | float) else 300.0)

    def _exchange(
        self, method: str, path: str, headers: tuple[tuple[str, str], ...], body: bytes, *, safe: bool
    ) -> Call[HttpResponse]:
        response = yield HttpRequest(
            url=self.connection.url.rstrip("/") + path,
            method=method,
            headers=headers,
            body=body,
            timeout_s=self.connection.timeout_s,
            bucket=self.connection.bucket,
            max_response_bytes=MAX_RESPONSE_BYTES,
            safe=safe,
        )
        if response is None:
            raise TypeError("a request is answered with a response")
        return response


def encode(parameters: Mapping[str, Any] | Sequence[tuple[str, Any]]) -> str:
    """As PHP reads it: lists as ``name[]=1&name[]=2``, flags as 1 and 0; what is None or "" is left out."""
    pairs: list[tuple[str, str]] = []
    for name, value in parameters.items() if isinstance(parameters, Mapping) else parameters:
        if isinstance(value, list | tuple):
            pairs += [(f"{name}[]", str(item)) for item in value]
        elif isinstance(value, bool):
            pairs.append((name, "1" if value else "0"))
        elif value not in (None, ""):
            pairs.append((name, str(value)))
    return urlencode(pairs)


def _answer(response: HttpResponse, now: float, *, changes: bool) -> Any:
    if response.status == 0:
        raise Failed(f"net.{response.error}", response.detail, retriable=True, unknown=changes and response.sent)
    content = _decoded(response)
    said = _said(content)
    detail = f"{response.status} {said}".strip()
    if response.status == 429:
        wait_s = retry_after(response.header("retry-after") or "", now)
        raise Failed("http.throttled", detail, retriable=True, retry_after_s=30.0 if wait_s is None else wait_s)
    if response.status >= 500:
        raise Failed("http.status", detail, retriable=True, unknown=changes)
    if response.status in (401, 403):
        # Whoever changes a password at InvGate mends it at the hub later: until then nothing is to be lost.
        raise Failed("invgate.credentials", detail, retriable=True)
    if response.status >= 300:
        raise Failed("invgate.refused", detail, retriable=response.status == 408, status=response.status)
    if isinstance(content, dict) and (content.get("status") == "ERROR" or (content.get("error") and len(content) <= 3)):
        raise Failed("invgate.refused", detail, retriable=False)
    if content is _UNREADABLE:
        raise Failed("invgate.unreadable", detail, retriable=True, unknown=changes)
    return content


_UNREADABLE = object()


def _decoded(response: HttpResponse) -> Any:
    if response.truncated or response.error:
        return _UNREADABLE
    if not response.body.strip():
        return {}
    try:
        return msgspec.json.decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _UNREADABLE


def _said(content: object) -> str:
    """What InvGate says about an error: its own words, so that whoever reads the dead letter can act."""
    if isinstance(content, dict):
        for name in ("error", "info", "detail", "message", "errors"):
            if content.get(name):
                return str(content[name])
    return ""
