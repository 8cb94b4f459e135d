"""Rates that lanes share, kept over a restart: above all what a receiver asked to be left alone."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from centralita.core.buckets import BucketState
from centralita.store.database import Transaction
from centralita.store.schema import buckets

_SAVE = sa.text(
    "insert into buckets (key, tokens, tokens_at, held_until) values (:key, :tokens, :tokens_at, :held_until)"
    " on conflict (key) do update set tokens = excluded.tokens, tokens_at = excluded.tokens_at,"
    " held_until = case when excluded.held_until > buckets.held_until"
    " then excluded.held_until else buckets.held_until end"
)


def save(tx: Transaction, states: Mapping[str, BucketState]) -> None:
    """Keeps buckets; a hold that another process has noted longer stays."""
    rows = [
        {"key": key, "tokens": state.tokens, "tokens_at": state.updated_at, "held_until": state.held_until}
        for key, state in sorted(states.items())
    ]
    if rows:
        tx.execute(_SAVE, rows)


def load(tx: Transaction) -> dict[str, BucketState]:
    """Every bucket that was kept."""
    return {row.key: BucketState(row.tokens, row.tokens_at, row.held_until) for row in tx.execute(sa.select(buckets))}
