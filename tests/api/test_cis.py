"""Configuration items by the API: permissions, versions, once for each key, pages."""

from __future__ import annotations

from centralita.web.api.examples import examples
from tests.api.conftest import Api


async def test_made_changed_and_taken_away(api: Api) -> None:
    taken = {name: shown["request"] for name, shown in examples().items() if "request" in shown}
    made = await api("POST", "/api/v1/cis", taken["POST /api/v1/cis"], {"idempotency-key": "k1"})
    assert made.status == 201, made.body
    again = await api("POST", "/api/v1/cis", taken["POST /api/v1/cis"], {"idempotency-key": "k1"})
    assert (again.status, again.body) == (201, made.body)
    ci = made.json()["ci"]
    path = f"/api/v1/cis/{ci['id']}"
    changed = await api("PATCH", path, {**taken["PATCH /api/v1/cis/{id}"], "version": ci["version"]})
    assert changed.status == 200 and changed.json()["ci"]["version"] == 2, changed.body
    stale = await api("PATCH", path, {"status": "late", "version": 1})
    assert (stale.status, stale.json()["code"]) == (409, "ci.stale")
    await api("POST", "/api/v1/cis", {"name": "erp-db-01"})
    related = await api("POST", f"{path}/relations", taken["POST /api/v1/cis/{id}/relations"])
    assert [each["name"] for each in related.json()["relations"]] == ["erp-db-01"]
    kind = related.json()["relations"][0]["kind"]
    assert (await api("DELETE", f"{path}/relations/{kind}/erp-db-01")).json()["relations"] == []
    assert (await api("DELETE", f"{path}/relations/{kind}/erp-db-01")).status == 409
    assert (await api("DELETE", path)).status == 204
    assert (await api("GET", path)).status == 404


async def test_what_is_wrong_is_refused(api: Api) -> None:
    for body in ({}, {"name": ""}, {"name": "x", "owner": {"email": "nobody"}}, {"name": "x", "id": "ci_1"},
                 {"name": "x", "attributes": {"": "y"}}):  # fmt: skip
        assert (await api("POST", "/api/v1/cis", body)).status == 422, body
    assert (await api("GET", "/api/v1/cis?cursor=x")).status == 422
    assert (await api("GET", "/api/v1/cis/search")).status == 422
    assert (await api("POST", "/api/v1/cis/import", {"cursor": "AAAA"})).status == 422
    assert (await api("POST", "/api/v1/cis/import", {})).json()["code"] == "asset.unconfigured"


async def test_pages_follow_each_other_and_reading_is_not_changing(api: Api) -> None:
    for name in ("b", "á", "c"):
        await api("POST", "/api/v1/cis", {"name": name})
    first = (await api("GET", "/api/v1/cis?limit=2")).json()
    rest = (await api("GET", f"/api/v1/cis?limit=2&cursor={first['next'].replace(' ', '%20')}")).json()
    assert [item["name"] for item in [*first["items"], *rest["items"]]] == ["á", "b", "c"] and rest["next"] is None
    reader = await api.holding("ci.read")
    assert (await reader("GET", "/api/v1/cis/A")).json()["ci"]["name"] == "á"
    assert (await reader("GET", "/api/v1/cis/search?text=a")).status == 200
    for method, path in (("POST", "/api/v1/cis"), ("PATCH", "/api/v1/cis/b"), ("DELETE", "/api/v1/cis/b"),
                         ("POST", "/api/v1/cis/b/relations"), ("POST", "/api/v1/cis/import")):  # fmt: skip
        assert (await reader(method, path, {"name": "x"} if method != "DELETE" else None)).status == 403, path
