"""Many rows in one statement, on either database.

PostgreSQL takes one array a column (``unnest``): one prepared statement whatever the number of rows. SQLite runs the
statement row by row inside the library, which is as fast there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from centralita.store.database import Transaction

Row = Mapping[str, Any]

_ARRAYS: tuple[tuple[type[sa.types.TypeEngine[Any]], str], ...] = (
    (sa.Text, "text"),
    (sa.Double, "float8"),
    (sa.BigInteger, "bigint"),
    (sa.Integer, "int"),
    (sa.Boolean, "bool"),
    (sa.LargeBinary, "bytea"),
)


def _array_type(column: sa.Column[Any]) -> str:
    return next(name for kind, name in _ARRAYS if isinstance(column.type, kind))


def _values(names: tuple[str, ...]) -> Callable[[Row], tuple[Any, ...]]:
    if len(names) == 1:
        return lambda row: (row[names[0]],)
    return itemgetter(*names)


@cache
def _insert(table: sa.Table, names: tuple[str, ...], dialect: str, ignore: bool) -> Any:
    columns = ", ".join(names)
    conflict = " on conflict do nothing" if ignore else ""
    if dialect == "sqlite":
        marks = ", ".join("?" for _ in names)
        return f"insert into {table.name} ({columns}) values ({marks}){conflict}"
    arrays = ", ".join(f"cast(:{name} as {_array_type(table.c[name])}[])" for name in names)
    return sa.text(f"insert into {table.name} ({columns}) select * from unnest({arrays}){conflict}")


def insert(tx: Transaction, table: sa.Table, rows: Sequence[Row], *, ignore: bool = False) -> None:
    """Inserts rows that all have the same keys; ``ignore`` leaves out those that are there already."""
    if not rows:
        return
    names = tuple(rows[0])
    statement = _insert(table, names, tx.dialect.name, ignore)
    if tx.dialect.name == "sqlite":
        tx.connection.cursor().executemany(statement, list(map(_values(names), rows)))
    else:
        tx.execute(statement, {name: [row[name] for row in rows] for name in names})


def upsert(table: sa.Table, names: tuple[str, ...], keys: tuple[str, ...], sets: str, dialect: str) -> Any:
    """The statement that inserts rows of ``names``, and does ``sets`` (``t`` is what is there, ``excluded`` what comes)
    where a row of the same ``keys`` is there. For SQLite with marks, for PostgreSQL with an array for each name."""
    columns, conflict = ", ".join(names), f"on conflict ({', '.join(keys)}) do update set {sets}"
    if dialect == "sqlite":
        return f"insert into {table.name} as t ({columns}) values ({', '.join('?' for _ in names)}) {conflict}"
    arrays = ", ".join(f"cast(:{name} as {_array_type(table.c[name])}[])" for name in names)
    return sa.text(f"insert into {table.name} as t ({columns}) select * from unnest({arrays}) {conflict}")


@cache
def _update(table: sa.Table, keys: tuple[str, ...], names: tuple[str, ...], dialect: str) -> Any:
    if dialect == "sqlite":
        sets = ", ".join(f"{name} = ?" for name in names)
        where = " and ".join(f"{key} = ?" for key in keys)
        return f"update {table.name} set {sets} where {where}"
    sets = ", ".join(f"{name} = g.{name}" for name in names)
    where = " and ".join(f"t.{key} = g.{key}" for key in keys)
    columns = ", ".join((*keys, *names))
    arrays = ", ".join(f"cast(:{name} as {_array_type(table.c[name])}[])" for name in (*keys, *names))
    return sa.text(f"update {table.name} t set {sets} from unnest({arrays}) as g({columns}) where {where}")


def update(tx: Transaction, table: sa.Table, keys: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Updates rows by ``keys``; every row has the same other keys, which are what is set."""
    if not rows:
        return
    names = tuple(name for name in rows[0] if name not in keys)
    statement = _update(table, keys, names, tx.dialect.name)
    if tx.dialect.name == "sqlite":
        tx.connection.cursor().executemany(statement, list(map(_values((*names, *keys)), rows)))
    else:
        tx.execute(statement, {name: [row[name] for row in rows] for name in (*keys, *names)})


@cache
def _delete(table: sa.Table, key: str, dialect: str) -> Any:
    if dialect == "sqlite":
        return f"delete from {table.name} where {key} = ?"
    return sa.text(f"delete from {table.name} where {key} = any(cast(:keys as {_array_type(table.c[key])}[]))")


def delete(tx: Transaction, table: sa.Table, key: str, values: Iterable[Any]) -> None:
    """Deletes the rows whose ``key`` is one of ``values``."""
    wanted = list(values)
    if not wanted:
        return
    statement = _delete(table, key, tx.dialect.name)
    if tx.dialect.name == "sqlite":
        tx.connection.cursor().executemany(statement, [(value,) for value in wanted])
    else:
        tx.execute(statement, {"keys": wanted})
