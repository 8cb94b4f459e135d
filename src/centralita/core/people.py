"""People, as the systems that know them describe them."""

from __future__ import annotations

import msgspec


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in one system; what it does not say is ""."""

    id: str
    """In the system that it comes from: InvGate Service Desk's users and InvGate Assets' people are numbered apart."""
    name: str = ""
    """First and last name."""
    email: str = ""
    other_emails: tuple[str, ...] = ()
    username: str = ""
    """Without a domain."""
    manager_id: str = ""
    department: str = ""
    disabled: bool = False
    """Disabled, deleted or otherwise gone: never an owner, an approver or a recipient."""

    @property
    def emails(self) -> tuple[str, ...]:
        """All addresses, in lower case."""
        return tuple(address.strip().lower() for address in (self.email, *self.other_emails) if address.strip())
