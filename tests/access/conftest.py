"""A hub whose clock a test can move, and people in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from centralita.core.access import PERMISSIONS
from centralita.services import passwords
from centralita.services.access import Principal, UserRow, add_user
from centralita.services.hub import Hub
from centralita.services.passwords import set_password
from centralita.settings import load
from centralita.wiring import open_hub

ADMINISTRATOR = Principal("local:tests", "tests", frozenset(PERMISSIONS))
PASSWORD = "zapato lima nube cuarenta"
AGENT, ADDRESS, ELSEWHERE = "Firefox", "203.0.113.7", "198.51.100.9"
CONFIG = """
locale: en
server: {public_url: "https://desk.example.com"}
permissions: {user_mappings: {"mapped@example.com": operator, U0MAPPED: admin}}
"""

AddPerson = Callable[..., Awaitable[UserRow]]


@pytest.fixture(autouse=True)
def quick_hashes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost next to nothing; all else about them is as it is."""
    if "costs" not in request.node.name:
        monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
async def hub(usual_url: str, tmp_path: Path) -> AsyncIterator[Hub]:
    """A hub that is not running."""
    config = tmp_path / "centralita.yaml"
    config.write_text(CONFIG)
    environ = {"CENTRALITA_DATABASE__URL": usual_url, "CENTRALITA_DATA_DIR": str(tmp_path / "data")}
    async with open_hub(load(config, environ), role="web") as opened:
        yield opened


@pytest.fixture
def person(hub: Hub) -> AddPerson:
    """Adds somebody; with a password if one is given."""

    async def add(name: str = "ana", password: str = PASSWORD, **values: str) -> UserRow:
        given = {"role": "viewer", "email": f"{name}@example.com", **values}
        user = await add_user(hub, ADMINISTRATOR, {"name": name, **given})
        if password:
            assert await set_password(hub, ADMINISTRATOR, name, password)
        return user

    return add


def later(hub: Hub, seconds: float) -> None:
    """Lets time go by."""
    hub.clock.anchor(hub.clock.now() + seconds)
