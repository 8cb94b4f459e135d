"""What every answer of the dashboard carries, and what no request gets past: requests that another site makes a browser
send."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from centralita.web import careful

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""No inline code and no inline style anywhere. A form leads nowhere else: to an identity provider goes a link."""
HEADERS = {
    **careful.HEADERS,
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
}


def crosses(headers: Headers, public_url: str) -> bool:
    """Whether a request that changes something comes, or may come, from another site.

    By Fetch Metadata (https://www.w3.org/TR/fetch-metadata/), and by Origin against the address that was asked for.
    Every browser since 2020 says at least one of them; whoever says neither is no browser, and has the API.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site not in ("same-origin", "none"):
        return True
    if origin is None:
        return site is None
    try:
        said = urlsplit(origin)
    except ValueError:
        return True
    asked = {headers.get("host", "").lower()}
    if public_url:
        asked.add(urlsplit(public_url).netloc.lower())
    return said.scheme not in ("http", "https") or said.netloc.lower() not in asked


def _is_https(url: str) -> bool:
    return urlsplit(url).scheme == "https"


class Guard:
    """The middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        public_url: str = scope["state"]["hub"].settings.server.public_url or ""

        headers = HEADERS | ({"strict-transport-security": "max-age=31536000"} if _is_https(public_url) else {})
        sending = careful.adding(send, headers)
        if scope["method"] not in SAFE and crosses(Headers(scope=scope), public_url):
            await PlainTextResponse("This request comes from another site.\n", 403)(scope, receive, sending)
            return
        await self._app(scope, receive, sending)
