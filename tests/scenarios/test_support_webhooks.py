"""The troubleshooting assistant's own examples, with curl, Python and SQL, against a running hub on both databases."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import sys
from pathlib import Path
from typing import Any

from centralita.cli.calling import LocalSocket
from centralita.cli.session import Options
from centralita.sandbox.control import SinkControl
from tests.scenarios.conftest import WEBHOOK_SECRET, World
from tests.scenarios.judges import Reader
from tests.scenarios.processes import ROOT, HubProcess
from tests.scenarios.waiting import until

PATH = "/api/support/troubleshooting"
SETUP = {
    "sources": [{"slug": "guia", "kind": "troubleshooting", "secrets": ["assistant-secret-0123"]}],
    # One of the file stands beside those that programs register.
    "webhooks": [
        {"name": "erp", "url": "https://erp.example.com/hook", "types": ["order.*"], "secret": WEBHOOK_SECRET}
    ],
}

# The guide's example. Changed are the import, the address, and that an event is told of at the end.
PYTHON = """
from centralita.compat import (
    TroubleshootingWebhookManager,
    WebhookConfig,
    WebhookEvent
)

# Crear manager
webhook_manager = TroubleshootingWebhookManager()

# Registrar webhook
config = WebhookConfig(
    url="{sink}/webhook",
    events=[
        WebhookEvent.SESSION_STARTED,
        WebhookEvent.SESSION_RESOLVED,
        WebhookEvent.SESSION_ESCALATED
    ],
    secret="tu-secret-key",
    timeout=10,
    retry_attempts=3
)

webhook_manager.register_webhook("mi-webhook", config)
webhook_manager.register_webhook("mi-webhook", config)

# Registrar webhook para Slack
webhook_config = WebhookConfig(
    url="https://hooks.slack.com/services/YOUR/WEBHOOK/URL",
    events=[
        WebhookEvent.SESSION_ESCALATED,
        WebhookEvent.SESSION_RESOLVED
    ],
    headers={{"Content-Type": "application/json"}}
)

webhook_manager.register_webhook("slack-notifications", webhook_config)

webhook_manager.trigger_webhook(WebhookEvent.SESSION_STARTED, {{"session_id": "s-1", "problem_title": "Sin tóner"}})
"""
LATER = """
import json
from centralita.compat import HubError, TroubleshootingWebhookManager

manager = TroubleshootingWebhookManager()
stats, history = manager.get_webhook_stats("mi-webhook"), manager.get_event_history("mi-webhook", limit=5)
everything = manager.get_event_history()
manager.disable_webhook("mi-webhook")
off = {each["webhook_id"]: each["enabled"] for each in manager.list_webhooks()}
manager.enable_webhook("mi-webhook")
removed = [manager.unregister_webhook("slack-notifications") for _ in range(2)]
try:
    manager.get_webhook_stats("slack-notifications")
except HubError as fault:
    missing = fault.problem["status"]
print(json.dumps([stats, history, everything == history, off, removed, missing]))
"""


async def _run(*command: str, cwd: Path = ROOT, **environment: str) -> str:
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


def _token(hub: HubProcess) -> str:
    local = LocalSocket(Options(config=hub.config).settings().socket_path)
    body = json.dumps({"name": "programs", "role": "admin"}).encode()
    return str(local.send("POST", "/api/v1/tokens", body, {"content-type": "application/json"}).json()["token"])


async def _curl(hub: HubProcess, token: str, *words: str) -> Any:
    path, *more = words
    return json.loads(await _run("curl", "-sS", "-H", f"Authorization: Bearer {token}", hub.url + path, *more))


def _is_genuine(payload: dict[str, Any], secret: str) -> bool:
    """As the guide's receivers check it."""
    signature = payload.pop("signature")
    expected = hmac.new(secret.encode(), json.dumps(payload, sort_keys=True).encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(signature, expected)


async def test_the_examples_of_the_guide_work(usual_world: World, sink: SinkControl) -> None:
    hub = await usual_world.hub(SETUP)
    token = _token(hub)
    remote: dict[str, Any] = {"CENTRALITA_URL": hub.url, "CENTRALITA_TOKEN": token}
    body = {
        "url": f"{sink.url}/curl",
        "events": ["session_started", "session_resolved"],
        "secret": "optional-secret-key",
        "timeout": 10,
        "retry_attempts": 3,
    }
    given = ("-H", "Content-Type: application/json", "-d", json.dumps(body))
    made = await _curl(hub, token, f"{PATH}/webhooks", "-X", "POST", *given)
    assert made["webhook_id"].startswith("wh_")

    await _run(sys.executable, "-c", PYTHON.format(sink=sink.url), **remote)
    arrivals = await sink.wait_for(count=2)
    payloads = {arrival.path: json.loads(arrival.body) for arrival in arrivals}
    for path, secret in (("/curl", "optional-secret-key"), ("/webhook", "tu-secret-key")):
        payload = payloads[path]
        assert (payload["event"], payload["data"]["session_id"]) == ("session_started", "s-1")
        assert set(payload) == {"event", "timestamp", "data", "signature"}
        assert _is_genuine(payload, secret)

    listed = (await _curl(hub, token, f"{PATH}/webhooks"))["webhooks"]
    assert {each["webhook_id"]: each["format"] for each in listed} == {
        "erp": "standard",
        "mi-webhook": "troubleshooting",
        "slack-notifications": "slack",
        made["webhook_id"]: "troubleshooting",
    }
    await until(lambda: len(_delivered(usual_world.reader)) == 2)
    stats = await _curl(hub, token, f"{PATH}/webhooks/{made['webhook_id']}/stats")
    assert (stats["successful_events"], stats["success_rate"], stats["common_errors"]) == (1, 100.0, [])

    # Beside the hub neither an address nor a token is needed.
    said = await _run(sys.executable, "-c", LATER, cwd=hub.config.parent)
    stats, history, same, off, removed, missing = json.loads(said)
    assert (stats["total_events"], history[0]["status"], history[0]["status_code"], same) == (
        1,
        "delivered",
        200,
        False,
    )
    assert (off["mi-webhook"], removed, missing) == (False, [True, False], 404)
    _judge_sql(usual_world.reader, made["webhook_id"], sink.url)
    await usual_world.settle()


def _delivered(reader: Reader) -> list[tuple[Any, ...]]:
    return reader.rows("SELECT * FROM support_webhook_events WHERE status = 'delivered'")


def _judge_sql(reader: Reader, made: str, url: str) -> None:
    rows = reader.rows("SELECT webhook_id, total_events, success_rate FROM vw_webhook_stats")
    assert {name: (total, rate and float(rate)) for name, total, rate in rows} == {
        "erp": (0, None),
        "mi-webhook": (1, 100.0),
        made: (1, 100.0),
    }
    recent = reader.rows(
        "SELECT event_type, status, status_code FROM support_webhook_events WHERE webhook_id = 'mi-webhook'"
        " ORDER BY triggered_at DESC LIMIT 10"
    )
    assert recent == [("session.started", "delivered", 200)]
    assert reader.rows("SELECT url, retry_attempts FROM support_webhooks WHERE webhook_id = ?", made) == [
        (f"{url}/curl", 3)
    ]
    assert reader.rows("SELECT webhook_id FROM vw_webhook_stats WHERE success_rate < 90") == []
