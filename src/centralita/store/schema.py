"""Every table, once, for both databases.

Times are seconds since 1970 (UTC) as doubles, on the database's clock on PostgreSQL. ``day`` is days since 1970 and
comes from the ULID inside the id, so that whoever has an id knows the partition; on PostgreSQL the tables in ``DAILY``
are partitioned by it and retention drops whole partitions.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, LargeBinary, Text

from centralita.store import arrival_tables as arrival_tables
from centralita.store import chat_tables as chat_tables
from centralita.store import incident_tables as incident_tables
from centralita.store import session_tables as session_tables
from centralita.store import slack_tables as slack_tables
from centralita.store import ticket_tables as ticket_tables
from centralita.store.asset_tables import asset_plan_rows as asset_plan_rows
from centralita.store.asset_tables import asset_plans as asset_plans
from centralita.store.asset_tables import asset_sightings as asset_sightings
from centralita.store.asset_tables import assets as assets
from centralita.store.ci_tables import ci_grams as ci_grams
from centralita.store.ci_tables import ci_relations as ci_relations
from centralita.store.ci_tables import cis as cis
from centralita.store.columns import Key, Serial
from centralita.store.columns import metadata as metadata
from centralita.store.columns import text_column as _text
from centralita.store.history_tables import attempts as attempts
from centralita.store.history_tables import dead_letters as dead_letters
from centralita.store.history_tables import history as history
from centralita.store.rollup_tables import lane_minutes as lane_minutes
from centralita.store.rule_tables import rulesets as rulesets
from centralita.store.rule_tables import stored_rules as stored_rules
from centralita.store.user_tables import tokens as tokens
from centralita.store.user_tables import users as users
from centralita.store.webhook_tables import webhook_issues as webhook_issues
from centralita.store.webhook_tables import webhook_revisions as webhook_revisions
from centralita.store.webhook_tables import webhooks as webhooks

# ---- receive ---------------------------------------------------------------------------------------------------------

receipts = sa.Table(
    "receipts",
    metadata,
    Column("day", Integer, nullable=False),
    Column("id", Key, nullable=False),
    Column("source", Key, nullable=False),
    Column("received_at", Double, nullable=False),
    _text("content_type"),
    _text("headers", "{}"),
    Column("body", LargeBinary, nullable=False),
    _text("dedupe_key"),
    sa.PrimaryKeyConstraint("day", "id"),
    postgresql_partition_by="RANGE (day)",
)

# Receipts that no one has routed yet. Small: a row lives here for milliseconds.
inbox = sa.Table(
    "inbox",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("source", Key, nullable=False),
    Column("receipt_id", Key, nullable=False),
    Index("ix_inbox_source_seq", "source", "seq"),
    sqlite_autoincrement=True,
)

# Two periods are kept, each as long as the dedupe window: a look-up asks two of them, dropping one is a range delete.
dedupe = sa.Table(
    "dedupe",
    metadata,
    Column("period", Integer, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("receipt_id", Key, nullable=False),
    Column("body_hash", LargeBinary, nullable=False),
    Column("expires_at", Double, nullable=False),
    sa.PrimaryKeyConstraint("period", "fingerprint"),
    sqlite_with_rowid=False,
)

sources = sa.Table(
    "sources",
    metadata,
    Column("slug", Key, primary_key=True),
    Column("kind", Text, nullable=False),
    _text("name"),
    Column("origin", Text, nullable=False, server_default="file"),
    Column("enabled", Boolean, nullable=False, server_default=sa.true()),
    _text("settings", "{}"),
    Column("secrets", LargeBinary),
    Column("created_at", Double, nullable=False, server_default="0"),
    # A removed source takes nothing more, but what it has sent is still read by its settings.
    Column("removed_at", Double),
)

source_counts = sa.Table(
    "source_counts",
    metadata,
    Column("source", Key, primary_key=True),
    Column("accepted", BigInteger, nullable=False, server_default="0"),
    Column("duplicates", BigInteger, nullable=False, server_default="0"),
    Column("conflicts", BigInteger, nullable=False, server_default="0"),
    Column("rejected", BigInteger, nullable=False, server_default="0"),
    Column("last_accepted_at", Double),
    Column("last_rejected_at", Double),
)

rejections = sa.Table(
    "rejections",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("source", Key, nullable=False),
    Column("at", Double, nullable=False),
    Column("status", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    _text("detail"),
    _text("remote"),
    Column("body", LargeBinary),
    Index("ix_rejections_source_id", "source", "id"),
)

# Receipts whose parser failed: kept until somebody re-parses them.
unparsed = sa.Table(
    "unparsed",
    metadata,
    Column("receipt_id", Key, primary_key=True),
    Column("source", Key, nullable=False),
    Column("at", Double, nullable=False),
    Column("reason", Text, nullable=False),
    _text("detail"),
)

# ---- route -----------------------------------------------------------------------------------------------------------

# No rule and no webhook wanted it.
_UNMATCHED = sa.text("matched = '[]'")

events = sa.Table(
    "events",
    metadata,
    Column("day", Integer, nullable=False),
    Column("id", Key, nullable=False),
    Column("receipt_id", Key, nullable=False),
    Column("source", Key, nullable=False),
    Column("type", Text, nullable=False),
    _text("subject"),
    _text("severity"),
    _text("title"),
    _text("status"),
    _text("correlation"),
    # Id of the event that led to it; "" for one from outside, and for those of before there was this column.
    Column("cause", Key, nullable=False, server_default=""),
    Column("routed_at", Double, nullable=False),
    Column("ruleset", Integer, nullable=False, server_default="0"),
    _text("matched", "[]"),
    _text("skipped", "[]"),
    Column("body", LargeBinary, nullable=False),
    sa.PrimaryKeyConstraint("day", "id"),
    # What each list of events walks down, newest first; an entry goes to the end of its part of the index.
    *(Index(f"ix_events_{name}_day_id", name, "day", "id") for name in ("source", "type", "severity", "subject")),
    Index("ix_events_unmatched", "day", "id", sqlite_where=_UNMATCHED, postgresql_where=_UNMATCHED),
    # Few have either: both stay small.
    *(
        Index(
            f"ix_events_{name}", name, sqlite_where=sa.text(f"{name} <> ''"), postgresql_where=sa.text(f"{name} <> ''")
        )
        for name in ("cause", "correlation")
    ),
    postgresql_partition_by="RANGE (day)",
)

subjects = sa.Table(
    "subjects",
    metadata,
    Column("source", Key, nullable=False),
    Column("subject", Key, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sa.PrimaryKeyConstraint("source", "subject"),
)

# Events that wait until what they lack has been read at their sender, and those of the same subject behind them.
parked = sa.Table(
    "parked",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("source", Key, nullable=False),
    Column("subject", Key, nullable=False),
    Column("event_id", Key, nullable=False, unique=True),
    Column("receipt_id", Key, nullable=False),
    Column("state", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("answer", LargeBinary),
    Index("ix_parked_source_subject_seq", "source", "subject", "seq"),
    sqlite_autoincrement=True,
)

# What the events say of the things that they are about: tickets, clients, contacts, assets.
records = sa.Table(
    "records",
    metadata,
    Column("kind", Key, nullable=False),
    Column("source", Key, nullable=False),
    Column("id", Key, nullable=False),
    _text("title"),
    _text("status"),
    _text("phase"),
    _text("severity"),
    Column("updated_at", Double, nullable=False),
    Column("event_id", Key, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sa.PrimaryKeyConstraint("kind", "source", "id"),
    Index("ix_records_kind_updated_at", "kind", "updated_at"),
)

approvals = sa.Table(
    "approvals",
    metadata,
    Column("id", Key, primary_key=True),
    # What it answers; several over time for a ticket whose approvals have no id.
    Column("topic", Key, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("source", Key, nullable=False, server_default=""),
    Column("subject", Key, nullable=False, server_default=""),
    # The addresses of those who may answer now, each between spaces.
    _text("waits_for"),
    Column("updated_at", Double, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("ix_approvals_topic", "topic"),
    Index("ix_approvals_subject", "subject"),
    Index("ix_approvals_state_id", "state", "id"),
)

# Who stands in for whom, from when until when.
delegations = sa.Table(
    "delegations",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("person", Key, nullable=False),
    Column("delegate", Key, nullable=False),
    Column("begins_at", Double, nullable=False),
    Column("ends_at", Double, nullable=False),
    Column("created_by", Text, nullable=False),
    Index("ix_delegations_ends_at", "ends_at"),
    sqlite_autoincrement=True,
)

# ---- deliver ---------------------------------------------------------------------------------------------------------

lanes = sa.Table(
    "lanes",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("key", Key, nullable=False, unique=True),
    Column("destination", Text, nullable=False),
    Column("target", Text, nullable=False),
    # When a worker should look at the lane next; null: nothing is due, or all that may be in flight is.
    Column("wake_at", Double),
    Column("in_flight", Integer, nullable=False, server_default="0"),
    # The worker whose rows are in flight. It is the fence too: a result from anybody else is late and thrown away.
    Column("owner", BigInteger),
    Column("tokens", Double),
    Column("tokens_at", Double, nullable=False, server_default="0"),
    Column("held_until", Double, nullable=False, server_default="0"),
    _text("hold_reason"),
    Column("paused", Boolean, nullable=False, server_default=sa.false()),
    _text("paused_reason"),
    _text("breaker"),
    Column("failing_since", Double),
    Column("warned", Integer, nullable=False, server_default="0"),
    Column("last_success_at", Double),
    Column("last_failure_at", Double),
    _text("last_error"),
    Column("dead", BigInteger, nullable=False, server_default="0"),
    Column("announced_at", Double, nullable=False, server_default="0"),
    Column("unannounced", Integer, nullable=False, server_default="0"),
    Index("ix_lanes_wake_at", "wake_at", postgresql_where=sa.text("wake_at is not null")),
    Index("ix_lanes_owner", "owner", postgresql_where=sa.text("owner is not null")),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("lane_id", BigInteger, nullable=False),
    Column("ordering_key", Key, nullable=False, server_default=""),
    Column("state", Text, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("uncertain", Boolean, nullable=False, server_default=sa.false()),
    Column("generation", Integer, nullable=False, server_default="0"),
    Column("event_day", Integer, nullable=False),
    Column("event_id", Key, nullable=False),
    Column("rule", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    _text("reason"),
    Column("payload", LargeBinary, nullable=False),
    # What is due, lane by lane; what is in flight, for a takeover.
    Index("ix_deliveries_lane_id_state_due_at_id", "lane_id", "state", "due_at", "id"),
    # The chain of one subject on one destination.
    Index("ix_deliveries_lane_id_ordering_key_id", "lane_id", "ordering_key", "id"),
    sa.UniqueConstraint("event_id", "lane_id", "rule", "generation"),
    sqlite_autoincrement=True,
)

remembered = sa.Table(
    "remembered",
    metadata,
    Column("key", Key, primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", Double, nullable=False),
)

buckets = sa.Table(
    "buckets",
    metadata,
    Column("key", Key, primary_key=True),
    Column("tokens", Double),
    Column("tokens_at", Double, nullable=False, server_default="0"),
    Column("held_until", Double, nullable=False, server_default="0"),
)

# ---- processes, people -----------------------------------------------------------------------------------------------

workers = sa.Table(
    "workers",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("lease_until", Double, nullable=False),
    sqlite_autoincrement=True,
)

# What is to happen at a time: reminders, time-outs, polls.
timers = sa.Table(
    "timers",
    metadata,
    Column("kind", Key, nullable=False),
    Column("key", Key, nullable=False),
    Column("due_at", Double, nullable=False),
    _text("body", "{}"),
    sa.PrimaryKeyConstraint("kind", "key"),
    Index("ix_timers_due_at", "due_at"),
)

facts = sa.Table(
    "facts",
    metadata,
    Column("key", Key, primary_key=True),
    Column("value", Text, nullable=False),
)

audit = sa.Table(
    "audit",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    _text("object"),
    _text("detail", "{}"),
    Column("previous", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    *(Index(f"ix_audit_{name}_seq", name, "seq") for name in ("actor", "action", "object")),
)

DAILY = (receipts, events, history, attempts)
"""Partitioned by ``day`` on PostgreSQL."""
