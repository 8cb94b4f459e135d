"""Looking for our own message before posting again, when nobody knows whether an earlier attempt arrived.

Every message carries metadata with the delivery's id and the part's number
(https://docs.slack.dev/messaging/message-metadata). What can't be read counts as not there: a message twice is better
than none.
"""

from __future__ import annotations

from typing import Any

from centralita.core import payload
from centralita.core.ids import time_ms
from centralita.integrations.slack.api import Answer, Api, Calls, soft
from centralita.ports import Delivery

EVENT_TYPE = "centralita_delivery"
PAGES, MESSAGES_A_PAGE = 10, 20
CHANNEL_PAGES, CHANNELS_A_PAGE = 4, 60
CLOCKS_APART_S = 120.0
WITHOUT_TIME_S = 24 * 3600.0


def metadata(delivery: Delivery, part: int) -> dict[str, Any]:
    """The mark of one message of a delivery; part 0 is the subject's own message."""
    mark = {"delivery": delivery.id, "event": delivery.event.id, "part": part}
    return {"event_type": EVENT_TYPE, "event_payload": mark}


def find_message(api: Api, delivery: Delivery, part: int, channel: str, thread_ts: str = "") -> Calls[str]:
    """The ts of our message in a channel, or in a thread of it; "" when it is not found."""
    return (yield from soft(_find(api, delivery, part, channel, thread_ts), str))


def _find(api: Api, delivery: Delivery, part: int, channel: str, thread_ts: str) -> Calls[str]:
    method = "conversations.replies" if thread_ts else "conversations.history"
    arguments: dict[str, Any] = {
        "channel": channel,
        "oldest": f"{_since(delivery, api.now):.6f}",
        "limit": MESSAGES_A_PAGE,
        "include_all_metadata": "true",
        **({"ts": thread_ts} if thread_ts else {}),
    }
    for _page in range(PAGES):
        answer = yield from _page_of(api, method, arguments)
        for message in payload.items(answer, "messages"):
            if _is_ours(message, delivery, part):
                return payload.text(message, "ts")
        cursor = payload.text(answer, "response_metadata.next_cursor")
        if not cursor:
            break
        arguments["cursor"] = cursor
    return ""


def _page_of(api: Api, method: str, arguments: dict[str, Any]) -> Calls[Answer]:
    """One page; a smaller one when it is too long to be read whole."""
    answer = yield from api.call(method, arguments)
    while answer.get("cut") and arguments["limit"] > 1:
        arguments["limit"] = max(1, arguments["limit"] // 4)
        answer = yield from api.call(method, arguments)
    return answer


def _is_ours(message: object, delivery: Delivery, part: int) -> bool:
    return (
        payload.find(message, "metadata.event_type") == EVENT_TYPE
        and payload.find(message, "metadata.event_payload.delivery") == delivery.id
        and payload.integer(message, "metadata.event_payload.part") == part
    )


def _since(delivery: Delivery, now: float) -> float:
    try:
        return time_ms(delivery.event.id) / 1000 - CLOCKS_APART_S
    except ValueError:
        return now - WITHOUT_TIME_S


def find_channel(api: Api, name: str) -> Calls[str]:
    """The id of a channel by its name; "" when it is not among the first few hundred."""
    return (yield from soft(_find_channel(api, name.removeprefix("#").lower()), str))


def _find_channel(api: Api, name: str) -> Calls[str]:
    arguments: dict[str, Any] = {
        "types": "public_channel,private_channel",
        "exclude_archived": "true",
        "limit": CHANNELS_A_PAGE,
    }
    for _page in range(CHANNEL_PAGES):
        answer = yield from api.call("conversations.list", arguments)
        for channel in payload.items(answer, "channels"):
            if payload.text(channel, "name").lower() == name:
                return payload.text(channel, "id")
        cursor = payload.text(answer, "response_metadata.next_cursor")
        if not cursor:
            break
        arguments["cursor"] = cursor
    return ""
