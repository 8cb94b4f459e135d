"""Who is asking, what they may do; tokens and users."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from centralita.core.access import (
    PERMISSIONS,
    Policy,
    PolicyError,
    beyond,
    expand,
    hash_token,
    is_token,
    new_token,
    of_one,
    read_policy,
    unknown_scopes,
)
from centralita.services.audit import record
from centralita.services.hub import Hub
from centralita.store import sessions, tokens, users
from centralita.store.database import StoreUnavailable, Transaction
from centralita.store.tokens import TokenRow
from centralita.store.users import NameTaken, UserRow

__all__ = ["NameTaken", "PolicyError", "Principal", "Refused", "TokenRow", "UserRow"]

USED_GAP_S = 60.0
"""A token's last use is noted at most this often."""
SHOWN_CHARACTERS = 10
"""Of a token: its prefix and six digits, 220 bits short of the whole."""


@dataclass(frozen=True)
class Principal:
    """Who is asking."""

    actor: str
    """As the audit log names them: ``token:3``, ``local:ana``."""
    name: str
    permissions: frozenset[str]
    called: str = ""
    """How people call them, where that is known; it proves nothing."""

    def may(self, permission: str, name: str = "") -> bool:
        """Whether they may do it, to the thing of that name; what is not in the table nobody may."""
        if permission not in PERMISSIONS:
            return False
        return permission in self.permissions or (bool(name) and of_one(permission, name) in self.permissions)


class Refused(Exception):
    """A command that makes no sense as given: a message id and its arguments."""

    def __init__(self, reason: str, **arguments: str) -> None:
        super().__init__(reason)
        self.reason, self.arguments = reason, arguments


def local_administrator(os_user: str) -> Principal:
    """Whoever may open the local socket or the data directory."""
    return Principal(f"local:{os_user}", os_user, frozenset(PERMISSIONS))


def policy_of(hub: Hub) -> Policy:
    """Roles and their permissions as configured. Raises PolicyError."""
    return read_policy(hub.settings.permissions.model_dump())


async def person_principal(hub: Hub, slack_id: str, email: str, called: str = "") -> Principal:
    """Somebody in Slack, by what the settings map them to, else by the account here that has their address or Slack id,
    else by the default role. A disabled account may do nothing, whatever is mapped."""
    policy = policy_of(hub)
    account = await hub.database.read(lambda tx: users.of_slack(tx, slack_id, email)) if slack_id else None
    mapped = any(policy.user_roles.get(identity) for identity in (slack_id, email))
    role = policy.role_of(slack_id, email) if mapped or account is None else account.role
    if not slack_id or (account is not None and not account.enabled):
        role = ""
    return Principal(f"slack:{email or slack_id}", email or slack_id, policy.roles.get(role, frozenset()), called)


def role_of(policy: Policy, user: UserRow) -> str:
    """The role of an account: what the settings map its Slack id or address to, else its own; "" when disabled."""
    if not user.enabled:
        return ""
    mapped = any(policy.user_roles.get(identity) for identity in (user.slack_id, user.email.lower()))
    return policy.role_of(user.slack_id, user.email) if mapped else user.role


async def authenticate(hub: Hub, token: str) -> Principal | None:
    """Who this token stands for; None for an unknown, expired or revoked one. Raises StoreUnavailable."""
    if not is_token(token):
        return None
    now, hashed = hub.clock.now(), hash_token(token)
    row = await hub.database.read(lambda tx: tokens.by_hash(tx, hashed))
    if row is None or row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        return None
    if row.last_used_at is None or now - row.last_used_at > USED_GAP_S:
        with contextlib.suppress(StoreUnavailable):  # a note that nobody waits for
            await hub.database.write(lambda tx: tokens.used(tx, row.id, now))
    return Principal(f"token:{row.id}", row.name, expand(row.scopes))


# ---- tokens


def granted_scopes(principal: Principal, policy: Policy, scopes: Sequence[str], role: str) -> tuple[str, ...]:
    """The scopes of a new token: those named, or those of a role. Raises Refused for more than the maker has."""
    wanted = list(dict.fromkeys(scopes))
    if role:
        if wanted:
            raise Refused("token.role_or_scopes")
        if role not in policy.roles:
            raise Refused("access.role_unknown", role=role)
        wanted = sorted(policy.roles[role])
    if not wanted:
        raise Refused("token.no_scopes")
    if unknown := unknown_scopes(wanted):
        raise Refused("access.scope_unknown", scope=", ".join(unknown))
    if more := beyond(expand(wanted), principal.permissions):
        raise Refused("token.beyond_maker", scope=", ".join(more))
    return tuple(wanted)


async def create_token(
    hub: Hub, principal: Principal, name: str, scopes: tuple[str, ...], expires_in_s: float | None
) -> tuple[str, TokenRow]:
    """The token, which is shown this once, and what is kept of it."""
    token, now = new_token(secrets.token_bytes(32)), hub.clock.now()
    expires_at = now + expires_in_s if expires_in_s is not None else None

    def create(tx: Transaction) -> TokenRow:
        row = tokens.add(
            tx,
            name=name,
            hash_hex=hash_token(token),
            prefix=token[:SHOWN_CHARACTERS],
            scopes=scopes,
            created_by=principal.actor,
            created_at=now,
            expires_at=expires_at,
        )
        after = {"name": name, "scopes": list(scopes), "expires_at": expires_at}
        record(tx, now, principal.actor, "token.created", f"token/{row.id}", {"after": after})
        return row

    return token, await hub.database.write(create)


async def list_tokens(hub: Hub, limit: int, after: int) -> list[TokenRow]:
    """Every token that was ever made, revoked ones included."""
    return await hub.database.read(lambda tx: tokens.listing(tx, limit, after))


async def tokens_of(hub: Hub, user: UserRow) -> list[TokenRow]:
    """What somebody has made that still opens something: it is not theirs, and stays when they go."""
    now = hub.clock.now()
    return await hub.database.read(lambda tx: tokens.made_by(tx, f"user:{user.name}", now))


async def revoke_token(hub: Hub, principal: Principal, token_id: int) -> bool:
    """Ends a token for good; False when there is none, or it had ended."""
    now = hub.clock.now()

    def revoke(tx: Transaction) -> bool:
        before = tokens.get(tx, token_id)
        if before is None or not tokens.revoke(tx, token_id, now):
            return False
        details = {"before": {"revoked": False}, "after": {"revoked": True}, "name": before.name}
        record(tx, now, principal.actor, "token.revoked", f"token/{token_id}", details)
        return True

    return await hub.database.write(revoke)


# ---- users


async def add_user(hub: Hub, principal: Principal, values: Mapping[str, Any]) -> UserRow:
    """Adds a person. Raises NameTaken, Refused."""
    now = hub.clock.now()
    _check_role(policy_of(hub), principal, str(values["role"]))

    def add(tx: Transaction) -> UserRow:
        row = users.add(tx, {**values, "created_at": now})
        beyond_maker(hub, principal, row)  # the settings may give their address more than their role has
        record(tx, now, principal.actor, "user.added", f"user/{row.name}", {"after": _told(row)})
        return row

    return await hub.database.write(add)


async def list_users(hub: Hub, limit: int, after: int) -> list[UserRow]:
    """Everybody, in the order in which they were added."""
    return await hub.database.read(lambda tx: users.listing(tx, limit, after))


async def change_user(hub: Hub, principal: Principal, name: str, values: Mapping[str, Any]) -> UserRow | None:
    """Changes a person; None when there is none of that name. Whoever has another role then, or none, is signed out
    everywhere. Raises Refused."""
    now, policy = hub.clock.now(), policy_of(hub)
    if "role" in values:
        _check_role(policy, principal, str(values["role"]))

    def change(tx: Transaction) -> UserRow | None:
        before = users.by_name(tx, name)
        if before is None:
            return None
        beyond_maker(hub, principal, before)
        after = users.change(tx, before.id, values) if values else before
        beyond_maker(hub, principal, after)  # another address may be one that has more
        details: dict[str, Any] = {"before": _told(before), "after": _told(after)}
        if role_of(policy, before) != role_of(policy, after):
            details["sessions_ended"] = sessions.end_all(tx, before.id, now)
        if not after.enabled:
            sessions.revoke_invitations(tx, before.id)
        record(tx, now, principal.actor, "user.changed", f"user/{name}", details)
        return after

    return await hub.database.write(change)


def _check_role(policy: Policy, principal: Principal, role: str) -> None:
    if role not in policy.roles:
        raise Refused("access.role_unknown", role=role)
    if policy.roles[role] - principal.permissions:
        raise Refused("user.beyond_maker", role=role)


def beyond_maker(hub: Hub, principal: Principal, user: UserRow) -> None:
    """Who may do less than somebody may not change who that is: they could come in as them. Raises Refused."""
    policy = policy_of(hub)
    role = role_of(policy, msgspec.structs.replace(user, enabled=True))
    if policy.roles.get(role, frozenset()) - principal.permissions:
        raise Refused("user.beyond_maker", role=role)


def _told(row: UserRow) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(row)
    del told["id"], told["created_at"]
    return told
