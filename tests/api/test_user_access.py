"""How people get in, by the API: passwords, links, sessions."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from centralita.services import passwords
from centralita.services.sign_in import sign_in
from tests.api.conftest import Api

PASSWORD = "zapato lima nube cuarenta"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost next to nothing."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


async def test_a_password_is_set_and_signs_the_person_out(api: Api) -> None:
    added = await api("POST", "/api/v1/users", {"name": "ana", "role": "viewer"})
    assert (added.json()["has_password"], added.json()["oidc_subject"]) == (False, "")
    assert (await api("PUT", "/api/v1/users/ana/password", {"password": PASSWORD})).status == 204
    await sign_in(api.hub, "ana", PASSWORD, "Firefox", "203.0.113.7")
    listed = (await api("GET", "/api/v1/users/ana/sessions")).json()["items"]
    assert [(each["user_agent"], each["address"]) for each in listed] == [("Firefox", "203.0.113.7")]
    assert (await api("DELETE", "/api/v1/users/ana/sessions")).json() == {"sessions": 1}
    assert (await api("GET", "/api/v1/users/ana/sessions")).json()["items"] == []
    assert (await api("GET", "/api/v1/users")).json()["items"][0]["has_password"] is True
    told = (await api("GET", "/api/v1/audit")).body.decode()
    assert "user.password_set" in told and "user.signed_out" in told and "session.opened" in told
    assert PASSWORD not in told and "argon2" not in told


async def test_a_bad_password_is_explained_and_never_repeated(api: Api) -> None:
    await api("POST", "/api/v1/users", {"name": "ana", "role": "viewer"})
    for body, code in (
        ({"password": "geheim"}, "password.too_short"),
        ({"password": "password1234"}, "password.guessable"),
        ({"password": 7}, "request.invalid"),
        ({}, "request.invalid"),
    ):
        reply = await api("PUT", "/api/v1/users/ana/password", body)
        assert (reply.status, reply.json()["code"]) == (422, code)
        assert "geheim" not in reply.body.decode() and "password1234" not in reply.body.decode()


async def test_a_link_is_made_once(api: Api) -> None:
    await api("POST", "/api/v1/users", {"name": "ana", "role": "viewer"})
    made = await api("POST", "/api/v1/users/ana/invitation")
    assert made.status == 201 and made.json()["url"].startswith("/invitation/")
    assert made.headers["cache-control"] == "no-store"


async def test_there_has_to_be_somebody(api: Api) -> None:
    for method, path, body in (
        ("PUT", "password", {"password": PASSWORD}),
        ("POST", "invitation", None),
        ("GET", "sessions", None),
        ("DELETE", "sessions", None),
    ):
        assert (await api(method, f"/api/v1/users/nobody/{path}", body)).status == 404


async def test_who_may_less_does_not_become_somebody_who_may_more(api: Api) -> None:
    await api("POST", "/api/v1/users", {"name": "ana", "role": "admin"})
    manager = await api.holding("user.manage")
    for method, path, body in (
        ("PUT", "ana/password", {"password": PASSWORD}),
        ("POST", "ana/invitation", None),
        ("DELETE", "ana/sessions", None),
        ("PATCH", "ana", {"email": "mine@example.com"}),
    ):
        reply = await manager(method, f"/api/v1/users/{path}", body)
        assert (reply.status, reply.json()["code"]) == (403, "user.beyond_maker"), path
