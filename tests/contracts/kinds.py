"""What the contracts of sources share: every kind, every fixture, every way in which a sender proves itself."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from centralita.core import signing
from centralita.core.events import Event
from centralita.integrations import registry
from centralita.integrations.generic import presets
from centralita.integrations.registry import Fixture
from centralita.ports import RawRequest, Receipt, Source

NOW = 1763805991.0
RECEIPT_ID = "rcp_01KAN7A5YR0000000000000000"
SOURCE_KINDS = sorted(registry.SOURCES)
fixtures_of = cache(registry.fixtures)
"""``registry.fixtures``, which reads its hundreds of files each time that it is asked."""
FIXTURES = [
    pytest.param(kind, fixture, id=f"{kind}:{name}")
    for kind in SOURCE_KINDS
    for name, fixture in fixtures_of(kind).items()
]

_TOKEN = b"c0rrect-horse-battery-staple"
SECRETS: Mapping[str, bytes] = {
    "standard": b"whsec_" + base64.b64encode(bytes(range(24))),
    "basic": b"desk:" + _TOKEN,
}
BODY_IS_SIGNED = ("standard", "hmac", "signature")


def tried(examples: int) -> hypothesis_settings:
    """So many examples of each kind in the long run, every time a third of them, however busy the machine is."""
    share = 1 if os.environ.get("CENTRALITA_TEST_THOROUGH") else 3
    return hypothesis_settings(
        max_examples=examples // share, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )


class Scheme(msgspec.Struct, frozen=True):
    """A kind of source, or a preset, with one way of proof configured."""

    kind: str
    auth: str
    secret: bytes
    settings: dict[str, object]

    @property
    def integration(self) -> Source:
        return registry.configured(self.kind, self.settings)[0]

    @property
    def effective(self) -> Mapping[str, object]:
        """The settings that the source is given."""
        return registry.configured(self.kind, self.settings)[1]

    @property
    def tolerance_s(self) -> float:
        """How far a signed time may be off."""
        return float(str(presets.effective(self.effective).get("tolerance_s") or signing.TOLERANCE_S))


def _schemes() -> list[Any]:
    found = []
    for kind in SOURCE_KINDS:
        choices = next(field.choices for field in registry.source(kind).fields if field.name == "auth")
        for auth in choices:
            secret = SECRETS.get(auth, _TOKEN)
            variants: dict[str, dict[str, object]] = {"": {"auth": auth}}
            if auth == "header":
                variants = {"": {"auth": auth, "header": "X-Desk-Secret"}}
            if auth == "hmac" and any(field.name == "scheme" for field in registry.source(kind).fields):
                variants = {name: {"auth": auth, "scheme": name} for name in signing.PRESETS}
                variants["own"] = {
                    **{"auth": auth, "header": "X-Sig", "algorithm": "sha512", "encoding": "base64"},
                    **{"content": "{id}.{timestamp}.{body}", "id_header": "X-Id", "timestamp_header": "X-At"},
                }
            for name, settings in variants.items():
                found.append(
                    pytest.param(Scheme(kind, auth, secret, settings), id="-".join((kind, auth, name)).strip("-"))
                )
    for name in presets.names():
        auth = str(presets.preset(name)["auth"])
        found.append(pytest.param(Scheme(name, auth, SECRETS.get(auth, _TOKEN), {}), id=f"{name}-{auth}"))
    return found


SCHEMES = _schemes()


@cache
def example(kind: str) -> Fixture:
    """The smallest fixture of a kind, or of a preset, whose body is JSON."""
    found = (fixture for fixture in fixtures_of(kind).values() if fixture.content_type == "application/json")
    return min(found, key=lambda fixture: len(fixture.body))


def request_of(scheme: Scheme) -> RawRequest:
    """A request that the sender of ``scheme`` signed."""
    return registry.signed(scheme.kind, example(scheme.kind), [scheme.secret], scheme.settings, NOW)


def receipt_of(fixture: Fixture, **changes: Any) -> Receipt:
    """The receipt of a fixture; always the same id and time."""
    receipt = Receipt(
        id=RECEIPT_ID,
        source="desk",
        received_at=NOW,
        content_type=fixture.content_type,
        headers=fixture.headers,
        body=fixture.body,
    )
    return msgspec.structs.replace(receipt, **changes)


def is_declared(kind: str, event: Event, settings: Mapping[str, object]) -> bool:
    """Whether the source declares the event's type."""
    source: Any = registry.source(kind)
    return source.declares(event.type, settings) if hasattr(source, "declares") else event.type in source.types


def shown(event: Event) -> dict[str, Any]:
    """An event without what is the same in all: its id, its source, and attributes that have their default."""
    given, defaults = (
        msgspec.json.decode(msgspec.json.encode(one))
        for one in (event, Event(id=event.id, source=event.source, type="", time=""))
    )
    return {name: value for name, value in given.items() if value != defaults[name]}
