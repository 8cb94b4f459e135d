"""What a shell makes of the command: a real one reads it, and says what curl would be given."""

from __future__ import annotations

import subprocess

import pytest

from centralita.core.curl import curl

HOSTILE = 'it\'s "$(touch /nowhere)" `id` $HOME \\ \n;&|*?[~#!'


def _given(command: str) -> list[bytes]:
    """The arguments of ``curl``, and at last its standard input."""
    script = 'curl() { printf "%s\\0" "$@"; case "$*" in *@-) cat;; esac; }\n' + command
    environ = {"SECRET": "s3 cret", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["/bin/sh"], input=script.encode(), capture_output=True, check=True, env=environ)
    return done.stdout.split(b"\0")


def test_the_shell_takes_nothing_in_it_for_a_command() -> None:
    said = curl(
        "http://127.0.0.1:8420/in/desk", [], [("content-type", "text/plain"), ("x-odd", "a'b $(id)")], HOSTILE.encode()
    )
    assert _given(said) == [
        b"-X", b"POST", b"http://127.0.0.1:8420/in/desk", b"-H", b"content-type: text/plain", b"-H",
        b"x-odd: a'b $(id)", b"--data-raw", HOSTILE.encode(), b"",
    ]  # fmt: skip


def test_the_secret_is_the_shells_own() -> None:
    said = curl("http://h/in/desk/$SECRET", [("authorization", "Bearer $SECRET")], [], b"{}")
    arguments = _given(said)
    assert b"http://h/in/desk/s3 cret" in arguments and b"authorization: Bearer s3 cret" in arguments
    assert "s3 cret" not in said


@pytest.mark.parametrize("body", [b"\xff\x00\x1b[2J", b"x" * 200_000, b"@/etc/passwd\x00"])
def test_what_can_not_be_typed_is_piped(body: bytes) -> None:
    arguments = _given(curl("http://h/in/desk", [], [], body))
    assert b"\0".join(arguments[arguments.index(b"@-") + 1 :]) == body


def test_headers_that_would_move_the_cursor_are_left_out() -> None:
    assert "x-odd" not in curl("http://h", [], [("x-odd", "\x1b[2J")], b"{}")
