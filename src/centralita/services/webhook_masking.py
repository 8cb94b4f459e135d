"""What people may see of a request to a webhook's receiver and of its answer: everything but secrets.

Whoever may see a webhook sees the names of its own headers only; a receiver may echo what it was sent. Signatures are
no secrets: they are there to be compared.
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache

from centralita.integrations.webhook.receiver import Receiver
from centralita.logs import MASK
from centralita.ports import HttpRequest

_SECRET = re.compile(r"secret|token|passw|pwd|auth|credential|cookie|session|key", re.IGNORECASE)
_SHORTEST = 4
"""What is shorter is in many a text by chance."""
Headers = tuple[tuple[str, str], ...]


def sent_headers(request: HttpRequest, receiver: Receiver) -> list[tuple[str, str]]:
    """The headers of a request."""
    own = {name.lower() for name, _ in receiver.headers}
    return [
        (name, MASK if name.lower() in own or _names_secret(name) else value) for name, value in request.headers
    ]  # fmt: skip


def came_headers(headers: Headers, secrets: list[str]) -> list[tuple[str, str]]:
    """The headers of an answer."""
    return [(name, MASK if _names_secret(name) else hide(value, secrets)) for name, value in headers]


@lru_cache(1024)
def _names_secret(name: str) -> bool:
    return _SECRET.search(name) is not None


def secrets_of(receiver: Receiver, request: HttpRequest | None) -> list[str]:
    """What an answer may not repeat, the longest first."""
    auth = receiver.auth
    said = [value for _, value in receiver.headers] + [key.secret for key in receiver.keys]
    if auth is not None:
        said += [auth.password, auth.token, auth.client_secret]
        if auth.password:
            said.append(base64.b64encode(f"{auth.username}:{auth.password}".encode()).decode())
    for name, value in request.headers if request is not None else ():
        if name.lower() == "authorization":
            said.append(value.partition(" ")[2])
    return sorted({value for value in said if len(value) >= _SHORTEST}, key=len, reverse=True)


def hide(text: str, secrets: list[str]) -> str:
    """``text`` without the secrets."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


def hide_bytes(body: bytes, secrets: list[str]) -> bytes:
    """The same of a body."""
    for secret in secrets:
        body = body.replace(secret.encode(), MASK.encode())
    return body
