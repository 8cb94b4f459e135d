"""One stream of events in every format, and where its goldens are.

``python -m tests.webhook.stream`` writes them anew: read what has changed before it is committed.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from centralita.core.effects import Subject
from centralita.core.events import Event
from centralita.core.subjects import project
from centralita.core.webhook_formats import Format
from centralita.integrations import registry
from centralita.integrations.webhook.formats import FORMATS, Material, Message, material_of, render
from centralita.integrations.webhook.receiver import Receiver, SigningKey
from centralita.ports import ORIGINAL, Receipt
from tests.contracts.kinds import NOW, RECEIPT_ID, fixtures_of, receipt_of

GOLDEN = Path(__file__).parent / "golden"
STREAM = (
    ("ticket", "invgate", "ticket-created", 0),
    ("comment", "invgate", "comment-public", 0),
    ("approval", "invgate", "approval-requested", 0),
    ("work-request", "cmmshere", "request-created", 0),
    ("work-order", "cmmshere", "order-updated", 0),
    ("asset", "cmmshere", "asset-created", 0),
    ("alert", "alertmanager", "firing", 0),
    ("message", "botmaker", "conversation", 0),
    ("variables", "botmaker", "conversation", 3),
    ("message-read", "botmaker", "status-read", 0),
    ("session", "troubleshooting", "session-escalated", 0),
)
"""(name, kind of source, fixture, which of its events)."""
TEMPLATE = """{
  "text": "{{ title }}",
  "who": "{{ requester.name | default: "-" }}",
  "when": "{{ time | date: "%d/%m/%Y" }}"
}"""
SECRET = "whsec_dHUtc2VjcmV0LWtleQ=="  # tu-secret-key


def receiver_of(format: Format) -> Receiver:
    """The receiver of a format's goldens."""
    return Receiver(
        name="erp",
        url="mailto:mesa@example.com" if format == "mail" else "https://erp.test/hook",
        format=format,
        template=TEMPLATE if format == "template" else "",
        keys=(SigningKey(SECRET),),
        public_url="https://desk.test",
        mail_from="Centralita <centralita@example.com>",
    )


def taken(name: str) -> tuple[Event, Subject, Receipt]:
    """An event of the stream with its subject and the request that it came in."""
    _, kind, fixture_name, index = next(each for each in STREAM if each[0] == name)
    fixture = fixtures_of(kind)[fixture_name]
    number = next(place for place, each in enumerate(STREAM) if each[0] == name)
    receipt = receipt_of(fixture, id=f"{RECEIPT_ID[:-2]}{number:02}", source=kind)
    event = registry.source(kind).parse(receipt, fixture.settings)[index]
    return event, project(None, event), receipt


def material(format: Format, name: str) -> Material:
    """What there is to render of it."""
    event, subject, receipt = taken(name)
    return material_of(event, subject, receiver_of(format), {ORIGINAL: receipt}, NOW)


def shown(message: Message) -> str:
    """A message for people to review: its headers, and its body with JSON indented and lines as here."""
    head = "".join(f"{name}: {value}\n" for name, value in message.headers)
    is_json = "json" in message.headers[0][1]
    body = msgspec.json.format(message.body, indent=2) if is_json else message.body
    return f"{head}\n{body.decode().replace(chr(13), '').rstrip()}\n"


def cases() -> list[tuple[Format, str]]:
    """Every format with every event of the stream."""
    return [(format, name) for format in FORMATS for name, *_ in STREAM]


def golden(format: Format, name: str) -> Path:
    """The file of what an event is in a format."""
    return GOLDEN / format / f"{name}.txt"


if __name__ == "__main__":
    for format, name in cases():
        golden(format, name).parent.mkdir(parents=True, exist_ok=True)
        golden(format, name).write_text(shown(render(material(format, name))))
