"""Who may do what: every route against every role, tokens, and keys that make a request happen once."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from centralita.cli.calling import call_app
from centralita.core.access import BUILT_IN, PERMISSIONS, ROLES
from centralita.store import tokens
from centralita.web.api import application
from centralita.web.api.description import routes_of
from centralita.web.auth import PUBLIC, permission_of, permissions_of, requires
from tests.api.conftest import Api

OPEN = {"/api/openapi.json", "/api/docs", "/slack/install", "/slack/oauth_redirect"}


def _called(path: str) -> str:
    for name, value in {"event_id": "evt_x", "delivery_id": "dlv_0", "token_id": "0"}.items():
        path = path.replace(f"{{{name}}}", value)
    return path.replace("{key:path}", "no:lane").replace("{slug}", "no").replace("{name}", "no").replace("{key}", "no")


def test_every_route_declares_what_it_needs() -> None:
    routes = routes_of(application())
    assert len(routes) > 25
    undeclared = [route.path for route in routes if permission_of(route) is None]
    assert undeclared == []
    assert {route.path for route in routes if permission_of(route) == PUBLIC} == OPEN


def test_a_permission_that_is_not_in_the_table_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match=r"event\.erase"):
        requires("event.erase")


async def test_each_role_gets_exactly_as_far_as_the_table_says(api: Api) -> None:
    holders = {role: await api.holding(*sorted(BUILT_IN.roles[role])) for role in ROLES}
    for route in routes_of(application()):
        permission, path = permission_of(route), _called(str(route.path))
        if permission == PUBLIC:
            continue
        for role, holder in holders.items():
            for method in route.methods or ():
                status = (await holder(method, path, None if method == "GET" else {})).status
                expected = role in PERMISSIONS[str(permission)]
                assert (status != 403) == expected, (role, method, route.path, status)
                assert status != 401


async def test_each_scope_opens_its_own_routes_and_no_other(api: Api) -> None:
    routes = [route for route in routes_of(application()) if permission_of(route) != PUBLIC]
    for scope in sorted({str(permission_of(route)) for route in routes}):
        holder = await api.holding(scope)
        for route in routes:
            method = sorted(route.methods or ())[0]
            status = (await holder(method, _called(str(route.path)), None if method == "GET" else {})).status
            assert (status != 403) == (permissions_of(route) == [scope]), (scope, method, route.path, status)


async def test_without_a_valid_token_nobody_gets_in(api: Api) -> None:
    for headers in (
        {},
        {"authorization": "Bearer"},
        {"authorization": "Bearer ctl_" + "0" * 43},
        {"authorization": "Basic Y3RsOng="},
        {"authorization": "Bearer ÿ"},
        {"centralita-os-user": "root"},
    ):
        reply = await api("GET", "/api/v1/events", headers=headers, local=False)
        assert (reply.status, reply.headers["content-type"]) == (401, "application/problem+json")
        assert reply.headers["www-authenticate"] == "Bearer"
    for method, path in (
        ("POST", "/api/v1/tokens"),
        ("PATCH", "/api/v1/users/ana"),
        ("POST", "/api/support/troubleshooting/events"),
    ):
        reply = await call_app(api.app, method, path, b"{", {"content-type": "application/json"}, local=False)
        assert reply.status == 401, "what a stranger sends is not even read"
        told = await call_app(api.app, method, path, b"{", {"content-type": "application/json"}, local=True)
        assert told.status == 422


async def test_a_token_is_shown_once_and_works_until_it_is_revoked(api: Api) -> None:
    made = await api("POST", "/api/v1/tokens", {"name": "grafana", "role": "viewer"})
    assert made.status == 201
    token, kept = made.json()["token"], made.json()["kept"]
    holder = Api(api.hub, api.app, token)
    assert (await holder("GET", "/api/v1/events")).status == 200
    listed = (await api("GET", "/api/v1/tokens")).body.decode()
    assert token not in listed and kept["prefix"] in listed
    assert (await api("DELETE", f"/api/v1/tokens/{kept['id']}")).status == 204
    assert (await holder("GET", "/api/v1/events")).status == 401
    assert (await api("DELETE", f"/api/v1/tokens/{kept['id']}")).status == 404
    audit = (await api("GET", "/api/v1/audit")).body.decode()
    assert "token.created" in audit and "token.revoked" in audit and token not in audit


async def test_an_expired_token_opens_nothing(api: Api) -> None:
    holder = await api.holding("event.read")
    expired = api.hub.clock.now() - 1

    def expire(tx: Any) -> None:
        tx.execute(tokens.tokens.update().values(expires_at=expired))

    await api.hub.database.write(expire)
    assert (await holder("GET", "/api/v1/events")).status == 401


async def test_nobody_gives_away_more_than_they_have(api: Api) -> None:
    holder = await api.holding("token.manage", "event.read")
    for body in ({"name": "x", "scopes": ["*"]}, {"name": "x", "role": "admin"}, {"name": "x", "scopes": ["event.*"]}):
        reply = await holder("POST", "/api/v1/tokens", body)
        assert (reply.status, reply.json()["code"]) == (403, "token.beyond_maker"), body
    assert (await holder("POST", "/api/v1/tokens", {"name": "x", "scopes": ["event.read"]})).status == 201
    manager = await api.holding("user.manage")
    reply = await manager("POST", "/api/v1/users", {"name": "eva", "role": "admin"})
    assert (reply.status, reply.json()["code"]) == (403, "user.beyond_maker")


async def test_senseless_tokens_are_refused(api: Api) -> None:
    for body, code in (
        ({"name": "x"}, "token.no_scopes"),
        ({"name": "x", "role": "viewer", "scopes": ["event.read"]}, "token.role_or_scopes"),
        ({"name": "x", "role": "emperor"}, "access.role_unknown"),
        ({"name": "x", "scopes": ["event.reed"]}, "access.scope_unknown"),
        ({"name": "", "role": "viewer"}, "request.invalid"),
        ({"name": "x", "role": "viewer", "colour": "red"}, "request.invalid"),
    ):
        reply = await api("POST", "/api/v1/tokens", body)
        assert (reply.status, reply.json()["code"]) == (422, code)


async def test_users_are_added_changed_and_audited(api: Api) -> None:
    added = await api("POST", "/api/v1/users", {"name": "ana", "role": "viewer", "email": "ana@example.com"})
    assert (added.status, added.json()["role"]) == (201, "viewer")
    assert (await api("POST", "/api/v1/users", {"name": "ana", "role": "viewer"})).status == 409
    changed = await api("PATCH", "/api/v1/users/ana", {"role": "operator"})
    assert (changed.json()["role"], changed.json()["email"]) == ("operator", "ana@example.com")
    assert (await api("PATCH", "/api/v1/users/bea", {"role": "operator"})).status == 404
    entry = (await api("GET", "/api/v1/audit?action=user.changed")).json()["items"][0]
    assert (entry["details"]["before"]["role"], entry["details"]["after"]["role"]) == ("viewer", "operator")


async def test_the_local_administrator_is_named_in_the_audit_log(api: Api) -> None:
    await api("POST", "/api/v1/users", {"name": "a", "role": "viewer"}, {"centralita-os-user": "maria"})
    await api("POST", "/api/v1/users", {"name": "b", "role": "viewer"}, {"centralita-os-user": "x\n; drop"})
    actors = [entry["actor"] for entry in (await api("GET", "/api/v1/audit")).json()["items"]]
    assert actors[1] == "local:maria"
    assert actors[0].startswith("local:") and "drop" not in actors[0]


# ---- Idempotency-Key


async def test_a_key_makes_a_request_happen_once(api: Api) -> None:
    key, body = {"idempotency-key": "k-1"}, {"name": "ana", "role": "viewer"}
    first = await api("POST", "/api/v1/users", body, key)
    again = await api("POST", "/api/v1/users", body, key)
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert again.headers["idempotency-replayed"] == "true"
    assert len((await api("GET", "/api/v1/users")).json()["items"]) == 1
    other = await api("POST", "/api/v1/users", {"name": "bea", "role": "viewer"}, key)
    assert (other.status, other.json()["code"]) == (422, "idempotency.key_reused")
    stranger = await api.holding("user.manage", *BUILT_IN.roles["viewer"])
    assert (await stranger("POST", "/api/v1/users", {"name": "cleo", "role": "viewer"}, key)).status == 201


async def test_a_key_covers_a_replay_with_several_transactions(api: Api) -> None:
    for n in range(2):
        await api.receive(type="printer.jammed", severity="critical", title=f"{n}")
    key, body = {"idempotency-key": "k-2"}, {"since": "1h"}
    first = await api("POST", "/api/v1/replays", body, key)
    assert first.json() == {"events": 2, "deliveries": 2, "next": None}
    assert (await api("POST", "/api/v1/replays", body, key)).json() == first.json()
    entries = (await api("GET", "/api/v1/audit?action=event.rerouted")).json()["items"]
    assert len(entries) == 2


async def test_a_lost_answer_gives_the_same_token_again_and_the_database_holds_it_sealed(api: Api) -> None:
    key, body = {"idempotency-key": "k-3"}, {"name": "x", "role": "viewer"}
    first = await api("POST", "/api/v1/tokens", body, key)
    again = await api("POST", "/api/v1/tokens", body, key)
    assert (first.status, again.status) == (201, 201)
    assert again.json()["token"] == first.json()["token"]
    assert len((await api("GET", "/api/v1/tokens")).json()["items"]) == 1
    kept = await api.hub.database.read(lambda tx: tx.execute(sa.text("select value from facts")).scalars().all())
    assert any("k-3" in name for name in await _fact_names(api))
    assert not any(first.json()["token"] in value for value in kept)


async def _fact_names(api: Api) -> list[str]:
    names = await api.hub.database.read(lambda tx: tx.execute(sa.text("select key from facts")).scalars().all())
    return list(names)


async def test_a_refused_request_leaves_its_key_free(api: Api) -> None:
    key = {"idempotency-key": "k-4"}
    assert (await api("POST", "/api/v1/users", {"name": "ana", "role": "emperor"}, key)).status == 422
    assert (await api("POST", "/api/v1/users", {"name": "ana", "role": "viewer"}, key)).status == 201


async def test_a_token_for_one_webhook_opens_no_other(api: Api) -> None:
    made = await api.holding("webhook.poll:a%20b")
    assert (await made("GET", "/api/v1/webhooks/a%20b/poll")).status == 404
    for path in ("webhooks/erp/poll", "webhooks/a/poll", "webhooks/a%20b", "webhooks", "events"):
        assert (await made("GET", f"/api/v1/{path}")).status == 403, path
    every = await api.holding("webhook.poll", "token.manage")
    for scope, status in (
        ("webhook.poll:erp", 201),
        ("webhook.poll", 201),
        ("webhook.manage:erp", 422),
        ("webhook.poll:", 422),
        ("webhook.poll:a b", 422),
        ("webhook.manage", 403),
    ):
        assert (await every("POST", "/api/v1/tokens", {"name": "x", "scopes": [scope]})).status == status, scope
    one = await api.holding("webhook.poll:erp", "token.manage")
    for scope, status in (("webhook.poll:erp", 201), ("webhook.poll:other", 403), ("webhook.poll", 403)):
        assert (await one("POST", "/api/v1/tokens", {"name": "x", "scopes": [scope]})).status == status, scope
