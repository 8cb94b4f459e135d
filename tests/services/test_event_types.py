"""The registry of event types: every example is what its schema says, in the form in which a webhook gets it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import msgspec
import pytest

from centralita.core.subjects import project
from centralita.integrations.webhook.formats import Material, render
from centralita.integrations.webhook.receiver import Receiver
from centralita.services import announcements, event_types
from centralita.services.own_examples import EXAMPLES

_KINDS = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
}


def faults(schema: dict[str, Any], value: Any, at: str = "$") -> list[str]:
    """What of ``value`` is not as the schema says; knows the words that our schemas use, and refuses others."""
    known = {"type", "const", "enum", "required", "properties", "items", "pattern", "format", "minimum"}
    assert schema.keys() <= known | {"$schema", "$id", "title", "description"}, schema.keys()
    if "type" in schema and not isinstance(value, _KINDS[schema["type"]]):
        return [f"{at}: {value!r} is no {schema['type']}"]
    found = []
    if "const" in schema and value != schema["const"]:
        found.append(f"{at}: {value!r}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: {value!r}")
    if "minimum" in schema and value < schema["minimum"]:
        found.append(f"{at}: {value!r}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{at}: {value!r}")
    if schema.get("format") == "date-time":
        datetime.fromisoformat(value)
    found += [f"{at}: no {name}" for name in schema.get("required", ()) if name not in value]
    if isinstance(value, dict):
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                found += faults(inner, value[name], f"{at}.{name}")
    if isinstance(value, list) and "items" in schema:
        found += [fault for each in value for fault in faults(schema["items"], each, f"{at}[]")]
    return found


def test_every_type_has_an_example_and_every_example_fits_its_schema() -> None:
    receiver = Receiver(name="any")
    wrong, count = [], 0
    for name in event_types.declared():
        schema = event_types.schema(name)
        for event in event_types.examples(name):
            message = render(Material(event=event, subject=project(None, event), receiver=receiver))
            wrong += [f"{name} {fault}" for fault in faults(schema, msgspec.json.decode(message.body))]
            count += 1
    assert wrong == []
    assert count > 400


@pytest.mark.parametrize(
    "change",
    [
        {"type": "ticket.closed"},
        {"timestamp": 5},
        {"data": {}},
        {"data": {"id": "17", "source": "s", "type": "ticket.created", "time": "2026-03-02T14:05:00Z"}},
    ],
)
def test_what_is_something_else_does_not_fit(change: dict[str, Any]) -> None:
    detail = event_types.detail("ticket.created", "en")
    assert faults(detail.schema, detail.example) == []
    assert faults(detail.schema, {**detail.example, **change})


def test_the_hubs_own_types_have_examples_of_what_they_say() -> None:
    assert announcements.TYPES.keys() == EXAMPLES.keys()
    declared = {path.split(".")[0] for path in announcements.OwnEvents.paths}
    assert {key for _, data in EXAMPLES.values() for key in data} <= declared


def test_another_name_of_a_type_gives_an_example_under_that_name() -> None:
    detail = event_types.detail("ot.created", "es")
    assert (detail.type.name, detail.example["type"], detail.example["data"]["type"]) == (
        "ticket.created",
        "ot.created",
        "ticket.created",
    )
    assert detail.type.meaning == "Se creó un ticket."
    with pytest.raises(LookupError):
        event_types.detail("nothing.happened", "es")


def test_an_example_stays_the_same() -> None:
    first, again = (event_types.example_event("alert.fired") for _ in range(2))
    assert first == again and first.id.startswith("evt_") and first.title
