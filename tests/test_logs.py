"""What ends up in the logs, and what must not."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import example, given, settings
from hypothesis import strategies as st

from centralita import logs
from centralita.settings import Logs

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def lines(stream: io.StringIO) -> Iterator[Lines]:
    """Configures the logs; calling it closes them and gives the lines that were written."""
    close = logs.configure(Logs(level="debug", format="json"), stream)

    def read() -> list[dict[str, Any]]:
        close()
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    yield read
    close()
    structlog.contextvars.clear_contextvars()


def test_both_ways_of_logging_give_the_same_shape(lines: Lines) -> None:
    structlog.contextvars.bind_contextvars(source="invgate")
    structlog.get_logger("ours").info("delivery.sent", status=200)
    logging.getLogger("uvicorn.error").warning("listening on %s", "127.0.0.1")
    ours, theirs = lines()
    for line, level, name in ((ours, "info", "ours"), (theirs, "warning", "uvicorn.error")):
        assert (line["level"], line["logger"], line["source"]) == (level, name, "invgate")
        assert line["time"].endswith("Z") and len(line["time"]) == len("2026-01-01T00:00:00.000Z")
    assert (ours["event"], ours["status"]) == ("delivery.sent", 200)
    assert theirs["event"] == "listening on 127.0.0.1"


async def test_each_task_has_its_own_context(lines: Lines) -> None:
    async def speak(name: str) -> None:
        structlog.contextvars.bind_contextvars(task=name)
        await asyncio.sleep(0)
        logging.getLogger("theirs").info(name)
        structlog.get_logger("ours").info(name)

    await asyncio.gather(speak("a"), speak("b"))
    spoken = [line for line in lines() if line["logger"] in ("ours", "theirs")]
    assert len(spoken) == 4
    assert all(line["task"] == line["event"] for line in spoken)


def fail() -> None:
    local = "-".join(("seen", "only", "as", "a", "local"))
    raise ValueError("token=" + local.replace("-", ""))


def test_exceptions_are_told_without_local_variables(lines: Lines) -> None:
    for speak in (structlog.get_logger("ours").exception, logging.getLogger("theirs").exception):
        try:
            fail()
        except ValueError:
            speak("failed")
    for line in lines():
        assert "in fail" in line["exception"] and "ValueError: token=********" in line["exception"]
        assert "seenonly" not in line["exception"] and "seen-only" not in line["exception"]


SECRETS = [
    "xoxb-123-456-abcDEF",
    "xoxe.xoxp-1-Mi0yabc",
    "xapp-1-A1-2-abcdef",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLw==",
    "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLw==",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_secrets_are_known_by_their_shape(secret: str) -> None:
    assert logs.redact_text(f"before {secret} after") == "before ******** after"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Authorization: Bearer abc.def-1=", "Authorization: Bearer ********"),
        ("basic dXNlcjpwdw==", "basic ********"),
        ("postgresql://hub:pw@db:5432/hub", "postgresql://********@db:5432/hub"),
        ("https://hooks.slack.com/services/T0/B0/xyz!", "https://hooks.slack.com/********"),
        ("POST /in/invgate/s3cr3t?x=1 202", "POST /in/invgate/********?x=1 202"),
        ("GET /x?token=abc&y=1", "GET /x?token=********&y=1"),
        ("{'client_secret': 'abc', 'b': 1}", "{'client_secret': '********', 'b': 1}"),
        ("POST /in/invgate 202", "POST /in/invgate 202"),
        ("the tokenizer says: hello", "the tokenizer says: hello"),
        ("me@example.com wrote https://example.com/a@b", "me@example.com wrote https://example.com/a@b"),
    ],
)
def test_secrets_inside_texts(text: str, redacted: str) -> None:
    assert logs.redact_text(text) == redacted


PLAINLY = (
    (r"\bx(?:ox[a-z](?:\.xox[a-z])?|app)-[A-Za-z0-9%._-]+", r"********", 0),
    (r"\bwhs[ek]c?_[A-Za-z0-9+/=_-]+", r"********", 0),
    (r"\bctl_[A-Za-z0-9]{8,}", r"********", 0),
    (r"\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~-]+", r"\1 ********", re.IGNORECASE),
    (r"(?<=://)[^/@\s?#]+@", r"********@", 0),
    (r"(hooks\.slack\.com|hooks\.slack-gov\.com)/[^\s\"'<>]+", r"\1/********", 0),
    (r"(/in/[a-z0-9_-]+)/[^\s\"'?<>]+", r"\1/********", 0),
    (
        r"(?<![A-Za-z])((?:[a-z]+[_-])?(?:token|secret|password|signature|api_?key)[\"']?\s*[=:]\s*[\"']?)"
        r"[^\s\"'&,;)}\]]+",
        r"\1********",
        re.IGNORECASE,
    ),
)
"""What is a secret, as one would write it down without a thought for speed."""

WORDS = """
    xox xoxb- .xoxp app- xapp-1 whsec_ whsk_ ctl_ abcdefgh Bearer basic :// hooks.slack.com hooks.slack-gov.com/ /in/
    erp token client_ secret my- password PASSWORD= signature api_key ApiKey api key ********
""".split()
ODD = ["bEARER ", "ba\u017fic ", "bas\u0130c ", "To\u212aen", "\u017fECRET", "S\u0131gnature: ", " = ", '": "']
PIECES = st.sampled_from([*"xa_-.:=/@ ?#&,;)}]\"'<>\n\u0130\u0131\u017f\u212añ7", *WORDS, *ODD])


@given(st.lists(PIECES, max_size=12).map("".join))
@settings(max_examples=500, deadline=None)
@example("token_secret=abc")
@example("xtoken=secret=abc")
@example("xapp-xoxb-1")
@example("bEARER \u0130")
def test_secrets_are_found_where_the_plain_patterns_find_them(text: str) -> None:
    plainly = text
    for pattern, mask, flags in PLAINLY:
        plainly = re.sub(pattern, mask, plainly, flags=flags)
    assert logs.redact_text(text) == plainly


def test_secrets_are_known_by_their_key() -> None:
    assert logs.redact(
        {
            "bot_token": "a",
            "Authorization": ["b"],
            "x-signature": b"c",
            "nested": [{"password": {"deep": "d"}}],
            "tokens": 4.5,
            "secret": None,
            "body": b"e" * 9,
            "channel": "#alerts",
        }
    ) == {
        "bot_token": "********",
        "Authorization": "********",
        "x-signature": "********",
        "nested": [{"password": "********"}],
        "tokens": 4.5,
        "secret": None,
        "body": "<9 bytes>",
        "channel": "#alerts",
    }


def test_redaction_is_in_the_way_of_every_line(lines: Lines, stream: io.StringIO) -> None:
    structlog.get_logger("ours").info("started", bot_token="abcdefg", url="https://u:abcdefg@x/")
    logging.getLogger("aiohttp.access").info("GET /in/erp/abcdefg %s", "Bearer abcdefg")
    structlog.contextvars.bind_contextvars(client_secret="abcdefg")
    structlog.get_logger("ours").info("token=abcdefg")
    assert len(lines()) == 3
    assert "abcdefg" not in stream.getvalue()


def test_a_sender_cannot_forge_a_line(stream: io.StringIO) -> None:
    close = logs.configure(Logs(format="console"), stream)
    logging.getLogger("theirs.access").info("GET /\n2026 [info] forged \x1b[2J")
    structlog.get_logger("ours").info("received", title="a\nforged")
    close()
    written = stream.getvalue()
    assert len(written.splitlines()) == 2
    assert "\x1b" not in written and "\\x0a" in written


def test_the_level_is_a_threshold(stream: io.StringIO) -> None:
    close = logs.configure(Logs(level="warning", format="json"), stream)
    structlog.get_logger("ours").info("quiet")
    logging.getLogger("theirs").info("quiet")
    structlog.get_logger("ours").warning("loud")
    close()
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["loud"]


def test_the_file_rotates_and_is_private(tmp_path: Path, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_FILE_BYTES", 2_000)
    file = tmp_path / "logs" / "hub.log"
    close = logs.configure(Logs(format="console", file=file), stream)
    for number in range(200):
        structlog.get_logger("ours").info("tick", number=number)
    close()
    files = sorted(file.parent.iterdir())
    assert [entry.name for entry in files] == ["hub.log", *[f"hub.log.{n}" for n in range(1, 6)]]
    assert all(stat.S_IMODE(entry.stat().st_mode) == 0o600 for entry in files)
    assert all(entry.stat().st_size <= 2_000 for entry in files)
    kept = [json.loads(line)["number"] for entry in reversed(files) for line in entry.read_text().splitlines()]
    assert kept == list(range(kept[0], 200))
    assert len(stream.getvalue().splitlines()) == 200


class Stuck(io.StringIO):
    """A terminal that takes nothing until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.released = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        self.entered.set()
        self.released.wait()
        return super().write(text)


def test_a_stuck_terminal_holds_up_nobody_and_losses_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_MOST_WAITING", 10)
    stuck = Stuck()
    close = logs.configure(Logs(format="json"), stuck)
    log = structlog.get_logger("ours")
    log.info("first")
    stuck.entered.wait()
    for number in range(100):
        log.info("tick", number=number)
    stuck.released.set()
    close()
    written = [json.loads(line) for line in stuck.getvalue().splitlines()]
    assert [line.get("number") for line in written[:11]] == [None, *range(10)]
    assert written[11]["event"].startswith("logs.dropped: 90 lines")
    assert len(written) == 12


def test_a_failing_handler_does_not_print_the_record(capsys: pytest.CaptureFixture[str], stream: io.StringIO) -> None:
    stream.close()
    close = logs.configure(Logs(format="json"), stream)
    structlog.get_logger("ours").info("secret-text")
    close()
    assert "secret-text" not in capsys.readouterr().err


def test_closing_gives_the_root_logger_back_and_may_be_repeated(stream: io.StringIO) -> None:
    before = logging.getLogger().handlers[:]
    close = logs.configure(Logs(format="json"), stream)
    assert logging.getLogger().handlers != before
    close()
    close()
    assert logging.getLogger().handlers == before
