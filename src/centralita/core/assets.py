"""Assets as the inventory describes them, and who ought to own one."""

from __future__ import annotations

import msgspec

from centralita.core.people import Person


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """One asset of InvGate Assets; what it does not say is ""."""

    id: str
    name: str = ""
    serial: str = ""
    type: str = ""
    """The tool's own word: ``Laptop``."""
    status: str = ""
    tags: tuple[str, ...] = ()
    last_user: str = ""
    """Who logged in last, as the tool writes it: ``BIDCOM\\jperez``. "" also when nobody is logged in."""
    owner: Person | None = None
    """Of Assets, by its id there; None: nobody."""
    reported_at: str = ""
    """When it was last inventoried, as the tool writes it."""
