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

    The first of them is left out: it is about our file. [] when the page has none.
    """
    listed = list(_listed(page))
    begins = [index for index, line in enumerate(listed) if _STEP.match(line)]
    if begins and _OUR_FILE in listed[begins[0]]:
        listed = listed[begins[1] :] if len(begins) > 1 else []
        listed = [_STEP.sub(lambda found: f"{int(found[1]) - 1}. ", line, count=1) for line in listed]
    return [_ADDRESS.sub(address, line) for line in listed]


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
