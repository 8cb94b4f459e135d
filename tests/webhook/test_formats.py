"""Every format of an outgoing webhook, over one stream of events, against goldens that people have read."""

from __future__ import annotations

import email
import email.policy
import json
import re
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest

from centralita.core.effects import Subject
from centralita.core.events import Event
from centralita.core.headers import judge_header
from centralita.core.rule_specs import Routing, WebhookSpec
from centralita.core.rules import compile_rules, decide_effects
from centralita.core.webhook_formats import FORMATS as NAMES
from centralita.core.webhook_formats import Format
from centralita.integrations import registry
from centralita.integrations.webhook.formats import FORMATS, Material, Message, Unrenderable, render
from centralita.integrations.webhook.formats.answers import in_terms_of_http
from centralita.integrations.webhook.formats.mail import render_mail
from centralita.integrations.webhook.formats.template import check_template
from centralita.integrations.webhook.receiver import SigningKey
from centralita.ports import HttpResponse, RawRequest
from centralita.services.rules import aliases
from tests.contracts.kinds import FIXTURES, NOW, fixtures_of, receipt_of
from tests.docs.pages import ROOT
from tests.webhook.stream import GOLDEN, SECRET, STREAM, TEMPLATE, cases, golden, material, receiver_of, shown, taken

HOSTILE = (
    '<b>&"%0d\r\nBcc: x@evil.test\r\n\r\n[x](http://evil.test) <!channel> @everyone *_~`|\\ {{DATE(x)}} \u202e ' * 200
)
CHATS: tuple[Format, ...] = ("slack", "teams", "discord", "mail")


def body_of(format: Format, name: str) -> Any:
    return msgspec.json.decode(render(material(format, name)).body)


def with_event(format: Format, event: Event, **changes: Any) -> Material:
    receiver = msgspec.structs.replace(receiver_of(format), **changes)
    return Material(
        event=event, subject=Subject(source=event.source, subject=event.subject), receiver=receiver, now=NOW
    )


def test_there_is_one_for_each_name() -> None:
    assert tuple(FORMATS) == NAMES


@pytest.mark.parametrize(("format", "name"), cases())
def test_it_is_as_the_golden_says(format: Format, name: str) -> None:
    """After a change on purpose: ``python -m tests.webhook.stream``, and read the difference."""
    message = render(material(format, name))
    assert shown(message) == golden(format, name).read_text()
    assert all(not judge_header(*header) for header in message.headers)
    assert render(material(format, name)) == message


def test_no_golden_is_left_over() -> None:
    wanted = {golden(*case).relative_to(GOLDEN) for case in cases()}
    assert {path.relative_to(GOLDEN) for path in GOLDEN.rglob("*.txt")} == wanted


@pytest.mark.parametrize(("kind", "fixture"), FIXTURES)
def test_whatever_a_source_understands_can_be_sent(kind: str, fixture: registry.Fixture) -> None:
    for event in registry.source(kind).parse(receipt_of(fixture), fixture.settings):
        for format in FORMATS:
            item = msgspec.structs.replace(with_event(format, event), original=fixture.body)
            assert all(not judge_header(*header) for header in render(item).headers)


# --- CloudEvents -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, *_ in STREAM])
def test_a_cloud_event_is_whole_in_both_modes(name: str) -> None:
    """Section "Context Attributes" of the specification: what is required, how names and values look."""
    structured = body_of("cloudevents", name)
    assert structured["specversion"] == "1.0"
    assert all(structured[required] for required in ("id", "source", "type", "time", "datacontenttype"))
    data = structured.pop("data")
    for attribute, value in structured.items():
        assert re.fullmatch("[a-z0-9]{1,20}", attribute), attribute
        assert isinstance(value, bool | int) or (value and not re.search("[\x00-\x1f\x7f-\x9f]", value))
    binary = render(material("cloudevents-binary", name))
    headers = {each[0].removeprefix("ce-"): each[1] for each in binary.headers}
    assert headers.pop("content-type") == structured.pop("datacontenttype")
    assert {attribute: unquote(value) for attribute, value in headers.items()} == structured
    assert all(re.fullmatch("[!#-~]+", value) for value in headers.values())
    assert msgspec.json.decode(binary.body) == data


def test_a_header_of_a_cloud_event_is_encoded_as_the_binding_shows() -> None:
    event = Event(id="evt_1", source="s", type="t", time="x", title='Euro € 😀 "100%"', url="a\x00b")
    headers = dict(render(with_event("cloudevents-binary", event)).headers)
    assert headers["ce-title"] == "Euro%20%E2%82%AC%20%F0%9F%98%80%20%22100%25%22"
    assert headers["ce-url"] == "ab"


@pytest.mark.parametrize("format", ["cloudevents", "cloudevents-binary"])
def test_the_generic_source_understands_both_modes(format: Format) -> None:
    event, _, receipt = taken("ticket")
    message = render(material(format, "ticket"))
    headers = dict(message.headers)
    came = msgspec.structs.replace(receipt, body=message.body, content_type=headers["content-type"], headers=headers)
    [again] = registry.source("generic").parse(came, {"types": ["*"]})
    assert (again.type, again.title, again.severity) == (event.type, event.title, event.severity)
    assert again.data["ticket"] == event.data["ticket"]


# --- the seeds' envelopes --------------------------------------------------------------------------------------------

KNOWN = [name for name in fixtures_of("cmmshere") if name not in ("unknown-type", "wrong-types")]


@pytest.mark.parametrize("name", KNOWN)
def test_what_cmmshere_said_comes_out_as_it_went_in(name: str) -> None:
    fixture = fixtures_of("cmmshere")[name]
    [event] = registry.source("cmmshere").parse(receipt_of(fixture), fixture.settings)
    sent = msgspec.json.decode(render(with_event("cmms", event)).body)
    said = msgspec.json.decode(fixture.body)
    assert (sent["created"], sent["object"], sent["type"]) == (said["created"], "event", said["type"])
    for party, values in said["data"].items():
        assert {key: sent["data"][party][key] for key, value in values.items() if value is not None} == {
            key: value for key, value in values.items() if value is not None
        }


def test_the_documented_example_comes_out_to_the_last_null() -> None:
    fixture = fixtures_of("cmmshere")["request-created"]
    [event] = registry.source("cmmshere").parse(receipt_of(fixture), fixture.settings)
    assert msgspec.json.decode(render(with_event("cmms", event)).body) == msgspec.json.decode(fixture.body)


@pytest.mark.parametrize(
    ("type", "alias", "names", "told"),
    [
        ("ticket.created", "", (), "sol.created"),
        ("ticket.closed", "", (), "sol.updated"),
        ("ticket.created", "", ("ot.created",), "ot.created"),
        ("ticket.created", "ot.created", (), "ot.created"),
        ("contact.deleted", "con.deleted", (), "con.deleted"),
        ("contact.created", "", (), "cliusu.created"),
        ("asset.updated", "", (), "act.updated"),
        ("approval.requested", "", (), "approval.requested"),
    ],
)
def test_cmmsheres_names_of_types(type: str, alias: str, names: tuple[str, ...], told: str) -> None:
    event = Event(id="evt_1", source="s", type=type, alias=alias, time="2025-01-01T00:00:00.000Z", subject="x/1")
    item = with_event("cmms", event, names=frozenset(names), aliases={type: names[0]} if names else {})
    assert msgspec.json.decode(render(item).body)["type"] == told


@pytest.mark.parametrize("secret", [SECRET, "tu-secret-key"])
@pytest.mark.parametrize("name", [name for name, *_ in STREAM])
def test_the_assistants_receivers_verify_what_is_sent(name: str, secret: str) -> None:
    item = material("troubleshooting", name)
    keys = (SigningKey(secret), SigningKey("another"), SigningKey("over", until=NOW))
    item = msgspec.structs.replace(item, receiver=msgspec.structs.replace(item.receiver, keys=keys))
    body = render(item).body
    source = registry.source("troubleshooting")
    request = RawRequest(method="POST", query="", headers=(), body=body)
    assert source.verify(request, [b"tu-secret-key"], NOW, {}).ok
    assert not source.verify(request, [b"another"], NOW, {}).ok
    changed = msgspec.structs.replace(request, body=body.replace(b'"event"', b'"evenT"'))
    assert not source.verify(changed, [b"tu-secret-key"], NOW, {}).ok


def test_what_the_assistant_said_comes_out_as_it_went_in() -> None:
    for name in ("session-escalated", "session-started", "step-failed", "feedback", "retry"):
        fixture = fixtures_of("troubleshooting")[name]
        [event] = registry.source("troubleshooting").parse(receipt_of(fixture), fixture.settings)
        sent = msgspec.json.decode(render(with_event("troubleshooting", event)).body)
        said = msgspec.json.decode(fixture.body)
        assert sent["event"] == said["event"]
        assert {key: sent["data"].get(key) for key, value in said["data"].items() if value} == {
            key: value for key, value in said["data"].items() if value
        }


@pytest.mark.parametrize("secret", ["", "whsec_", "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="])
def test_a_secret_that_cannot_sign_inside_sends_nothing(secret: str) -> None:
    event = taken("session")[0]
    with pytest.raises(Unrenderable, match=r"webhook\.secret"):
        render(with_event("troubleshooting", event, keys=(SigningKey(secret),)))
    assert "signature" not in msgspec.json.decode(render(with_event("troubleshooting", event, keys=())).body)


@pytest.mark.parametrize(
    "name", ["conversation", "attachments", "buttons", "location", "telegram", "status-read", "status-delivered"]
)
def test_botmakers_source_understands_what_is_sent_as_botmaker_sends_it(name: str) -> None:
    fixture = fixtures_of("botmaker")[name]
    source = registry.source("botmaker")
    for event in source.parse(receipt_of(fixture), fixture.settings):
        body = render(with_event("botmaker", event)).body
        [again] = source.parse(receipt_of(fixture, body=body), fixture.settings)
        same = ("type", "title", "subject", "status", "url")
        assert [getattr(again, each) for each in same] == [getattr(event, each) for each in same]
        assert again.data.get("message") == event.data.get("message")
        assert again.data.get("variables") == event.data.get("variables")


# --- raw and template ------------------------------------------------------------------------------------------------


def test_raw_is_what_came_or_nothing() -> None:
    event, _, receipt = taken("session")
    assert render(material("raw", "session")).body == receipt.body
    with pytest.raises(Unrenderable, match=r"webhook\.original_gone"):
        render(with_event("raw", event))
    hostile = msgspec.structs.replace(with_event("raw", event), original=b"\x00\xff", original_type="a/b\r\nx: y")
    assert render(hostile) == Message(body=b"\x00\xff", headers=(("content-type", "application/octet-stream"),))


@pytest.mark.parametrize(
    ("template", "content_type", "says"),
    [
        ('{"t": "{{ title }}"}', "application/json", '{"t": "a\\"b <i>"}'),
        ("<p>{{ title }}</p>", "text/html; charset=utf-8", "<p>a&quot;b &lt;i&gt;</p>"),
        ("{{ title }} {{ ticket.id }} {{ data.ticket.id }} {{ nothing }}", "text/plain", 'a"b <i> 7 7 '),
    ],
)
def test_a_template_escapes_by_the_content_type(template: str, content_type: str, says: str) -> None:
    event = Event(id="evt_1", source="s", type="t", time="x", title='a"b <i>', data={"ticket": {"id": "7"}})
    message = render(with_event("template", event, template=template, content_type=content_type))
    assert (message.body.decode(), message.headers) == (says, (("content-type", content_type),))


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ('{"t": {{ title }}}', "webhook.template_json"),
        ("", "webhook.template_json"),
        ('"{% for i in (1..9999999) %}x{% endfor %}"', "webhook.template"),
        ("{{ title", "webhook.template"),
    ],
)
def test_a_template_that_gives_nothing_to_send(template: str, reason: str) -> None:
    with pytest.raises(Unrenderable) as fault:
        render(
            with_event(
                "template", Event(id="evt_1", source="s", type="t", time="x", title="secreto"), template=template
            )
        )
    assert fault.value.reason == reason
    assert "secreto" not in fault.value.detail


def test_a_template_is_checked_before_it_is_saved() -> None:
    assert check_template("{{ title }}", "application/json") == []
    [fault] = check_template("a\n{{ title | include }}", "text/plain")
    assert (fault.message_id, fault.line) == ("template.syntax", 2)
    assert [each.message_id for each in check_template(" ", "text/plain")] == ["webhook.template_missing"]


# --- what people read ------------------------------------------------------------------------------------------------


def hostile_event() -> Event:
    data = {"description": HOSTILE, "requester": {"name": HOSTILE}, "comment": {"text": HOSTILE, "author": HOSTILE}}
    time = "2025-01-01T00:00:00.123Z"
    return Event(
        id="evt_1", source="s", type="ticket.commented", time=time, title=HOSTILE[:300], url="javascript:x", data=data
    )


def texts(value: Any) -> list[str]:
    if isinstance(value, dict | list):
        return [text for item in (value.values() if isinstance(value, dict) else value) for text in texts(item)]
    return [value] if isinstance(value, str) else []


def test_slacks_limits_hold_and_nothing_becomes_markup() -> None:
    message = msgspec.json.decode(render(with_event("slack", hostile_event())).body)
    assert len(message["blocks"][0]["text"]["text"]) <= 150
    assert len(message["text"]) <= 700
    below = message["attachments"][0]["blocks"]
    assert all(len(field["text"]) <= 2000 for block in below for field in block.get("fields", ()))
    assert all(0 < len(text) <= 3000 for text in texts(message))
    assert not [text for text in texts(message) if re.search(r"<[!@#](?!date)|@everyone", text)]
    assert "javascript" not in json.dumps(message)


def test_discords_limits_hold_and_nobody_is_called() -> None:
    message = msgspec.json.decode(render(with_event("discord", hostile_event())).body)
    [embed] = message["embeds"]
    assert message["allowed_mentions"] == {"parse": []}
    assert len(embed["title"]) <= 256
    assert len(embed["description"]) <= 4096
    assert all(len(field["name"]) <= 256 and 0 < len(field["value"]) <= 1024 for field in embed["fields"])
    assert sum(map(len, texts(embed))) <= 6000
    assert not re.search(r"(?<!\\)\[x", embed["description"])


def test_a_teams_card_fits_and_strangers_write_no_markdown() -> None:
    wide = msgspec.structs.replace(
        hostile_event(), title="€" * 300, data={"description": "€" * 9000, "requester": {"name": "€" * 900}}
    )
    for event in (hostile_event(), wide):
        body = render(with_event("teams", event)).body
        assert len(body) <= 28_000
    card = msgspec.json.decode(render(with_event("teams", hostile_event())).body)["attachments"][0]["content"]
    assert [block["text"] for block in card["body"] if block["type"] == "TextBlock"] == [
        "{{DATE(2025-01-01T00:00:00Z, SHORT)}} {{TIME(2025-01-01T00:00:00Z)}}"
    ]
    facts = next(block["facts"] for block in card["body"] if block["type"] == "FactSet")
    assert not [fact for fact in facts if re.search(r"(?<!\\)[\[*_<]", fact["value"])]


def test_a_mail_has_the_headers_that_it_should_and_no_others() -> None:
    item = with_event("mail", hostile_event())
    raw = render_mail(item, "Mesa de ayuda ñ <mesa@example.com>", "ana@example.com")
    assert raw == render_mail(
        msgspec.structs.replace(item, now=1.0), "Mesa de ayuda ñ <mesa@example.com>", "ana@example.com"
    )
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert set(mail.keys()) == {
        *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress"),
        *("MIME-Version", "Content-Type"),
    }
    assert mail["To"].addresses[0].addr_spec == "ana@example.com"
    assert len(mail["Subject"]) <= 200
    text, html = [part.get_content() for part in mail.iter_parts()]
    assert "<b>&" in text
    assert "&lt;b&gt;&amp;" in html
    assert "<b>" not in html


@pytest.mark.parametrize("address", ["", "ana", "a@b\r\nBcc: c@d", "a@b, c@d", "a@b <c@d>, e@f", "ñ@b.c", "@b"])
def test_a_mail_goes_to_one_address(address: str) -> None:
    for pair in ((address, "ana@example.com"), ("mesa@example.com", address)):
        with pytest.raises(Unrenderable, match=r"webhook\.mail_address"):
            render_mail(with_event("mail", hostile_event()), *pair)


@pytest.mark.parametrize("format", CHATS)
def test_it_speaks_the_receivers_language(format: Format) -> None:
    event, _, _ = taken("session")
    said = {}
    for locale in ("es", "en"):
        body = render(with_event(format, event, locale=locale)).body
        if format == "mail":
            mail = email.message_from_bytes(body, policy=email.policy.default)
            said[locale] = next(iter(mail.iter_parts())).get_content()
        else:
            said[locale] = "\n".join(texts(msgspec.json.decode(body)))
    assert "A guided session was handed to a person." in said["en"]
    assert "Severidad" in said["es"]
    assert "guided" not in said["es"]


# --- what services answer --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("format", "response", "status", "wait"),
    [
        ("slack", HttpResponse(status=200, body=b"ok"), 200, None),
        ("discord", HttpResponse(status=204), 204, None),
        ("discord", HttpResponse(status=429, body=b'{"retry_after": 64.57}'), 429, "65"),
        ("discord", HttpResponse(status=429, body=b'{"retry_after": "x"}', headers=(("retry-after", "9"),)), 429, "9"),
        ("discord", HttpResponse(status=429, body=b"<html>", headers=(("retry-after", "7"),)), 429, "7"),
        ("slack", HttpResponse(status=429, body=b'{"retry_after": 64}', headers=(("retry-after", "3"),)), 429, "3"),
        ("teams", HttpResponse(status=202), 202, None),
        ("teams", HttpResponse(status=200, body=b"1"), 200, None),
        ("teams", HttpResponse(status=200, body=b"Webhook message delivery failed with error: Microsoft Teams endpoint"
                               b" returned HTTP error 429 with ContextId x"), 429, None),
        ("teams", HttpResponse(status=200, body=b"Webhook message delivery failed with error: y"), 502, None),
    ],
)  # fmt: skip
def test_what_a_service_answers_in_its_own_way(
    format: Format, response: HttpResponse, status: int, wait: str | None
) -> None:
    meant = in_terms_of_http(format, response)
    assert (meant.status, meant.header("retry-after")) == (status, wait)


# --- the senders' own names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("types", "fixture", "kind", "taken_"),
    [
        (["ot.created"], "order-created", "cmmshere", True),
        (["ot.created"], "request-created", "cmmshere", False),
        (["sol.created"], "request-created", "cmmshere", True),
        (["ot.*"], "request-created", "cmmshere", False),
        (["ot.*"], "order-updated", "cmmshere", True),
        (["ticket.*"], "order-updated", "cmmshere", True),
        (["ticket.created"], "request-created", "cmmshere", True),
        (["con.created"], "contact-created", "cmmshere", False),
        (["cliusu.created"], "contact-created", "cmmshere", True),
        (["ot.created"], "ticket-created", "invgate", True),
        (["incident.delegated"], "delegated", "pagerduty", True),
        (["incident.delegated"], "reassigned", "pagerduty", False),
    ],
)
def test_a_webhook_gets_what_bears_the_name_that_it_asked_for(
    types: list[str], fixture: str, kind: str, taken_: bool
) -> None:
    rules = compile_rules([], [WebhookSpec(name="erp", types=types)], Routing(), aliases())
    found = fixtures_of(kind)[fixture]
    event = registry.source(kind).parse(receipt_of(found), found.settings)[0]
    decision = decide_effects(event, rules, Subject(source=event.source, subject=event.subject))
    assert [effect.target for effect in decision.effects] == (["erp"] if taken_ else [])


# --- what the pages show ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["docs/webhook-formats.md", "docs/es/webhook-formats.md"])
def test_the_pages_show_the_goldens(page: str) -> None:
    text = (ROOT / page).read_text()
    shown = re.findall(r"<!-- golden: (\S+)/(\S+) -->\n```(\w+)\n(.*?)\n```", text, re.DOTALL)
    assert {format for format, *_ in shown} >= set(FORMATS) - {"raw", "teams", "discord", "mail"}
    for format, name, language, block in shown:
        whole = golden(format, name).read_text()
        assert block == (whole if language == "http" else whole.partition("\n\n")[2]).rstrip()
    assert TEMPLATE in text
