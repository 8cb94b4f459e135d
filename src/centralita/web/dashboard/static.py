"""Style sheets, scripts, the font and the icons: each address carries the file's hash, so that it is fetched once."""

from __future__ import annotations

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from centralita.web.auth import PUBLIC, requires

router = APIRouter()

_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


class Asset(NamedTuple):
    """A file, read once."""

    body: bytes
    zipped: bytes
    """The same, compressed; empty for what is compressed already."""
    type: str
    hash: str


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    found = (path for path in _FOLDER.rglob("*") if path.suffix in _TYPES)
    return frozenset(path.relative_to(_FOLDER).as_posix() for path in found)


@lru_cache(maxsize=64)
def asset(name: str) -> Asset:
    """A file below ``static/``. Raises LookupError for any other name."""
    if name not in _names():
        raise LookupError(name)
    path = _FOLDER / name
    body = path.read_bytes()
    zipped = b"" if path.suffix == ".woff2" else gzip.compress(body, 9, mtime=0)
    return Asset(body, zipped, _TYPES[path.suffix], hashlib.sha256(body).hexdigest()[:12])


@lru_cache(maxsize=1)
def release() -> str:
    """Of all files together: modules and style sheets name each other without a hash of their own."""
    return hashlib.sha256("".join(asset(name).hash for name in sorted(_names())).encode()).hexdigest()[:12]


def address(name: str) -> str:
    """Where a page finds a file."""
    asset(name)
    return f"/static/{release()}/{name}"


@router.get("/static/{version}/{name:path}", dependencies=[requires(PUBLIC)])
def serve(request: Request, version: str, name: str) -> Response:
    """One file."""
    try:
        found = asset(name)
    except LookupError:
        raise HTTPException(404) from None
    current = version == release()
    headers = {
        "cache-control": "public, max-age=31536000, immutable" if current else "no-cache",
        "vary": "accept-encoding",
    }
    if found.zipped and "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        return Response(found.zipped, headers=headers, media_type=found.type)
    return Response(found.body, headers=headers, media_type=found.type)
