"""Signing in by an identity provider: Authlib's authorization server answers, on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from centralita.services import oidc
from centralita.services.access import Refused, add_user, change_user, list_users
from centralita.services.audit import newest
from centralita.services.hub import Hub
from centralita.services.identity_provider import FAILED_GAP_S
from centralita.services.sessions import Opened, SignInRefused, signed_in
from centralita.settings import load
from centralita.wiring import open_hub
from tests.access.conftest import ADDRESS, ADMINISTRATOR, AGENT, later
from tests.access.provider import ANA, CLIENT_ID, CLIENT_SECRET, Provider, made_key, served

PUBLIC = "https://desk.example.com"

Opening = Callable[..., AbstractAsyncContextManager[Hub]]


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """A provider that answers; by http, which Authlib wants to be told."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with served(PUBLIC + oidc.CALLBACK_PATH) as running:
        yield running


@pytest.fixture
def opening(provider: Provider, migrated_sqlite: str, tmp_path: Path) -> Opening:
    """Opens a hub that trusts the provider, with more settings of ``dashboard.oidc``."""

    @asynccontextmanager
    async def opened(more: str = "", public_url: str = PUBLIC) -> AsyncIterator[Hub]:
        config = tmp_path / "centralita.yaml"
        config.write_text(
            f"locale: en\nserver: {{public_url: '{public_url}'}}\nnetwork: {{allow: ['127.0.0.1/32']}}\n"
            f"dashboard: {{oidc: {{issuer: '{provider.issuer}', client_id: {CLIENT_ID}, "
            f"client_secret: '{CLIENT_SECRET}', {more}}}}}\n"
        )
        environ = {"CENTRALITA_DATABASE__URL": migrated_sqlite, "CENTRALITA_DATA_DIR": str(tmp_path / "data")}
        async with open_hub(load(config, environ), role="cli") as hub:
            yield hub

    return opened


async def _agreed(url: str) -> dict[str, str]:
    """The query with which the provider sends back a browser that went to ``url``."""
    async with aiohttp.ClientSession() as browser, browser.get(url, allow_redirects=False) as answer:
        assert answer.status == 302, await answer.text()
        back = urlsplit(answer.headers["location"])
    assert back._replace(query="").geturl() == PUBLIC + oidc.CALLBACK_PATH
    return {name: values[0] for name, values in parse_qs(back.query).items()}


async def _come(hub: Hub, return_to: str = "") -> Opened:
    begun = await oidc.begin(hub, return_to)
    return await oidc.finish(hub, await _agreed(begun.url), begun.browser_cookie, AGENT, ADDRESS)


async def _refused(hub: Hub) -> str:
    with pytest.raises(SignInRefused) as refused:
        await _come(hub)
    return refused.value.reason


async def test_somebody_new_gets_an_account_and_is_known_from_then_on(opening: Opening) -> None:
    async with opening("create_users: true, default_role: operator") as hub:
        opened = await _come(hub, "/events?type=x")
        user = opened.person.user
        assert (user.name, user.email, user.role, user.has_password) == ("ana.g", "ana@example.com", "operator", False)
        assert opened.return_to == "/events?type=x"
        assert await signed_in(hub, opened.token) is not None
        again = await _come(hub)
        assert again.person.user.id == user.id
        assert [each.name for each in await list_users(hub, 10, 0)] == ["ana.g"]
        actions = [link.entry.action for link in await newest(hub, 10, None, "", "")]
        assert actions == ["session.opened", "session.opened", "user.added"]


async def test_the_request_proves_itself_by_pkce_state_and_nonce(opening: Opening) -> None:
    async with opening() as hub:
        begun = await oidc.begin(hub)
        asked = {name: values[0] for name, values in parse_qs(urlsplit(begun.url).query).items()}
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 43
        assert asked["scope"] == "openid email profile"
        for name in ("state", "nonce"):
            assert asked[name] not in begun.browser_cookie, "it is sealed"
        assert asked["state"] != parse_qs(urlsplit((await oidc.begin(hub)).url).query)["state"][0]


async def test_an_account_is_linked_by_its_verified_address_and_by_no_other(
    opening: Opening, provider: Provider
) -> None:
    async with opening("create_users: true, default_role: viewer") as hub:
        await add_user(hub, ADMINISTRATOR, {"name": "ana", "role": "admin", "email": "ana@Example.com"})
        provider.person = {**ANA, "sub": "u-9", "email_verified": False}
        stranger = await _come(hub)
        assert (stranger.person.user.name, stranger.person.user.email) == ("ana.g", ""), "an address that nobody proved"
        assert not stranger.person.principal.may("user.manage")
        provider.person = dict(ANA)
        linked = await _come(hub)
        assert (linked.person.user.name, linked.person.user.role) == ("ana", "admin")
        provider.person = {**ANA, "sub": "u-2"}
        assert await _refused(hub) == "oidc.ambiguous", "the account has another identity"
        provider.person = {**ANA, "email": "new@example.com"}
        assert (await _come(hub)).person.user.name == "ana", "who is known is known by what never changes"


async def test_two_accounts_of_one_address_are_not_guessed_between(opening: Opening) -> None:
    async with opening("create_users: true, default_role: viewer") as hub:
        for name in ("ana", "ana2"):
            await add_user(hub, ADMINISTRATOR, {"name": name, "role": "viewer", "email": "ana@example.com"})
        assert await _refused(hub) == "oidc.ambiguous"


async def test_who_may_come_in(opening: Opening, provider: Provider) -> None:
    async with opening() as hub:
        assert await _refused(hub) == "oidc.unknown_person"
    async with opening("create_users: true") as hub:
        assert await _refused(hub) == "oidc.no_role"
    async with opening("create_users: true, default_role: viewer, allowed_domains: [acme.example]") as hub:
        assert await _refused(hub) == "oidc.domain"
        provider.person = {**ANA, "email": "ana@acme.example", "email_verified": False}
        assert await _refused(hub) == "oidc.domain"
        provider.person = {**ANA, "email": "ana@notacme.example"}
        assert await _refused(hub) == "oidc.domain"
        provider.person = {**ANA, "email": "ana@ACME.example"}
        opened = await _come(hub)
        await change_user(hub, ADMINISTRATOR, opened.person.user.name, {"enabled": False})
        assert await _refused(hub) == "oidc.disabled"
        entry = (await newest(hub, 1, None, "", "sign_in.refused"))[0].entry
        assert "oidc.disabled" in entry.details and "u-1" in entry.details


async def test_a_claim_decides_about_the_role_each_time(opening: Opening, provider: Provider) -> None:
    rules = "create_users: true, role_claim: realm.roles, role_mappings: {boss: admin, desk: operator}"
    async with opening(rules) as hub:
        tokens = []
        for said, role in (({"realm": {"roles": ["x", "desk"]}}, "operator"), ({"realm.roles": "boss"}, "admin")):
            provider.person = {**ANA, **said}
            opened = await _come(hub)
            assert opened.person.user.role == role
            tokens.append(opened.token)
        assert [await signed_in(hub, each) is not None for each in tokens] == [False, True], (
            "another role, another session"
        )
        for nothing in ({}, {"realm": {"roles": ["x"]}}, {"realm": "boss"}, {"realm": {"roles": {"boss": 1}}}):
            provider.person = {**ANA, **nothing}
            assert await _refused(hub) == "oidc.no_role", "who lost the claim has no role"
        assert await signed_in(hub, tokens[-1]) is None, "nor anywhere else"


async def test_names_that_are_taken_or_odd(opening: Opening, provider: Provider) -> None:
    async with opening("create_users: true, default_role: viewer") as hub:
        await add_user(hub, ADMINISTRATOR, {"name": "ana.g", "role": "admin"})
        assert (await _come(hub)).person.user.name == "ana.g-2"
        provider.person = {"sub": "u-3", "preferred_username": "<b>../ñandú</b>\n"}
        assert (await _come(hub)).person.user.name == "b-..-ñandú-b"
        provider.person = {"sub": "u-4"}
        assert (await _come(hub)).person.user.name == "user"


async def test_what_only_the_userinfo_endpoint_says(opening: Opening, provider: Provider) -> None:
    provider.person = {"sub": "u-1"}
    provider.user_info = dict(ANA)
    async with opening("create_users: true, default_role: viewer") as hub:
        assert (await _come(hub)).person.user.email == "ana@example.com"
        provider.user_info = {**ANA, "sub": "u-2"}
        assert await _refused(hub) == "oidc.untrusted", "it speaks of somebody else"
        await add_user(hub, ADMINISTRATOR, {"name": "boss", "role": "admin", "email": "boss@example.com"})
        provider.person = {"sub": "u-5", "email_verified": True}
        provider.user_info = {"sub": "u-5", "email": "boss@example.com", "email_verified": False}
        assert (await _come(hub)).person.user.role == "viewer", "one verified address does not verify another"


@pytest.mark.parametrize(
    "lie",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another"},
        {"aud": ["another", "third"]},
        {"aud": [CLIENT_ID, "another"], "azp": "another"},
        {"aud": [CLIENT_ID, "another"]},
        {"azp": "another"},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"exp": None},
        {"iat": 9_999_999_999},
        {"nbf": 9_999_999_999},
        {"at_hash": "AAAA"},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
    ],
    ids=str,
)
async def test_a_token_that_is_not_for_this_moment_is_refused(
    opening: Opening, provider: Provider, lie: dict[str, Any]
) -> None:
    def lying(claims: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in {**claims, **lie}.items() if value is not None}

    provider.claims = lying
    async with opening("create_users: true, default_role: viewer") as hub:
        assert await _refused(hub) == "oidc.untrusted"
        assert await list_users(hub, 10, 0) == []


async def test_clocks_may_differ_by_a_minute_and_no_more(opening: Opening, provider: Provider) -> None:
    async with opening("create_users: true, default_role: viewer") as hub:
        now = int(hub.clock.now())
        for lie, taken in (({"iat": now + 30}, True), ({"exp": now - 30}, True), ({"exp": now - 90}, False)):
            provider.claims = lambda claims, lie=lie: {**claims, **lie}  # type: ignore[misc]  # a default that binds
            if taken:
                assert await _come(hub)
            else:
                assert await _refused(hub) == "oidc.untrusted"


@pytest.mark.parametrize("how", ["unsigned", "signed_by_secret", "signed_by_stranger"])
async def test_a_token_that_the_provider_did_not_sign_is_refused(
    opening: Opening, provider: Provider, how: str
) -> None:
    provider.sign = getattr(provider, how)
    async with opening("create_users: true, default_role: viewer") as hub:
        assert await _refused(hub) == "oidc.untrusted"


async def test_new_keys_are_found_without_a_restart(opening: Opening, provider: Provider) -> None:
    async with opening("create_users: true, default_role: viewer") as hub:
        await _come(hub)
        provider.key = made_key("k2")
        later(hub, 61)
        assert await _come(hub)


async def test_an_answer_works_once_in_its_browser_and_in_time(opening: Opening) -> None:
    async with opening("create_users: true, default_role: viewer") as hub:
        mine, theirs = await oidc.begin(hub), await oidc.begin(hub)
        query = await _agreed(mine.url)
        for bad_query, cookie in (
            (query, theirs.browser_cookie),
            (query, ""),
            (query, "bm8="),
            (query, mine.browser_cookie[:-4]),
            ({**query, "state": "x"}, mine.browser_cookie),
            ({"code": query["code"]}, mine.browser_cookie),
        ):
            with pytest.raises(SignInRefused, match=r"oidc\.stale"):
                await oidc.finish(hub, bad_query, cookie, AGENT, ADDRESS)
        assert await oidc.finish(hub, query, mine.browser_cookie, AGENT, ADDRESS)
        with pytest.raises(SignInRefused, match=r"oidc\.refused"):
            await oidc.finish(hub, query, mine.browser_cookie, AGENT, ADDRESS)
        query = await _agreed(theirs.url)
        later(hub, oidc.BEGUN_S + 1)
        with pytest.raises(SignInRefused, match=r"oidc\.stale"):
            await oidc.finish(hub, query, theirs.browser_cookie, AGENT, ADDRESS)


async def test_another_provider_in_between_is_noticed(opening: Opening, provider: Provider) -> None:
    provider.metadata = {"authorization_response_iss_parameter_supported": True}
    async with opening("create_users: true, default_role: viewer") as hub:
        begun = await oidc.begin(hub)
        query = await _agreed(begun.url)
        for said in ({}, {"iss": "https://evil.example"}):
            with pytest.raises(SignInRefused, match=r"oidc\.untrusted"):
                await oidc.finish(hub, {**query, **said}, begun.browser_cookie, AGENT, ADDRESS)
        assert await oidc.finish(hub, {**query, "iss": provider.issuer}, begun.browser_cookie, AGENT, ADDRESS)


async def test_whoever_says_no_comes_back_without_a_session(opening: Opening) -> None:
    async with opening() as hub:
        begun = await oidc.begin(hub)
        state = parse_qs(urlsplit(begun.url).query)["state"][0]
        with pytest.raises(SignInRefused, match=r"oidc\.denied"):
            await oidc.finish(hub, {"state": state, "error": "access_denied"}, begun.browser_cookie, AGENT, ADDRESS)


async def test_a_provider_that_is_wrong_or_away(opening: Opening, provider: Provider) -> None:
    def begun(hub: Hub) -> Awaitable[oidc.Begun]:
        return oidc.begin(hub)

    for metadata, reason in (
        ({"issuer": "https://evil.example"}, "oidc.other_issuer"),
        ({"jwks_uri": None}, "oidc.unusable"),
    ):
        provider.metadata = metadata
        async with opening() as hub:
            with pytest.raises(SignInRefused, match=reason):
                await begun(hub)
    provider.issuer += "/elsewhere"
    async with opening() as hub:
        with pytest.raises(SignInRefused, match=r"oidc\.refused"):
            await begun(hub)
    provider.issuer = "http://127.0.0.1:9"
    async with opening() as hub:
        with pytest.raises(SignInRefused, match=r"oidc\.unreachable"):
            await begun(hub)


async def test_a_provider_that_fails_is_asked_by_one_and_not_again_at_once(
    opening: Opening, provider: Provider
) -> None:
    provider.is_away = True
    async with opening("create_users: true, default_role: viewer") as hub:
        refusals = await asyncio.gather(*(oidc.begin(hub) for _ in range(5)), return_exceptions=True)
        assert [str(each) for each in refusals] == ["oidc.refused"] * 5
        assert all(isinstance(each, SignInRefused) and 0 < each.retry_after_s <= FAILED_GAP_S for each in refusals)
        assert provider.described == 1
        provider.is_away = False
        assert await _refused(hub) == "oidc.refused"
        assert provider.described == 1
        later(hub, FAILED_GAP_S)
        await asyncio.gather(*(_come(hub) for _ in range(3)))
        assert provider.described == 2, "and what it says of itself is kept"


async def test_without_the_settings_it_says_which_lack(hub: Hub) -> None:
    with pytest.raises(Refused) as refused:
        await oidc.begin(hub)
    assert refused.value.arguments == {"settings": "dashboard.oidc"}


async def test_two_windows_of_somebody_new_make_one_account(opening: Opening) -> None:
    async with opening("create_users: true, default_role: viewer") as hub:
        opened = await asyncio.gather(*(_come(hub) for _ in range(4)))
        assert len({each.person.user.id for each in opened}) == 1
