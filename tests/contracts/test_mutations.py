"""No payload breaks a source: of many changed examples of each kind, each is events or the declared error."""

from __future__ import annotations

from random import Random

import pytest

from centralita.core.payload import PayloadError, decode
from centralita.integrations import registry
from centralita.integrations.registry import Fixture
from centralita.ports import RawRequest
from tests.contracts.kinds import NOW, receipt_of
from tests.contracts.mutations import mutants
from tests.contracts.test_events import check_events


def take(kind: str, fixture: Fixture, body: bytes) -> str:
    """Verifies and reads ``body`` as the hub does; "" or the reason for which it is refused."""
    integration, settings = registry.configured(kind, fixture.settings)
    headers = tuple(fixture.headers.items())
    request = RawRequest(method="POST", query="", headers=headers, body=body, key="secret")
    integration.verify(request, [b"desk:secret"], NOW, settings)
    reason = ""
    try:
        decode(body, fixture.content_type)
    except PayloadError as error:
        reason = error.reason  # The hub refuses it before any source reads it.
    try:
        events = integration.parse(receipt_of(fixture, body=body), settings)
    except PayloadError as error:
        assert reason or error.reason == "body.too_many", f"the source refused what the hub accepts: {error.reason}"
        return reason or error.reason
    check_events(integration.kind, events, dict(settings))
    assert reason or events or body.strip() == b"[]", "an event was lost"
    return reason


def run(kind: str, count: int) -> None:
    fixtures = list(
        registry.examples(kind, {}).values() if kind in registry.SOURCES else registry.fixtures(kind).values()
    )
    taken, refused = 0, set()
    for index, (fixture, body) in enumerate(mutants(fixtures, Random(kind), count)):
        try:
            reason = take(kind, fixture, body)
        except Exception as error:
            raise AssertionError(f"{kind} {fixture.name} #{index}, {type(error).__name__}: {body[:2_000]!r}") from error
        taken += not reason
        refused.add(reason)
    # Otherwise the mutations would try the decoder only, or not at all.
    assert taken > count / 2
    assert {"json.syntax", "json.duplicate_key", "text.utf8"} < refused


@pytest.mark.parametrize("kind", registry.kinds())
def test_some_mutants_are_events_or_the_declared_error(kind: str) -> None:
    run(kind, 400)


@pytest.mark.long
@pytest.mark.parametrize("kind", registry.kinds())
def test_ten_thousand_mutants_are_events_or_the_declared_error(kind: str) -> None:
    run(kind, 10_000)
