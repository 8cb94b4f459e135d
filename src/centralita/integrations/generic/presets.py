"""Senders that need no code: a YAML file in ``presets/`` with a name and the settings that fit it.

What a source sets itself comes first: single values replace the preset's, tables are joined key by key. A preset may
build on another one in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "presets"


def names() -> tuple[str, ...]:
    """The presets that there are."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


@lru_cache(64)
def preset(name: str) -> Mapping[str, object]:
    """The settings of a preset; {} when there is none of that name."""
    if name not in names():
        return {}
    import yaml

    content = yaml.safe_load((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return effective(content["settings"])


def effective(settings: Mapping[str, object]) -> dict[str, object]:
    """``settings`` over those of the preset that they name."""
    result = dict(preset(str(settings.get("preset") or "")))
    for name, value in settings.items():
        before = result.get(name)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            result[name] = {**before, **value}
        elif value is not None:
            result[name] = value
    return result
