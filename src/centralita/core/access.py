"""Who may do what: one table of permissions, the roles, the scopes of API tokens, and the seed's ``permissions`` block.

Deny by default: what is not in the table nobody may do, whoever has no role may do nothing, and a word that means
nothing is an error, not a wildcard.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

import msgspec

ADMIN, OPERATOR, VIEWER = "admin", "operator", "viewer"
ROLES = (ADMIN, OPERATOR, VIEWER)

_EVERYBODY = frozenset(ROLES)
_OPERATORS = frozenset({ADMIN, OPERATOR})
_ADMINS = frozenset({ADMIN})

PERMISSIONS: Mapping[str, frozenset[str]] = {
    "event.read": _EVERYBODY,
    "event.replay": _OPERATORS,
    "source.read": _EVERYBODY,
    "source.manage": _ADMINS,
    "rule.read": _EVERYBODY,
    "rule.manage": _ADMINS,
    "delivery.read": _EVERYBODY,
    "delivery.replay": _OPERATORS,
    "webhook.read": _EVERYBODY,
    "webhook.manage": _ADMINS,
    "webhook.poll": _ADMINS,
    "lane.manage": _OPERATORS,
    "ticket.read": _EVERYBODY,
    "ticket.comment": _OPERATORS,
    "ticket.assign": _OPERATORS,
    "ticket.manage": _OPERATORS,
    "approval.read": _EVERYBODY,
    "approval.request": _OPERATORS,
    "approval.decide": _OPERATORS,
    "approval.manage": _ADMINS,
    "asset.read": _EVERYBODY,
    "asset.manage": _OPERATORS,
    "incident.read": _EVERYBODY,
    "incident.acknowledge": _OPERATORS,
    "incident.manage": _OPERATORS,
    "ci.read": _EVERYBODY,
    "ci.manage": _OPERATORS,
    "report.read": _OPERATORS,
    "metrics.read": _EVERYBODY,
    "settings.read": _OPERATORS,
    "slack.manage": _ADMINS,
    "doctor.run": _OPERATORS,
    "token.manage": _ADMINS,
    "user.manage": _ADMINS,
    "audit.read": _ADMINS,
}
"""Permission -> built-in roles that have it.
To poll takes what is there for the receiver. A dry run of rules changes nothing and needs ``rule.read`` only."""

OF_ONE = frozenset({"webhook.poll"})
"""Permissions that a scope may give for one thing only: ``webhook.poll:NAME``, the name percent-encoded."""

COMMANDS: Mapping[str, frozenset[str]] = {
    "status": frozenset({"event.read", "delivery.read", "incident.read"}),
    "search": frozenset({"event.read", "ticket.read"}),
    "report": frozenset({"report.read"}),
    "cmdb": frozenset({"ci.read"}),
    "incident": frozenset({"incident.read", "incident.acknowledge", "incident.manage"}),
    "ticket": frozenset({"ticket.read", "ticket.comment", "ticket.assign", "ticket.manage"}),
    "approve": frozenset({"approval.read", "approval.request", "approval.decide"}),
}
ACTIONS: Mapping[str, frozenset[str]] = {
    "view": frozenset({"event.read", "ticket.read", "incident.read"}),
    "acknowledge": frozenset({"event.read", "incident.read", "incident.acknowledge"}),
    "comment": frozenset({"event.read", "ticket.read", "ticket.comment"}),
    "assign": frozenset({"event.read", "ticket.read", "ticket.assign"}),
    "approve": frozenset({"approval.read", "approval.decide"}),
    "resolve": frozenset({"incident.read", "incident.manage", "ticket.read", "ticket.manage"}),
    "create_incident": frozenset({"event.read", "incident.read", "incident.manage"}),
    "update_ci": frozenset({"ci.read", "ci.manage"}),
}
"""The words of a role's ``commands`` and ``actions``: what each lets a person do. A permission's own name, or a
wildcard such as ``event.*``, is a word too."""

_OF_THE_GUIDE = ("status", "search", "report", "view", "acknowledge", "comment", "assign")
_SPOKEN = frozenset().union(*(words for name, words in {**COMMANDS, **ACTIONS}.items() if name in _OF_THE_GUIDE))
"""What a built-in role loses when its words leave it out: a block that was written by the guide, which knows no other
words, must not take approvals and incidents away from operators."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Which role has which permissions, and who has which role."""

    roles: Mapping[str, frozenset[str]]
    user_roles: Mapping[str, str]
    """Slack user id or e-mail address (lower case) -> role."""
    default: str = ""
    """Role of everybody else; "" for none."""

    def role_of(self, *identities: str) -> str:
        """The role of a person by the first identity that is mapped, else the default; "" for none."""
        for identity in identities:
            role = self.user_roles.get(_identity(identity))
            if role is not None:
                return role
        return self.default


class PolicyError(ValueError):
    """A ``permissions`` block that can't be understood; ``faults`` are (key path, message id, the offending word)."""

    def __init__(self, faults: Sequence[tuple[str, str, str]]) -> None:
        super().__init__("; ".join(f"{path}: {message} {word}" for path, message, word in faults))
        self.faults = tuple(faults)


BUILT_IN = Policy(
    roles={role: frozenset(name for name, roles in PERMISSIONS.items() if role in roles) for role in ROLES},
    user_roles={},
)


def allowed(role: str, permission: str, policy: Policy = BUILT_IN) -> bool:
    """Whether ``role`` may do ``permission``; False for a role or a permission that doesn't exist."""
    return permission in PERMISSIONS and permission in policy.roles.get(role, ())


def scopes_allow(scopes: Iterable[str], permission: str) -> bool:
    """Whether a token with ``scopes`` (names, ``event.*`` or ``*``) may do ``permission``."""
    return permission in expand(scopes)


def expand(scopes: Iterable[str]) -> frozenset[str]:
    """The permissions that scopes stand for; an unknown one stands for nothing. Who makes a token may give it no more
    than ``policy.roles[role]`` holds."""
    found: set[str] = set()
    for scope in scopes:
        found |= _matching(scope)
    return frozenset(found)


def unknown_scopes(scopes: Iterable[str]) -> list[str]:
    """The scopes that stand for nothing."""
    return [scope for scope in scopes if not _matching(scope)]


def read_policy(block: Mapping[str, Any]) -> Policy:
    """Reads ``permissions: {roles: {name: {commands, actions}}, user_mappings, default}``. Raises PolicyError.

    A role's words decide about the permissions that some word stands for; the others it has from the built-in role of
    the same name, if there is one. ``*`` in one list means each of its words, in both lists every permission there is.
    """
    faults: list[tuple[str, str, str]] = []
    roles = dict(BUILT_IN.roles)
    for name, words in _mapping(block, "roles", faults).items():
        roles[str(name)] = _read_role(str(name), words, faults)
    user_roles = {}
    for identity, role in _mapping(block, "user_mappings", faults).items():
        if not isinstance(role, str) or role not in roles:
            faults.append((f"permissions.user_mappings.{identity}", "access.role_unknown", str(role)))
        else:
            user_roles[_identity(str(identity))] = role
    default = block.get("default") or ""
    if not isinstance(default, str) or (default and default not in roles):
        faults.append(("permissions.default", "access.role_unknown", str(default)))
    for key in sorted(set(block) - {"roles", "user_mappings", "default"}, key=str):
        faults.append((f"permissions.{key}", "access.key_unknown", str(key)))
    if faults:
        raise PolicyError(faults)
    return Policy(roles=roles, user_roles=user_roles, default=default)


def _read_role(name: str, words: Any, faults: list[tuple[str, str, str]]) -> frozenset[str]:
    path = f"permissions.roles.{name}"
    if not isinstance(words, Mapping) or set(words) - {"commands", "actions"}:
        faults.append((path, "access.role_shape", name))
        return frozenset()
    granted: set[str] = set()
    everything: list[bool] = []
    for key, table in (("commands", COMMANDS), ("actions", ACTIONS)):
        listed = words.get(key) or ()
        if isinstance(listed, str) or not isinstance(listed, Sequence):
            faults.append((f"{path}.{key}", "access.list_expected", str(listed)))
            continue
        everything.append("*" in listed)
        for word in listed:
            meaning = _meaning(word, table)
            granted |= meaning
            if not meaning:
                faults.append((f"{path}.{key}", "access.word_unknown", str(word)))
    if everything == [True, True]:
        return frozenset(PERMISSIONS)
    return frozenset(granted | (BUILT_IN.roles.get(name, frozenset()) - _SPOKEN))


def _meaning(word: Any, table: Mapping[str, frozenset[str]]) -> frozenset[str]:
    if word == "*":
        return frozenset().union(*table.values())
    return table.get(word) or _matching(word) if isinstance(word, str) else frozenset()


def of_one(permission: str, name: str) -> str:
    """The scope that gives ``permission`` for one thing; scopes are kept apart by blanks."""
    return f"{permission}:{quote(name, safe='')}"


def beyond(wanted: Iterable[str], held: frozenset[str]) -> list[str]:
    """What of the permissions ``wanted`` somebody does not have; who may do something may do it to each."""
    return sorted(each for each in wanted if each not in held and each.partition(":")[0] not in held)


def _matching(scope: str) -> frozenset[str]:
    permission, colon, name = scope.partition(":")
    if colon:
        # As ``of_one`` writes it, or it would open nothing.
        fits = permission in OF_ONE and name and scope == of_one(permission, unquote(name))
        return frozenset({scope}) if fits else frozenset()
    if scope == "*":
        return frozenset(PERMISSIONS)
    if scope.endswith(".*"):
        return frozenset(name for name in PERMISSIONS if name.startswith(scope[:-1]))
    return frozenset({scope}) & PERMISSIONS.keys()


def _mapping(block: Mapping[str, Any], key: str, faults: list[tuple[str, str, str]]) -> Mapping[Any, Any]:
    value = block.get(key) or {}
    if isinstance(value, Mapping):
        return value
    faults.append((f"permissions.{key}", "access.mapping_expected", str(value)))
    return {}


def _identity(text: str) -> str:
    # E-mail addresses come in any case; Slack's ids are upper case.
    return text.lower() if "@" in text else text


# --- API tokens ------------------------------------------------------------------------------------------------------

TOKEN_PREFIX = "ctl_"  # noqa: S105  what every token begins with is no secret
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TOKEN = re.compile(rf"{TOKEN_PREFIX}[0-9A-Za-z]{{43}}")


def new_token(random_bytes: bytes) -> str:
    """``ctl_`` and 43 digits in base 62, from 32 random bytes; else ValueError. Shown once, kept as ``hash_token``."""
    if len(random_bytes) != 32:
        raise ValueError("a token is made of 32 random bytes")
    number = int.from_bytes(random_bytes, "big")
    digits = ""
    for _ in range(43):  # 62**43 > 2**256
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return TOKEN_PREFIX + digits


def is_token(text: str) -> bool:
    """Whether ``text`` has the shape of a token, so that anything else costs no look-up."""
    return _TOKEN.fullmatch(text) is not None


def hash_token(token: str) -> str:
    """What is stored and looked up: SHA-256, hex. With 256 bits of randomness there is nothing to stretch or salt."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
