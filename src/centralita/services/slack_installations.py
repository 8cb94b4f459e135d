"""The Slack workspaces where the app is installed: that of the configuration file, and those that people connected.

One of them is the default: a target without a workspace in front (``#alerts``) is there. It is the file's, else the one
that was connected first; it stays the default when its app is uninstalled, so that nothing of it is told elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec
import structlog

from centralita.core.secrets import SecretError
from centralita.integrations.slack.targets import part_target
from centralita.ports import Config
from centralita.services.following import Follower
from centralita.services.keys import KeyFault
from centralita.services.vault import Vault
from centralita.store import slack_installations
from centralita.store.database import Database, Transaction
from centralita.store.slack_installations import InstallationRow

log = structlog.get_logger(__name__)


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What the hub proves itself with in a workspace, and Slack proves itself to the hub; "" for what is missing."""

    bot_token: str = ""
    app_token: str = ""
    signing_secret: str = ""

    def __repr__(self) -> str:
        return "Tokens()"


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """The app in one workspace."""

    origin: Literal["file", "database"]
    tokens: Tokens
    """Empty for one that has ended, or whose secrets this machine's key does not open."""
    team_id: str = ""
    """"" for the file's: who that is, only Slack can say."""
    name: str = ""
    domain: str = ""
    enterprise: str = ""
    app_id: str = ""
    bot_user: str = ""
    scopes: tuple[str, ...] = ()
    installed_by: str = ""
    installed_at: float | None = None
    revoked_at: float | None = None


def seal(vault: Vault, team_id: str, tokens: Tokens) -> bytes:
    """``tokens`` for the row of a workspace. Raises KeyFault."""
    return vault.seal_struct(tokens, _place(team_id))


def _unseal(vault: Vault, row: InstallationRow) -> Tokens:
    if row.sealed is None or row.revoked_at is not None:
        return Tokens()
    return vault.unseal_struct(row.sealed, _place(row.team_id), Tokens)


def _place(team_id: str) -> str:
    return f"slack/{team_id}/tokens"


class Installations:
    """See above."""

    def __init__(
        self,
        base: Config | None,
        provided: Tokens,
        database: Database,
        vault: Vault,
        mode: Literal["socket", "http"] = "socket",
    ) -> None:
        """``base``: how Slack is spoken to, without a token; None when it is switched off. ``provided``: the file's.
        ``mode``: how Slack reaches the hub."""
        self._mode = mode
        self._base, self.provided = base, provided
        self._database, self._vault = database, vault
        self.connected: tuple[Installation, ...] = ()
        """Those that people connected, the first first, those that have ended included."""
        self.listeners: list[Callable[[], None]] = []
        """Called when any of them has changed."""
        self._version = ""
        self.news = Follower("slack", self.refresh)
        """Of what other processes change."""
        self._refreshing = asyncio.Lock()

    # ---- who there is

    @property
    def default(self) -> Installation | None:
        """Where a target without a workspace is; None when there is none at all."""
        if self.provided.bot_token:
            return Installation(origin="file", tokens=self.provided)
        return self.connected[0] if self.connected else None

    def listing(self) -> Sequence[Installation]:
        """All, the default first."""
        default = self.default
        return (default, *(each for each in self.connected if each is not default)) if default else self.connected

    def find(self, workspace: str) -> Installation | None:
        """A connected one by its id or domain in any case; of two with the same domain, one that is still alive."""
        wanted = workspace.strip().lower()
        found = [each for each in self.connected if wanted and wanted in (each.team_id.lower(), each.domain.lower())]
        return min(found, key=lambda each: each.revoked_at is not None, default=None)

    @property
    def app_tokens(self) -> tuple[str, ...]:
        """Those by which Socket Mode is opened: one for each app."""
        return self._distinct("app_token")

    @property
    def signing_secrets(self) -> tuple[str, ...]:
        """Those by which requests of Slack's may be signed."""
        return self._distinct("signing_secret")

    @property
    def is_interactive(self) -> bool:
        """Whether the app can be reached: what people press there gets somewhere."""
        default = self.default
        reached = self.signing_secrets if self._mode == "http" else self.app_tokens
        return bool(self._base is not None and default is not None and default.tokens.bot_token and reached)

    def _distinct(self, name: str) -> tuple[str, ...]:
        values = [getattr(tokens, name) for tokens in (self.provided, *(each.tokens for each in self.connected))]
        return tuple(dict.fromkeys(value for value in values if value))

    def config(self, target: str) -> Config | None:
        """How to deliver to a target such as ``#alerts``, ``acme/#alerts`` or an e-mail address.

        Without a token when the app has ended there: that heals. None for a workspace where it never was.
        """
        if self._base is None:
            return None
        workspace = part_target(target)[0]
        default = self.default
        found = self.find(workspace) if workspace else default
        if found is None:
            return None if workspace or not self._base.get("webhook_url") else self._base
        # The default's limits are counted under the bare names of the methods, however it is called.
        apart: dict[str, Any] = {} if found is default else {"workspace": found.team_id, "webhook_url": ""}
        return {**self._base, "bot_token": found.tokens.bot_token, "interactive": self.is_interactive, **apart}

    # ---- learning of changes

    async def refresh(self) -> None:
        """Reads what people connected, if anything was changed since the last time. Raises StoreUnavailable."""

        def read(tx: Transaction) -> tuple[str, list[InstallationRow] | None]:
            # The version first: rows that are newer than it are read again, older ones would never be.
            version = slack_installations.version(tx)
            return version, None if version == self._version else slack_installations.listing(tx)

        async with self._refreshing:  # whoever read first must not adopt last
            version, rows = await self._database.read(read)
            if rows is not None:
                self.connected = tuple(map(self._opened, rows))
                self._version = version
                for listener in self.listeners:
                    listener()

    def _opened(self, row: InstallationRow) -> Installation:
        try:
            tokens = _unseal(self._vault, row)
        except (SecretError, KeyFault) as fault:
            log.warning("slack.shut", team=row.team_id, fault=fault.reason)
            tokens = Tokens()
        return Installation(
            origin="database",
            tokens=tokens,
            team_id=row.team_id,
            name=row.name,
            domain=row.domain,
            enterprise=row.enterprise,
            app_id=row.app_id,
            bot_user=row.bot_user,
            scopes=tuple(row.scopes.split()),
            installed_by=row.installed_by,
            installed_at=row.installed_at,
            revoked_at=row.revoked_at,
        )
