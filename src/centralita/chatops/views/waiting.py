"""A form that was sent and is not done: it stays as it was filled in, with a line on top that says so. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from centralita.chatops.views.notices import section

BANNER = "kept_banner"
_CARRIED = ("type", "callback_id", "title", "submit", "close", "private_metadata", "clear_on_close", "notify_on_close")
BLOCKS = 100


def kept(view: Mapping[str, Any], text: str) -> dict[str, Any]:
    """The modal of a ``view_submission`` again, with what was entered into it; ``text`` is escaped already.

    https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
    """
    values = (view.get("state") or {}).get("values") or {}
    blocks = [_filled(block, values) for block in view.get("blocks") or () if block.get("block_id") != BANNER]
    carried = {name: view[name] for name in _CARRIED if view.get(name)}
    return {**carried, "blocks": [{**section(text), "block_id": BANNER}, *blocks][:BLOCKS]}


def _filled(block: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    entered = values.get(block.get("block_id") or "") or {}
    if block.get("type") == "input":
        return {**block, "element": _entered(block["element"], entered)}
    if block.get("type") == "actions":
        return {**block, "elements": [_entered(element, entered) for element in block["elements"]]}
    return dict(block)


def _entered(element: Mapping[str, Any], entered: Mapping[str, Any]) -> dict[str, Any]:
    state = entered.get(element.get("action_id") or "")
    if state is None:
        return dict(element)
    found = {name: value for name, value in element.items() if not name.startswith("initial_")}
    for name, value in state.items():
        if name != "type" and value not in (None, "", []):
            found[f"initial_{name.removeprefix('selected_')}"] = value
    return found
