"""The only SQL. One schema, two databases: SQLite (one process) and PostgreSQL (several)."""
