"""A form that was told to wait keeps what was entered into it."""

from __future__ import annotations

from typing import Any

import pytest

from centralita.chatops.views.waiting import BANNER, kept

OPTION = {"text": {"type": "plain_text", "text": "High"}, "value": "high"}
ENTERED: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"type": "plain_text_input", "initial_value": "old"}, {"value": "new"}, {"initial_value": "new"}),
    ({"type": "plain_text_input", "initial_value": "old"}, {"value": None}, {}),
    ({"type": "static_select"}, {"selected_option": OPTION}, {"initial_option": OPTION}),
    ({"type": "multi_external_select"}, {"selected_options": [OPTION]}, {"initial_options": [OPTION]}),
    ({"type": "checkboxes", "initial_options": [OPTION]}, {"selected_options": []}, {}),
    ({"type": "users_select"}, {"selected_user": "U1"}, {"initial_user": "U1"}),
    ({"type": "multi_users_select"}, {"selected_users": ["U1", "U2"]}, {"initial_users": ["U1", "U2"]}),
    ({"type": "datetimepicker"}, {"selected_date_time": 1}, {"initial_date_time": 1}),
]


@pytest.mark.parametrize(("element", "entered", "initial"), ENTERED)
@pytest.mark.parametrize("kind", ["input", "actions"])
def test_what_was_entered_is_what_it_begins_with(
    kind: str, element: dict[str, Any], entered: dict[str, Any], initial: dict[str, Any]
) -> None:
    element = {"action_id": "it", **element}
    inside = {"element": element} if kind == "input" else {"elements": [element]}
    view = {
        **{"type": "modal", "id": "V1", "hash": "1", "callback_id": "form", "private_metadata": "{}"},
        "blocks": [{"type": kind, "block_id": "here", **inside}],
        "state": {"values": {"here": {"it": {"type": element["type"], **entered}}}},
    }
    made = kept(view, "Working")
    again = kept({**view, **made}, "Failed")
    for found, text in ((made, "Working"), (again, "Failed")):
        assert found.keys() == {"type", "callback_id", "private_metadata", "blocks"}
        banner, block = found["blocks"]
        assert banner["block_id"] == BANNER and banner["text"]["text"] == text
        [shown] = [block["element"]] if kind == "input" else block["elements"]
        assert {name: value for name, value in shown.items() if name.startswith("initial_")} == initial
