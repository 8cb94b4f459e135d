"""What strangers write pings nobody and leads nowhere in Slack: a canary in every field that any source can fill.

The escaping rules are Slack's: https://docs.slack.dev/messaging/formatting-message-text/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from centralita.core.events import Event
from centralita.core.payload import PayloadError
from centralita.integrations import registry
from centralita.integrations.registry import Fixture
from centralita.integrations.slack.blocks import Rendered, render
from centralita.integrations.slack.facts import read_facts
from centralita.integrations.slack.story import tell_change, tell_root
from tests.contracts.kinds import SOURCE_KINDS, fixtures_of, receipt_of
from tests.contracts.test_slack_messages import PAGE, deliveries

CANARY = " <!channel> <@U0CANARY> <!subteam^S0CANARY> <#C0CANARY> <https://canary.test/x|press here> &lt;!here&gt;"
ENTITY = re.compile(r"<[^<>]*>")
OUR_OWN = re.compile(r"<(!date\^\d+\^[^<>|]*(\^https?://[^<>|]+)?\|[^<>]*|(https?|mailto):[^<>|\s]+(\|[^<>]*)?)>")
"""What a message may hold in angle brackets: a time, and a link of ours or to the sender's own tool."""
NOT_READ = frozenset({"url", "value", "action_id", "block_id", "type", "style", "color", "ts", "image_url"})


def parsed(kind: str, fixture: Fixture, body: Any) -> list[Event]:
    """What the source makes of another body; [] for one that it can't read."""
    receipt = receipt_of(fixture, body=msgspec.json.encode(body))
    try:
        return registry.source(kind).parse(receipt, fixture.settings)
    except PayloadError:
        return []


def strings(value: Any) -> Iterator[tuple[Any, Any]]:
    """Where each text stands: (the mapping or list, the key)."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(pairs):
        if isinstance(item, str):
            yield value, key
        else:
            yield from strings(item)


def poisoned(kind: str, fixture: Fixture, canary: str = CANARY) -> tuple[Fixture, int] | None:
    """The fixture with the canary in every text that does not decide what it is; None for what is no JSON."""
    try:
        body = msgspec.json.decode(fixture.body)
    except msgspec.DecodeError:
        return None
    types, count = [event.type for event in parsed(kind, fixture, body)], 0
    for holder, key in strings(body):
        before = holder[key]
        holder[key] = before + canary
        if types and [event.type for event in parsed(kind, fixture, body)] == types:
            count += 1
        else:
            holder[key] = before
    return msgspec.structs.replace(fixture, body=msgspec.json.encode(body)), count


def read_by_slack(value: Any) -> Iterator[str]:
    """Every text of a message in which Slack looks for mentions and links."""
    if isinstance(value, dict):
        if value.get("type") in ("plain_text", "rich_text"):
            return
        for key, item in value.items():
            if isinstance(item, str) and key not in NOT_READ:
                yield item
            else:
                yield from read_by_slack(item)
    for item in value if isinstance(value, list) else ():
        yield from read_by_slack(item)


def addresses(value: Any) -> Iterator[str]:
    """Where the buttons of a message lead."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if key == "url":
            yield str(item)
        yield from addresses(item)


def faults(message: Rendered) -> list[str]:
    """What a stranger brought about."""
    shown = [message.text, *read_by_slack([message.blocks, message.attachments])]
    found = [text[:300] for text in shown for entity in ENTITY.findall(text) if not OUR_OWN.fullmatch(entity)]
    linked = [part.split("|")[0].strip("<>") for text in shown for part in ENTITY.findall(text) if "://" in part]
    for url in [*linked, *addresses([message.blocks, message.attachments])]:
        if urlsplit(url).scheme not in ("http", "https", "") or urlsplit(url).hostname == "canary.test":
            found.append(url)
    return found


@pytest.mark.parametrize("kind", SOURCE_KINDS)
def test_nobody_is_pinged_and_nothing_is_linked_by_what_a_sender_writes(kind: str) -> None:
    filled, told = 0, 0
    for name, fixture in fixtures_of(kind).items():
        made = poisoned(kind, fixture)
        if made is None:
            continue
        filled += made[1]
        for delivery in deliveries(kind, made[0]):
            facts = read_facts(delivery, "en", PAGE)
            messages = [render(tell_change(facts, PAGE), "", "en", use_blocks=False, threads=True)]
            messages += [
                render(tell_root(facts, PAGE, in_thread=in_thread), "", "en", use_blocks=in_thread, threads=True)
                for in_thread in (False, True)
            ]
            told += sum("press here" in text for message in messages for text in read_by_slack(message.blocks))
            told += sum("press here" in message.text for message in messages)
            assert [(name, fault) for message in messages for fault in faults(message)] == []
    assert filled >= len(fixtures_of(kind)) and told >= len(fixtures_of(kind)) / 2, (filled, told)
