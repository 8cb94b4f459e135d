"""Who takes an event: by type, by the sender's own name for it, by channel, by condition; and after any changes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centralita.core.events import Event
from centralita.core.rule_specs import WebhookSpec
from centralita.core.subscriptions import LEAST_FRESH, Subscriptions

ALIASES = {"sol.created": "ticket.created", "ot.created": "ticket.created", "ot.updated": "ticket.updated"}


def event(type_: str = "ticket.created", **fields: Any) -> Event:
    return Event(id="evt_1", source=fields.pop("source", "cmmshere"), type=type_, time="", **fields)


def takers(subscriptions: Subscriptions, happened: Event) -> set[str]:
    found = [each.spec.name for each in subscriptions.taking(happened)]
    assert len(found) == len(set(found))
    return set(found)


@pytest.mark.parametrize(
    ("types", "happened", "taken"),
    [
        (["ot.created"], event(alias="ot.created"), True),
        (["ot.created"], event(alias="sol.created"), False),
        (["ot.created", "sol.created"], event(alias="sol.created"), True),
        (["ot.created"], event(), True),  # a sender that has one name for the type
        (["ticket.created"], event(alias="ot.created"), True),
        (["ot.*"], event(alias="ot.created"), True),
        (["ot.*"], event(alias="sol.created"), False),
        (["ot.*"], event(), False),
        (["ot.updated"], event(alias="ot.created"), False),
        (["*"], event("centralita.delivery.dead"), False),
        (["centralita.*"], event("centralita.delivery.dead"), False),
        (["centralita.delivery.dead"], event("centralita.delivery.dead"), True),
    ],
)
def test_by_the_senders_own_name(types: list[str], happened: Event, taken: bool) -> None:
    subscriptions = Subscriptions([WebhookSpec(name="w", types=types)], ALIASES)
    assert takers(subscriptions, happened) == ({"w"} if taken else set())


@pytest.mark.parametrize(
    ("channels", "data", "taken"),
    [
        ([], {}, True),
        (["cmmshere"], {}, True),
        (["botmaker"], {}, False),
        (["WhatsApp"], {"message": {"platform": "whatsapp", "channel": "demo-1"}}, True),
        (["demo-1", "other"], {"message": {"platform": "whatsapp", "channel": "demo-1"}}, True),
        (["demo-2"], {"message": {"platform": "whatsapp", "channel": "demo-1"}}, False),
        (["#Alerts"], {"channel": "alerts"}, True),
        (["x"], {"message": "x", "channel": 3}, False),
    ],
)
def test_by_channel(channels: list[str], data: dict[str, Any], taken: bool) -> None:
    subscriptions = Subscriptions([WebhookSpec(name="w", channels=channels)])
    happened = event(data=data)
    assert takers(subscriptions, happened) == ({"w"} if taken else set())
    one = subscriptions.get("w")
    assert one is not None
    assert ("webhook.channel_refused" in [reason.id for reason in one.explain(happened)]) is not taken


_SPECS = st.builds(
    WebhookSpec,
    name=st.sampled_from([f"w{number}" for number in range(6)]),
    types=st.lists(st.sampled_from(["ticket.created", "ticket.*", "*", "alert.fired", "ot.created"]), max_size=2),
    condition=st.sampled_from(["", "severity == 'high'", "data.n > 3"]),
    enabled=st.booleans(),
)
_CHANGES = st.lists(st.one_of(_SPECS, st.sampled_from(["w0", "w3", "unheard"])), max_size=30)
_EVENTS = [
    event(),
    event(alias="sol.created", severity="high"),
    event("alert.fired", data={"n": 5}),
    event("other", data={"n": 1}),
]


@given(st.lists(_SPECS, max_size=6, unique_by=lambda spec: spec.name), _CHANGES)
def test_after_any_changes_it_is_as_if_made_so(first: list[WebhookSpec], changes: list[WebhookSpec | str]) -> None:
    subscriptions = Subscriptions(first, ALIASES)
    current = {spec.name: spec for spec in first}
    for change in changes:
        if isinstance(change, str):
            current.pop(change, None)
            subscriptions = subscriptions.changed([], [change])
        else:
            current[change.name] = change
            subscriptions = subscriptions.changed([change])
    fresh = Subscriptions(current.values(), ALIASES)
    assert len(subscriptions) == len(fresh)
    for happened in _EVENTS:
        assert takers(subscriptions, happened) == takers(fresh, happened)


def test_many_changes_make_the_index_anew() -> None:
    subscriptions = Subscriptions()
    for number in range(LEAST_FRESH * 3):
        subscriptions = subscriptions.changed([WebhookSpec(name=f"w{number}", types=[f"type.{number}"])])
    assert len(subscriptions) == LEAST_FRESH * 3
    assert takers(subscriptions, event("type.7")) == {"w7"}
    assert len(subscriptions._fresh) <= LEAST_FRESH


def test_a_change_leaves_what_was_there_as_it_was() -> None:
    before = Subscriptions([WebhookSpec(name="w")])
    after = before.changed([WebhookSpec(name="v")], ["w"])
    assert (takers(before, event()), takers(after, event())) == ({"w"}, {"v"})
