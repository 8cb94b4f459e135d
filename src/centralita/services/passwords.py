"""Passwords: argon2id hashes, made and compared off the event loop; who sets them, and for whom.

Parameters: RFC 9106, 4 (second recommended option). What is hashed is ``core.passwords.normalised``.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from centralita.core.passwords import fits, judge_password, normalised
from centralita.services.access import Principal, Refused, UserRow, beyond_maker
from centralita.services.audit import record
from centralita.services.hub import Hub
from centralita.store import sessions, users
from centralita.store.database import Transaction


def hasher() -> PasswordHasher:
    """With the parameters above."""
    return PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4, hash_len=32, salt_len=16)


_HASHER = hasher()
_THREADS = ThreadPoolExecutor(4, "argon2")
"""Each hash takes 64 MiB: whoever knocks often must not use up the memory."""
NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$m9AWNHr4xoJN9c5HqAK0tw$4LECuHZaf4XMLn7U1w9VsaS3HcUYJaz8WmodqoghDe0"
"""The hash of a password that nobody has: who is not known costs as much time as who is."""


async def hash_password(password: str) -> str:
    """What is kept of it."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _HASHER.hash, _bytes(password))


async def verify_password(kept: str, password: str) -> bool:
    """Whether it is the one; ``kept`` "" is nobody's, which takes as long and is False."""
    if not fits(password):
        return False
    loop = asyncio.get_running_loop()
    same = await loop.run_in_executor(_THREADS, _verify, kept or NOBODYS, _bytes(password))
    return same and bool(kept)


def is_outdated(kept: str) -> bool:
    """Whether it was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


def _verify(kept: str, password: bytes) -> bool:
    try:
        return _HASHER.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def _bytes(password: str) -> bytes:
    return normalised(password).encode("utf-8", "surrogatepass")


async def new_hash(password: str, user_name: str, email: str) -> str:
    """The hash of a password that somebody chose for themselves. Raises Refused for a bad one."""
    if reason := await asyncio.to_thread(judge_password, password, (user_name, email)):
        raise Refused(reason)
    return await hash_password(password)


def replace_password(tx: Transaction, now: float, actor: str, user: UserRow, hashed: str) -> None:
    """Sets it: every session and link of that person ends. Part of a transaction, with its audit entry."""
    users.change(tx, user.id, {"password_hash": hashed})
    sessions.revoke_invitations(tx, user.id)
    ended = sessions.end_all(tx, user.id, now)
    record(tx, now, actor, "user.password_set", f"user/{user.name}", {"sessions_ended": ended})


async def set_password(hub: Hub, principal: Principal, name: str, password: str) -> bool:
    """Sets somebody's password; False when there is nobody of that name. Raises Refused."""
    user = await hub.database.read(lambda tx: users.by_name(tx, name))
    if user is None:
        return False
    beyond_maker(hub, principal, user)
    hashed, now = await new_hash(password, user.name, user.email), hub.clock.now()

    def write(tx: Transaction) -> None:
        replace_password(tx, now, principal.actor, user, hashed)

    await hub.database.write(write)
    return True
