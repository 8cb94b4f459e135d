"""Signing in with a password: the limits, the first administrator, and the links by which people set a password."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field

from centralita.core.access import ADMIN
from centralita.core.sign_in import FORGOTTEN_S, FREE_TRIES, keys, retry_after_s
from centralita.services import passwords
from centralita.services.access import Principal, Refused, UserRow, beyond_maker, policy_of
from centralita.services.audit import record
from centralita.services.hub import Hub
from centralita.services.sessions import Opened, SignedIn, SignInRefused, hash_key, open_session, person_with
from centralita.store import sessions, users
from centralita.store.database import Transaction

INVITATION_S = 24 * 3600.0
INVITATION_PATH = "/invitation/"
_NAME = re.compile(r"\w[\w.@+-]{0,99}")
"""As the API takes them."""


class InvitationGone(Exception):
    """A link that was used, has expired or never was."""


@dataclass(frozen=True)
class Invitation:
    """A link that lets somebody set their password, once."""

    key: str = field(repr=False)
    url: str = field(repr=False)
    """With ``server.public_url``; without that, only its path."""
    expires_at: float


@dataclass(frozen=True)
class _Try:
    user: UserRow | None
    kept: str = field(repr=False)
    counted: tuple[str, ...]


async def sign_in(hub: Hub, name_or_email: str, password: str, user_agent: str, address: str) -> Opened:
    """Opens a session. Raises SignInRefused: who is unknown, disabled or has no password is told the same as who
    mistypes it, after the same time."""
    now = hub.clock.now()
    tried, wait = await hub.database.write(lambda tx: _begin(tx, name_or_email, address, now))
    if wait:
        raise SignInRefused("sign_in.wait", wait)
    good = await passwords.verify_password(tried.kept, password)
    if not good or tried.user is None or not tried.user.enabled:
        raise SignInRefused("sign_in.wrong")
    fresh = await passwords.hash_password(password) if passwords.is_outdated(tried.kept) else ""
    return await _open(hub, tried, fresh, user_agent, address)


def _begin(tx: Transaction, name_or_email: str, address: str, now: float) -> tuple[_Try, float]:
    """Counts the try as failed before it is judged, so that many at once are not one; seconds to wait, 0 for none."""
    user = _find(tx, name_or_email)
    known_there = user is not None and sessions.was_at(tx, user.id, address)
    # For strangers by what was typed, whoever has it: two ways to write one account would wait together, and tell that
    # there is one.
    account = str(user.id) if user is not None and known_there else _typed(name_or_email)
    counted = keys(account, address, known_there)
    since = now - FORGOTTEN_S
    before = sessions.failures(tx, counted, since)
    tried = _Try(user, users.password_hash(tx, user.id) if user is not None else "", counted)
    if wait := retry_after_s(before, now):
        return tried, wait
    for key in counted:
        sessions.count_failure(tx, key, now, since)
    kinds = {key.partition(":")[0]: before.get(key, (0, 0.0))[0] + 1 for key in counted}
    if slowed := [kind for kind, failures in kinds.items() if failures == FREE_TRIES[kind]]:
        details = {"address": address[:100], "counted_for": slowed}
        record(tx, now, "system", "sign_in.slowed", f"user/{user.name}" if user else "", details)
    return tried, 0.0


def _find(tx: Transaction, name_or_email: str) -> UserRow | None:
    given = name_or_email.strip()[:320]
    found = users.by_name(tx, given)
    if found is None and "@" in given:
        same = users.by_emails(tx, [_typed(given)])
        found = same[0] if len(same) == 1 else None
    return found


def _typed(name_or_email: str) -> str:
    given = name_or_email.strip()[:320]
    return given.lower() if "@" in given else given  # an address is the same in any case


async def _open(hub: Hub, tried: _Try, fresh: str, user_agent: str, address: str) -> Opened:
    def write(tx: Transaction) -> Opened:
        user = users.get(tx, tried.user.id) if tried.user is not None else None
        # What was verified has to be what is kept: somebody may have changed it meanwhile.
        if user is None or not user.enabled or users.password_hash(tx, user.id) != tried.kept:
            raise SignInRefused("sign_in.wrong")
        _forgive(tx, tried)
        if fresh:
            users.change(tx, user.id, {"password_hash": fresh})
        return _opened(tx, hub, user, "password", user_agent, address)

    return await hub.database.write(write)


def _forgive(tx: Transaction, tried: _Try) -> None:
    """It was good. An address keeps what others failed from it."""
    for key in tried.counted:
        sessions.take_back(tx, key) if key.startswith("address:") else sessions.forgive(tx, key)


def _opened(tx: Transaction, hub: Hub, user: UserRow, how: str, user_agent: str, address: str) -> Opened:
    token, row = open_session(tx, hub, user, how, user_agent, address)
    return Opened(token, person_with(policy_of(hub), user, row.id))


# ---- the first administrator


async def is_unclaimed(hub: Hub) -> bool:
    """Whether nobody can sign in yet, so that whoever comes first becomes the administrator."""
    return not await hub.database.read(users.anybody_signs_in)


async def first_admin(
    hub: Hub, name: str, email: str, password: str, user_agent: str = "", address: str = ""
) -> Opened:
    """Makes the first account, and signs it in. Raises Refused: somebody was first, or name or password are bad."""
    if not _NAME.fullmatch(name):
        raise Refused("user.name_invalid")
    hashed, now = await passwords.new_hash(password, name, email), hub.clock.now()

    def write(tx: Transaction) -> Opened:
        if users.anybody_signs_in(tx, held=True):
            raise Refused("user.not_first")
        known = users.by_name(tx, name)
        values = {"email": email, "role": ADMIN, "password_hash": hashed, "enabled": True}
        user = (
            users.change(tx, known.id, values)
            if known is not None
            else users.add(tx, {"name": name, **values, "created_at": now})
        )
        opened = _opened(tx, hub, user, "first", user_agent, address)
        record(
            tx,
            now,
            opened.person.principal.actor,
            "user.first",
            f"user/{name}",
            {"after": {"role": ADMIN, "email": email}},
        )
        return opened

    return await hub.database.write(write)


# ---- links


async def invite(hub: Hub, principal: Principal, name: str) -> Invitation | None:
    """A link for somebody, in place of an earlier one; None when there is nobody of that name. Raises Refused."""
    key, now = secrets.token_urlsafe(32), hub.clock.now()

    def write(tx: Transaction) -> bool:
        user = users.by_name(tx, name)
        if user is None:
            return False
        beyond_maker(hub, principal, user)
        if not user.enabled:
            raise Refused("user.disabled", name=name)
        sessions.add_invitation(tx, hash_key(key), user.id, principal.actor, now + INVITATION_S)
        record(tx, now, principal.actor, "user.invited", f"user/{name}", {"lives_s": INVITATION_S})
        return True

    if not await hub.database.write(write):
        return None
    base = (hub.settings.server.public_url or "").rstrip("/")
    return Invitation(key, f"{base}{INVITATION_PATH}{key}", now + INVITATION_S)


async def invited(hub: Hub, key: str) -> UserRow:
    """Whom a link is for. Raises InvitationGone."""
    now = hub.clock.now()
    user = await hub.database.read(lambda tx: sessions.invited(tx, hash_key(key), now))
    if user is None:
        raise InvitationGone
    return user


async def accept(hub: Hub, key: str, password: str, user_agent: str, address: str) -> Opened:
    """Sets the password, uses the link up and signs in. Raises InvitationGone, Refused."""
    user = await invited(hub, key)
    hashed, now = await passwords.new_hash(password, user.name, user.email), hub.clock.now()

    def write(tx: Transaction) -> Opened:
        now_invited = sessions.invited(tx, hash_key(key), now, held=True)
        if now_invited is None:
            raise InvitationGone
        passwords.replace_password(tx, now, f"user:{now_invited.name}", now_invited, hashed)
        return _opened(tx, hub, now_invited, "invitation", user_agent, address)

    return await hub.database.write(write)


async def change_password(hub: Hub, person: SignedIn, old: str, new: str, user_agent: str, address: str) -> Opened:
    """Somebody changes their own password: every session ends, and this browser has a new one.

    Raises SignInRefused when the old one is wrong (counted as a sign-in is), Refused when the new one is bad.
    """
    now, user = hub.clock.now(), person.user
    tried, wait = await hub.database.write(lambda tx: _begin(tx, user.name, address, now))
    if wait:
        raise SignInRefused("sign_in.wait", wait)
    if not await passwords.verify_password(tried.kept, old):
        raise SignInRefused("password.old_wrong")
    hashed = await passwords.new_hash(new, user.name, user.email)

    def write(tx: Transaction) -> Opened:
        current = users.get(tx, user.id)
        # As for a sign-in: an administrator may have been faster.
        if current is None or not current.enabled or users.password_hash(tx, user.id) != tried.kept:
            raise SignInRefused("password.old_wrong")
        _forgive(tx, tried)
        passwords.replace_password(tx, now, person.principal.actor, user, hashed)
        return _opened(tx, hub, user, "password", user_agent, address)

    return await hub.database.write(write)
