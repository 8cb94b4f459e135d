"""What is to be done at the sender, out of the integration's own page."""

from __future__ import annotations

import re
from collections.abc import Iterator

from centralita.cli.words import LOCALE

_HEADINGS = {"es": "## Español", "en": "## English"}
_STEP = re.compile(r"(\d+)\. ")
_ADDRESS = re.compile(r"https://desk\.example\.com/in/[\w-]+(?:/<[^>]*>)?")
_OUR_FILE = "centralita.yaml"


def steps(page: str, address: str) -> list[str]:
    """The numbered steps of an integration's page, in the terminal's language and with the source's own address.

    Those about our own file are left out: this source is not in it. [] when the page has none.
    """
    items: list[list[str]] = []
    for line in _listed(page):
        if _STEP.match(line):
            items.append([])
        items[-1].append(line)
    ours = [item for item in items if _OUR_FILE not in item[0]]
    for number, item in enumerate(ours, 1):
        item[0] = _STEP.sub(f"{number}. ", item[0], count=1)
    return [_ADDRESS.sub(address, line) for item in ours for line in item]


def section(page: str, preset: str, address: str) -> list[str]:
    """What the generic source's page says of a preset's sender, as ``steps``; [] when it says nothing of its own."""
    found: list[str] = []
    inside = spoken = False
    for line in page.splitlines():
        if line.startswith("## "):
            spoken, inside = line.strip() == _HEADINGS[LOCALE], False
        elif line.startswith("### "):
            inside = spoken and _plain(line).startswith(_plain(preset))
        elif inside:
            found.append(_ADDRESS.sub(address, line))
    return found[1:] if found and not found[0] else found


def _plain(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())


def _listed(page: str) -> Iterator[str]:
    """The lines of the first numbered list below the language's heading."""
    lines = iter(page.splitlines())
    for line in lines:
        if line.strip() == _HEADINGS[LOCALE]:
            break
    inside = False
    for line in lines:
        if line.startswith("## ") or (inside and line and not line.startswith((" ", *"0123456789"))):
            return
        inside = inside or bool(_STEP.match(line))
        if inside:
            yield line
