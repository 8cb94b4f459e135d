"""What is the generic source's own; what every source keeps is in ``tests/contracts``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from centralita.core.events import Event
from centralita.core.payload import PayloadError
from centralita.integrations.generic.documents import MAX_EVENTS, Document, documents
from centralita.integrations.generic.mapping import (
    omitted,
    placed,
    read,
    unwrapped,
    with_embedded,
    without_absent,
    without_markup,
)
from centralita.integrations.generic.presets import effective, names, preset
from centralita.integrations.generic.source import GenericSource
from centralita.ports import RawRequest, Receipt, Verdict

SOURCE = GenericSource()
NOW = 1614265330.0


def event_of(body: object, settings: dict[str, object] | None = None) -> Event:
    receipt = Receipt(
        id="rcp_01KAN7A5YR0000000000000000",
        source="any",
        received_at=1763805991.0,
        content_type="application/json",
        headers={},
        body=json.dumps(body).encode(),
    )
    (event,) = SOURCE.parse(receipt, settings or {})
    return event


def verdict_of(
    headers: dict[str, str], settings: dict[str, object], body: bytes = b"{}", secret: bytes = b"s"
) -> Verdict:
    request = RawRequest(method="POST", query="", headers=tuple(headers.items()), body=body, key="s")
    return SOURCE.verify(request, [secret], NOW, {"auth": "key", **settings})


# --- Who sent it

VECTORS = [
    (
        b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
    (
        b"whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=",
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==",
    ),
]


@pytest.mark.parametrize(("secret", "signature"), VECTORS)
def test_the_vectors_of_standard_webhooks(secret: bytes, signature: str) -> None:
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": signature,
    }
    verdict = verdict_of(headers, {"auth": "standard"}, b'{"test": 2432232314}', secret)
    assert verdict.ok
    assert verdict.dedupe_key == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert not verdict_of(headers, {"auth": "standard"}, b'{"test": 2432232315}', secret).ok
    assert SOURCE.check({"auth": "standard"}, [secret]) == []
    assert SOURCE.check({"auth": "standard"}, [b"whsec_!"]) == ["secrets: secret.malformed"]


@pytest.mark.parametrize(
    "settings",
    [
        {"auth": None},
        {"auth": "none"},
        {"auth": "hmac"},
        {"auth": "hmac", "header": "x", "algorithm": "md5"},
        {"auth": "hmac", "header": "x", "content": "fixed"},
        {"auth": "header"},
    ],
    ids=str,
)
def test_a_half_configured_proof_lets_nobody_in_and_is_named(settings: dict[str, object]) -> None:
    verdict = verdict_of({"x": "s", "authorization": "Bearer s"}, settings)
    assert verdict == Verdict(ok=False, reason="scheme.invalid")
    assert SOURCE.check(settings, [b"s"])


# --- Duplicates


@pytest.mark.parametrize(
    ("headers", "body", "settings", "key"),
    [
        ({}, {"id": 7}, {}, ""),
        ({}, {"id": 7}, {"map": {"id": "id"}}, "7"),
        ({}, {"a": {"b": "x y"}}, {"map": {"id": ["c", "{{ a.b }}-1"]}}, "x y-1"),
        ({}, {"id": None}, {"map": {"id": "id"}}, ""),
        ({}, {"id": "{ID}"}, {"map": {"id": "id"}, "absent": [r"\{ID\}"]}, ""),
        ({"idempotency-key": "k"}, {"id": 7}, {"map": {"id": "id"}}, "k"),
        ({"webhook-id": "w", "idempotency-key": "k"}, {}, {}, "w"),
        ({"webhook-id": "w", "x-delivery": "d"}, {}, {"id_header": "X-Delivery"}, "d"),
        ({"ce-id": "1", "ce-source": "/a"}, {}, {}, "/a 1"),
        ({"ce-id": "1", "ce-source": "/b"}, {}, {}, "/b 1"),
        ({"content-type": "application/cloudevents+json"}, {"id": "1", "source": "/a"}, {}, "/a 1"),
        ({"content-type": "application/cloudevents-batch+json"}, [{"id": "1"}, {"id": "2"}], {}, ""),
    ],
    ids=str,
)
def test_the_id_of_a_request(headers: dict[str, str], body: object, settings: dict[str, object], key: str) -> None:
    headers = {"content-type": "application/json", **headers}
    assert verdict_of(headers, settings, json.dumps(body).encode()).dedupe_key == key


def test_an_id_that_cannot_be_read_or_is_there_twice_is_none() -> None:
    assert verdict_of({"content-type": "application/json"}, {"map": {"id": "id"}}, b"{").dedupe_key == ""
    twice = (("webhook-id", "a"), ("webhook-id", "b"))
    request = RawRequest(method="POST", query="", headers=twice, body=b"{}", key="s")
    assert SOURCE.verify(request, [b"s"], NOW, {"auth": "key"}) == Verdict(ok=True)


def test_a_long_id_is_hashed() -> None:
    keys = {verdict_of({"webhook-id": "x" * 5000 + end}, {}).dedupe_key for end in "ab"}
    assert len(keys) == 2
    assert all(len(key) < 100 for key in keys)


# --- Types


@pytest.mark.parametrize(
    ("said", "settings", "kind"),
    [
        (None, {}, "generic.received"),
        ("alert.fired", {}, "alert.fired"),
        ("Alert.Fired", {}, "alert.fired"),
        ("build.failed", {}, "generic.unknown"),
        ("build.failed", {"types": ["build.failed"]}, "build.failed"),
        ("build.failed", {"types": ["build.*"]}, "build.failed"),
        ("builder.failed", {"types": ["build.*"]}, "generic.unknown"),
        ("build.failed", {"types": ["*"]}, "build.failed"),
        ("FAILED", {"types": ["*"]}, "generic.unknown"),
        ("FAILED", {"events": {"Failed": "build.failed"}}, "build.failed"),
        (0, {"events": {"0": "build.failed"}}, "build.failed"),
        ("centralita.delivery.dead", {"types": ["*"]}, "generic.unknown"),
        ("centralita.delivery.dead", {"types": ["centralita.*", "centralita.delivery.dead"]}, "generic.unknown"),
        ("x", {"events": {"x": "centralita.delivery.dead"}}, "generic.unknown"),
        ({"a": 1}, {"types": ["*"]}, "generic.unknown"),
    ],
    ids=str,
)
def test_only_declared_types_come_out(said: object, settings: dict[str, object], kind: str) -> None:
    event = event_of({"type": said}, settings)
    assert event.type == kind
    assert SOURCE.declares(event.type, settings)
    assert event.data.get("type") == (said if kind == "generic.unknown" else None)


def test_nobody_may_declare_the_hub_s_own_types() -> None:
    wrong: dict[str, object] = {
        **{"auth": "key", "types": ["centralita.*", "centralita.x", "nodots", "*"]},
        **{"events": {"x": "centralita.delivery.dead"}},
    }
    assert SOURCE.check(wrong, [b"s"]) == [
        "types.centralita.*: setting.event_type",
        "types.centralita.x: setting.event_type",
        "types.nodots: setting.event_type",
        "events.x: setting.event_type",
    ]


# --- Mapping


def test_a_mapping_reads_paths_fall_backs_and_templates() -> None:
    fields = {"a": [{"b": "x"}], "c": 0, "d": "", "e": None}
    assert read(fields, ("a[0].b",)) == "x"
    assert read(fields, ("d", "e", "nowhere.at.all", "c")) == 0
    assert read(fields, ("{{ a[0].b | upcase }}!",)) == "X!"
    assert read(fields, ("{{ nowhere }}", "a[5].b")) is None


def test_the_first_value_that_can_be_understood_counts() -> None:
    body = {
        "link": "{$URL}/1",
        "home": "https://desk.example.com/1",
        "names": ["a", "b"],
        "at": "ayer",
        "n": 1763805600,
    }
    settings: dict[str, object] = {
        "map": {
            "url": ["link", "home"],
            "title": ["names", "names[0]"],
            "severity": ["at", "{{ 'high' }}"],
            "time": ["at", "n"],
            "type": ["at", "{{ 'alert.fired' }}"],
        }
    }
    event = event_of(body, settings)
    assert (event.url, event.title, event.severity) == ("https://desk.example.com/1", "a", "high")
    assert (event.time, event.type) == ("2025-11-22T10:00:00.000Z", "alert.fired")
    assert event_of({"at": "ayer"}, settings).title == ""


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<p>No <b>anda</b></p>", "No anda"),
        ("&lt;p&gt;No &lt;b&gt;anda&lt;/b&gt;&lt;/p&gt;", "No anda"),
        ("<p>Escriba &lt;b&gt;</p>", "Escriba <b>"),
        ("1 < 2", "1 < 2"),
    ],
)
def test_rich_text_is_read_as_plain_text(text: str, plain: str) -> None:
    event = event_of({"a": {"text": text}}, {"html": ["a.text"], "map": {"title": "a.text"}})
    assert event.title == plain
    assert event.data["a"] == {"text": plain}


def test_what_several_entries_need_is_worked_out_once_and_stays_out_of_the_event() -> None:
    settings: dict[str, object] = {
        "let": {"number": ["n", "m"], "name": "#{{ number }}", "m": "x"},
        "map": {
            "id": "number",
            "subject": "ticket/{{ number }}",
            "title": "name",
            "ticket.id": "number",
            "status": "m",
        },
    }
    event = event_of({"m": 7}, settings)
    assert (event.subject, event.title, event.status) == ("ticket/7", "#7", "")
    assert event.data == {"m": 7, "ticket": {"id": "7"}, "id": "7"}
    assert verdict_of({"content-type": "application/json"}, settings, b'{"m": 7}').dedupe_key == "7"
    assert SOURCE.check({"auth": "key", "let": {"a": "{% for %}"}}, [b"s"]) == ["let.a: setting.template"]


def test_an_envelope_is_read_as_if_it_were_not_there() -> None:
    body = {"event": "alert.fired", "data": {"ticket": {"id": 7, "title": "A"}}}
    settings: dict[str, object] = {"unwrap": ["nowhere", "data", "ticket"], "map": {"type": "event", "title": "title"}}
    event = event_of(body, settings)
    assert (event.type, event.title) == ("alert.fired", "A")
    assert event.data == {"event": "alert.fired", "id": "7", "title": "A"}


def test_a_template_that_goes_wrong_is_an_absent_value() -> None:
    assert event_of({"a": 1}, {"map": {"title": "{% for %}", "subject": "a"}}).subject == "1"
    assert event_of({"a": 1}, {"map": {"title": "{% for i in (1..1000000) %}x{% endfor %}"}}).title == ""
    assert SOURCE.check({"auth": "key", "map": {"title": "{% for %}"}}, [b"s"]) == ["map.title: setting.template"]


def test_a_template_sees_the_body_and_nothing_escapes_it() -> None:
    assert event_of({"a": '<b> & "c"'}, {"map": {"title": "{{ a }}"}}).title == '<b> & "c"'


def test_repairs_leave_their_argument_as_it_was() -> None:
    fields: dict[str, Any] = {"a": {"b": '{"c": [1]}', "x": "{M}"}, "k": [{"x": "{M}"}]}
    before = json.dumps(fields)
    assert with_embedded(fields, "a.b")["a"]["b"] == {"c": [1]}
    assert with_embedded(fields, "a.x") == fields
    assert without_absent(fields, lambda text: text == "{M}") == {
        "a": {"b": '{"c": [1]}', "x": None},
        "k": [{"x": None}],
    }
    assert unwrapped(fields, "a") == {"b": '{"c": [1]}', "x": "{M}", "k": fields["k"]}
    assert unwrapped(fields, "k") == unwrapped(fields, "a.b") == fields
    assert without_markup(fields, "k") == without_markup(fields, "nowhere") == fields
    assert omitted(fields, "a.b") == {"a": {"x": "{M}"}, "k": fields["k"]}
    assert omitted(fields, "k.x") == omitted(fields, "nowhere") == fields
    assert placed(fields, "k.z.y", 1)["k"] == {"z": {"y": 1}}
    assert json.dumps(fields) == before


def test_patterns_are_matched_in_linear_time() -> None:
    assert event_of({"title": "a" * 50_000 + "b"}, {"absent": ["(a+)+"]}).title == "a" * 300
    assert event_of({"title": "aaa"}, {"absent": ["(a+)+", "("]}).title == ""
    assert SOURCE.check({"auth": "key", "absent": ["("]}, [b"s"]) == ["absent.(: setting.pattern"]


def test_what_is_not_understood_is_kept() -> None:
    event = event_of({"severity": "rojo", "time": "ayer", "url": "ftp://x", "status": "raro", "phase": "?"})
    assert event.severity is None
    assert event.status == "raro"
    assert event.data["extra"] == {"severity": "rojo", "time": "ayer", "url": "ftp://x", "phase": "?"}


# --- Presets


def test_own_settings_come_before_the_preset_s() -> None:
    whole = effective({"preset": "zabbix", "auth": "key", "map": {"title": "host"}, "severity": {"high": "critical"}})
    known = preset("zabbix")
    assert whole["auth"] == "key"
    assert whole["map"] == {**dict(known["map"]), "title": "host"}  # type: ignore[call-overload]  # YAML
    assert effective({"preset": "zabbix", "auth": None})["auth"] == "bearer"
    event = event_of({"host": "db1", "severity": "High"}, {"preset": "zabbix", "map": {"title": "host"}})
    assert event.title == "db1"


def test_an_unknown_preset_is_named_and_lets_nobody_in() -> None:
    for name in ("nagios", "../presets/zabbix", "", 5, ["zabbix"]):
        settings: dict[str, object] = {"preset": name}
        assert SOURCE.check(settings, [b"s"]) == ["preset: setting.preset", "auth: setting.missing"]
        assert verdict_of({"authorization": "Bearer s"}, {"auth": None, "preset": name}).reason == "scheme.invalid"
    assert {"uptime-kuma", "zabbix"} < set(names())


def test_a_preset_may_build_on_another() -> None:
    whole, below = preset("freshservice"), preset("freshdesk")
    assert whole["auth"] == below["auth"]
    assert whole["unwrap"] != below["unwrap"]
    ours, theirs = whole["events"], below["events"]
    assert isinstance(ours, dict)
    assert isinstance(theirs, dict)
    assert theirs.items() < ours.items()


# --- CloudEvents


def test_a_cloudevent_may_be_mapped_too() -> None:
    body = {"specversion": "1.0", "id": "1", "source": "/a", "type": "a.b", "data": {"nivel": "alta", "n": 1}}
    receipt = Receipt(
        id="rcp_01KAN7A5YR0000000000000000",
        source="any",
        received_at=1763805991.0,
        content_type="application/cloudevents+json",
        headers={},
        body=json.dumps(body).encode(),
    )
    settings = {"map": {"severity": "data.nivel", "ci_type": "source"}, "types": ["a.b"]}
    (event,) = SOURCE.parse(receipt, settings)
    assert event.severity == "high"
    assert event.data == {"nivel": "alta", "n": 1, "id": "1", "ci_type": "/a", "cloudevent": {"source": "/a"}}


def test_what_should_be_a_cloudevent_and_is_no_object_is_unknown() -> None:
    for kind, body in (("application/cloudevents+json", b"7"), ("application/cloudevents-batch+json", b"[7]")):
        assert documents(body, kind, {}) == [Document({"body": 7}, "broken")]
    assert event_of(7).type == "generic.received"


def test_too_many_events_are_refused_as_a_whole() -> None:
    kind = "application/cloudevents-batch+json"
    assert len(documents(json.dumps([{}] * MAX_EVENTS).encode(), kind, {})) == MAX_EVENTS
    with pytest.raises(PayloadError) as caught:
        documents(json.dumps([{}] * (MAX_EVENTS + 1)).encode(), kind, {})
    assert caught.value.reason == "body.too_many"
