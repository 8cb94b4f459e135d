"""Whom a directory knows by an account: Active Directory by LDAP, or Entra by Microsoft Graph. Asked when InvGate alone
can't tell. There is exactly one hit, or none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import msgspec

from centralita.core.payload import PayloadError, decode, items, text
from centralita.core.usernames import Account
from centralita.net.ldap import LdapError, LdapServer, search
from centralita.ports import HttpRequest, HttpResponse
from centralita.services.attempts import HttpClient
from centralita.services.clock import SystemClock
from centralita.settings import Settings

DISABLED_BIT = 0x2
"""ACCOUNTDISABLE of userAccountControl
(https://learn.microsoft.com/troubleshoot/windows-server/active-directory/useraccountcontrol-manipulate-account-properties).
"""
LONGEST_SAM = 20
_ATTRIBUTES = ("displayName", "mail", "proxyAddresses", "userPrincipalName", "userAccountControl")
_SELECT = "displayName,mail,proxyAddresses,userPrincipalName,accountEnabled,onPremisesSamAccountName"
_SPARE_S = 60.0


class DirectoryUnavailable(Exception):
    """The directory did not answer, or not what was asked; ``reason`` is a message id, ``detail`` for a person."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason} {detail}".strip())
        self.reason, self.detail = reason, detail


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A person of the directory."""

    name: str = ""
    emails: tuple[str, ...] = ()
    """In lower case."""
    disabled: bool = False


class Directory(Protocol):
    """One directory."""

    async def find(self, account: Account) -> Entry | None:
        """Exactly one hit, or None. Raises DirectoryUnavailable."""
        ...


class ActiveDirectory:
    """By LDAP. ``domains`` are those that it answers for; () for any."""

    def __init__(self, server: LdapServer, domains: Iterable[str]) -> None:
        self._server, self._domains = server, _lowered(domains)

    async def find(self, account: Account) -> Entry | None:
        """See ``Directory``."""
        if not _answers_for(self._domains, account):
            return None
        if account.form != "upn" and len(account.name) > LONGEST_SAM:
            return None  # no sAMAccountName is that long
        name = ("userPrincipalName", account.key) if account.form == "upn" else ("sAMAccountName", account.name)
        wanted = dict([("objectCategory", "person"), ("objectClass", "user"), name])
        try:
            found = await search(self._server, wanted, _ATTRIBUTES)
        except LdapError as fault:
            raise DirectoryUnavailable(fault.reason, fault.detail) from fault
        return _of_ldap(found) if found is not None else None


def _of_ldap(found: Mapping[str, Sequence[str]]) -> Entry:
    control = next(iter(found.get("useraccountcontrol", ())), "0")
    disabled = not control.lstrip("-").isdigit() or bool(int(control) & DISABLED_BIT)
    names = found.get("displayname", ())
    return Entry(
        name=next(iter(names), ""),
        emails=_emails(found.get("mail", ()), found.get("proxyaddresses", ()), found.get("userprincipalname", ())),
        disabled=disabled,
    )


def _emails(mail: Iterable[str], proxies: Iterable[str], principals: Iterable[str]) -> tuple[str, ...]:
    """All addresses; the principal name only where there is no other: it need not be one."""
    smtp = [proxy.partition(":")[2] for proxy in proxies if proxy.lower().startswith("smtp:")]
    found = [address.strip().lower() for address in (*mail, *smtp) if address.strip()]
    return tuple(dict.fromkeys(found)) or tuple(name.strip().lower() for name in principals if "@" in name)


def _lowered(domains: Iterable[str]) -> frozenset[str]:
    return frozenset(domain.strip().lower() for domain in domains)


def _answers_for(domains: frozenset[str], account: Account) -> bool:
    return account.form != "azure" and (not domains or not account.domain or account.domain in domains)


class Entra:
    """By Microsoft Graph, with the application's own token
    (https://learn.microsoft.com/graph/api/user-list, https://learn.microsoft.com/graph/auth-v2-service)."""

    def __init__(
        self, client: HttpClient, clock: SystemClock, tenant: str, client_id: str, secret: str,
        domains: Iterable[str], login_url: str, graph_url: str,
    ) -> None:  # fmt: skip
        self._client, self._clock, self._domains = client, clock, _lowered(domains)
        self._token_url = f"{login_url.rstrip('/')}/{quote(tenant, safe='')}/oauth2/v2.0/token"
        self._graph = graph_url.rstrip("/")
        self._form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret,
                      "scope": f"{self._graph}/.default"}  # fmt: skip
        self._token, self._until = "", 0.0

    async def find(self, account: Account) -> Entry | None:
        """See ``Directory``."""
        if not _answers_for(self._domains, account):
            return None
        name = "userPrincipalName" if account.form == "upn" else "onPremisesSamAccountName"
        value = account.key if account.form == "upn" else account.name
        literal = value.replace("'", "''")  # OData 4.01, 5.1.1.6.1
        query = {"$filter": f"{name} eq '{literal}'", "$select": _SELECT, "$count": "true", "$top": "2"}
        answer = await self._get(f"{self._graph}/v1.0/users?{urlencode(query, quote_via=quote)}")
        hits = [one for one in items(answer, "value") if isinstance(one, dict)]
        hits = [one for one in hits if text(one, name, 320).lower() == value]
        if len(hits) != 1:
            return None
        found = hits[0]
        proxies = [one for one in items(found, "proxyAddresses") if isinstance(one, str)]
        emails = _emails([text(found, "mail", 320)], proxies, [text(found, "userPrincipalName", 320)])
        return Entry(name=text(found, "displayName"), emails=emails, disabled=found.get("accountEnabled") is not True)

    async def _get(self, url: str) -> dict[str, Any]:
        for again in (False, True):
            headers = (
                ("authorization", f"Bearer {await self._bearer(renew=again)}"),
                # Without it Graph does not filter by this attribute.
                ("consistencylevel", "eventual"),
                ("accept", "application/json"),
            )
            response = await self._client.request(HttpRequest(url=url, method="GET", headers=headers))
            if response.status != 401:
                break
        return _read(response)

    async def _bearer(self, *, renew: bool) -> str:
        if renew or self._clock.now() >= self._until:
            headers = (("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json"))
            body = urlencode(self._form).encode()
            given = _read(await self._client.request(HttpRequest(url=self._token_url, headers=headers, body=body)))
            lifetime_s = given.get("expires_in")
            self._token = text(given, "access_token", 20_000)
            self._until = self._clock.now() + (lifetime_s if isinstance(lifetime_s, int) else 0) - _SPARE_S
            if not self._token:
                raise DirectoryUnavailable("entra.refused", "access_token")
        return self._token


def _read(response: HttpResponse) -> dict[str, Any]:
    """The body of a successful answer. Raises DirectoryUnavailable."""
    if response.status == 0:
        raise DirectoryUnavailable("entra.unreachable", f"{response.error} {response.detail}".strip())
    try:
        said = decode(response.body, "application/json")
    except PayloadError:
        said = None
    answer: dict[str, Any] = said if isinstance(said, dict) else {}
    if response.status != 200:
        code = text(answer, "error.code", 100) or text(answer, "error", 100)
        raise DirectoryUnavailable("entra.refused", f"HTTP {response.status} {code}".strip())
    return answer


class Directories:
    """Several, one after the other."""

    def __init__(self, directories: Sequence[Directory]) -> None:
        self._directories = directories

    async def find(self, account: Account) -> Entry | None:
        """See ``Directory``: of the first that knows it."""
        for directory in self._directories:
            found = await directory.find(account)
            if found is not None:
                return found
        return None


def directory_of(settings: Settings, client: HttpClient, clock: SystemClock) -> Directory | None:
    """What is configured; None when nothing is."""
    ldap, entra = settings.directory.ldap, settings.directory.entra
    found: list[Directory] = []
    if ldap.url and ldap.bind_dn and ldap.password and ldap.base_dn:
        secret, ca_file = ldap.password.get_secret_value(), ldap.ca_file or settings.network.ca_file
        server = LdapServer(ldap.url, ldap.bind_dn, secret, ldap.base_dn, ca_file, ldap.timeout_s)
        found.append(ActiveDirectory(server, ldap.domains))
    if entra.tenant and entra.client_id and entra.client_secret:
        secret = entra.client_secret.get_secret_value()
        names = (entra.tenant, entra.client_id, secret, entra.domains, entra.login_url, entra.graph_url)
        found.append(Entra(client, clock, *names))
    return Directories(found) if found else None
