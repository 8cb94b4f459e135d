"""A request as a line for a shell: what stands in it is data, whatever it says (POSIX sh, section 2.2)."""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Sequence

MOST_ARGUMENT_BYTES = 100_000
"""Of one argument; Linux takes no longer than 128 KiB."""
_VARIABLE = re.compile(r"(\$[A-Z_0-9]+)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def curl(url: str, proof: Sequence[tuple[str, str]], headers: Sequence[tuple[str, str]], body: bytes) -> str:
    """The command that posts ``body``. ``url`` and the values of ``proof`` may name variables of the shell
    (``Bearer $SECRET``); ``headers`` whose values can't be typed are left out."""
    lines = [f"curl -X POST {_expanded(url)}"]
    lines += ["-H " + _expanded(f"{name}: {value}") for name, value in proof]
    lines += ["-H " + shlex.quote(f"{name}: {value}") for name, value in headers if not _CONTROL.search(name + value)]
    return _with_body(lines, body)


def _expanded(text: str) -> str:
    """Quoted, but for the variables: ``'Bearer '"$SECRET"``."""
    parts = (f'"{part}"' if _VARIABLE.fullmatch(part) else shlex.quote(part) for part in _VARIABLE.split(text) if part)
    return "".join(parts)


def _with_body(lines: list[str], body: bytes) -> str:
    text = _typed(body)
    if text is not None:
        return " \\\n  ".join([*lines, "--data-raw " + shlex.quote(text)])
    piped = f"printf %s {shlex.quote(base64.b64encode(body).decode())} | base64 -d | "
    return piped + " \\\n  ".join([*lines, "--data-binary @-"])


def _typed(body: bytes) -> str | None:
    """The body as text that a terminal takes as it is; None when it can't be."""
    if len(body) > MOST_ARGUMENT_BYTES:
        return None
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(text) else text
