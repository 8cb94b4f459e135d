"""People at the dashboard: passwords and identities, sessions, invitations, saved views."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, kind: sa.types.TypeEngine[str] | None = None) -> sa.Column[str]:
    return sa.Column(name, kind or sa.Text(), server_default="", nullable=False)


def _number(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=False)


def upgrade() -> None:
    op.add_column("users", _text("timezone"))
    op.add_column("users", _text("theme"))
    op.add_column("users", _text("oidc_subject", _KEY))
    known = sa.text("oidc_subject <> ''")
    op.create_index(
        "uq_users_oidc_subject", "users", ["oidc_subject"], unique=True, sqlite_where=known, postgresql_where=known
    )
    _sessions()
    op.create_table(
        "sign_in_failures",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        _number("last_at"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_failures")),
    )
    op.create_index("ix_sign_in_failures_last_at", "sign_in_failures", ["last_at"])
    op.create_table(
        "invitations",
        sa.Column("hash", _KEY, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        _text("made_by"),
        _number("expires_at"),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_invitations")),
    )
    op.create_index("ix_invitations_expires_at", "invitations", ["expires_at"])
    op.create_table(
        "saved_views",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        _number("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
        sa.UniqueConstraint("user_id", "page", "name", name=op.f("uq_saved_views_user_id_page_name")),
        sqlite_autoincrement=True,
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", _KEY, nullable=False),
        *(_number(name) for name in ("created_at", "seen_at", "rotated_at", "expires_at")),
        sa.Column("ended_at", sa.Double(), nullable=True),
        _text("user_agent"),
        _text("address"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sessions_user_id_address", "sessions", ["user_id", "address"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "session_tokens",
        sa.Column("hash", _KEY, nullable=False),
        sa.Column("session_id", sa.BigInteger(), nullable=False),
        _number("made_at"),
        sa.Column("spent_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_session_tokens")),
    )
    op.create_index("ix_session_tokens_session_id", "session_tokens", ["session_id"])
