"""The reference of the HTTP routes: the inbound ones, those for monitoring, and the API's from its own description."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, cast

from fastapi.routing import iter_route_contexts

from centralita.web.api import application
from centralita.web.auth import permission_of
from centralita.web.operate import Operate
from pages.markdown import GENERATED, code, codes, page, table

INBOUND = (
    "## Inbound",
    "",
    "`POST /in/{slug}`, and `POST /in/{slug}/{key}` where the secret is the last part of the address. No token: the",
    "sender proves itself as its source is configured.",
    "",
    *table(
        ("Answer", "When"),
        (
            ('202 `{"id": "rcp_..."}`', "it is on the disk"),
            ('200 `{"id": "rcp_..."}`', "a duplicate: the id is the first one's"),
            ("200, text", "a handshake, such as Slack's `url_verification`: nothing is kept"),
            ("400", "the body can't be read, or a header that counts came twice"),
            ("401", "the signature or secret is missing or wrong"),
            ("404", "there is no such source, or it is switched off"),
            ("405, 415, 431", "not a POST; a compressed body; too many headers, or too long ones"),
            ("408, 413", "the body came too slowly, or is longer than `receive.max_body_bytes`"),
            ("503 with `Retry-After`", "it is not on the disk, or nobody knows: send it again"),
        ),
    ),
)
OPERATE = {
    "/livez": "200 while the process runs.",
    "/readyz": "200 when it can do its work, else 503; `faults` says why. A receiver that is down is no reason.",
}


def http_page() -> str:
    """Every route."""
    lines = ["# HTTP", "", GENERATED["en"], "", *INBOUND, "## For monitoring", ""]
    lines += table(("Route", "Answer"), ((f"`GET {path}`", OPERATE[path]) for path in sorted(Operate.paths)))
    lines += [
        "## The API",
        "",
        "Every request carries a token: `Authorization: Bearer ctl_...`. The description as OpenAPI is at",
        "`/api/openapi.json`, for people at `/api/docs`; both are public. Errors are `application/problem+json` with a",
        "`code` for programs. Lists answer `items` and `next`: give `next` back as `cursor`. A `POST` may carry an",
        "`Idempotency-Key`: the same key with the same body gives the first answer again.",
        "",
    ]
    by_tag: dict[str, list[Operation]] = {}
    for operation in operations():
        by_tag.setdefault(operation.tag, []).append(operation)
    for tag, found in by_tag.items():
        lines += [f"### {tag}", "", *table(("Request", "Permission", "What it does", "Given"), map(_row, found))]
    return page(*lines)


@dataclass(frozen=True)
class Operation:
    """One request of the API."""

    request: str
    """``GET /api/v1/events``."""
    tag: str
    permission: str
    meaning: str
    query: list[str]
    body: list[str]


def operations() -> list[Operation]:
    """Every request that the API's description names."""
    app = application()
    described, found = app.openapi(), []
    for route in iter_route_contexts(app.routes):
        for method in sorted(route.methods or ()) if route.include_in_schema else ():
            said = described["paths"][route.path_format][method.lower()]
            found.append(
                Operation(
                    request=f"{method} {route.path_format}",
                    tag=str(route.tags[0]) if route.tags else "",
                    permission=permission_of(cast(Any, route)) or "",
                    meaning=inspect.cleandoc(said.get("description", "")),
                    query=[each["name"] for each in said.get("parameters", ()) if each["in"] == "query"],
                    body=_body(described, said),
                )
            )
    return found


def _body(described: dict[str, Any], said: dict[str, Any]) -> list[str]:
    if "requestBody" not in said:
        return []
    schema = next(iter(said["requestBody"]["content"].values()))["schema"]
    schema = schema.get("anyOf", [schema])[0]
    name = schema.get("$ref", "").rpartition("/")[2]
    return list(described["components"]["schemas"].get(name, {}).get("properties", ()))


def _row(operation: Operation) -> tuple[str, str, str, str]:
    parts = (("query", operation.query), ("body", operation.body))
    given = "; ".join(f"{place}: {codes(names)}" for place, names in parts if names)
    return code(operation.request), code(operation.permission), operation.meaning, given
