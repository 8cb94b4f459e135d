"""Which sources there are: those of the configuration file, the hub's own, and those that people made.

The catalogue's maps are changed in place, on the event loop, so that whoever holds one sees every change at once: the
receiver those that are open, the router those that may be read, people those that are known.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog

from centralita.core.secrets import SecretError
from centralita.integrations import registry
from centralita.services import announcements
from centralita.services.following import Follower
from centralita.services.ingest import ConfiguredSource
from centralita.services.keys import KeyFault
from centralita.services.vault import Vault
from centralita.store import stored_sources
from centralita.store.database import Database, Transaction
from centralita.store.stored_sources import SourceRow

log = structlog.get_logger(__name__)


class KeptSecret(msgspec.Struct, frozen=True):
    """A secret by which a sender proves itself."""

    secret: str
    until: float | None = None
    """Seconds since 1970: when it ends, for one that was replaced."""

    def __repr__(self) -> str:
        return f"KeptSecret(until={self.until})"


class Sealed(msgspec.Struct, frozen=True):
    """What a source's row keeps sealed."""

    secrets: tuple[KeptSecret, ...] = ()
    settings: dict[str, Any] = {}
    """The settings that are secret."""

    def __repr__(self) -> str:
        return f"Sealed({len(self.secrets)} secrets)"


def seal(vault: Vault, slug: str, content: Sealed) -> bytes:
    """``content`` for the row of ``slug``. Raises KeyFault."""
    return vault.seal_struct(content, _place(slug))


def unseal(vault: Vault, row: SourceRow) -> Sealed:
    """What ``seal`` was given; nothing when nothing was kept. Raises SecretError, KeyFault."""
    if not row.secrets:
        return Sealed()
    return vault.unseal_struct(row.secrets, _place(row.slug), Sealed)


def _place(slug: str) -> str:
    return f"source/{slug}/secrets"


def configured(row: SourceRow, content: Sealed) -> ConfiguredSource:
    """A row as the receiver and the router use it. Raises LookupError for a kind that there is not."""
    integration, settings = registry.configured(row.kind, {**row.settings, **content.settings})
    return ConfiguredSource(
        slug=row.slug,
        kind=row.kind,
        integration=integration,
        secrets=tuple(kept.secret.encode() for kept in content.secrets if kept.until is None),
        retiring=tuple((kept.until, kept.secret.encode()) for kept in content.secrets if kept.until is not None),
        settings=settings,
        enabled=row.enabled,
        name=row.name or row.slug,
        origin="database",
    )


class Catalogue:
    """See above. ``provided`` holds what the file says and the hub's own source."""

    def __init__(self, provided: Mapping[str, ConfiguredSource], database: Database, vault: Vault) -> None:
        self._provided, self._database, self._vault = dict(provided), database, vault
        self.known = dict(provided)
        """Those that people see."""
        self.open = {slug: source for slug, source in provided.items() if slug != announcements.SLUG}
        """Those that senders reach, unless they are switched off."""
        self.readers = dict(provided)
        """Those whose receipts can be read: the known, and those that were removed since they sent."""
        self.hidden: frozenset[str] = frozenset()
        """Slugs of which the database has a source too: the file's wins."""
        self.away: Mapping[str, float] = {}
        """Those that were removed and can be restored: when that was (seconds since 1970), by slug."""
        self._troubles: set[tuple[str, str, str]] = set()
        self._reported: set[tuple[str, str, str]] = set()
        self._version: str | None = None
        self.news = Follower("source", self._learn)
        """Of what other processes change."""
        self._refreshing = asyncio.Lock()

    def provided(self, slug: str) -> ConfiguredSource | None:
        """The source of that slug that only the file can change."""
        return self._provided.get(slug)

    async def refresh(self) -> None:
        """Reads the database's sources, if any was changed since the last time. Raises StoreUnavailable."""

        def read(tx: Transaction) -> tuple[str, list[SourceRow] | None]:
            # The version first: rows that are newer than it are read again, older ones would never be.
            version = stored_sources.version(tx)
            return version, None if version == self._version else stored_sources.listing(tx)

        async with self._refreshing:  # whoever read first must not adopt last
            version, rows = await self._database.read(read)
            if rows is not None:
                self._adopt(rows)
                self._version = version

    def report(self) -> None:
        """Logs what is wrong with the database's sources, each thing once."""
        for event, slug, detail in sorted(self._troubles - self._reported):
            log.warning(event, source=slug, detail=detail)
        self._reported |= self._troubles

    def _adopt(self, rows: list[SourceRow]) -> None:
        self._troubles = set()
        found = {row.slug: source for row in rows if (source := self._open_row(row)) is not None}
        alive = {row.slug: found[row.slug] for row in rows if row.removed_at is None and row.slug in found}
        self.hidden = frozenset(alive.keys() & self._provided.keys())
        away = {row.slug: row.removed_at or 0.0 for row in rows if row.put_away}
        self.away = {slug: at for slug, at in away.items() if slug not in self._provided}
        self._troubles |= {("source.hidden", slug, self._provided[slug].place) for slug in self.hidden}
        _replace(self.readers, {**found, **self._provided})
        _replace(self.known, {**alive, **self._provided})
        _replace(self.open, {slug: source for slug, source in self.known.items() if slug != announcements.SLUG})

    def _open_row(self, row: SourceRow) -> ConfiguredSource | None:
        try:
            content = unseal(self._vault, row)
        except (SecretError, KeyFault) as fault:
            # Without its secret it believes nobody; what it has sent before can still be read.
            self._troubles.add(("source.secrets_shut", row.slug, fault.reason))
            content = Sealed()
        try:
            return configured(row, content)
        except LookupError as unknown:
            self._troubles.add(("source.kind_unknown", row.slug, str(unknown)))
            return None

    async def _learn(self) -> None:
        await self.refresh()
        self.report()


def _replace(target: dict[str, ConfiguredSource], content: Mapping[str, ConfiguredSource]) -> None:
    target.clear()
    target.update(content)
