"""``docs/coverage.md`` names only what there is: its tests, its fixtures, its modules."""

from __future__ import annotations

import re

from tests.docs.pages import ROOT

PACKAGE = ROOT / "src" / "centralita"
TEXT = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in row.strip("|").split(" | ")] for row in re.findall(r"^\| .+ \|.*$", TEXT, re.MULTILINE)
]


def test_every_test_that_it_names_exists() -> None:
    named = set(re.findall(r"`([\w/]+\.py)::(\w+)`", TEXT))
    assert len(named) > 50
    lost = []
    for path, test in sorted(named):
        file = ROOT / path
        if not file.is_file() or not re.search(
            rf"^(?:async )?def {test}\(", file.read_text(encoding="utf-8"), re.MULTILINE
        ):
            lost.append(f"{path}::{test}")
    assert lost == []


def test_every_fixture_and_module_that_it_names_exists() -> None:
    fixtures = re.findall(r"`((?:invgate|cmmshere|botmaker)/[\w-]+)`", TEXT)
    assert len(fixtures) > 25
    lost = [name for name in fixtures if not _fixture(name)]
    rooms = {each.name for each in PACKAGE.iterdir()}
    modules = [name for name in re.findall(r"`([\w/]+(?:\.py|/))`", TEXT) if name.split("/")[0] in rooms]
    assert len(modules) > 30
    lost += [name for name in modules if not (PACKAGE / name).exists()]
    assert lost == []


def _fixture(name: str) -> bool:
    kind, _, fixture = name.partition("/")
    folder = PACKAGE / "integrations" / kind / "fixtures"
    return (folder / f"{fixture}.json").is_file() and (folder / f"{fixture}.expected.json").is_file()


def test_every_feature_is_shown_by_something_or_said_to_be_missing() -> None:
    features = [row for row in ROWS if row[0] != "feature"]
    assert len(features) > 60
    assert [row[0] for row in features if not re.search(r"::|fixture|not yet: ", " ".join(row[1:]))] == []
