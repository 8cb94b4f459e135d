"""Whatever a source understands can be told in Slack: each fixture's events, as a message and as a thread's line."""

from __future__ import annotations

from typing import Any

import pytest

from centralita.core.effects import Effect, Subject
from centralita.core.subjects import project
from centralita.integrations import registry
from centralita.integrations.registry import Fixture
from centralita.integrations.slack.blocks import Rendered, render
from centralita.integrations.slack.facts import read_facts
from centralita.integrations.slack.story import tell_change, tell_root
from centralita.ports import Delivery
from tests.contracts.kinds import FIXTURES, receipt_of

PAGE = "https://desk.test"


def deliveries(kind: str, fixture: Fixture) -> list[Delivery]:
    """A fixture's events on their way to a channel, with what their subjects have become by then."""
    subjects: dict[str, Subject] = {}
    found = []
    for event in registry.source(kind).parse(receipt_of(fixture), fixture.settings):
        subjects[event.subject] = project(subjects.get(event.subject), event)
        effect = Effect(rule="all", destination="slack", target="#all")
        found.append(Delivery(id="dlv_1", event=event, effect=effect, subject=subjects[event.subject]))
    return found


def sizes(value: Any) -> list[int]:
    if isinstance(value, dict):
        own = [len(value["text"])] if isinstance(value.get("text"), str) else []
        return own + [size for item in value.values() for size in sizes(item)]
    return [size for item in value for size in sizes(item)] if isinstance(value, list) else []


@pytest.mark.parametrize("locale", ["es", "en"])
@pytest.mark.parametrize(("kind", "fixture"), FIXTURES)
def test_every_fixture_can_be_told(kind: str, fixture: Fixture, locale: str) -> None:
    for delivery in deliveries(kind, fixture):
        facts = read_facts(delivery, locale, PAGE)
        told: list[Rendered] = []
        for in_thread in (False, True):
            message = tell_root(facts, PAGE, in_thread=in_thread)
            assert message.headline
            told += [render(message, "", locale, use_blocks=blocks, threads=True) for blocks in (True, False)]
        told.append(render(tell_change(facts, PAGE), "", locale, use_blocks=False, threads=True))
        assert all(0 < len(each.text) <= 4000 for each in told)
        assert all(0 < size <= 3000 for each in told for size in sizes([each.blocks, each.attachments]))
