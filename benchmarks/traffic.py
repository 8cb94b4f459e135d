"""Requests that are signed before the clock starts: a file for wrk, lists for the paced generator."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

from benchmarks.hub import SECRET
from centralita.core.signing import standard_headers

DESCRIPTION = "La impresora del segundo piso no imprime; se probó reiniciar, cambiar el cable y el tóner. " * 12
BODY_BYTES = 1500


def ticket(number: int, **data: object) -> bytes:
    """A ticket of about 1.5 KB, with a subject of its own."""
    people = {
        "requester": {"name": "Ana Torres", "email": "ana@example.com"},
        "agent": {"name": "Luis Paz", "email": "luis@example.com"},
    }
    title = f"Impresora {number} sin conexión"
    facts = {"id": str(number), "title": title, "status": "Nuevo", "priority": "Alta", "description": DESCRIPTION}
    document = {
        "type": "ticket.created",
        "subject": f"ticket/{number}",
        "severity": "high",
        "title": title,
        "data": {"ticket": facts, **people, **data},
    }
    return json.dumps(document, ensure_ascii=False).encode()


def signed(body: bytes) -> dict[str, str]:
    """Standard Webhooks headers with an id of their own, and the content type."""
    headers = standard_headers([SECRET.encode()], f"msg_{random.getrandbits(96):x}", int(time.time()), body)
    return {"content-type": "application/json", **dict(headers)}


def write_requests(path: Path, count: int) -> None:
    """One request a line: id, timestamp, signature, body, parted by tabs."""
    with path.open("wb") as file:
        for number in range(count):
            body = ticket(number)
            headers = signed(body)
            fields = (headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"])
            file.write("\t".join(fields).encode() + b"\t" + body + b"\n")


def raw(path: str, body: bytes) -> bytes:
    """A whole signed HTTP/1.1 request."""
    lines = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in signed(body).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
