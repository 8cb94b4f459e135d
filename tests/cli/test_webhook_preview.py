"""``webhook preview`` as a person at a terminal uses it."""

from __future__ import annotations

import json

from tests.cli.conftest import Terminal


def test_a_format_a_template_and_a_webhook_that_there_is(terminal: Terminal) -> None:
    shown = terminal("webhook", "preview", "--format", "cloudevents", "--type", "ticket.created")
    assert shown.code == 0, shown.err
    head, _, body = shown.out.partition("\n\n")
    assert head == "content-type: application/cloudevents+json; charset=utf-8"
    assert json.loads(body)["specversion"] == "1.0"

    file = terminal.directory / "erp.liquid"
    file.write_text("<p>{{ title }}</p>")
    template = terminal("webhook", "preview", "--template", str(file), "--content-type", "text/html", "--json")
    assert template.code == 0, template.err
    assert template.json()["preview"]["body"].startswith("<p>")

    saved = terminal("webhook", "preview", "erp")
    assert saved.code == 0 and '"type": "ticket.created"' in saved.out, saved.err
    assert saved.err.strip() == "The webhook does not subscribe to such an event."


def test_what_is_wrong_is_told(terminal: Terminal) -> None:
    file = terminal.directory / "wrong.liquid"
    file.write_text("{{ title")
    wrong = terminal("webhook", "preview", "--template", str(file))
    assert wrong.code == 1 and "Line 1" in wrong.err, wrong.err
    assert terminal("webhook", "preview", "erp", "--format", "slack").code == 2
    assert terminal("webhook", "preview", "nobody").code == 1
