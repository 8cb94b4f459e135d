"""Alembic's entry: the connection is handed over by ``store.migrate``, never opened here."""

from __future__ import annotations

from alembic import context

from centralita.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
