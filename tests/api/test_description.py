"""The API's description of itself."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import TypeAdapter

from centralita.web.api import application
from centralita.web.api.description import routes_of
from centralita.web.api.examples import examples
from centralita.web.auth import PUBLIC, permission_of
from tests.api.conftest import Api


async def test_openapi_names_the_permission_of_every_operation(api: Api) -> None:
    reply = await api("GET", "/api/openapi.json", local=False)
    described = reply.json()
    operations = [operation for path in described["paths"].values() for operation in path.values()]
    assert len(operations) == sum(permission_of(route) != PUBLIC for route in routes_of(application()))
    assert all(operation["x-permission"] for operation in operations)
    assert described["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


async def test_the_page_lists_every_route_and_loads_nothing_from_elsewhere(api: Api) -> None:
    reply = await api("GET", "/api/docs", local=False)
    page = reply.body.decode()
    assert all(str(route.path_format) in page for route in routes_of(application()) if permission_of(route) != PUBLIC)
    assert "http://" not in page and "https://" not in page and "<script" not in page
    assert reply.headers["content-security-policy"].startswith("default-src 'none'")
    spanish = await api("GET", "/api/docs", headers={"accept-language": "es"}, local=False)
    assert '<html lang="es">' in spanish.body.decode()


async def test_whatever_fails_is_a_problem(api: Api) -> None:
    for method, path, status in (
        ("GET", "/nowhere", 404),
        ("GET", "/api/v1/nowhere", 404),
        ("DELETE", "/api/v1/events", 405),
        ("GET", "/api/v1/events?limit=0", 422),
        ("GET", "/api/v1/events?cursor=evt_x", 422),
        ("GET", "/api/v1/events?since=yesterday", 422),
        ("GET", "/api/v1/dead-letters?lane=no", 404),
        ("POST", "/api/v1/users", 422),
    ):
        reply = await api(method, path)
        assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json"), path
        assert reply.json()["status"] == status
        assert reply.json()["title"]


async def test_problems_speak_the_language_of_the_request(api: Api) -> None:
    spoken = await api("GET", "/api/v1/events/evt_x", headers={"accept-language": "fr, es-AR;q=0.8"})
    assert spoken.json()["title"] == "No existe."


async def test_routes_are_illustrated_by_what_they_really_take_and_answer(api: Api) -> None:
    described = (await api("GET", "/api/openapi.json", local=False)).json()
    about = [
        route
        for route in routes_of(application())
        if _is_illustrated(str(route.path_format)) and route.status_code != 204
    ]
    assert len(about) >= 36
    for route in about:
        for method in route.methods or ():
            operation = described["paths"][route.path_format][method.lower()]
            name = f"{method} {route.path_format}"
            _judge_request(operation, name)
            answers = {status: each for status, each in operation["responses"].items() if "content" in each}
            assert {"401", "403", "422"} <= answers.keys(), name
            for status, answer in answers.items():
                kind = "application/json" if status.startswith("2") else "application/problem+json"
                assert answer["content"][kind]["example"], f"{name} {status}"
            said = TypeAdapter(route.response_model).validate_json(json.dumps(examples()[name]["response"]))
            again = TypeAdapter(route.response_model).dump_python(said, mode="json")
            assert again.keys() == examples()[name]["response"].keys(), name
            for parameter in operation.get("parameters", ()):
                assert parameter["schema"], name
    assert {name for name in examples()} == {
        f"{method} {route.path_format}" for route in about for method in route.methods or ()
    }


def _is_illustrated(path: str) -> bool:
    return path.startswith(("/api/v1/webhook", "/api/v1/event-types", "/api/v1/cis", "/api/v1/rules"))


def _judge_request(operation: dict[str, Any], name: str) -> None:
    body = operation.get("requestBody")
    if body is not None:
        content = body["content"]["application/json"]
        assert content.get("example") or content.get("examples"), name


async def test_the_examples_of_requests_are_taken(api: Api) -> None:
    taken = {name: shown["request"] for name, shown in examples().items() if "request" in shown}
    added = await api("POST", "/api/v1/webhooks", {**taken["POST /api/v1/webhooks"], "name": "desk"})
    assert added.status == 201, added.body
    changed = await api("PATCH", "/api/v1/webhooks/desk", taken["PATCH /api/v1/webhooks/{name}"])
    assert changed.status == 200, changed.body
    for path, status in (("{name}/secrets", 201), ("{name}/preview", 200), ("preview", 200), ("{name}/replay", 202)):
        name = f"POST /api/v1/webhooks/{path}"
        reply = await api("POST", name.partition(" ")[2].format(name="desk"), taken[name])
        assert reply.status == status, reply.body


async def test_every_field_of_a_webhook_and_of_an_event_type_is_described(api: Api) -> None:
    described = await api("GET", "/api/openapi.json", local=False)
    schemas = described.json()["components"]["schemas"]
    assert {*re.findall(rb'"#/components/schemas/([^"]+)"', described.body)} <= {name.encode() for name in schemas}
    ours = (
        *("WebhookBody", "WebhookChange", "WebhookView", "WebhookDetail", "Policy", "KeyView", "WebhookSecretBody"),
        *("MadeView", "ChangedView", "Warned", "Keys", "TypeSummary", "TypeDetail"),
        *("RuleView", "RuleChange", "MadeRule", "Move"),
        *("CiBody", "CiChange", "NewRelation", "ImportBody"),
    )
    bare = [
        f"{name}.{field}"
        for name in ours
        for field, said in schemas[name]["properties"].items()
        if not said.get("description")
    ]
    assert bare == []
