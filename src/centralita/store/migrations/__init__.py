"""Alembic's revisions, one file a step, each frozen once released."""
