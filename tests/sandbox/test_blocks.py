"""Block Kit's limits, each at its edge."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from centralita.sandbox.slack.validation import find_faults


def plain(length: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": "x" * length}


def mrkdwn(length: int) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": "x" * length}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain(5), **more}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def section(**parts: Any) -> dict[str, Any]:
    return {"type": "section", **parts}


OPTION = {"text": plain(75), "value": "v" * 150}
CONFIRM = {"title": plain(100), "text": mrkdwn(300), "confirm": plain(30), "deny": plain(30)}

HEAD = [{"type": "raw_text", "text": "day"}, {"type": "raw_text", "text": "tickets"}]
ROW = [{"type": "raw_text", "text": "mon"}, {"type": "raw_number", "value": 4}]
RICH = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}]}


def data_table(*rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"type": "data_table", "caption": "Tickets", "rows": list(rows), **more}


def chart(**more: Any) -> dict[str, Any]:
    series = [{"name": "open", "data": [{"label": "mon", "value": 4}, {"label": "tue", "value": 2.5}]}]
    drawn = {"type": "bar", "series": series, "axis_config": {"categories": ["mon", "tue"]}, **more}
    return {"type": "data_visualization", "title": "t" * 50, "chart": drawn}


FINE: list[dict[str, Any]] = [
    data_table(HEAD, *[ROW] * 100, page_size=100, row_header_column_index=0),
    data_table(HEAD, [RICH, ROW[1]]),
    chart(),
    {
        "type": "data_visualization",
        "title": "t",
        "chart": {"type": "pie", "segments": [{"label": "a", "value": 1}] * 6},
    },
    {"type": "divider"},
    {"type": "header", "text": plain(150), "block_id": "b" * 255},
    section(text=mrkdwn(3000)),
    section(fields=[mrkdwn(2000)] * 10),
    section(text=mrkdwn(1), accessory=button(url="https://example.com", value="v" * 2000, action_id="a" * 255)),
    section(text=mrkdwn(1), accessory={"type": "overflow", "options": [OPTION] * 5}),
    section(text=mrkdwn(1), accessory={"type": "static_select", "placeholder": plain(150), "options": [OPTION] * 100}),
    {"type": "context", "elements": [mrkdwn(1)] * 10},
    actions(*[button() for _ in range(25)]),
    actions(button(style="danger", confirm=CONFIRM)),
    {"type": "image", "image_url": "https://example.com/x.png", "alt_text": "a" * 2000, "title": plain(2000)},
    {"type": "markdown", "text": "# t"},
    {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}, {"type": "raw_text", "text": "b"}]]},
    {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_list",
                "style": "bullet",
                "elements": [
                    {"type": "rich_text_section", "elements": [{"type": "text", "text": "x", "style": {"bold": True}}]}
                ],
            }
        ],
    },
]

WRONG: list[tuple[dict[str, Any], str]] = [
    (data_table(HEAD), "no fewer than 2 items required [json-pointer:/blocks/0/rows]"),
    (data_table(HEAD, *[ROW] * 101), "no more than 101 items allowed [json-pointer:/blocks/0/rows]"),
    (data_table(HEAD, ROW[:1]), "must have 2 cells [json-pointer:/blocks/0/rows/1]"),
    (data_table([RICH, HEAD[1]], ROW), "rich_text is not allowed in the header [json-pointer:/blocks/0/rows/0/0]"),
    (data_table(HEAD, ROW, page_size=0), "must be between 1 and 100 [json-pointer:/blocks/0/page_size]"),
    (
        {"type": "table", "rows": [[HEAD[0]] * 21]},
        "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]",
    ),
    ({"type": "table", "rows": [HEAD] * 101}, "no more than 100 items allowed [json-pointer:/blocks/0/rows]"),
    (chart(type="donut"), "unsupported type: donut [json-pointer:/blocks/0/chart/type]"),
    (
        chart(axis_config={"categories": ["mon"]}),
        "labels must match `categories` [json-pointer:/blocks/0/chart/series/0/data]",
    ),
    (
        {
            "type": "data_visualization",
            "title": "t",
            "chart": {"type": "pie", "segments": [{"label": "a", "value": "1"}]},
        },
        "must be a number [json-pointer:/blocks/0/chart/segments/0/value]",
    ),
    (
        {"type": "data_visualization", "title": "t" * 51},
        "must be less than 51 characters [json-pointer:/blocks/0/title]",
    ),
    ({"type": "header", "text": plain(151)}, "must be less than 151 characters [json-pointer:/blocks/0/text/text]"),
    ({"type": "header", "text": plain(0)}, "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    ({"type": "header", "text": mrkdwn(5)}, "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]"),
    ({"type": "header"}, "missing required field: text [json-pointer:/blocks/0]"),
    ({"type": "divider", "text": "x"}, "invalid additional property: text [json-pointer:/blocks/0]"),
    ({"type": "divider", "block_id": "b" * 256}, "must be less than 256 characters [json-pointer:/blocks/0/block_id]"),
    ({"type": "banner"}, "unsupported type: banner [json-pointer:/blocks/0/type]"),
    ({}, "missing required field: type [json-pointer:/blocks/0]"),
    (section(), "must define either `fields` or `text` [json-pointer:/blocks/0]"),
    (section(text=mrkdwn(3001)), "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    (section(text="x"), "must be an object [json-pointer:/blocks/0/text]"),
    (section(fields=[mrkdwn(1)] * 11), "no more than 10 items allowed [json-pointer:/blocks/0/fields]"),
    (section(fields=[mrkdwn(2001)]), "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]"),
    (
        {"type": "context", "elements": [mrkdwn(1)] * 11},
        "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ),
    ({"type": "context", "elements": [button()]}, "unsupported type: button [json-pointer:/blocks/0/elements/0/type]"),
    (actions(*[button() for _ in range(26)]), "no more than 25 items allowed [json-pointer:/blocks/0/elements]"),
    (actions(), "no fewer than 1 items required [json-pointer:/blocks/0/elements]"),
    (
        actions(button(text=plain(76))),
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
    ),
    (
        actions(button(value="v" * 2001)),
        "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ),
    (
        actions(button(url="https://e.com/" + "u" * 3000)),
        "must be less than 3001 characters [json-pointer:/blocks/0/elements/0/url]",
    ),
    (actions(button(url="/relative")), "must be a valid URL [json-pointer:/blocks/0/elements/0/url]"),
    (actions(button(style="loud")), "must be one of: primary, danger [json-pointer:/blocks/0/elements/0/style]"),
    (
        actions(button(action_id="a"), button(action_id="a")),
        "`action_id` `a` already exists in this block [json-pointer:/blocks/0/elements/1/action_id]",
    ),
    (
        actions({"type": "overflow", "options": [OPTION] * 6}),
        "no more than 5 items allowed [json-pointer:/blocks/0/elements/0/options]",
    ),
    (
        {"type": "image", "image_url": "https://e.com/x.png"},
        "missing required field: alt_text [json-pointer:/blocks/0]",
    ),
    (
        {"type": "rich_text", "elements": [{"type": "text"}]},
        "unsupported type: text [json-pointer:/blocks/0/elements/0/type]",
    ),
]


@pytest.mark.parametrize("block", FINE, ids=[f"{n}-{block['type']}" for n, block in enumerate(FINE)])
def test_at_the_limit(block: dict[str, Any]) -> None:
    assert find_faults([block]) == []


@pytest.mark.parametrize(("block", "fault"), WRONG, ids=[f"{n}-{fault[:30]}" for n, (_, fault) in enumerate(WRONG)])
def test_beyond_the_limit(block: dict[str, Any], fault: str) -> None:
    assert fault in find_faults([block])


def test_what_only_a_message_can_show() -> None:
    for block in (data_table(HEAD, ROW), chart(), {"type": "markdown", "text": "x"}):
        fault = f"unsupported type: {block['type']} [json-pointer:/view/blocks/0/type]"
        assert find_faults([block], "/view/blocks", 100, in_view=True) == [fault]


def test_a_message_as_a_whole() -> None:
    assert find_faults([chart()] * 2) == []
    assert find_faults([chart()] * 3) == ["no more than 2 data_visualization blocks allowed [json-pointer:/blocks]"]
    assert find_faults([{"type": "divider"}] * 50) == []
    assert find_faults([{"type": "divider"}] * 51) == ["no more than 50 items allowed [json-pointer:/blocks]"]
    twice = [{"type": "divider", "block_id": "same"}] * 2
    assert find_faults(twice) == ["`block_id` `same` already exists [json-pointer:/blocks/1/block_id]"]


async def test_the_answer_has_slacks_shape(client: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="#alerts", text="x", blocks=[{"type": "header", "text": plain(151)}])
    fault = "must be less than 151 characters [json-pointer:/blocks/0/text/text]"
    assert caught.value.response.data == {
        "ok": False,
        "error": "invalid_blocks",
        "errors": [fault],
        "response_metadata": {"messages": [f"[ERROR] {fault}"]},
    }
    attachments = [{"fallback": "f", "blocks": [{"type": "header", "text": plain(151)}]}]
    with pytest.raises(SlackApiError, match="/attachments/0/blocks/0/text/text"):
        await client.chat_postMessage(channel="#alerts", text="x", attachments=attachments)
    with pytest.raises(SlackApiError, match="msg_blocks_too_long"):
        await client.chat_postMessage(channel="#alerts", text="x", blocks=[section(text=mrkdwn(3000))] * 5)
