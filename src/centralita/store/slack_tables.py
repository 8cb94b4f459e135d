"""The tables about the Slack workspaces where the app is installed; ``store.schema`` has the others."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Double, Index, LargeBinary

from centralita.store.columns import Key, metadata, text_column

# Workspaces that people connected; the one of the configuration file is not here.
slack_installations = sa.Table(
    "slack_installations",
    metadata,
    Column("team_id", Key, primary_key=True),
    text_column("name"),
    # As rules name it: acme/#alerts.
    Column("domain", Key, nullable=False, server_default=""),
    text_column("enterprise"),
    text_column("app_id"),
    text_column("bot_user"),
    # Names apart by blanks.
    text_column("scopes"),
    # The tokens and the signing secret; null once it has ended.
    Column("sealed", LargeBinary),
    text_column("installed_by"),
    Column("installed_at", Double, nullable=False),
    Column("revoked_at", Double),
)

# Rights to install: links that an administrator gave away, and the states of installations under way.
slack_grants = sa.Table(
    "slack_grants",
    metadata,
    # SHA-256 of the secret that its holder shows, hex.
    Column("hash", Key, primary_key=True),
    # "link" or "state"
    text_column("kind"),
    text_column("made_by"),
    Column("expires_at", Double, nullable=False),
    Index("ix_slack_grants_expires_at", "expires_at"),
)
