"""One stream of events through a running hub, to a receiver of every format: each gets, byte for byte, what the pure
function of its format gives, signed so that the specification's own library accepts it."""

from __future__ import annotations

import aiohttp
import msgspec
from standardwebhooks import Webhook

from centralita.core.effects import Subject
from centralita.core.events import Event
from centralita.core.subjects import project
from centralita.integrations import registry
from centralita.integrations.webhook.formats import FORMATS, material_of, render
from centralita.integrations.webhook.receiver import SigningKey
from centralita.ports import ORIGINAL, RawRequest, Receipt
from centralita.sandbox.control import SinkControl
from centralita.services.rules import aliases
from centralita.services.webhook_catalogue import Defaults, make_receiver
from centralita.settings.webhooks import Format
from centralita.settings.webhooks import Webhook as Settings
from tests.contracts.kinds import fixtures_of
from tests.scenarios.conftest import FAST, WEBHOOK_SECRET, World
from tests.webhook.stream import STREAM, TEMPLATE

SECRET = "only-for-tests-0123"
SENDERS = [(kind, fixture) for name, kind, fixture, index in STREAM if index == 0 and name != "approval"]
"""An approval would first be filled in by InvGate."""
BY_HTTP = tuple(format for format in FORMATS if format != "mail")


def webhook(format: Format, sink: SinkControl) -> dict[str, object]:
    common = {"name": format, "url": f"{sink.url}/{format}", "secret": WEBHOOK_SECRET, "schedule_s": list(FAST)}
    template = {"template": TEMPLATE} if format == "template" else {}
    return {**common, "format": format, "types": ["*", "ot.updated"], **template}


async def post(session: aiohttp.ClientSession, url: str, kind: str, request: RawRequest) -> str:
    path = f"{url}/in/{kind}" + (f"/{request.key}" if request.key else "")
    async with session.post(path, data=request.body, headers=dict(request.headers)) as response:
        assert response.status == 202, await response.text()
        return str((await response.json())["id"])


Taken = tuple[Event, Subject, Receipt]


def expected(
    kind: str, request: RawRequest, receipt_id: str, received_at: float, subjects: dict[str, Subject]
) -> list[Taken]:
    receipt = Receipt(
        id=receipt_id,
        source=kind,
        received_at=received_at,
        content_type=request.header("content-type") or "",
        headers={},
        body=request.body,
    )
    found = []
    for event in registry.source(kind).parse(receipt, {}):
        subjects[event.subject] = project(subjects.get(event.subject), event)
        found.append((event, subjects[event.subject], receipt))
    return found


async def test_every_receiver_gets_the_stream_in_its_format(sqlite_world: World, sink: SinkControl) -> None:
    kinds = sorted({kind for kind, _ in SENDERS})
    hub = await sqlite_world.hub(
        {"sources": [{"slug": kind, "kind": kind, "secrets": [SECRET]} for kind in kinds]},
        {"webhooks": [webhook(format, sink) for format in BY_HTTP], "server": {"public_url": "https://desk.test"}},
        {"receive": {"max_wait_s": 60}},  # each is posted once: a busy machine must not make it a 503
    )
    stream: list[Taken] = []
    subjects: dict[str, Subject] = {}
    async with aiohttp.ClientSession() as session:
        for kind, name in SENDERS:
            request = registry.signed(kind, fixtures_of(kind)[name], [SECRET.encode()], {}, 0)
            receipt_id = await post(session, hub.url, kind, request)
            # Its id is minted a moment later: the time in that may be another millisecond.
            received_at = sqlite_world.reader.value("select received_at from receipts where id = ?", receipt_id)
            stream += expected(kind, request, receipt_id, received_at, subjects)
    for format in BY_HTTP:
        hook = Settings.model_validate(webhook(format, sink))
        defaults = Defaults(aliases=aliases(), locale="es", public_url="https://desk.test")
        receiver = make_receiver(hook, (SigningKey(WEBHOOK_SECRET),), defaults)
        arrivals = await sink.wait_for(len(stream), path=f"/{format}")
        got = {dict(each.headers)["webhook-id"]: each for each in arrivals}
        assert got.keys() == {event.id for event, _, _ in stream}
        for event, subject, receipt in stream:
            message = render(material_of(event, subject, receiver, {ORIGINAL: receipt}, 0))
            arrival = got[event.id]
            headers = dict(arrival.headers)
            assert arrival.body == message.body, (format, event.type)
            assert {name: headers[name] for name, _ in message.headers} == dict(message.headers)
            assert Webhook(WEBHOOK_SECRET).verify(arrival.body, headers) == msgspec.json.decode(arrival.body)
    await sqlite_world.settle()
