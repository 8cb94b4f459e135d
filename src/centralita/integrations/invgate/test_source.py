"""What is InvGate's own; what every source keeps is in ``tests/contracts``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from centralita.core.attributes import word
from centralita.core.events import Event
from centralita.core.plain_text import plain_text
from centralita.core.ticket_words import EVENTS
from centralita.integrations.invgate.source import InvgateSource
from centralita.integrations.invgate.words import TYPES
from centralita.ports import Receipt

SOURCE = InvgateSource()


def event_of(body: dict[str, Any], **settings: object) -> Event:
    receipt = Receipt(
        id="rcp_01KAN7A5YR0000000000000000",
        source="invgate",
        received_at=1763805991.0,
        content_type="application/json",
        headers={},
        body=json.dumps(body).encode(),
    )
    (event,) = SOURCE.parse(receipt, settings)
    return event


@pytest.mark.parametrize(("name", "kind"), EVENTS.items())
def test_every_word_for_an_event_is_known(name: str, kind: str) -> None:
    assert word(name) == name
    assert event_of({"event": name.replace("_", " ").upper(), "request_id": 1}).type == kind


@pytest.mark.parametrize("kind", TYPES)
def test_a_type_of_ours_may_be_sent_as_it_is(kind: str) -> None:
    assert event_of({"event": kind, "request_id": 1}).type == kind


@pytest.mark.parametrize("empty", [None, ""])
def test_without_a_name_it_is_an_update(empty: object) -> None:
    assert event_of({"request_id": 1}).type == event_of({"request_id": 1, "event": empty}).type == "ticket.updated"


def test_own_names_come_before_the_known_ones_and_only_for_known_types() -> None:
    assert event_of({"event": "Cierre", "request_id": 1}, events={"cierre": "ticket.updated"}).type == "ticket.updated"
    assert event_of({"event": "x", "request_id": 1}, events={"x": "ticket.exploded"}).type == "invgate.unknown"
    assert SOURCE.check({"events": {"x": "ticket.exploded"}}, [b"s"]) == ["events.x: setting.event_type"]


@pytest.mark.parametrize(
    ("priority", "severity"),
    [
        *((1, "low"), (2, "medium"), ("3", "high"), (4, "high"), ("5", "critical"), (6, None), (0, None)),
        *(("Crítica", "critical"), ("URGENTE", "high"), ("Alta", "high"), ("Media", "medium"), ("Baja", "low")),
        *(("Critical", "critical"), ("Medium", "medium"), ("Low", "low"), ("?", None), (None, None), ({}, None)),
    ],
)
def test_priorities(priority: object, severity: str | None) -> None:
    assert event_of({"request_id": 1, "priority": priority}).severity == severity


@pytest.mark.parametrize(
    ("event", "status", "phase"),
    [
        ("new_ticket", None, "open"),
        ("new_ticket", "Palabra nueva", "open"),
        ("ticket_closed", None, "closed"),
        ("ticket_reopened", None, "open"),
        ("status_changed", "Solucionado", "closed"),
        ("status_changed", "Solved", "closed"),
        ("status_changed", "Rechazada", "closed"),
        ("status_changed", "En espera", "open"),
        ("status_changed", "Reabierto", "open"),
        ("status_changed", "Palabra nueva", ""),
        ("status_changed", 5, ""),
        ("comment_added", None, ""),
    ],
)
def test_phases(event: str, status: object, phase: str) -> None:
    assert event_of({"event": event, "request_id": 1, "status": status}).phase == phase


def test_a_comment_is_for_the_requester_only_when_the_sender_said_so() -> None:
    def visible(said: object) -> object:
        body = {"event": "comment_added", "request_id": 1, "comment": "x", "customer_visible": said}
        return event_of(body).data["comment"]["visible_to_customer"]

    yes: tuple[object, ...] = (1, "1", True, "true", "Sí", "yes")
    no: tuple[object, ...] = (0, "0", False, "false", "no", "", None, [], [1], {"a": 1}, "quizás")
    assert [visible(said) for said in yes] == [True] * len(yes)
    assert [visible(said) for said in no] == [False] * len(no)


@pytest.mark.parametrize("instance", ["acme.example", "https://acme.example/", "http://acme.example:8080"])
def test_the_link_is_made_from_the_instance(instance: str) -> None:
    base = instance.rstrip("/") if "://" in instance else f"https://{instance}"
    assert event_of({"request_id": "45/21"}, instance=instance).url == f"{base}/requests/show/index/id/45%2F21"
    assert event_of({"request_id": 1, "url": "https://x.example/1"}, instance=instance).url == "https://x.example/1"
    assert SOURCE.check({"instance": instance}, [b"s"]) == []


@pytest.mark.parametrize("instance", ["acme.example/path", "user:pw@acme.example", "javascript:x", "", 5])
def test_an_instance_that_is_no_host_is_named_and_makes_no_link(instance: object) -> None:
    assert event_of({"request_id": 1}, instance=instance).url == ""
    assert SOURCE.check({"instance": instance}, [b"s"]) == ["instance: setting.type"]


def test_faults_of_the_settings() -> None:
    wrong: dict[str, object] = {
        **{"auth": "none", "header": "not a header", "timezone": "Mordor", "color": "red"},
        **{"map": {"title": 5, "shoe": "size", "status": ["a", None]}, "severity": {"P1": "terrible"}, "phases": []},
    }
    assert SOURCE.check(wrong, [b""]) == [
        "secrets: secret.unconfigured",
        "auth: setting.choice",
        "header: setting.header",
        "timezone: setting.timezone",
        "color: setting.unknown",
        "map.title: setting.type",
        "map.shoe: setting.unknown",
        "map.status: setting.type",
        "severity.P1: setting.severity",
        "phases: setting.type",
    ]


@pytest.mark.parametrize(
    ("rich", "plain"),
    [
        ("Sin marcas\n  ni nada", "Sin marcas\n  ni nada"),
        ("Error <router1> & <USD 200>", "Error <router1> & <USD 200>"),
        ("Caf&eacute; &lt;b&gt;", "Café <b>"),
        ("<p>uno</p><p>dos<br>tres</p>", "uno\n\ndos\ntres"),
        ("<div>uno</div>\n\n  <div>dos</div>", "uno\ndos"),
        ("<TABLE><TR><TD>a</TD><TD>b</TD></TR><TR><TD>c</TD><TD></TD></TR></TABLE>", "a | b\nc |"),
        ("<ol><li>uno</li><li>dos</li></ol>", "• uno\n• dos"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ('<a href="https://x.example/?a=1&amp;b=2">guía</a>', "guía (https://x.example/?a=1&b=2)"),
        ('<a href="https://x.example">https://x.example</a>', "https://x.example"),
        ('<a href="javascript:alert(1)">ver</a>', "ver"),
        ("a<script>x()</script>b<style>c</style><!-- d <p> -->e<b>f", "abef"),
        ("<p>ver <script>sin fin", "ver"),
        ("<p>ver <!-- sin fin", "ver"),
        ("<p>a&nbsp;&nbsp;b</p>", "a b"),
        ("", ""),
    ],
)
def test_plain_text(rich: str, plain: str) -> None:
    assert plain_text(rich) == plain


@pytest.mark.parametrize(
    "piece",
    ["<a ", "<!--", "</", "<", "<p", "<div>", "<script>", "<a href=x>", "&", "<p>|\n", "<td>", "<a b='", "<li>•"],
)
def test_hostile_text_takes_no_more_than_its_length(piece: str) -> None:
    # What the limit of a test's time would show: the parsers at hand take hours for some of these.
    plain_text("<p>" + piece * (300_000 // len(piece)))
