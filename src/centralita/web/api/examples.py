"""Examples of requests and answers, for the OpenAPI description: of the routes about webhooks, event types,
rules and configuration items."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

PROBLEMS: Mapping[str, dict[str, Any]] = {
    "401": {"type": "about:blank", "title": "A valid token is needed.", "status": 401},
    "403": {"type": "about:blank", "title": "The token does not allow this.", "status": 403},
    "404": {"type": "about:blank", "title": "There is no such thing.", "status": 404, "code": "not_found"},
    "409": {
        "type": "about:blank",
        "title": "Something else is in the way.",
        "status": 409,
        "code": "webhook.provided",
        "detail": "The configuration file provides the webhook erp: it is changed there.",
    },
    "422": {
        "type": "about:blank",
        "title": "Something in the request is wrong.",
        "status": 422,
        "code": "webhook.faulty",
        "errors": [{"at": "url", "code": "address.private", "detail": "a private address"}],
    },
}
"""Status to a problem (RFC 9457)."""
PROBLEM_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "description": "RFC 9457. `code` is for programs, `title`, `detail` and `errors` speak the request's language.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("at", "code", "detail")},
            },
        },
    },
}


@cache
def examples() -> Mapping[str, Mapping[str, Any]]:
    """``METHOD /path`` to ``request`` (where it has a body) and ``response``."""
    known: dict[str, dict[str, Any]] = msgspec.json.decode(Path(__file__).with_name("examples.json").read_bytes())
    return known


def illustrate(description: dict[str, Any]) -> None:
    """Adds the examples and the problems to an OpenAPI description."""
    schemas = description.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = dict(PROBLEM_SCHEMA)
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            for status in _problems(method, path):
                operation["responses"][status] = _problem(status)
            shown = examples().get(f"{method.upper()} {path}")
            if shown is not None:
                _show(operation, shown)


def _problems(method: str, path: str) -> tuple[str, ...]:
    """What may go wrong with a route: every one asks for a token and judges what it is given."""
    return ("401", "403", *(("404",) if "{" in path else ()), *(("409",) if method != "get" else ()), "422")


def _problem(status: str) -> dict[str, Any]:
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": PROBLEMS[status]}
    return {"description": PROBLEMS[status]["title"], "content": {"application/problem+json": content}}


def _show(operation: dict[str, Any], shown: Mapping[str, Any]) -> None:
    body = operation.get("requestBody")
    if body is not None and "examples" not in body["content"]["application/json"] and "request" in shown:
        body["content"]["application/json"]["example"] = shown["request"]
    for status, response in operation["responses"].items():
        if status.startswith("2") and "application/json" in response.get("content", {}):
            response["content"]["application/json"]["example"] = shown["response"]
