"""The sources that people made, for commands that look at the configuration without being a hub. Nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from centralita.core.secrets import SecretError
from centralita.i18n import gettext as _
from centralita.integrations import registry
from centralita.services.ingest import ConfiguredSource
from centralita.services.keys import FILE_NAME, PREVIOUS_VARIABLE, KeyFault
from centralita.services.source_catalogue import Sealed, configured, unseal
from centralita.services.wording import in_words
from centralita.settings import Settings
from centralita.store import slack_installations, stored_sources
from centralita.store.database import StoreUnavailable, Transaction, open_database
from centralita.store.migrate import current, head
from centralita.store.slack_installations import InstallationRow
from centralita.store.stored_sources import SourceRow
from centralita.wiring import vault_of

T = TypeVar("T")


def database_is_there(settings: Settings) -> bool:
    """Whether there is a database to look into: opening one that is not there would make it."""
    file = settings.database_url.removeprefix("sqlite:///")
    return file == settings.database_url or Path(file).exists()


async def read_sources(settings: Settings) -> list[SourceRow]:
    """Those that take requests or could; [] also when the database does not answer or has another schema."""
    return [row for row in await _rows(settings, stored_sources.listing) if row.removed_at is None]


async def read_workspaces(settings: Settings) -> list[InstallationRow]:
    """Slack's workspaces that people connected; [] as with sources."""
    return await _rows(settings, slack_installations.listing)


async def _rows(settings: Settings, listing: Callable[[Transaction], list[T]]) -> list[T]:
    if not database_is_there(settings):
        return []
    try:
        database = await open_database(settings.database_url)
    except (StoreUnavailable, ValueError):
        return []
    try:
        if await database.read(current) != head():
            return []
        return await database.read(listing)
    except StoreUnavailable:
        return []
    finally:
        await database.close()


def configured_of(rows: Sequence[SourceRow]) -> list[ConfiguredSource]:
    """Those whose kind this version knows, without their secrets."""
    return [configured(row, Sealed()) for row in rows if row.kind in registry.kinds()]


def warnings_of_stored(settings: Settings, rows: Sequence[SourceRow], locale: str) -> Iterator[str]:
    """Which of them the file hides, and what is wrong with their settings."""
    slugs = {row.slug for row in rows}
    for index, provided in enumerate(settings.sources):
        if provided.slug in slugs:
            said = _("{slug}: the database has a source of this name too; the one of {place} is used.", locale)
            yield said.format(slug=provided.slug, place=settings.place(("sources", index)) or "")
    known = {source.slug: source for source in configured_of(rows)}
    for row in rows:
        source = known.get(row.slug)
        if source is None:
            unknown = {"kind": row.kind, "known": ", ".join(registry.kinds())}
            yield f"{row.slug}: {in_words('source.kind_unknown', unknown, locale)}"
            continue
        for fault in source.integration.check(source.settings, [b"x:x"]):  # its secrets stay sealed here
            path, _colon, reason = fault.rpartition(": ")
            if path != "secrets":
                yield f"{row.slug}: {path}: {in_words(reason, {}, locale)}"


def has_key(settings: Settings) -> bool:
    """Whether there is a key to open what is sealed by: looking for one where there is none would make one."""
    file = settings.data_dir / FILE_NAME
    return bool(settings.secret_key is not None or os.environ.get(PREVIOUS_VARIABLE) or os.path.lexists(file))


def shut(settings: Settings, rows: Sequence[SourceRow]) -> Iterator[tuple[str, str]]:
    """(slug, message id) of each whose secrets cannot be opened with this machine's key."""
    vault, readable = vault_of(settings), has_key(settings)
    for row in rows:
        try:
            if not readable:
                raise SecretError("secret.key_unknown")
            unseal(vault, row)
        except (SecretError, KeyFault) as fault:
            yield row.slug, fault.reason


def slugs_of(settings: Settings, rows: Sequence[SourceRow]) -> set[str]:
    """Every source's slug, whoever provides it."""
    return {source.slug for source in settings.sources} | {row.slug for row in rows}
