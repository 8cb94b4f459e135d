"""Applies the table of ``blocks`` and says what is wrong in Slack's words: a sentence and a JSON pointer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from centralita.sandbox.slack.blocks import (
    BLOCK_ID,
    BLOCKS,
    BLOCKS_PER_MESSAGE,
    CHARTS_PER_MESSAGE,
    EITHER,
    ELEMENTS,
    FIELD_TEXT,
    ONLY_IN_MESSAGES,
    TABLE_COLUMNS,
    UNTYPED,
    Rule,
)

_TEXT_TYPES = ("plain_text", "mrkdwn")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")


def find_faults(
    blocks: Any, pointer: str = "/blocks", most: int = BLOCKS_PER_MESSAGE, *, in_view: bool = False
) -> list[str]:
    """What Slack would say about ``blocks`` of a message or a view: one line per fault with a JSON pointer to it; []
    when they are fine."""
    if not isinstance(blocks, list):
        return [_at("must be an array", pointer)]
    faults: list[str] = []
    if len(blocks) > most:
        faults.append(_at(f"no more than {most} items allowed", pointer))
    known = tuple(name for name in BLOCKS if not (in_view and name in ONLY_IN_MESSAGES))
    charts = 0
    for position, block in enumerate(blocks[:most]):
        found = _typed(block, known, f"{pointer}/{position}", BLOCKS, block_id=True)
        check = _WHOLE.get(block["type"]) if not found else None
        faults += found or (check(block, f"{pointer}/{position}") if check else [])
        charts += isinstance(block, dict) and block.get("type") == "data_visualization"
        if charts > CHARTS_PER_MESSAGE:
            faults.append(_at(f"no more than {CHARTS_PER_MESSAGE} data_visualization blocks allowed", pointer))
    return faults + list(_repeated(blocks, pointer))


def count_text(value: Any) -> int:
    """Characters of every ``text`` inside, for the limit of a whole message."""
    if isinstance(value, dict):
        own = value.get("text")
        return (len(own) if isinstance(own, str) else 0) + sum(count_text(item) for item in value.values())
    return sum(count_text(item) for item in value) if isinstance(value, list) else 0


def _at(text: str, pointer: str) -> str:
    return f"{text} [json-pointer:{pointer}]"


def _repeated(blocks: list[Any], pointer: str) -> Iterator[str]:
    seen: set[str] = set()
    for position, block in enumerate(blocks):
        if not isinstance(block, dict):
            continue
        name = block.get("block_id")
        if isinstance(name, str) and name:
            if name in seen:
                yield _at(f"`block_id` `{name}` already exists", f"{pointer}/{position}/block_id")
            seen.add(name)
        actions: set[str] = set()
        elements = block.get("elements") if block.get("type") == "actions" else None
        for index, element in enumerate(elements if isinstance(elements, list) else []):
            action = element.get("action_id") if isinstance(element, dict) else None
            if isinstance(action, str) and action:
                if action in actions:
                    where = f"{pointer}/{position}/elements/{index}/action_id"
                    yield _at(f"`action_id` `{action}` already exists in this block", where)
                actions.add(action)


def _typed(
    value: Any, allowed: tuple[str, ...], pointer: str, table: Mapping[str, Mapping[str, Rule]], block_id: bool = False
) -> list[str]:
    if not isinstance(value, dict):
        return [_at("must be an object", pointer)]
    kind = value.get("type")
    if kind is None:
        return [_at("missing required field: type", pointer)]
    if not isinstance(kind, str) or kind not in allowed:
        return [_at(f"unsupported type: {kind}", f"{pointer}/type")]
    shape = {**table[kind], "block_id": BLOCK_ID} if block_id or kind == "rich_text" else table[kind]
    return _object(value, shape, pointer, kind)


def _object(value: Any, shape: Mapping[str, Rule], pointer: str, kind: str) -> list[str]:
    if not isinstance(value, dict):
        return [_at("must be an object", pointer)]
    faults = [
        _at(f"missing required field: {name}", pointer)
        for name, rule in shape.items()
        if rule.required and value.get(name) is None
    ]
    either = EITHER.get(kind)
    if either and all(value.get(name) is None for name in either):
        faults.append(_at(f"must define either `{either[0]}` or `{either[1]}`", pointer))
    for name, item in value.items():
        if name == "type" and kind not in UNTYPED:
            continue
        if name not in shape:
            faults.append(_at(f"invalid additional property: {name}", pointer))
        elif item is not None:
            faults += _CHECKS[shape[name].kind](item, shape[name], f"{pointer}/{name}")
    return faults


def _check_string(value: Any, rule: Rule, pointer: str) -> list[str]:
    if not isinstance(value, str):
        return [_at("must be a string", pointer)]
    if rule.of and value not in rule.of:
        return [_at(f"must be one of: {', '.join(rule.of)}", pointer)]
    if rule.most and len(value) > rule.most:
        return [_at(f"must be less than {rule.most + 1} characters", pointer)]
    if len(value) < rule.least:
        return [_at(f"must be more than {rule.least - 1} characters", pointer)]
    return []


def _check_url(value: Any, rule: Rule, pointer: str) -> list[str]:
    faults = _check_string(value, rule, pointer)
    return faults or ([] if _URL.fullmatch(value) else [_at("must be a valid URL", pointer)])


def _check_text(value: Any, rule: Rule, pointer: str) -> list[str]:
    types = ("plain_text",) if rule.kind == "plain" else _TEXT_TYPES
    faults = _typed(value, types, pointer, ELEMENTS)
    if faults and not isinstance(value, dict):
        return faults
    text = value.get("text")
    limit = _check_string(text, Rule("str", rule.most, rule.least), f"{pointer}/text") if isinstance(text, str) else []
    return list(dict.fromkeys([*limit, *faults]))


def _check_list(value: Any, rule: Rule, pointer: str) -> list[str]:
    if not isinstance(value, list):
        return [_at("must be an array", pointer)]
    if rule.most and len(value) > rule.most:
        return [_at(f"no more than {rule.most} items allowed", pointer)]
    if len(value) < rule.least:
        return [_at(f"no fewer than {rule.least} items required", pointer)]
    return []


def _check_texts(value: Any, rule: Rule, pointer: str) -> list[str]:
    faults = _check_list(value, rule, pointer)
    field = Rule("text", FIELD_TEXT, 1)
    return faults or [f for i, item in enumerate(value) for f in _check_text(item, field, f"{pointer}/{i}")]


def _check_many(value: Any, rule: Rule, pointer: str) -> list[str]:
    faults = _check_list(value, rule, pointer)
    return faults or [f for i, item in enumerate(value) for f in _typed(item, rule.of, f"{pointer}/{i}", ELEMENTS)]


def _check_one(value: Any, rule: Rule, pointer: str) -> list[str]:
    return _typed(value, rule.of, pointer, ELEMENTS)


def _check_shape(value: Any, rule: Rule, pointer: str) -> list[str]:
    return _object(value, UNTYPED[rule.of[0]], pointer, rule.of[0])


def _check_shapes(value: Any, rule: Rule, pointer: str) -> list[str]:
    faults = _check_list(value, rule, pointer)
    return faults or [f for i, item in enumerate(value) for f in _check_shape(item, rule, f"{pointer}/{i}")]


def _check_rows(value: Any, rule: Rule, pointer: str) -> list[str]:
    faults = _check_list(value, rule, pointer)
    if faults:
        return faults
    cells = Rule("many", TABLE_COLUMNS, 1, of=rule.of)
    table = {**ELEMENTS, "rich_text": BLOCKS["rich_text"]}
    for i, row in enumerate(value):
        faults += _check_list(row, cells, f"{pointer}/{i}") or [
            fault for j, cell in enumerate(row) for fault in _typed(cell, rule.of, f"{pointer}/{i}/{j}", table)
        ]
    return faults


def _check_bool(value: Any, rule: Rule, pointer: str) -> list[str]:
    return [] if isinstance(value, bool) else [_at("must be a boolean", pointer)]


def _check_int(value: Any, rule: Rule, pointer: str) -> list[str]:
    return [] if isinstance(value, int) and not isinstance(value, bool) else [_at("must be an integer", pointer)]


def _check_number(value: Any, rule: Rule, pointer: str) -> list[str]:
    fine = isinstance(value, int | float) and not isinstance(value, bool)
    return [] if fine else [_at("must be a number", pointer)]


def _check_strings(value: Any, rule: Rule, pointer: str) -> list[str]:
    faults = _check_list(value, Rule("strings", 0, rule.least), pointer)
    each = Rule("str", rule.most, 1)
    return faults or [f for i, item in enumerate(value) for f in _check_string(item, each, f"{pointer}/{i}")]


def _check_data_table(block: Mapping[str, Any], pointer: str) -> list[str]:
    rows = block["rows"]
    faults = [
        _at("rich_text is not allowed in the header", f"{pointer}/rows/0/{column}")
        for column, cell in enumerate(rows[0])
        if cell["type"] == "rich_text"
    ]
    faults += [
        _at(f"must have {len(rows[0])} cells", f"{pointer}/rows/{number}")
        for number, row in enumerate(rows)
        if len(row) != len(rows[0])
    ]
    if not 1 <= block.get("page_size", 5) <= 100:
        faults.append(_at("must be between 1 and 100", f"{pointer}/page_size"))
    return faults


def _check_chart(block: Mapping[str, Any], pointer: str) -> list[str]:
    chart = block["chart"]
    series = chart.get("series", [])
    names = [one["name"] for one in series]
    faults = [] if len(set(names)) == len(names) else [_at("names must be unique", f"{pointer}/chart/series")]
    for number, one in enumerate(series):
        if sorted(point["label"] for point in one["data"]) != sorted(chart["axis_config"]["categories"]):
            faults.append(_at("labels must match `categories`", f"{pointer}/chart/series/{number}/data"))
    return faults


_WHOLE = {"data_table": _check_data_table, "data_visualization": _check_chart}
"""What can only be said of a block as a whole."""


def _check_any(value: Any, rule: Rule, pointer: str) -> list[str]:
    return []


_CHECKS = {
    "str": _check_string,
    "url": _check_url,
    "plain": _check_text,
    "text": _check_text,
    "texts": _check_texts,
    "many": _check_many,
    "one": _check_one,
    "shape": _check_shape,
    "shapes": _check_shapes,
    "rows": _check_rows,
    "bool": _check_bool,
    "int": _check_int,
    "number": _check_number,
    "strings": _check_strings,
    "any": _check_any,
}
