"""Markdown's small pieces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def cell(text: str) -> str:
    """Text inside a table."""
    return " ".join(text.split()).replace("|", "\\|")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table's lines and an empty one."""
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    lines += [f"| {' | '.join(cell(each) for each in row)} |" for row in rows]
    return [*lines, ""]


def code(text: str) -> str:
    """Text as code, inside a table too; nothing for nothing."""
    return f"`{text}`" if text else ""


def codes(texts: Iterable[str]) -> str:
    """A list of them."""
    return ", ".join(code(text) for text in texts)


def page(*lines: str) -> str:
    """The lines as a file."""
    return "\n".join(lines).rstrip("\n") + "\n"


GENERATED = {
    "en": "This page is generated from the code by `make docs`.",
    "es": "Esta página se genera a partir del código con `make docs`.",
}
