"""Where a command runs: its configuration, and the hub that answers it."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from centralita.cli.calling import LocalSocket, Reply, Transport, call_app
from centralita.cli.words import LOCALE, _

if TYPE_CHECKING:
    import asyncio

    from centralita.settings import Settings

DEFAULT_FILE = Path("centralita.yaml")
PREFIX = "/api/v1"


class Failed(Exception):
    """The command could not do it; the text says why."""

    exit_code = 1


class Refusal(Failed):
    """The API refused: its problem."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        said = [str(problem[part]) for part in ("title", "detail") if problem.get(part)]
        pointed = [f"    {line}" for line in str(problem.get("point", "")).splitlines()]
        wrong = [f"  {error['at']}: {error['detail']}" for error in problem.get("errors", ())]
        super().__init__("\n".join([" ".join(said), *pointed, *wrong]))
        self.problem = problem
        self.exit_code = 2 if problem.get("status") in (400, 422) else 1


@dataclass(frozen=True)
class Options:
    """The options before the command."""

    config: Path | None = None
    data: Path | None = None

    def settings(self) -> Settings:
        """The configuration. Raises SettingsError."""
        from centralita.settings import load

        return load(self.file(), os.environ, self.data)

    def file(self) -> Path | None:
        """The file that is read: the one that was named, else ``centralita.yaml`` here, if there is one."""
        return self.config or (DEFAULT_FILE if DEFAULT_FILE.exists() else None)


class Session:
    """Sends a command's requests to the API."""

    def __init__(self, transport: Transport, *, served: bool, shared: bool) -> None:
        self._transport = transport
        self.served = served
        """Whether a running server answers; otherwise this process is the hub for as long as the command takes."""
        self.shared = shared
        """Whether servers on other machines may work on the same database."""

    def get(self, path: str, **query: Any) -> Any:
        """Raises Refusal."""
        given = {name: value for name, value in query.items() if value not in (None, "")}
        return self._call("GET", f"{path}?{urlencode(given)}" if given else path, None)

    def text(self, path: str, media_type: str) -> str:
        """What the API answers to whoever accepts ``media_type``. Raises Refusal."""
        return self._reply("GET", path, None, {"accept": media_type}).body.decode()

    def post(self, path: str, body: Any = None) -> Any:
        """Raises Refusal."""
        return self._call("POST", path, body)

    def patch(self, path: str, body: Any) -> Any:
        """Raises Refusal."""
        return self._call("PATCH", path, body)

    def put(self, path: str, body: Any) -> Any:
        """Raises Refusal."""
        return self._call("PUT", path, body)

    def delete(self, path: str) -> Any:
        """Raises Refusal."""
        return self._call("DELETE", path, None)

    def pages(self, path: str, most: int, **query: Any) -> Iterator[Any]:
        """Items over all pages, at most ``most``."""
        cursor = ""
        while most > 0:
            page = self.get(path, **query, limit=min(most, 500), cursor=cursor)
            yield from page["items"]
            most -= len(page["items"])
            cursor = page["next"]
            if not cursor:
                return

    def _call(self, method: str, path: str, body: Any) -> Any:
        return self._reply(method, path, body, {}).json()

    def _reply(self, method: str, path: str, body: Any, wanted: Mapping[str, str]) -> Reply:
        headers = {"accept-language": LOCALE, "centralita-os-user": _os_user(), **wanted}
        content = b""
        if body is not None:
            content, headers["content-type"] = json.dumps(body).encode(), "application/json"
        try:
            reply: Reply = self._transport.send(method, PREFIX + path, content, headers)
        except OSError as fault:
            raise Failed(_("The server does not answer: {reason}").format(reason=fault.strerror or fault)) from None
        if reply.status >= 400:
            raise Refusal(reply.json())
        return reply


def segment(text: str) -> str:
    """A part of a path, escaped."""
    return quote(text, safe=":@")


def _os_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        return ""


@contextmanager
def session(options: Options) -> Iterator[Session]:
    """The hub: the server that runs on this machine if there is one, else this process.

    Raises SettingsError, Failed.
    """
    settings = options.settings()
    local = LocalSocket(settings.socket_path)
    shared = not settings.database_url.startswith("sqlite:")
    if local.answers():
        yield Session(local, served=True, shared=shared)
        return
    with _in_process(settings) as transport:
        yield Session(transport, served=False, shared=shared)


class _InProcess:
    def __init__(self, runner: asyncio.Runner, app: Any) -> None:
        self._runner, self._app = runner, app

    def send(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        return self._runner.run(call_app(self._app, method, target, body, headers, local=True))


@contextmanager
def _in_process(settings: Settings) -> Iterator[Transport]:
    import asyncio

    from centralita import logs
    from centralita.services.running import AlreadyRunning, only_process
    from centralita.settings import Logs
    from centralita.store.database import StoreUnavailable
    from centralita.web.api import make_api
    from centralita.wiring import open_hub

    sqlite = settings.database_url.startswith("sqlite:")
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    close_logs = logs.configure(Logs(level="warning"))  # to standard error: the answer alone is on the other
    try:
        with _Loop(asyncio.Runner()) as (runner, stack):
            if sqlite:
                stack.enter_context(only_process(settings.data_dir))
            else:
                runner.run(_refuse_unmigrated(settings.database_url))
            hub = runner.run(stack.enter_async_context(open_hub(settings, role="cli", migrated=sqlite)))
            yield _InProcess(runner, make_api(hub))
    except AlreadyRunning:
        raise Failed(
            _("Another process holds the data directory {directory}, but does not answer on its socket.").format(
                directory=settings.data_dir
            )
        ) from None
    except StoreUnavailable as fault:
        raise Failed(_("The database does not answer: {reason}").format(reason=fault.reason)) from None
    finally:
        close_logs()


class _Loop:
    """An event loop, and what is to be closed on it at the end."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner, self._stack = runner, AsyncExitStack()

    def __enter__(self) -> tuple[asyncio.Runner, AsyncExitStack]:
        self._runner.__enter__()
        return self._runner, self._stack

    def __exit__(self, *raised: Any) -> None:
        try:
            self._runner.run(self._stack.aclose())
        finally:
            self._runner.close()


async def _refuse_unmigrated(url: str) -> None:
    """A command does not change the schema of a database that others use. Raises Failed."""
    from centralita.store.database import open_database
    from centralita.store.migrate import current, head

    database = await open_database(url)
    try:
        if await database.read(current) != head():
            raise Failed(_("The database has another schema than this version. Run: centralita migrate"))
    finally:
        await database.close()
