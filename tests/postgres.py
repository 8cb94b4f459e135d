"""A real PostgreSQL for the tests: one throwaway cluster for the whole run, a database for each test.

Fixtures: ``postgres_cluster`` (shared: make databases in it, never stop it), ``postgres_url`` (an empty database),
``postgres_private`` (a cluster of the test's own, to be killed and restarted at will), ``database_url`` (the test runs
twice: on SQLite and on PostgreSQL), ``migrated_url`` (the same, with today's schema in it, which takes no migration;
``migrated_sqlite`` and ``migrated_postgres`` for one of them), ``usual_url`` (on SQLite, and in the long run on both).
``migrated_file`` and ``migrated_template`` are what these are copies of. A machine without PostgreSQL fails these
tests; it does not skip them.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import psycopg
import pytest
from psycopg import sql

_ROOT_KEY = pytest.StashKey[Path]()
_USER = "centralita"
_PASSWORD = "only-for-tests"  # keeps other accounts of this machine out; the address is 127.0.0.1 alone

_MEMORY_BYTES = 4 * 2**30  # the write-ahead log alone may grow to one

StopMode = Literal["smart", "fast", "immediate"]


def binary(name: str) -> str:
    """Path of one of PostgreSQL's programs: from PATH, else the newest of Debian's. Raises FileNotFoundError."""
    found = shutil.which(name)
    if found:
        return found
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4]))
    if not versions:
        raise FileNotFoundError(f"PostgreSQL's {name} is missing: run scripts/need.sh postgresql")
    return str(versions[-1])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _unprivileged() -> dict[str, Any]:
    """Arguments of ``subprocess`` that shed root, because PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam(next(name for name in ("postgres", "nobody") if _exists(name)))
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _exists(account: str) -> bool:
    try:
        pwd.getpwnam(account)
    except KeyError:
        return False
    return True


class PostgresCluster:
    """One PostgreSQL server with a data directory of its own, on 127.0.0.1 and on a socket in ``root``.

    Durability is real (``fsync`` and ``synchronous_commit`` on) unless ``settings`` say otherwise: what is acknowledged
    has to survive ``stop("immediate")``.
    """

    def __init__(self, root: Path, port: int) -> None:
        self.root = root
        self.port = port
        self.data = root / "data"

    @classmethod
    def create(cls, root: Path, settings: dict[str, str] | None = None) -> PostgresCluster:
        """Makes and starts a cluster in ``root`` (empty, short path: it holds the socket)."""
        cluster = cls(root, _free_port())
        who = _unprivileged()
        if who:
            os.chown(root, who["user"], who["group"])
        password_file = root / "password"
        password_file.write_text(_PASSWORD)
        cluster._run(
            binary("initdb"), "-D", str(cluster.data), "-U", _USER, "--pwfile", str(password_file), "-A", "password",
            "-E", "UTF8", "--locale", "C", "--no-sync", "--no-instructions",
        )  # fmt: skip
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(root),
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "max_connections": "200",
            "shared_buffers": "64MB",
            "log_line_prefix": "%m %d ",
            **(settings or {}),
        }
        with (cluster.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in options.items())
        cluster.start()
        return cluster

    def start(self) -> None:
        """Starts the server on the cluster's port and returns when it takes connections."""
        self._control("start", "-l", str(self.root / "log"), "-o", f"-p {self.port}")

    def stop(self, mode: StopMode = "fast") -> None:
        """Stops the server; ``immediate`` is a crash: no checkpoint, recovery at the next start."""
        self._control("stop", "-m", mode)

    def restart(self, mode: StopMode = "fast") -> None:
        """Stops and starts, on the same port."""
        self._control("restart", "-m", mode, "-l", str(self.root / "log"), "-o", f"-p {self.port}")

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{_USER}:{_PASSWORD}@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str = "template1") -> str:
        """Makes a database with a name of its own, cloned from ``template``; returns its URL."""
        name = f"test_{uuid.uuid4().hex}"
        self._admin("CREATE DATABASE {} TEMPLATE {}", name, template)
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drops the database of ``url``, throwing out whoever is still connected."""
        self._admin("DROP DATABASE IF EXISTS {} WITH (FORCE)", url.rpartition("/")[2])

    def template(self, name: str, prepare: Callable[[str], object]) -> str:
        """Name of a template database that ``prepare(url)`` has filled (with the migrations, say), once per cluster
        however many processes ask. ``prepare`` must leave no connection open."""
        with _locked(self.root / f"{name}.lock"):
            marker = self.root / f"{name}.ready"
            if not marker.exists():
                self._admin("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
                self._admin("CREATE DATABASE {}", name)
                prepare(self.url(name))
                marker.touch()
        return name

    def log(self) -> str:
        """What the server has logged so far."""
        return (self.root / "log").read_text(errors="replace")

    def _admin(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _control(self, verb: str, *options: str) -> None:
        self._run(binary("pg_ctl"), verb, "-w", "-t", "60", "-D", str(self.data), *options)

    def _run(self, *command: str) -> None:
        # The server inherits the streams: a pipe here would stay open for as long as it lives.
        with (self.root / "commands").open("a+") as output:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.root, check=False,
                start_new_session=True, env={"PATH": os.environ["PATH"], "LC_ALL": "C"}, **_unprivileged(),
            )  # fmt: skip
        if done.returncode:
            said = (self.root / "commands").read_text(errors="replace")
            raise RuntimeError(f"{' '.join(command)} failed ({done.returncode}):\n{said[-4000:]}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _new_root() -> Path:
    # Not under pytest's own directory, which other accounts may not enter; short, as a socket's path is <= 107 bytes.
    return Path(tempfile.mkdtemp(prefix="centralita-pg-", dir=_memory()))


def _memory() -> str | None:
    """Where files cost no disk, if there is room: a database is 600 of them, and most tests on PostgreSQL have one of
    their own. Nothing here outlives the machine anyway: what is killed is a process."""
    try:
        return "/dev/shm" if shutil.disk_usage("/dev/shm").free >= _MEMORY_BYTES else None
    except FileNotFoundError:
        return None


def pytest_configure(config: pytest.Config) -> None:
    given = getattr(config, "workerinput", {}).get("postgres_root")
    config.stash[_ROOT_KEY] = Path(given) if given else _new_root()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells a worker of xdist where the cluster that all of them share is (to be)."""
    node.workerinput["postgres_root"] = str(node.config.stash[_ROOT_KEY])


def pytest_unconfigure(config: pytest.Config) -> None:
    """The process that chose the directory ends the cluster, after every worker is gone."""
    if hasattr(config, "workerinput"):
        return
    root = config.stash[_ROOT_KEY]
    if (root / "data" / "postmaster.pid").exists():
        PostgresCluster(root, 0).stop("immediate")
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_cluster(pytestconfig: pytest.Config) -> PostgresCluster:
    """The cluster that the whole run shares, over all workers; started by whoever asks first."""
    root = pytestconfig.stash[_ROOT_KEY]
    ready = root / "cluster.json"
    with _locked(root / "cluster.lock"):
        if ready.exists():
            return PostgresCluster(root, json.loads(ready.read_text())["port"])
        # Nobody crashes this one, and where it is on a disk each of its many databases would be waited for.
        cluster = PostgresCluster.create(root, {"fsync": "off"})
        ready.write_text(json.dumps({"port": cluster.port}))
        return cluster


@pytest.fixture
def postgres_url(postgres_cluster: PostgresCluster) -> Iterator[str]:
    """URL of an empty database, dropped after the test."""
    url = postgres_cluster.create_database()
    yield url
    postgres_cluster.drop_database(url)


@pytest.fixture
def postgres_private() -> Iterator[PostgresCluster]:
    """A running cluster that belongs to this test alone."""
    root = _new_root()
    cluster = PostgresCluster.create(root)
    yield cluster
    if (cluster.data / "postmaster.pid").exists():
        cluster.stop("immediate")
    shutil.rmtree(root, ignore_errors=True)


def _migrate(url: str) -> None:
    # Here, so that the tests of other rooms run while the store is being worked on.
    from centralita.store.database import open_database
    from centralita.store.migrate import migrate

    async def run() -> None:
        database = await open_database(url)
        try:
            await migrate(database)
        finally:
            await database.close()

    asyncio.run(run())


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with today's schema and no rows: to be copied, never opened."""
    file = tmp_path_factory.mktemp("migrated") / "centralita.db"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def migrated_sqlite(migrated_file: Path, tmp_path: Path) -> str:
    """URL of a file with today's schema and no rows, copied from one that is migrated once."""
    file = tmp_path / "centralita.db"
    shutil.copyfile(migrated_file, file)
    return f"sqlite:///{file}"


@pytest.fixture(scope="session")
def migrated_template(postgres_cluster: PostgresCluster) -> str:
    """Name of a database with today's schema and no rows: to be cloned, never opened."""
    return postgres_cluster.template("migrated", _migrate)


@pytest.fixture
def migrated_postgres(postgres_cluster: PostgresCluster, migrated_template: str) -> Iterator[str]:
    """URL of a database of PostgreSQL with today's schema and no rows."""
    url = postgres_cluster.create_database(migrated_template)
    yield url
    postgres_cluster.drop_database(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest) -> str:
    """URL of a database with today's schema and no rows: the test runs once on each of the two."""
    url: str = request.getfixturevalue("migrated_sqlite" if request.param == "sqlite" else "migrated_postgres")
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def usual_url(request: pytest.FixtureRequest) -> str:
    """A migrated database on SQLite, in the long run on PostgreSQL too: for what differs on the two only as far as the
    store's own tests show every time. No fixture may ask for it from within a loop: migrating needs one of its own."""
    url: str = request.getfixturevalue("migrated_sqlite" if request.param == "sqlite" else "migrated_postgres")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database: the test runs once on each of the two."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'centralita.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url
