"""Writes the pages of docs/ that follow from the code. ``--check`` writes nothing and fails when a page is stale."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from centralita.settings.page import reference_page

ROOT = Path(__file__).resolve().parents[1]


PAGES: Mapping[str, Callable[[], str]] = {
    "docs/reference/settings.md": lambda: reference_page("en"),
    "docs/reference/settings.es.md": lambda: reference_page("es"),
}
"""Path in the repository, and what writes its text."""


def main(arguments: list[str]) -> int:
    """0 done or nothing to do, 1 stale, 2 wrong usage."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: generate_docs.py [--check]\n")
        return 2
    stale = []
    for name, write in PAGES.items():
        page, text = ROOT / name, write()
        if page.exists() and page.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not arguments:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text, encoding="utf-8")
    if arguments and stale:
        sys.stderr.write(f"stale, run `make docs`: {', '.join(stale)}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
