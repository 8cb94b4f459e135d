"""Each source's README lets somebody set it up, in both languages, without reading code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from centralita.integrations import registry
from centralita.integrations.generic import presets
from tests.contracts.kinds import SOURCE_KINDS

FOLDER = Path(registry.__file__).parent
LANGUAGES = ("## Español", "## English")


def section(kind: str, language: str) -> str:
    text = (FOLDER / kind / "README.md").read_text(encoding="utf-8")
    assert text.count(f"\n{language}\n") == 1
    return text.partition(f"\n{language}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", SOURCE_KINDS)
def test_a_readme_names_every_setting_and_event_type_and_how_to_try_it(kind: str, language: str) -> None:
    said = set(re.findall(r"`([^`\n]+)`", section(kind, language)))
    source = registry.source(kind)
    assert {field.name for field in source.fields} <= said
    assert set(source.types) <= said
    text = section(kind, language)
    assert "curl " in text
    assert "/in/" in text
    assert f"kind: {kind}" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_preset_is_explained(language: str) -> None:
    text = section("generic", language)
    for name in presets.names():
        assert f"preset: {name}" in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", SOURCE_KINDS)
def test_the_configuration_in_a_readme_is_right(kind: str, language: str) -> None:
    blocks = re.findall(r"^ *```yaml\n(.*?)^ *```", section(kind, language), re.DOTALL | re.MULTILINE)
    sources = [source for block in blocks for source in yaml.safe_load(block).get("sources", [])]
    assert sources
    for source in sources:
        assert source["kind"] == kind
        assert registry.source(kind).check(source.get("settings", {}), [b"user:secret"]) == []


def test_a_preset_has_a_name_and_settings_and_nothing_else() -> None:
    for path in (FOLDER / "generic" / "presets").glob("*.yaml"):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert set(content) == {"name", "settings"}
        assert registry.source("generic").check(content["settings"], [b"user:secret"]) == []
        assert any(fixture.settings.get("preset") == path.stem for fixture in registry.fixtures("generic").values()), (
            "a preset proves itself by a fixture"
        )


def test_every_field_has_a_text_and_a_default_that_is_a_choice() -> None:
    for kind in SOURCE_KINDS:
        for field in registry.source(kind).fields:
            assert field.help.endswith(".")
            assert field.default is None or not field.choices or field.default in field.choices
