"""Trying a webhook out: a real message to a real receiver, and nothing of it but an audit entry left behind."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from centralita.core.signing import generate_secret
from centralita.sandbox.control import SinkControl
from centralita.sandbox.server import serve
from centralita.sandbox.sink import WebhookSink
from centralita.sandbox.sink.answers import AnswerPlan
from centralita.services.audit import newest
from centralita.services.running import running
from centralita.settings import load
from centralita.web.api import make_api
from centralita.wiring import open_hub
from tests.api.conftest import Api
from tests.webhook.test_snippets import judge_snippet

SECRET = generate_secret(b"a secret of thirty-two bytes long")
TOKEN = "bearer-only-for-tests"
CONFIG = """
locale: en
network: {{allow: ["127.0.0.1/32"]}}
sources:
  - {{slug: desk, kind: generic, secrets: [only-for-tests-0123], settings: {{auth: bearer, types: ["printer.*"]}}}}
webhooks:
  - name: erp
    url: "{sink}/erp/key-of-the-address"
    secret: {secret}
    types: ["printer.*", "ticket.*"]
    headers: {{X-Team: private-team}}
    auth: {{kind: bearer, token: {token}}}
  - {{name: idle, url: "{sink}/idle", secret: {secret}, types: ["ticket.closed"], enabled: false}}
  - {{name: refused, url: "http://127.0.0.1:{closed}/hook", secret: {secret}}}
  - {{name: blocked, url: "http://127.0.0.2/hook", secret: {secret}}}
  - {{name: unsigned, url: "{sink}/unsigned"}}
  - {{name: polled, secret: {secret}}}
"""


@pytest.fixture
async def sink() -> AsyncIterator[SinkControl]:
    async with serve(WebhookSink()) as address, SinkControl(address.url) as control:
        yield control


@pytest.fixture
async def api(sink: SinkControl, tmp_path: Path) -> AsyncIterator[Api]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        config = tmp_path / "centralita.yaml"
        port = taken.getsockname()[1]
        config.write_text(CONFIG.format(sink=sink.url, secret=SECRET, token=TOKEN, closed=port))
        environ = {"CENTRALITA_DATA_DIR": str(tmp_path / "data")}
        async with open_hub(load(config, environ), role="web") as hub, running(hub):
            yield Api(hub, make_api(hub))


async def tried(api: Api, name: str, **body: Any) -> dict[str, Any]:
    reply = await api("POST", f"/api/v1/webhooks/{name}/test", body)
    assert reply.status == 200, reply.body
    assert reply.headers["cache-control"] == "no-store"
    return dict(reply.json())


async def test_the_receiver_gets_what_a_delivery_would_be_and_all_of_it_is_shown(api: Api, sink: SinkControl) -> None:
    await sink.answer(AnswerPlan(body=f"welcome, {TOKEN}", headers={"x-receiver": "erp"}))
    said = await tried(api, "erp")
    [arrival] = await sink.received()
    headers = dict(arrival.headers)
    assert Webhook(SECRET).verify(arrival.body, headers)["data"]["id"] == said["trial"]["event"]
    assert (headers["webhook-test"], headers["x-team"]) == ("true", "private-team")
    assert headers["webhook-id"].endswith("_test")

    trial = said["trial"]
    assert said["verdict"] == "The receiver has taken it."
    assert (trial["state"], trial["reason"]) == ("delivered", "")
    assert trial["request"]["body"] == arrival.body.decode()
    assert trial["request"]["method"] == "POST"
    assert trial["request"]["url"] == f"{sink.url}/erp/..."
    shown = dict(trial["request"]["headers"])
    assert shown["webhook-signature"] == headers["webhook-signature"]
    assert shown["authorization"] == shown["X-Team"] == "********"
    assert trial["response"]["status"] == 200
    assert trial["response"]["body"] == "welcome, ********"
    assert dict(trial["response"]["headers"])["x-receiver"] == "erp"
    assert {"connect", "first_byte", "total"} <= trial["timings"].keys()
    assert TOKEN not in json.dumps(said) and "private-team" not in json.dumps(said)
    assert SECRET not in json.dumps(said) and "key-of-the-address" not in json.dumps(said)


async def test_nothing_stays_but_an_entry_in_the_audit_log(api: Api, sink: SinkControl) -> None:
    await sink.answer(AnswerPlan(status=410))
    said = await tried(api, "erp")
    assert (said["trial"]["state"], said["trial"]["reason"]) == ("retry", "http.gone")
    assert (await api("GET", "/api/v1/lanes")).json()["items"] == []
    assert (await api("GET", "/api/v1/dead-letters")).json()["items"] == []
    [entry] = await newest(api.hub, 10, None, "", "webhook.tested")
    assert entry.entry.subject == "webhook/erp"
    assert json.loads(entry.entry.details)["event"] == said["trial"]["event"]


async def test_a_chosen_event_keeps_its_id_and_its_content(api: Api, sink: SinkControl) -> None:
    event = await api.receive(type="printer.jammed", title="Lima, 2nd floor", id="1")
    said = await tried(api, "erp", event=event)
    # The delivery itself goes there too.
    [arrival] = [each for each in await sink.received() if "webhook-test" in dict(each.headers)]
    assert dict(arrival.headers)["webhook-id"] == event == said["trial"]["event"]
    assert json.loads(arrival.body)["data"]["title"] == "Lima, 2nd floor"
    assert (await api("POST", "/api/v1/webhooks/erp/test", {"event": "evt_no"})).status == 404


async def test_an_error_of_the_receiver_is_told_in_words(api: Api, sink: SinkControl) -> None:
    await sink.answer(AnswerPlan(status=500, body="out of paper"))
    said = await tried(api, "erp")
    assert said["verdict"] == "The receiver answered with an error. 500"
    assert said["trial"]["response"]["body"] == "out of paper"
    reply = await api("POST", "/api/v1/webhooks/erp/test", {}, {"accept-language": "es"})
    assert reply.json()["verdict"].endswith("500") and "error" in reply.json()["verdict"]


@pytest.mark.parametrize(("name", "state", "error"), [("refused", "retry", "refused"), ("blocked", "dead", "blocked")])
async def test_a_receiver_that_is_not_reached_has_its_reason(api: Api, name: str, state: str, error: str) -> None:
    trial = (await tried(api, name))["trial"]
    assert (trial["state"], trial["reason"]) == (state, f"net.{error}")
    assert (trial["response"]["status"], trial["response"]["error"]) == (0, error)


async def test_a_webhook_that_is_off_is_sent_something_only_if_that_is_asked(api: Api, sink: SinkControl) -> None:
    refused = await api("POST", "/api/v1/webhooks/idle/test", {})
    assert (refused.status, refused.json()["code"]) == (409, "webhook.off")
    assert await sink.received() == []
    said = await tried(api, "idle", even_if_off=True)
    assert (said["trial"]["state"], said["trial"]["type"]) == ("delivered", "ticket.closed")
    assert [arrival.path for arrival in await sink.received()] == ["/idle"]


async def test_settings_are_tried_before_they_are_saved(api: Api, sink: SinkControl) -> None:
    draft = {"name": "new", "url": f"{sink.url}/new", "secret": SECRET, "types": ["asset.updated"]}
    reply = await api("POST", "/api/v1/webhooks/test", {"webhook": draft})
    assert (reply.status, reply.json()["trial"]["type"]) == (200, "asset.updated")
    [arrival] = await sink.received()
    assert Webhook(SECRET).verify(arrival.body, dict(arrival.headers))
    # A form that changes a saved one does not know its secret.
    edited = {"name": "erp", "url": f"{sink.url}/elsewhere"}
    assert (await api("POST", "/api/v1/webhooks/test", {"webhook": edited})).status == 200
    assert Webhook(SECRET).verify((await sink.received())[1].body, dict((await sink.received())[1].headers))
    for wrong in ({"name": "new"}, {**draft, "url": "ftp://example.com"}, {**draft, "timeout_s": -1}, {"url": "x"}):
        reply = await api("POST", "/api/v1/webhooks/test", {"webhook": wrong})
        assert reply.status in (409, 422), wrong
    assert len(await sink.received()) == 2
    assert SECRET not in reply.body.decode()


async def test_who_may(api: Api) -> None:
    for scope, status in (("webhook.read", 403), ("delivery.replay", 403), ("webhook.manage", 409)):
        reply = await (await api.holding(scope))("POST", "/api/v1/webhooks/idle/test", {})
        assert reply.status == status, scope
    assert (await api("POST", "/api/v1/webhooks/nobody/test", {})).status == 404
    assert (await api("POST", "/api/v1/webhooks/polled/test", {})).json()["code"] == "webhook.polled"


async def test_the_same_key_sends_once(api: Api, sink: SinkControl) -> None:
    first = await api("POST", "/api/v1/webhooks/erp/test", {}, {"idempotency-key": "once"})
    again = await api("POST", "/api/v1/webhooks/erp/test", {}, {"idempotency-key": "once"})
    assert again.json() == first.json()
    assert len(await sink.received()) == 1


# ---- snippets


async def test_the_snippet_verifies_what_the_receiver_got(api: Api, sink: SinkControl, tmp_path: Path) -> None:
    said = await tried(api, "erp")
    [arrival] = await sink.received()
    code = said["trial"]["snippets"]["python"]
    assert code == (await api("GET", "/api/v1/webhooks/erp/snippet")).json()["code"]
    assert "ERP_WEBHOOK_SECRET" in code and SECRET not in code
    judge_snippet("python", code, {"ERP_WEBHOOK_SECRET": SECRET}, dict(arrival.headers), arrival.body, tmp_path)
    unsigned = await api("GET", "/api/v1/webhooks/unsigned/snippet?language=php")
    assert (unsigned.status, unsigned.json()["code"]) == (409, "webhook.unsigned")
    assert (await tried(api, "unsigned"))["trial"]["snippets"] == {}
