"""What a person enters: the elements of a surface by their names, and their values in Slack's shapes.

https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload#view-state-values
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

Element = dict[str, Any]

INITIAL: Mapping[str, tuple[str, str]] = {
    # type of element: (name of its value in a payload, name of its first value in the element)
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "checkboxes": ("selected_options", "initial_options"),
    "radio_buttons": ("selected_option", "initial_option"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "overflow": ("selected_option", ""),
    "file_input": ("files", ""),
}
_LISTS = ("selected_options", "selected_users", "selected_conversations", "selected_channels", "files")


def elements(blocks: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], Element]]:
    """Every block with each of its elements that can be acted on."""
    for block in blocks:
        found = [block.get("accessory"), block.get("element"), *(block.get("elements") or ())]
        for element in found:
            if isinstance(element, dict) and (element.get("type") in INITIAL or "button" in str(element.get("type"))):
                yield block, element


def find_element(blocks: list[dict[str, Any]], block_id: str, action_id: str) -> Element | None:
    """The element of that name; ``block_id`` "" for whatever block."""
    for block, element in elements(blocks):
        if block_id in ("", block.get("block_id")) and element.get("action_id") == action_id:
            return {**element, "block_id": block.get("block_id")}
    return None


def entered(element: Element, value: Any) -> dict[str, Any]:
    """An element's entry in ``state.values`` or in ``actions``: an option is given by its value, and becomes the whole.

    Raises ValueError for an option that there is not.
    """
    name, _ = INITIAL.get(element["type"], ("value", ""))
    if name == "selected_option" and isinstance(value, str):
        value = _option(element, value)
    elif name == "selected_options" and isinstance(value, list):
        value = [_option(element, one) if isinstance(one, str) else one for one in value]
    if value in (None, "") and name in _LISTS:
        value = []
    return {"type": element["type"], name: None if value == "" else value}


def _option(element: Element, value: str) -> dict[str, Any]:
    options = list(element.get("options") or ())
    for group in element.get("option_groups") or ():
        options += group["options"]
    found = next((one for one in options if one["value"] == value), None)
    if found is None:
        if element["type"].endswith("external_select"):
            return {"text": {"type": "plain_text", "text": value}, "value": value}
        raise ValueError(f"there is no option {value!r}")
    return dict(found)


def state_of(
    blocks: list[dict[str, Any]], given: Mapping[str, Mapping[str, Any]], before: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """``state.values`` for every element that holds one: what is given (by action id, or block id and action id),
    else what was entered before, else its first value."""
    state: dict[str, dict[str, Any]] = {}
    for block, element in elements(blocks):
        if element["type"] not in INITIAL or element["type"] == "overflow":
            continue
        block_id, action_id = str(block["block_id"]), str(element.get("action_id", ""))
        entry = before.get(block_id, {}).get(action_id) or entered(element, element.get(INITIAL[element["type"]][1]))
        if action_id in given.get(block_id, {}):
            entry = entered(element, given[block_id][action_id])
        state.setdefault(block_id, {})[action_id] = entry
    return state


def find_mistakes(blocks: list[dict[str, Any]], state: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """What Slack says of the inputs itself, before the app hears of them, by block id."""
    faults = {}
    for block in blocks:
        element = block.get("element")
        if block.get("type") != "input" or not isinstance(element, dict):
            continue
        for entry in state.get(str(block["block_id"]), {}).values():
            given = [value for name, value in entry.items() if name != "type" and value not in (None, "", [])]
            fault = _mistake(element, given[0]) if given else ""
            if not given and not block.get("optional"):
                fault = "Please complete this required field."
            if fault:
                faults[str(block["block_id"])] = fault
    return faults


def _mistake(element: Element, value: Any) -> str:
    least, most = element.get("min_length"), element.get("max_length")
    kind = element["type"]
    if kind == "plain_text_input" and least is not None and len(value) < least:
        return f"Must be at least {least} characters."
    if kind == "plain_text_input" and most is not None and len(value) > most:
        return f"Must be no more than {most} characters."
    if kind == "email_text_input" and not _EMAIL.fullmatch(value):
        return "Please enter a valid email address."
    if kind == "url_text_input" and not value.startswith(("http://", "https://")):
        return "Please enter a valid URL."
    if kind == "number_input":
        return _number_mistake(element, value)
    if kind.startswith("multi_") and len(value) > element.get("max_selected_items", len(value)):
        return f"Please choose no more than {element['max_selected_items']}."
    return ""


def _number_mistake(element: Element, value: str) -> str:
    if not (_DECIMAL if element.get("is_decimal_allowed") else _WHOLE).fullmatch(value):
        return "Please enter a number."
    least, most = element.get("min_value"), element.get("max_value")
    if least is not None and Decimal(value) < Decimal(least):
        return f"Please enter a number of at least {least}."
    if most is not None and Decimal(value) > Decimal(most):
        return f"Please enter a number of at most {most}."
    return ""


_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_WHOLE = re.compile(r"-?[0-9]{1,16}")
_DECIMAL = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,16})?")
