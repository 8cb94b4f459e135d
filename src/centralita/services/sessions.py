"""Who is signed in to the dashboard. A session is a row, what its browser holds a random token, kept as a hash.

The token is replaced every hour. One that is replaced still opens the session until the browser has shown the newer
one, and a minute longer; whoever shows it after that has a copy of it, and the session ends for both.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from centralita.core.access import Policy
from centralita.core.sign_in import FORGOTTEN_S
from centralita.services.access import Principal, UserRow, beyond_maker, policy_of, role_of
from centralita.services.audit import record
from centralita.services.hub import Hub
from centralita.services.timers import HOUR_S
from centralita.store import sessions, users
from centralita.store.database import StoreUnavailable, Transaction
from centralita.store.sessions import SessionRow, Shown

ROTATED_S = 3600.0
"""After so long a token is replaced."""
GRACE_S = 60.0
"""So long a token is good after a newer one was shown: requests that were under way, other tabs."""
SEEN_GAP_S = 60.0
"""That somebody is there is noted at most this often; and a token is made at most this often."""
MAX_AGENT = 300
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class SignInRefused(Exception):
    """Nobody is signed in: a message id, and after how many seconds the next try is heard (0: at once)."""

    def __init__(self, reason: str, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.reason, self.retry_after_s = reason, retry_after_s


@dataclass(frozen=True)
class SignedIn:
    """Somebody with a session."""

    principal: Principal
    """``user:NAME``, with the permissions that their role has now."""
    user: UserRow
    session: int
    rotated_token: str = field(default="", repr=False)
    """Another token in the place of the one that was given; "" when it stays."""


@dataclass(frozen=True)
class Opened:
    """A session that has just begun."""

    token: str = field(repr=False)
    """For the browser's cookie; it is kept nowhere else."""
    person: SignedIn
    return_to: str = ""
    """The page that was wanted before signing in; "" for none."""


def hash_key(key: str) -> str:
    """What is kept of a token or a link."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def open_session(
    tx: Transaction, hub: Hub, user: UserRow, how: str, user_agent: str, address: str
) -> tuple[str, SessionRow]:
    """A new session and its token. Part of a transaction, with its audit entry. ``how``: ``password``, ``oidc``, ..."""
    token, now = secrets.token_urlsafe(32), hub.clock.now()
    expires_at = now + hub.settings.dashboard.session_s
    row = sessions.add(
        tx,
        user_id=user.id,
        hash=hash_key(token),
        now=now,
        expires_at=expires_at,
        user_agent=user_agent[:MAX_AGENT],
        address=address[:100],
    )
    details = {"how": how, "address": row.address, "user_agent": row.user_agent}
    record(tx, now, f"user:{user.name}", "session.opened", f"session/{row.id}", details)
    return token, row


def person_with(policy: Policy, user: UserRow, session: int, rotated_token: str = "") -> SignedIn:
    """Somebody, and what they may at this moment."""
    permissions = policy.roles.get(role_of(policy, user), frozenset())
    return SignedIn(Principal(f"user:{user.name}", user.name, permissions), user, session, rotated_token)


async def signed_in(hub: Hub, token: str, by_itself: bool = False) -> SignedIn | None:
    """Who shows this token; None for nobody: it never was, has ended, is too old or was replaced.

    ``by_itself``: a page asks without anybody doing anything, which keeps no session from going idle and has no other
    effect. Raises StoreUnavailable.
    """
    if not _TOKEN.fullmatch(token):
        return None
    now, hashed = hub.clock.now(), hash_key(token)
    shown = await hub.database.read(lambda tx: sessions.of_token(tx, hashed))
    if shown is None or not _is_open(hub, shown, now):
        return None
    if shown.spent_at is not None and now - shown.spent_at > GRACE_S:
        await _end_stolen(hub, shown, now)
        return None
    rotated = ""
    with contextlib.suppress(StoreUnavailable):  # who is there may look, though nobody can note it
        rotated = await _keep_up(hub, shown, hashed, now, by_itself)
    return person_with(policy_of(hub), shown.user, shown.session.id, rotated)


async def still_may(hub: Hub, token: str, permission: str) -> bool:
    """Whether who shows this token is in yet, and may; for an answer that goes on. It notes nothing, and so keeps no
    session open. Raises StoreUnavailable."""
    shown = await hub.database.read(lambda tx: sessions.of_token(tx, hash_key(token)))
    if shown is None or not _is_open(hub, shown, hub.clock.now()):
        return False
    return person_with(policy_of(hub), shown.user, shown.session.id).principal.may(permission)


def _is_open(hub: Hub, shown: Shown, now: float) -> bool:
    session = shown.session
    idle_s = now - session.seen_at
    return (
        session.ended_at is None
        and now < session.expires_at
        and idle_s < hub.settings.dashboard.session_idle_s
        and shown.user.enabled
    )


async def _keep_up(hub: Hub, shown: Shown, hashed: str, now: float, by_itself: bool) -> str:
    """Notes what this request changes about its session, if anything; a newer token when it is time for one."""
    session = shown.session
    spent = shown.spent_at is not None
    due = not spent and now - shown.made_at > ROTATED_S and now - session.rotated_at > SEEN_GAP_S
    first_shown = not spent and not shown.newest
    is_there = not by_itself and now - session.seen_at > SEEN_GAP_S
    if not (due or first_shown or is_there):
        return ""
    token = secrets.token_urlsafe(32)

    def write(tx: Transaction) -> bool:
        if not by_itself:
            sessions.seen(tx, session.id, now)
        if first_shown:
            sessions.confirm(tx, session.id, hashed, now)
        return due and sessions.rotate(tx, session, hash_key(token), now)

    return token if await hub.database.write(write) else ""


async def _end_stolen(hub: Hub, shown: Shown, now: float) -> None:
    def write(tx: Transaction) -> None:
        if sessions.end(tx, shown.session.id, now):
            details = {"user": shown.user.name, "reason": "session.replayed"}
            record(tx, now, "system", "session.ended", f"session/{shown.session.id}", details)

    await hub.database.write(write)


# ---- ending


async def sign_out(hub: Hub, person: SignedIn) -> None:
    """Ends the session."""
    await end_own(hub, person, person.session)


async def list_sessions(hub: Hub, name: str) -> list[SessionRow] | None:
    """A person's open sessions, the newest first; None when there is nobody of that name."""
    now = hub.clock.now()

    def read(tx: Transaction) -> list[SessionRow] | None:
        user = users.by_name(tx, name)
        idle_since = now - hub.settings.dashboard.session_idle_s
        return None if user is None else sessions.open_of(tx, user.id, now, idle_since)

    return await hub.database.read(read)


async def end_own(hub: Hub, person: SignedIn, session_id: int) -> bool:
    """Ends one of somebody's own sessions; False when it is not theirs, or has ended."""
    now = hub.clock.now()

    def write(tx: Transaction) -> bool:
        row = sessions.get(tx, session_id)
        if row is None or row.user_id != person.user.id or not sessions.end(tx, session_id, now):
            return False
        record(
            tx, now, person.principal.actor, "session.ended", f"session/{session_id}", {"reason": "session.signed_out"}
        )
        return True

    return await hub.database.write(write)


async def end_all(hub: Hub, principal: Principal, name: str) -> int | None:
    """Signs somebody out everywhere; how many sessions ended, None for nobody of that name. Raises Refused."""
    now = hub.clock.now()

    def write(tx: Transaction) -> int | None:
        user = users.by_name(tx, name)
        if user is None:
            return None
        beyond_maker(hub, principal, user)
        ended = sessions.end_all(tx, user.id, now)
        record(tx, now, principal.actor, "user.signed_out", f"user/{name}", {"sessions_ended": ended})
        return ended

    return await hub.database.write(write)


async def prefer(hub: Hub, person: SignedIn, chosen: Mapping[str, str]) -> None:
    """Keeps ``locale``, ``theme`` or ``timezone`` with the person. Raises KeyError for anything else."""
    values = {name: chosen[name] for name in ("locale", "theme", "timezone") if name in chosen}
    if values != dict(chosen):
        raise KeyError(*(set(chosen) - set(values)))
    await hub.database.write(lambda tx: users.change(tx, person.user.id, values))


def join(hub: Hub) -> None:
    """What has expired is let go of every hour."""

    async def forget(hub: Hub) -> None:
        now = hub.clock.now()
        await hub.database.write(lambda tx: sessions.forget(tx, now, now - FORGOTTEN_S))

    hub.alarms.every("sessions", HOUR_S, forget)
