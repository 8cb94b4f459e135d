"""Writes the pages of docs/ that follow from the code. ``--check`` writes nothing and fails when a page is stale.

A page is written whole; or in a page that people write, what stands between ``<!-- generated: NAME -->`` (a diagram) or
``<!-- include: FILE -->`` (an example that runs) and ``<!-- end -->``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from pages.commands import commands_page
from pages.conditions import conditions_page
from pages.diagrams import SECTIONS
from pages.events import events_page
from pages.http import http_page
from pages.metrics import metrics_page
from pages.permissions import permissions_page
from pages.reasons import reasons_page
from pages.snippets import example

from centralita.settings.page import reference_page

ROOT = Path(__file__).resolve().parents[1]


PAGES: Mapping[str, Callable[[], str]] = {
    "docs/reference/settings.md": lambda: reference_page("en"),
    "docs/reference/settings.es.md": lambda: reference_page("es"),
    "docs/reference/commands.md": lambda: commands_page("en"),
    "docs/reference/commands.es.md": lambda: commands_page("es"),
    "docs/reference/conditions.md": conditions_page,
    "docs/reference/events.md": lambda: events_page("en"),
    "docs/reference/events.es.md": lambda: events_page("es"),
    "docs/reference/http.md": http_page,
    "docs/reference/metrics.md": metrics_page,
    "docs/reference/permissions.md": permissions_page,
    "docs/reference/reasons.md": lambda: reasons_page("en"),
    "docs/reference/reasons.es.md": lambda: reasons_page("es"),
    "docs/examples/verify.py": lambda: example("python"),
    "docs/examples/verify.mjs": lambda: example("javascript"),
    "docs/examples/verify.php": lambda: example("php"),
}
"""Path in the repository, and what writes its text."""

_SECTION = re.compile(r"(<!-- (generated|include): (\S[^>\n]*) -->\n).*?(<!-- end -->)", re.DOTALL)


def main(arguments: list[str]) -> int:
    """0 done or nothing to do, 1 stale, 2 wrong usage."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: generate_docs.py [--check]\n")
        return 2
    stale = []
    for name, text in _written():
        page = ROOT / name
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


def _written() -> Iterator[tuple[str, str]]:
    for name, write in PAGES.items():
        yield name, write()
    for page in sorted((ROOT / "docs").rglob("*.md")):
        name, text = page.relative_to(ROOT).as_posix(), page.read_text(encoding="utf-8")
        if name not in PAGES and _SECTION.search(text):
            yield name, _SECTION.sub(partial(_section, page), text)


def _section(page: Path, found: re.Match[str]) -> str:
    begin, kind, name, end = found.groups()
    lines = SECTIONS[name]() if kind == "generated" else _included(page.parent / name)
    return begin + "\n".join(lines) + "\n" + end


def _included(file: Path) -> list[str]:
    return [f"```{file.suffix[1:]}", file.read_text(encoding="utf-8").rstrip("\n"), "```"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
