"""The API's description of itself."""

from __future__ import annotations

from centralita.web.api.description import routes_of
from centralita.web.auth import PUBLIC, permission_of
from tests.api.conftest import Api


async def test_openapi_names_the_permission_of_every_operation(api: Api) -> None:
    reply = await api("GET", "/api/openapi.json", local=False)
    described = reply.json()
    operations = [operation for path in described["paths"].values() for operation in path.values()]
    assert len(operations) == sum(permission_of(route) != PUBLIC for route in routes_of(api.app))
    assert all(operation["x-permission"] for operation in operations)
    assert described["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


async def test_the_page_lists_every_route_and_loads_nothing_from_elsewhere(api: Api) -> None:
    reply = await api("GET", "/api/docs", local=False)
    page = reply.body.decode()
    assert all(str(route.path_format) in page for route in routes_of(api.app) if permission_of(route) != PUBLIC)
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
