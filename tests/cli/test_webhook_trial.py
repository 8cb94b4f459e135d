"""``webhook test``, ``snippet``, ``poll`` and ``listen`` as a person at a terminal sees them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from centralita.integrations.webhook.test_destination import NEW
from tests.cli.conftest import CONFIG, PROGRAM, Terminal, bare_environment

POLLED = "  - {name: polled, types: ['ticket.*'], secret: whsec_b25seS1mb3ItdGVzdHMtMDEyMzQ1Njc4OQ==}\n"


class Receiver(BaseHTTPRequestHandler):
    """Takes everything, and keeps the bodies."""

    got: list[bytes]

    def do_POST(self) -> None:
        self.got.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.send_header("content-length", "7")
        self.end_headers()
        self.wfile.write(b"welcome")

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[bytes]]]:
    """A receiver's address, and what it has got."""
    handler = type("Handler", (Receiver,), {"got": []})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook", handler.got  # type: ignore[attr-defined]  # made above
        server.shutdown()
        thread.join()


def test_a_test_shows_what_went_out_and_what_came_back(terminal: Terminal, receiver: tuple[str, list[bytes]]) -> None:
    url, got = receiver
    terminal.write(CONFIG.replace("http://127.0.0.1:9/hook", url))
    done = terminal("webhook", "test", "erp", "--type", "ticket.created")
    assert done.code == 0, done.err
    [body] = got
    for part in (
        "The receiver has taken it.",
        f"POST {url}",
        "webhook-test: true",
        "Came back\n  200",
        "welcome",
        " ms  in all",
    ):
        assert part in done.out, part
    assert body.decode() in done.out
    assert terminal("webhook", "test", "erp", "--json").json()["trial"]["state"] == "delivered"


def test_a_test_that_fails_says_why_and_ends_with_1(terminal: Terminal) -> None:
    done = terminal("webhook", "test", "erp")
    assert done.code == 1 and "refuses the connection" in done.out
    for words, code, said in (
        (("test", "nobody"), 1, "nobody"),
        (("test", "erp", "--event", "x", "--type", "y"), 2, "not both"),
        (("snippet", "erp", "--language", "cobol"), 2, "python, javascript, php"),
        (("poll", "erp"), 1, "has nothing to fetch"),
        (("listen", "localhost:3000"), 2, "http://"),
        (("listen", "http://localhost:1/", "--webhook", "erp", "--type", "x"), 2, "not both"),
        (("listen", "http://localhost:1/"), 1, "No server is running"),
        (("listen", "http://localhost:1/", "--hub", "http://desk.example.com"), 1, "by https only"),
        (("listen", "http://localhost:1/", "--hub", "https://desk.example.com"), 1, "CENTRALITA_TOKEN"),
    ):
        done = terminal("webhook", *words)
        assert (done.code, done.out) == (code, "") and said in done.err, (words, done)


def test_the_snippet_is_a_program(terminal: Terminal) -> None:
    code = terminal("webhook", "snippet", "erp").out
    assert NEW not in code and "ERP_WEBHOOK_SECRET" in code
    ran = subprocess.run(
        [sys.executable, "-c", code], env={"ERP_WEBHOOK_SECRET": NEW}, input=b"{}", capture_output=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (1, b"")
    assert terminal("webhook", "snippet", "erp", "--language", "php", "--json").json()["code"].startswith("<?php")


def test_what_waits_is_fetched_and_forwarded_also_from_a_hub_elsewhere(
    terminal: Terminal, receiver: tuple[str, list[bytes]], request: pytest.FixtureRequest
) -> None:
    url, got = receiver
    terminal.write(CONFIG + POLLED)
    assert "nothing to fetch" in terminal("webhook", "poll", "polled").out
    address = request.getfixturevalue("server").split()[-1]
    assert terminal("send-fixture", "invgate", "ticket-created", "--source", "invgate").code == 0
    first = terminal("webhook", "poll", "polled", "--wait", "10", "--json").json()["messages"][0]
    token = terminal("token", "create", "dev", "--scope", "webhook.poll:polled", "--json").json()["token"]
    listened = subprocess.run(
        [*PROGRAM, "webhook", "listen", url, "--webhook", "polled", "--once", "--json", "--hub", address],
        cwd=terminal.directory, capture_output=True, text=True, check=False, timeout=60,
        env=bare_environment({"CENTRALITA_TOKEN": token}),
    )  # fmt: skip
    assert listened.returncode == 0, listened.stderr
    assert json.loads(listened.stdout)["id"] == first["id"] and json.loads(listened.stdout)["taken"]
    assert [each.decode() for each in got] == [first["body"]]
    assert token not in listened.stdout + listened.stderr
    left = terminal("webhook", "poll", "polled", "--json").json()["messages"]
    assert first["id"] not in [message["id"] for message in left]
