"""Block Kit's rules as a table (https://docs.slack.dev/reference/block-kit); ``validation`` applies them.

``SHAPES`` names every property of every object that may appear in a message; a property that isn't there is refused, as
Slack refuses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

BLOCKS_PER_MESSAGE = 50
TEXT_PER_MESSAGE = 13_200
"""Characters of all blocks together; Slack documents none, users measured it (bolt-js issue 2509)."""


@dataclass(frozen=True)
class Rule:
    """One property. ``most`` and ``least`` count characters, or items of a list."""

    kind: str
    """``str, url, bool, int, number, any``, ``plain`` and ``text`` (text objects), ``one`` and ``many`` (typed objects
    of ``of``), ``shape`` and ``shapes`` (untyped objects), ``strings`` (each of at most ``most`` characters), ``rows``
    (a table's lists of cells)."""
    most: int = 0
    least: int = 0
    required: bool = False
    of: tuple[str, ...] = ()


def _string(most: int = 0, *, least: int = 0, required: bool = False, of: tuple[str, ...] = ()) -> Rule:
    return Rule("str", most, least, required, of)


def _plain(most: int, *, required: bool = False) -> Rule:
    return Rule("plain", most, 1, required)


def _many(of: tuple[str, ...], most: int, *, required: bool = False) -> Rule:
    return Rule("many", most, 1, required, of)


BOOL = Rule("bool")
NUMBER = Rule("number", required=True)
INT = Rule("int")
ANY = Rule("any")
ACTION_ID = _string(255)
BLOCK_ID = _string(255)
PLACEHOLDER = _plain(150)
CONFIRM = Rule("shape", of=("confirm",))
OPTION = Rule("shape", of=("option",))


def _options(most: int, *, required: bool = False) -> Rule:
    return Rule("shapes", most, 1, required, ("option",))


_SELECT = {"action_id": ACTION_ID, "placeholder": PLACEHOLDER, "confirm": CONFIRM, "focus_on_load": BOOL}
_STATIC = {**_SELECT, "options": _options(100), "option_groups": Rule("shapes", 100, 1, of=("option_group",))}
_MULTI = {"max_selected_items": INT}
_PICKER = {"action_id": ACTION_ID, "confirm": CONFIRM, "focus_on_load": BOOL}
_TYPING = {
    "action_id": ACTION_ID,
    "placeholder": PLACEHOLDER,
    "initial_value": _string(3000),
    "focus_on_load": BOOL,
    "dispatch_action_config": ANY,
}

CHARTED = 6
"""Segments of a pie, series of another chart."""
_SERIES = {
    "series": Rule("shapes", CHARTED, 1, True, ("series",)),
    "axis_config": Rule("shape", required=True, of=("axis_config",)),
}

SELECTS = ("static_select", "external_select", "users_select", "conversations_select", "channels_select")
MULTI_SELECTS = tuple(f"multi_{name}" for name in SELECTS)
CHOICES = ("checkboxes", "radio_buttons", "datepicker", "timepicker", "overflow")
ACTING = ("button", *SELECTS, *MULTI_SELECTS, *CHOICES, "datetimepicker", "workflow_button")
TYPING = ("plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input", "file_input")
RICH = ("rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted")
INLINE = ("text", "link", "user", "usergroup", "channel", "emoji", "date", "broadcast", "color", "team")

ELEMENTS: Mapping[str, Mapping[str, Rule]] = {
    "button": {
        "text": _plain(75, required=True),
        "action_id": ACTION_ID,
        "url": Rule("url", 3000),
        "value": _string(2000),
        "style": _string(of=("primary", "danger")),
        "confirm": CONFIRM,
        "accessibility_label": _string(75),
    },
    "workflow_button": {
        "text": _plain(75, required=True),
        "action_id": ACTION_ID,
        "workflow": ANY,
        "style": _string(of=("primary", "danger")),
        "accessibility_label": _string(75),
    },
    "static_select": {**_STATIC, "initial_option": OPTION},
    "multi_static_select": {**_STATIC, **_MULTI, "initial_options": _options(100)},
    "external_select": {**_SELECT, "initial_option": OPTION, "min_query_length": INT},
    "multi_external_select": {**_SELECT, **_MULTI, "initial_options": _options(100), "min_query_length": INT},
    "users_select": {**_SELECT, "initial_user": _string()},
    "multi_users_select": {**_SELECT, **_MULTI, "initial_users": ANY},
    "conversations_select": {
        **_SELECT,
        "initial_conversation": _string(),
        "filter": ANY,
        "response_url_enabled": BOOL,
        "default_to_current_conversation": BOOL,
    },
    "multi_conversations_select": {
        **_SELECT,
        **_MULTI,
        "initial_conversations": ANY,
        "filter": ANY,
        "default_to_current_conversation": BOOL,
    },
    "channels_select": {**_SELECT, "initial_channel": _string(), "response_url_enabled": BOOL},
    "multi_channels_select": {**_SELECT, **_MULTI, "initial_channels": ANY},
    "overflow": {"action_id": ACTION_ID, "options": _options(5, required=True), "confirm": CONFIRM},
    "checkboxes": {**_PICKER, "options": _options(10, required=True), "initial_options": _options(10)},
    "radio_buttons": {**_PICKER, "options": _options(10, required=True), "initial_option": OPTION},
    "datepicker": {**_PICKER, "placeholder": PLACEHOLDER, "initial_date": _string()},
    "timepicker": {**_PICKER, "placeholder": PLACEHOLDER, "initial_time": _string(), "timezone": _string()},
    "datetimepicker": {**_PICKER, "initial_date_time": INT},
    "image": {"image_url": Rule("url", 3000), "slack_file": ANY, "alt_text": _string(2000, required=True)},
    "plain_text_input": {**_TYPING, "multiline": BOOL, "min_length": INT, "max_length": INT},
    "email_text_input": _TYPING,
    "url_text_input": _TYPING,
    "number_input": {**_TYPING, "is_decimal_allowed": BOOL, "min_value": _string(), "max_value": _string()},
    "rich_text_input": {**_TYPING, "initial_value": ANY},
    "file_input": {"action_id": ACTION_ID, "filetypes": ANY, "max_files": INT},
    "plain_text": {"text": _string(3000, least=1, required=True), "emoji": BOOL},
    "mrkdwn": {"text": _string(3000, least=1, required=True), "verbatim": BOOL},
    "raw_text": {"text": _string(3000, required=True)},
    "raw_number": {"value": ANY, "text": _string()},
    "rich_text_section": {"elements": _many(INLINE, 0, required=True)},
    "rich_text_list": {
        "elements": _many(("rich_text_section",), 0, required=True),
        "indent": INT,
        "border": INT,
        "style": _string(of=("bullet", "ordered"), required=True),
        "offset": INT,
    },
    "rich_text_quote": {"elements": _many(INLINE, 0, required=True), "border": INT},
    "rich_text_preformatted": {"elements": _many(INLINE, 0, required=True), "border": INT, "language": _string()},
    "text": {"text": _string(least=1, required=True), "style": ANY},
    "link": {"url": Rule("url", required=True), "text": _string(), "unsafe": BOOL, "style": ANY},
    "user": {"user_id": _string(required=True), "style": ANY},
    "usergroup": {"usergroup_id": _string(required=True), "style": ANY},
    "channel": {"channel_id": _string(required=True), "style": ANY},
    "team": {"team_id": _string(required=True), "style": ANY},
    "emoji": {"name": _string(required=True), "unicode": _string(), "skin_tone": INT, "style": ANY},
    "date": {"timestamp": INT, "format": _string(), "url": Rule("url"), "fallback": _string(), "style": ANY},
    "broadcast": {"range": _string(of=("here", "channel", "everyone"), required=True), "style": ANY},
    "color": {"value": _string(required=True), "style": ANY},
    "pie": {"segments": Rule("shapes", CHARTED, 1, True, ("segment",))},
    **{name: _SERIES for name in ("bar", "area", "line")},
}

BLOCKS: Mapping[str, Mapping[str, Rule]] = {
    "header": {"text": _plain(150, required=True), "level": INT},
    "section": {
        "text": Rule("text", 3000, 1),
        "fields": Rule("texts", 10, 1),
        "expand": BOOL,
        "accessory": Rule("one", of=(*ACTING, "image")),
    },
    "context": {"elements": _many(("image", "plain_text", "mrkdwn"), 10, required=True)},
    "divider": {},
    "actions": {"elements": _many(ACTING, 25, required=True)},
    "image": {
        "image_url": Rule("url", 3000),
        "slack_file": ANY,
        "alt_text": _string(2000, required=True),
        "title": _plain(2000),
    },
    "rich_text": {"elements": _many(RICH, 0, required=True)},
    "input": {
        "label": _plain(2000, required=True),
        "element": Rule("one", of=(*ACTING, *TYPING), required=True),
        "hint": _plain(2000),
        "optional": BOOL,
        "dispatch_action": BOOL,
    },
    "markdown": {"text": _string(12_000, least=1, required=True)},
    "table": {"rows": Rule("rows", 100, 1, True, ("raw_text", "raw_number", "rich_text")), "column_settings": ANY},
    "data_table": {
        "rows": Rule("rows", 101, 2, True, ("raw_text", "raw_number", "rich_text")),
        "caption": _string(least=1, required=True),
        "page_size": INT,
        "row_header_column_index": INT,
    },
    "data_visualization": {
        "title": _string(50, least=1, required=True),
        "chart": Rule("one", required=True, of=("pie", "bar", "area", "line")),
    },
    "video": {
        "alt_text": _string(required=True),
        "title": _plain(199, required=True),
        "title_url": Rule("url"),
        "thumbnail_url": Rule("url", required=True),
        "video_url": Rule("url", required=True),
        "description": _plain(200),
        "provider_name": _string(),
        "provider_icon_url": Rule("url"),
        "author_name": _string(50),
    },
    "file": {"external_id": _string(required=True), "source": _string(of=("remote",), required=True)},
}

ONLY_IN_MESSAGES = frozenset({"markdown", "table", "data_table", "data_visualization", "file"})
CHARTS_PER_MESSAGE = 2

UNTYPED: Mapping[str, Mapping[str, Rule]] = {
    "option": {
        "text": Rule("text", 75, 1, True),
        "value": _string(150, required=True),
        "description": _plain(75),
        "url": Rule("url", 3000),
    },
    "option_group": {"label": _plain(75, required=True), "options": _options(100, required=True)},
    "confirm": {
        "title": _plain(100, required=True),
        "text": Rule("text", 300, 1, True),
        "confirm": _plain(30, required=True),
        "deny": _plain(30, required=True),
        "style": _string(of=("primary", "danger")),
    },
    "segment": {"label": _string(20, least=1, required=True), "value": NUMBER},
    "point": {"label": _string(20, least=1, required=True), "value": NUMBER},
    "series": {"name": _string(20, least=1, required=True), "data": Rule("shapes", 0, 1, True, ("point",))},
    "axis_config": {
        "categories": Rule("strings", 20, 1, required=True),
        "x_label": _string(50),
        "y_label": _string(50),
    },
}

EITHER: Mapping[str, tuple[str, str]] = {
    "section": ("fields", "text"),
    "image": ("image_url", "slack_file"),
    "static_select": ("option_groups", "options"),
    "multi_static_select": ("option_groups", "options"),
}
FIELD_TEXT = 2000
TABLE_COLUMNS = 20
