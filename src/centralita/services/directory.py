"""Whom a directory knows by an account: Active Directory by LDAP, or Entra. Asked when InvGate alone can't tell."""

from __future__ import annotations

from typing import Protocol

import msgspec

from centralita.core.usernames import Account


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
