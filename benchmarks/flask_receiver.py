"""``python -m benchmarks.flask_receiver URL [WORKERS] [THREADS]``: the receiver that one writes first.

Flask and the SQLAlchemy ORM, a commit per request, behind gunicorn's threads. It checks the same signature and is as
durable as the hub: WAL with ``synchronous=FULL``, ``synchronous_commit=on``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
import time
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, request
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # ships none
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from benchmarks.hub import SECRET

KEY = base64.b64decode(SECRET.removeprefix("whsec_"))
TOLERANCE_S = 300


class Base(DeclarativeBase):
    pass


class Event(Base):
    """A received event."""

    __tablename__ = "event"

    id: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str]
    subject: Mapped[str]
    received_at: Mapped[float]
    body: Mapped[bytes]


def _engine(url: str, threads: int) -> sa.Engine:
    url = url.replace("postgresql://", "postgresql+psycopg://")
    engine = sa.create_engine(url, pool_size=threads, max_overflow=0, pool_timeout=60)
    if engine.dialect.name == "sqlite":

        @sa.event.listens_for(engine, "connect")
        def _durable(connection: Any, _record: object) -> None:
            for pragma in ("busy_timeout=60000", "journal_mode=WAL", "synchronous=FULL"):
                connection.execute(f"PRAGMA {pragma}")

    return engine


def make_app(url: str, threads: int) -> Flask:
    """The WSGI application; the table is there already."""
    app, engine = Flask(__name__), _engine(url, threads)

    @app.post("/in/bench")
    def receive() -> Response | tuple[Any, int]:
        body, sent = request.get_data(), request.headers
        at, own_id = sent["webhook-timestamp"], sent["webhook-id"]
        digest = hmac.digest(KEY, f"{own_id}.{at}.".encode() + body, hashlib.sha256)
        good = hmac.compare_digest(f"v1,{base64.b64encode(digest).decode()}", sent["webhook-signature"])
        if not good or abs(time.time() - int(at)) > TOLERANCE_S:
            return {"error": "signature"}, 401
        document = json.loads(body)
        with Session(engine) as session:
            session.add(
                Event(
                    id=own_id,
                    type=document["type"],
                    subject=document["subject"],
                    received_at=time.time(),
                    body=body,
                )
            )
            try:
                session.commit()
            except sa.exc.IntegrityError:
                return {"id": own_id}, 200
        return {"id": own_id}, 202

    return app


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn is untyped
    def __init__(self, url: str, workers: int, threads: int) -> None:
        self._url, self._workers, self._threads = url, workers, threads
        super().__init__()

    def load_config(self) -> None:
        wanted = {
            "bind": "127.0.0.1:0",
            "worker_class": "gthread",
            "workers": self._workers,
            "threads": self._threads,
            "keepalive": 60,
            "loglevel": "error",
            "when_ready": _announce,
        }
        for name, value in wanted.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return make_app(self._url, self._threads)


def _announce(arbiter: Any) -> None:
    host, port = arbiter.LISTENERS[0].sock.getsockname()
    print(json.dumps({"url": f"http://{host}:{port}"}), flush=True)


def main(url: str, workers: str = "2", threads: str = "16") -> None:
    engine = _engine(url, 1)
    Base.metadata.create_all(engine)
    engine.dispose()
    _Server(url, int(workers), int(threads)).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
