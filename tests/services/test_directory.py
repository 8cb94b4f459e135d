"""Directories: a real LDAP server inside TLS, and Graph's answers from a server that says them as documented."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from centralita.core.usernames import Account, read_account
from centralita.net import Client
from centralita.net.ldap import LdapError, LdapServer, search
from centralita.services.clock import SystemClock
from centralita.services.directory import ActiveDirectory, DirectoryUnavailable, Entra, Entry
from centralita.settings import SettingsError, load
from tests.services.slapd import BASE_DN, BIND_DN, PASSWORD, Known, Slapd, slapd

PEOPLE = [
    Known("Ana", (
        ("sAMAccountName", "ana"), ("userPrincipalName", "ana@corp.example.com"), ("mail", "Ana.Ruiz@example.com"),
        ("displayName", "Ana Ruiz"), ("userAccountControl", "512"), ("proxyAddresses", "smtp:ana@example.com"),
        ("proxyAddresses", "X500:/o=corp"),
    )),
    Known("Luis", (("sAMAccountName", "luis"), ("mail", "luis@example.com"), ("userAccountControl", "514"))),
    Known("Twin One", (("sAMAccountName", "twin"), ("mail", "one@example.com"), ("userAccountControl", "512"))),
    Known("Twin Two", (("sAMAccountName", "twin"), ("mail", "two@example.com"), ("userAccountControl", "512"))),
    Known("Odd", (("sAMAccountName", "odd*)(x=\\\\"), ("mail", "odd@example.com"), ("userAccountControl", "512"))),
    Known("Nobody", (("sAMAccountName", "nomail"), ("userPrincipalName", "no@corp.example.com"))),
]  # fmt: skip
ANA = Entry(name="Ana Ruiz", emails=("ana.ruiz@example.com", "ana@example.com"))


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with slapd(tmp_path_factory.mktemp("slapd"), PEOPLE) as running:
        yield running


def server(directory: Slapd, url: str = "", **changes: Any) -> LdapServer:
    whole = LdapServer(url or directory.ldaps_url, BIND_DN, PASSWORD, BASE_DN, directory.ca_file, 10.0)
    return replace(whole, **changes)


def account(written: str) -> Account:
    read = read_account(written)
    assert isinstance(read, Account)
    return read


@pytest.mark.parametrize("secure", [True, False], ids=["ldaps", "starttls"])
@pytest.mark.parametrize(
    ("written", "found"),
    [
        (r"CORP\ana", ANA),
        (r"corp\ANA", ANA),
        ("ana@corp.example.com", ANA),
        (r"CORP\luis", Entry(emails=("luis@example.com",), disabled=True)),
        (r"CORP\nomail", Entry(emails=("no@corp.example.com",))),
        (r"CORP\twin", None),
        (r"CORP\nobody", None),
        (r"OTHER\ana", None),
        ("ana@other.example", None),
        (r"CORP\aaaaaaaaaaaaaaaaaaaaaaa", None),
        (r"AzureAD\Ana", None),
    ],
)
async def test_exactly_one_hit_or_none(directory: Slapd, secure: bool, written: str, found: Entry | None) -> None:
    asked = server(directory, directory.ldaps_url if secure else directory.ldap_url)
    assert await ActiveDirectory(asked, ["CORP", "corp.example.com"]).find(account(written)) == found


@pytest.mark.parametrize("value", ["*", "a*", "ana)(mail=*", "\\2a", "an\x00a", ""])
async def test_nothing_in_a_name_changes_what_is_asked(directory: Slapd, value: str) -> None:
    assert await search(server(directory), {"sAMAccountName": value}, ["mail"]) is None


async def test_a_name_with_every_special_character_is_found_as_it_is(directory: Slapd) -> None:
    found = await search(server(directory), {"sAMAccountName": "odd*)(x=\\\\"}, ["mail"])
    assert found == {"mail": ["odd@example.com"]}


@pytest.mark.parametrize("password", ["", "  "])
async def test_an_empty_password_is_refused_before_anybody_is_asked(directory: Slapd, password: str) -> None:
    with pytest.raises(LdapError) as fault:
        await search(server(directory, "ldaps://localhost:1", password=password), {"cn": "x"}, [])
    assert fault.value.reason == "ldap.empty_password"


@pytest.mark.parametrize("secure", [True, False], ids=["ldaps", "starttls"])
async def test_the_certificate_is_always_checked(directory: Slapd, secure: bool) -> None:
    url = directory.ldaps_url if secure else directory.ldap_url
    stranger = server(directory, url, ca_file=None)
    for asked in (stranger, server(directory, url.replace("localhost", "127.0.0.1"))):
        with pytest.raises(LdapError) as fault:
            await search(asked, {"cn": "Ana"}, [])
        assert fault.value.reason == "ldap.certificate"


async def test_a_wrong_password_is_told_and_never_shown(directory: Slapd) -> None:
    wrong = server(directory, password="a-wrong-one")
    with pytest.raises(DirectoryUnavailable) as fault:
        await ActiveDirectory(wrong, []).find(account(r"CORP\ana"))
    assert fault.value.reason == "ldap.credentials"
    assert "a-wrong-one" not in f"{fault.value} {fault.value!r} {wrong!r}"


async def test_nobody_is_there() -> None:
    listener = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    asked = LdapServer(f"ldap://localhost:{port}", BIND_DN, PASSWORD, BASE_DN)
    async with listener:
        with pytest.raises(LdapError) as fault:
            await search(asked, {"cn": "x"}, [])
    assert fault.value.reason == "ldap.unreachable"


@pytest.mark.parametrize(
    "answer",
    [
        b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x01\x04\x00\x04\x00",  # it knows no StartTLS
        b"\x30\x84\x7f\xff\xff\xff",  # two gigabytes are to come
        b"\x30\x80",  # of an indefinite length
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x30\x00",
        # StartTLS is granted, and somebody's plain words come with it.
        b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00",
    ],
)
async def test_whoever_talks_nonsense_gets_no_password(answer: bytes) -> None:
    heard, gone = bytearray(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read(1000))
        writer.write(answer)
        with contextlib.suppress(ConnectionError):
            while more := await reader.read(1000):
                heard.extend(more)
        writer.close()
        gone.set()

    listener = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    asked = LdapServer(f"ldap://localhost:{port}", BIND_DN, PASSWORD, BASE_DN, timeout_s=2.0)
    async with listener:
        with pytest.raises(LdapError):
            await search(asked, {"cn": "x"}, [])
        await gone.wait()
    assert PASSWORD.encode() not in heard and BIND_DN.encode() not in heard


@pytest.mark.parametrize(
    "wrong",
    [
        "ldap: {url: 'http://dc', bind_dn: a, password: b, base_dn: c}",
        "ldap: {url: 'ldaps://dc', bind_dn: a, password: '  ', base_dn: c}",
        "ldap: {url: 'ldaps://dc', bind_dn: a, base_dn: c}",
        "entra: {tenant: t, client_id: c}",
    ],
)
def test_half_a_directory_stops_the_start(tmp_path: Path, wrong: str) -> None:
    config = tmp_path / "centralita.yaml"
    config.write_text(f"directory:\n  {wrong}\n")
    with pytest.raises(SettingsError):
        load(config, {})


# ---- Entra


class Graph:
    """Answers as Microsoft's pages say, for one tenant."""

    def __init__(self) -> None:
        self.users: list[dict[str, Any]] = []
        self.tokens = 0
        self.revoked = False
        self.asked: list[str] = []

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        if (request.match_info["tenant"], form["client_id"], form["client_secret"]) != ("t1", "app", "only-for-tests"):
            return web.json_response({"error": "invalid_client", "error_description": "AADSTS7000215"}, status=401)
        assert form["grant_type"] == "client_credentials" and str(form["scope"]).endswith("/.default")
        self.tokens += 1
        return web.json_response({"token_type": "Bearer", "expires_in": 3599, "access_token": f"token-{self.tokens}"})

    async def list_users(self, request: web.Request) -> web.Response:
        if self.revoked and request.headers["authorization"] == "Bearer token-1":
            return web.json_response({"error": {"code": "InvalidAuthenticationToken"}}, status=401)
        assert request.headers["consistencylevel"] == "eventual" and request.query["$count"] == "true"
        self.asked.append(request.query["$filter"])
        return web.json_response({"value": self.users})


@asynccontextmanager
async def entra(graph: Graph, secret: str = "only-for-tests") -> AsyncIterator[Entra]:
    app = web.Application()
    app.add_routes([web.post("/{tenant}/oauth2/v2.0/token", graph.token), web.get("/v1.0/users", graph.list_users)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with Client(allow=("127.0.0.0/8",)) as client:
            yield Entra(client, SystemClock(), "t1", "app", secret, ["CORP", "example.com"], url, url)
    finally:
        await runner.cleanup()


USER = {
    "displayName": "Ana O'Hara", "mail": "Ana@Example.com", "proxyAddresses": ["SMTP:ana@example.com"],
    "userPrincipalName": "ana@example.com", "accountEnabled": True, "onPremisesSamAccountName": "Ana.O'Hara",
}  # fmt: skip


async def test_entra_finds_by_the_name_on_premises_and_by_the_principal_name() -> None:
    graph = Graph()
    async with entra(graph) as asked:
        graph.users = [USER]
        found = Entry(name="Ana O'Hara", emails=("ana@example.com",))
        assert await asked.find(account(r"CORP\ana.o'hara")) == found
        assert await asked.find(account("ana@example.com")) == found
        assert graph.asked == ["onPremisesSamAccountName eq 'ana.o''hara'", "userPrincipalName eq 'ana@example.com'"]
        assert graph.tokens == 1
        assert await asked.find(account(r"OTHER\ana")) is None and await asked.find(account(r"AzureAD\Ana")) is None
        assert len(graph.asked) == 2


async def test_entra_believes_no_hit_that_it_did_not_ask_for_and_no_two() -> None:
    graph = Graph()
    async with entra(graph) as asked:
        graph.users = [{**USER, "onPremisesSamAccountName": "somebody"}]
        assert await asked.find(account(r"CORP\ana.o'hara")) is None
        graph.users = [USER, USER]
        assert await asked.find(account(r"CORP\ana.o'hara")) is None
        graph.users = [{**USER, "accountEnabled": None}]
        found = await asked.find(account(r"CORP\ana.o'hara"))
        assert found is not None and found.disabled


async def test_entra_takes_a_new_token_when_the_old_one_is_no_longer_good() -> None:
    graph = Graph()
    async with entra(graph) as asked:
        graph.users = [USER]
        await asked.find(account("ana@example.com"))
        graph.revoked = True
        assert await asked.find(account("ana@example.com")) is not None
        assert graph.tokens == 2


async def test_entra_says_what_was_wrong_without_the_secret() -> None:
    async with entra(Graph(), "a-wrong-one") as asked:
        with pytest.raises(DirectoryUnavailable) as fault:
            await asked.find(account("ana@example.com"))
    assert str(fault.value) == "entra.refused HTTP 401 invalid_client"
