"""Structured logs: structlog's and the standard library's records take one way, are redacted, and end as lines.

``log = structlog.get_logger(__name__)`` anywhere, then ``log.info("delivery.sent", delivery=id, status=200)``: an event
is a name with dots, everything else an argument. ``structlog.contextvars.bind_contextvars`` adds to every line of a
task. Never log a body.

Every record goes through one bounded queue to one thread, which alone writes: a slow terminal or disk holds up nobody.
uvicorn has to be started with ``log_config=None``.
"""

from __future__ import annotations

import atexit
import logging
import os
import queue
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path
from typing import Any, Protocol, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

MASK = "********"
_as_text = logging.Formatter().formatException
_FILE_BYTES = 10_000_000
_FILES_KEPT = 5
_MOST_WAITING = 10_000
_DEPTH = 8

SECRET_KEY = re.compile(
    r"secret|token|passw(or)?d|authorization|credential|signature|cookie|api_?-?key|private_?-?key", re.IGNORECASE
)
"""Keys whose values are nobody's business."""

_LETTERS = r"A-Za-z\u0130\u0131\u017f\u212a"
_SAME_LETTER = {"i": r"\u0130\u0131", "k": r"\u212a", "s": r"\u017f"}
"""What ``re.IGNORECASE`` takes for these beside the capital."""


def _any_case(word: str) -> str:
    return "".join(f"[{c}{c.upper()}{_SAME_LETTER.get(c, '')}]" if c.isalpha() else c for c in word)


def _any_of(words: Sequence[str], not_behind: str) -> str:
    """A pattern for ``words`` in any case, none of them right behind a character ``not_behind``. It begins with a set
    of characters, which ``re`` scans for; with a flag or an assertion in front it would try every place of the text."""
    firsts = "".join(_any_case(word[0])[1:-1] for word in words)
    rests = "|".join(f"(?<={_any_case(word[0])}){_any_case(word[1:])}" for word in words)
    return f"[{firsts}](?<!{not_behind}.)(?:{rests})"


_SCHEME = _any_of(("bearer", "basic"), not_behind=r"\w")
_NAMED = _any_of(("token", "secret", "password", "signature", "api_?key"), not_behind=f"[{_LETTERS}]")
_SECRETS_IN_TEXT: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"x(?<!\wx)(?:ox[a-z](?:\.xox[a-z])?|app)-[A-Za-z0-9%._-]+"), MASK),  # Slack's tokens
    (re.compile(r"whs(?<!\wwhs)[ek]c?_[A-Za-z0-9+/=_-]+"), MASK),  # Standard Webhooks: whsec_, whsk_
    (re.compile(r"ctl_(?<!\wctl_)[A-Za-z0-9]{8,}"), MASK),  # our own tokens
    (re.compile(rf"({_SCHEME})\s+[{_LETTERS}0-9+/=._~-]+"), rf"\1 {MASK}"),
    (re.compile(r"://[^/@\s?#]+@"), f"://{MASK}@"),  # user:password of a URL
    (re.compile(r"(hooks\.slack\.com|hooks\.slack-gov\.com)/[^\s\"'<>]+"), rf"\1/{MASK}"),
    (re.compile(r"(/in/[a-z0-9_-]+)/[^\s\"'?<>]+"), rf"\1/{MASK}"),  # the key of an inbound address
    (re.compile(rf"({_NAMED}[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;)}}\]]+"), rf"\1{MASK}"),
)
"""Each begins with what the engine can search for (bodies of megabytes come by), and is linear in the text's length."""
_UNPRINTABLE = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}


class LogSettings(Protocol):
    """What ``configure`` needs to know: the section ``logs`` of the settings."""

    @property
    def level(self) -> str: ...
    @property
    def format(self) -> str: ...
    @property
    def file(self) -> Path | None: ...


def redact_text(text: str) -> str:
    """``text`` with every secret that can be told by its shape masked."""
    for pattern, mask in _SECRETS_IN_TEXT:
        text = pattern.sub(mask, text)
    return text


def redact(value: Any, key: str = "", depth: int = 0) -> Any:
    """``value`` as it may be logged. Under a key that speaks of a secret only numbers, booleans and None stay (a count
    of tokens is no token); bytes become their length; everything else keeps its structure."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if key and SECRET_KEY.search(key):
        return MASK
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if isinstance(value, Mapping) and depth < _DEPTH:
        return {redact_text(str(name)): redact(part, str(name), depth + 1) for name, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset) and depth < _DEPTH:
        return [redact(part, key, depth + 1) for part in value]
    return redact_text(value if isinstance(value, str) else str(value))


def configure(settings: LogSettings, stream: TextIO | None = None) -> Callable[[], None]:
    """Sends all logs of the process to ``stream`` (standard error by default) and to ``settings.file``.

    Returns a closer, which writes what still waits and gives the root logger its former handlers back; calling it again
    does nothing. Raises OSError when the file cannot be opened.
    """
    stream = stream or sys.stderr
    console = settings.format == "console" or (settings.format == "auto" and stream.isatty())
    handlers: list[logging.Handler] = [_Stream(stream)]
    handlers[0].setFormatter(_formatter(_console(stream) if console else _json()))
    if settings.file:
        handlers.append(_private_file(settings.file))
        handlers[1].setFormatter(_formatter(_json()))
    entrance = _Entrance(queue.Queue(_MOST_WAITING))
    listener = _Listener(entrance, handlers)
    root = logging.getLogger()
    former, former_level = root.handlers[:], root.level
    root.handlers = [entrance]
    root.setLevel(settings.level.upper())
    _take_over("uvicorn", "uvicorn.error", "uvicorn.access", "aiohttp", "asyncio", "slack_bolt", "slack_sdk")
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, structlog.contextvars.merge_contextvars,
                    structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.format_exc_info,
                    structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )  # fmt: skip
    listener.start()

    def close() -> None:
        atexit.unregister(close)
        if root.handlers == [entrance]:
            root.handlers, root.level = former, former_level
        listener.close()

    atexit.register(close)
    return close


def _take_over(*names: str) -> None:
    """Makes loggers that like to have handlers of their own speak through the root."""
    for name in names:
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True


class _Entrance(QueueHandler):
    """Puts records into the queue, as complete as they have to be once they leave their thread and task."""

    def __init__(self, waiting: queue.Queue[Any]) -> None:
        super().__init__(waiting)
        self.waiting = waiting
        self.dropped = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        if not isinstance(record.msg, dict):
            record.msg, record.args = record.getMessage(), None
            context = structlog.contextvars.get_contextvars()
            if record.exc_info:
                context["exception"] = _as_text(record.exc_info)
                record.exc_info = None
            record.__dict__["context"] = context
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            self.waiting.put_nowait(record)
        except queue.Full:
            self.dropped += 1

    def handleError(self, record: logging.LogRecord) -> None:
        _tell_loss()


class _Listener(QueueListener):
    """The one thread that writes."""

    def __init__(self, entrance: _Entrance, handlers: list[logging.Handler]) -> None:
        super().__init__(entrance.waiting, *handlers)
        self.entrance = entrance

    def handle(self, record: logging.LogRecord) -> None:
        super().handle(record)
        if self.entrance.waiting.empty():
            self._tell_dropped()

    def _tell_dropped(self) -> None:
        if not self.entrance.dropped:
            return
        lost, self.entrance.dropped = self.entrance.dropped, 0
        text = f"logs.dropped: {lost} lines, because they came faster than they could be written"
        super().handle(logging.makeLogRecord({"name": __name__, "levelno": 30, "levelname": "WARNING", "msg": text}))

    def enqueue_sentinel(self) -> None:
        self.entrance.waiting.put(None)  # waits for room, where the base class would fail

    def close(self) -> None:
        if self._thread is None:
            return
        self.stop()
        self._tell_dropped()  # the end itself stood in the queue behind the last record
        for handler in self.handlers:
            handler.close()


def _tell_loss() -> None:
    # The base class prints the record with a traceback: unredacted.
    error = sys.exc_info()[1]
    sys.__stderr__ and sys.__stderr__.write(f"a log line is lost: {type(error).__name__}\n")


class _Stream(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:
        _tell_loss()


class _File(RotatingFileHandler):
    def _open(self) -> TextIOWrapper:
        def private(path: str, flags: int) -> int:
            return os.open(path, flags, 0o600)  # events name people

        return TextIOWrapper(open(self.baseFilename, "ab", opener=private), encoding=self.encoding)

    def handleError(self, record: logging.LogRecord) -> None:
        _tell_loss()


def _private_file(file: Path) -> logging.Handler:
    file.parent.mkdir(parents=True, exist_ok=True)
    return _File(file, maxBytes=_FILE_BYTES, backupCount=_FILES_KEPT, encoding="utf-8")


def _formatter(render: list[Processor]) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(processors=[_headline, _redacted, *render])


def _headline(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """When, how grave, who, and what was bound to the task that spoke."""
    record: logging.LogRecord = event.pop("_record")
    event.pop("_from_structlog")
    return {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "event": event.pop("event", ""),
        "logger": record.name,
        **record.__dict__.get("context", {}),
        **event,
    }


def _redacted(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    return {key: redact(value, key) for key, value in event.items()}


def _json() -> list[Processor]:
    return [structlog.processors.JSONRenderer(ensure_ascii=False)]


def _console(stream: TextIO) -> list[Processor]:
    plain = structlog.dev.plain_traceback  # the pretty one prints local variables, and secrets with them
    return [
        _printable,
        structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), sort_keys=False, timestamp_key="time", exception_formatter=plain
        ),
    ]


def _printable(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """A line stays a line, whatever a sender put into it."""
    return {
        key: value.translate(_UNPRINTABLE) if isinstance(value, str) and key != "exception" else value
        for key, value in event.items()
    }
