"""From a request that comes in to a mail in the hands of a real server: the whole hub, on both databases."""

from __future__ import annotations

import asyncio
import email
import json
from email.policy import default
from pathlib import Path

from centralita.ports import RawRequest
from centralita.services.running import running
from centralita.settings import load
from centralita.store import history
from centralita.store.database import Transaction
from centralita.store.history import Attempt
from centralita.wiring import open_hub
from tests.net.servers import receiver
from tests.net.smtp_server import SmtpServer

CONFIG = """
locale: es
sources:
  - {{slug: desk, kind: generic, secrets: [only-for-tests-0123], settings: {{auth: bearer, types: ["printer.*"]}}}}
webhooks: [{{name: guardia, url: "mailto:guardia@example.com", format: mail, types: ["printer.*"], schedule_s: [0.01]}}]
mail: {{host: 127.0.0.1, port: {port}, security: none, sender: "Mesa <mesa@example.com>"}}
"""
EVENT = b'{"id": "1", "type": "printer.jammed", "title": "Se atasc\\u00f3 la impresora"}'


async def test_an_event_becomes_a_mail_once_the_server_takes_it(migrated_url: str, tmp_path: Path) -> None:
    arrived = asyncio.Event()

    class Server(SmtpServer):
        async def _reply(self, writer: asyncio.StreamWriter, step: str, usual: str) -> bool:
            going = await super()._reply(writer, step, usual)
            if step == "RCPT":
                self.replies.clear()  # greylisted once
            if step == "content":
                arrived.set()
            return going

    server = Server(replies={"RCPT": "450 4.2.1 greylisted"})
    async with receiver(server.handler) as port:
        config = tmp_path / "centralita.yaml"
        config.write_text(CONFIG.format(port=port))
        environ = {"CENTRALITA_DATABASE__URL": migrated_url, "CENTRALITA_DATA_DIR": str(tmp_path / "data")}
        async with open_hub(load(config, environ)) as hub, running(hub):
            settled = asyncio.Event()
            hub.deliverer.on_settled = lambda ids: settled.set() if arrived.is_set() else None
            headers = (("authorization", "Bearer only-for-tests-0123"), ("content-type", "application/json"))
            answer = await hub.ingest.receive("desk", RawRequest(method="POST", query="", headers=headers, body=EVENT))
            assert answer.status == 202
            await settled.wait()
            event_id = str(json.loads(answer.body)["id"]).replace("rcp_", "evt_")

            def read(tx: Transaction) -> list[Attempt]:
                (row,) = history.of_event(tx, event_id)
                return history.attempts_of(tx, row.day, [row.id])

            attempts = await hub.database.read(read)
    (mail,) = server.mails
    content = email.message_from_bytes(mail.content, policy=default)
    assert (mail.sender, mail.recipient) == ("FROM:<mesa@example.com>", "TO:<guardia@example.com>")
    assert "Se atascó la impresora" in str(content["Subject"])
    assert [(each.outcome, each.status, each.reason) for each in attempts] == [
        ("retry", 450, "mail.deferred"),
        ("delivered", 250, ""),
    ]
    assert attempts[0].detail == "450 4.2.1 greylisted"
