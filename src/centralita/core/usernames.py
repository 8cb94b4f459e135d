"""Who a computer says was logged in, read out of the forms in which inventories write it.

``DOMAIN\\user`` is a NetBIOS name and a sAMAccountName, ``user@suffix`` a user principal name or a mail address: which
of the two nobody can see (https://learn.microsoft.com/windows/win32/secauthn/user-name-formats). Backslashes come
doubled when JSON was escaped twice, and as a control character when it was not escaped at all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Literal

import msgspec

Form = Literal["domain", "upn", "plain", "azure"]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account that may be a person's. Names are in lower case: neither Windows nor mail tells them apart by it."""

    form: Form
    """``azure``: ``AzureAD\\DisplayName``, which is no user name and has to be mapped."""
    name: str
    """Without the domain."""
    domain: str = ""
    """NetBIOS name or suffix, "" when it is not said."""

    @property
    def key(self) -> str:
        """The one way to write it: ``domain\\name``, ``name@suffix``, ``name``."""
        if self.form == "upn":
            return f"{self.name}@{self.domain}"
        return f"{self.domain}\\{self.name}" if self.domain else self.name


class NoPerson(msgspec.Struct, frozen=True):
    """What was written is not a person's account."""

    reason: str
    """``no_user, unreadable, several_users, local_account, system_account``."""


_NOTHING = frozenset(
    {"", "-", "--", "n/a", "na", "none", "(none)", "null", "(null)", "nil", "unknown", "<unknown>", "undefined",
     "false", "ninguno", "desconocido", "no user", "nobody logged in"}
)  # fmt: skip
_LOCAL_DOMAINS = frozenset({".", "localhost", "127.0.0.1"})
# Windows writes these domains in English whatever its language, but for the first, which some versions translate.
_SYSTEM_DOMAINS = frozenset(
    {"nt authority", "autoridad nt", "nt-autorität", "autorite nt", "nt service", "nt virtual machine", "builtin",
     "window manager", "font driver host", "iis apppool", "application package authority"}
)  # fmt: skip
_SYSTEM_NAMES = frozenset({"system", "local service", "network service", "servicio local", "servicio de red", "root"})
_SYSTEM_PATTERN = re.compile(r"(?:dwm|umfd)-\d+")
_EATEN = {"\b": "b", "\t": "t", "\n": "n", "\f": "f", "\r": "r"}
"""What JSON makes of a backslash and a letter: ``bidcom\\roberto`` that nobody escaped arrives as a line break."""
_NOT_IN_A_NAME = re.compile(r'["/\\\[\]:;|=,+*?<>]')
_NOT_IN_AN_ADDRESS = re.compile(r'[\s"/\\\[\]:;|=,*?<>]')
MAX_CHARACTERS = 320


def read_account(text: str, host: str = "") -> Account | NoPerson:
    """The account that ``text`` names on the computer ``host`` (its name; its own accounts are nobody's)."""
    written = _mended(unicodedata.normalize("NFC", text)).strip().strip("\"'").strip()
    if written.lower() in _NOTHING:
        return NoPerson("no_user")
    if len(written) > MAX_CHARACTERS or not written.isprintable():
        return NoPerson("unreadable")
    if re.search(r"[;|]|,\s*\S", written):
        return NoPerson("several_users")
    parts = [part.strip() for part in re.split(r"[\\/]+", written) if part.strip()]
    if len(parts) == 2:
        return _in_domain(parts[0].lower(), parts[1].lower(), host)
    if len(parts) != 1 or parts[0] != written:
        return NoPerson("unreadable")
    return _alone(written.lower())


def _mended(text: str) -> str:
    inside = text.strip(" \t\r\n\f\b\0")
    eaten = [character for character in inside if character in _EATEN]
    if len(eaten) != 1 or "\\" in inside or "@" in inside:
        return inside
    return inside.replace(eaten[0], "\\" + _EATEN[eaten[0]])


def _in_domain(domain: str, name: str, host: str) -> Account | NoPerson:
    if domain in _SYSTEM_DOMAINS or _is_system(name):
        return NoPerson("system_account")
    if domain in _LOCAL_DOMAINS or domain in _names_of(host):
        return NoPerson("local_account")
    if domain == "azuread":
        # It may be followed by an address instead of a display name; that says it all.
        return _address(name) if "@" in name else Account(form="azure", name=name, domain=domain)
    if "@" in name:
        return _address(name)
    if _NOT_IN_A_NAME.search(domain) or _NOT_IN_A_NAME.search(name):
        return NoPerson("unreadable")
    return Account(form="domain", name=name, domain=domain)


def _alone(name: str) -> Account | NoPerson:
    if _is_system(name):
        return NoPerson("system_account")
    if "@" in name:
        return _address(name)
    if name == "." or _NOT_IN_A_NAME.search(name):
        return NoPerson("unreadable")
    return Account(form="plain", name=name)


def _address(text: str) -> Account | NoPerson:
    name, _, suffix = text.rpartition("@")
    if not name or not suffix or "@" in name or _NOT_IN_AN_ADDRESS.search(text):
        return NoPerson("unreadable")
    return NoPerson("system_account") if _is_system(name) else Account(form="upn", name=name, domain=suffix)


def _is_system(name: str) -> bool:
    return name.endswith("$") or name in _SYSTEM_NAMES or _SYSTEM_PATTERN.fullmatch(name) is not None


def _names_of(host: str) -> tuple[str, ...]:
    """A computer's name, its first label, and the 15 characters that NetBIOS leaves of it."""
    whole = host.strip().lower()
    first = whole.partition(".")[0]
    return tuple(name for name in (whole, first, first[:15]) if name)


def is_ignored(account: Account, patterns: Iterable[str]) -> bool:
    """Whether a pattern of the ignore list (``svc-*``, ``bidcom\\kiosk*``) names the account, in any case."""
    for pattern in patterns:
        wanted = pattern.strip().lower()
        named = account.key if "\\" in wanted or "@" in wanted else account.name
        # fnmatch's only escape is a class: a backslash of the pattern stands for itself.
        if fnmatchcase(named, wanted):
            return True
    return False
