"""Who is signed in at the dashboard: sessions under a token that only the browser knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from centralita.services.access import Principal, UserRow
from centralita.services.hub import Hub


class SignInRefused(Exception):
    """Nobody is signed in: a message id, and how long to wait before another try (0: no need to)."""

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
    rotated_token: str = ""
    """Another token in the place of the one that was given; "" when it stays."""


@dataclass(frozen=True)
class Opened:
    """A new session and its token, which is kept nowhere."""

    token: str
    person: SignedIn


async def signed_in(hub: Hub, token: str) -> SignedIn | None:
    """Whose session this token is; None for one that is unknown, over or ended. Raises StoreUnavailable."""
    return None


async def sign_in(hub: Hub, name: str, password: str, user_agent: str, address: str) -> Opened:
    """Opens a session for whoever has that name or e-mail address. Raises SignInRefused."""
    raise SignInRefused("sign_in.refused")


async def sign_out(hub: Hub, person: SignedIn) -> None:
    """Ends the session."""


async def prefer(hub: Hub, person: SignedIn, chosen: Mapping[str, str]) -> None:
    """Keeps ``locale``, ``theme`` or ``timezone`` with the person."""
