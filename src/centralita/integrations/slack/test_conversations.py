"""Conversations in Slack: one message that shows who wrote and what, every further message in its thread."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from centralita.core.effects import Subject
from centralita.core.subjects import project
from centralita.integrations.slack.blocks import Rendered, render
from centralita.integrations.slack.facts import read_facts
from centralita.integrations.slack.story import tell_change, tell_root
from centralita.integrations.slack.test_messages import words
from centralita.integrations.slack.test_scripted import LUIS, Workspace, delivery
from centralita.ports import Delivery

PANEL = "https://chats.test/#/chats/QK3J"
CAMILA = {"id": "QK3J", "name": "Camila Duarte", "phone": "5491150001234"}
SUBJECT = "conversation/QK3J/1"


def message(text: str, author: str = "Camila Duarte", writer: str = "user", **more: Any) -> dict[str, Any]:
    around = {"channel": "acme-wa", "platform": "whatsapp", "url": PANEL}
    return {"text": text, "author": author, "from": writer, **around, **more}


class Talk:
    """A conversation's deliveries, in order, each with what its subject has become by then."""

    def __init__(self) -> None:
        self.subject: Subject | None = None
        self.number = 0

    def add(self, kind: str, **data: Any) -> Delivery:
        """The delivery of the next event."""
        self.number += 1
        values = {"source": "botmaker", "title": "", "status": "", "url": PANEL, "data": {"contact": CAMILA, **data}}
        item = delivery(self.number, kind, subject=SUBJECT, phase="", ticket={}, event=values)
        self.subject = project(self.subject, item.event)
        return msgspec.structs.replace(item, subject=self.subject)

    def received(self, text: str, **more: Any) -> Delivery:
        """The customer's next message."""
        return self.add("message.received", message=message(text, **more))

    def sent(self, text: str, author: str = "Bot", writer: str = "bot", **more: Any) -> Delivery:
        """What the bot or an operator answers."""
        return self.add("message.sent", message=message(text, author, writer), **more)


def root(item: Delivery, locale: str = "es", *, in_thread: bool = False, use_blocks: bool = True) -> Rendered:
    told = tell_root(read_facts(item, locale, "https://desk.test"), "https://desk.test", in_thread=in_thread)
    return render(told, "", locale, use_blocks=use_blocks, threads=True)


def change(item: Delivery, locale: str = "es") -> str:
    told = tell_change(read_facts(item, locale, "https://desk.test"), "https://desk.test")
    return render(told, "", locale, use_blocks=False, threads=True).text


def test_who_wrote_through_which_channel_and_what() -> None:
    rendered = root(Talk().received("La impresora no imprime", queue="soporte"))
    assert rendered.blocks[0]["text"]["text"] == "💬 Conversación con Camila Duarte"
    said = words(rendered)
    assert "*Canal:*\nWhatsApp · acme-wa" in said
    assert "*Contacto:*\n5491150001234" in said
    assert "*Cola:*\nsoporte" in said
    assert "*Camila Duarte*\nLa impresora no imprime" in said
    buttons = next(block for block in rendered.attachments[0]["blocks"] if block["type"] == "actions")["elements"]
    assert [(button["text"]["text"], button["url"]) for button in buttons] == [
        ("Ver detalles", "https://desk.test/events/evt_01KAN4GQ000000000000000000"),
        ("Abrir conversación", PANEL),
    ]


def test_a_session_is_one_message_and_the_rest_is_in_its_thread() -> None:
    talk, workspace = Talk(), Workspace()
    told = [
        talk.received("La impresora no imprime"),
        talk.sent("¿En qué sucursal?"),
        talk.received("Centro"),
        talk.add("variables.changed", variables={"sucursal": "Centro", "intentos": 2}),
        talk.sent("Ya lo miro", "Luis Paredes", "operator", agent=LUIS),
    ]
    for item in told:
        assert workspace.run(item).state == "delivered"
    first, *replies = workspace.messages
    assert first["text"] == "💬 Conversación con Camila Duarte En manos de Luis Paredes."
    assert "La impresora no imprime" in str(first["attachments"])
    assert {reply["thread_ts"] for reply in replies} == {first["ts"]}
    assert [reply["text"] for reply in replies][:2] == ["*Bot:* ¿En qué sucursal?", "*Camila Duarte:* Centro"]
    assert "*🧾 Cambiaron variables*\n• sucursal: Centro\n• intentos: 2" in replies[2]["text"]
    assert replies[3]["text"] == "*Luis Paredes:* Ya lo miro"


def test_the_conversation_is_known_by_what_the_customer_wrote_first() -> None:
    talk = Talk()
    talk.sent("Hola, soy el bot")
    assert "Hola, soy el bot" in words(root(talk.sent("¿Cómo va?"), in_thread=True))
    talk.received("No imprime")
    last = talk.received("Sigue sin imprimir")
    assert "No imprime" in words(root(last, in_thread=True))
    assert "Sigue sin imprimir" not in words(root(last, in_thread=True))
    # Without a thread, and where messages can't be changed, each shows its own.
    assert "Sigue sin imprimir" in words(root(last))


def test_what_comes_with_a_message_is_linked() -> None:
    attached = [
        {"kind": "image", "url": "https://files.test/a.jpg"},
        {"kind": "file", "url": "https://files.test/b.pdf"},
        {"kind": "audio", "url": "javascript:x"},
    ]
    item = Talk().received("Así sale", attachments=attached, location="-34.6, -58.4")
    lines = (
        "• <https://files.test/a.jpg|Imagen>\n• <https://files.test/b.pdf|Archivo>\n"
        "• <https://www.openstreetmap.org/?mlat=-34.6&amp;mlon=-58.4|Ubicación: -34.6, -58.4>"
    )
    assert f"*Adjuntos*\n{lines}" in words(root(item))
    assert change(item) == f"*Camila Duarte:* Así sale\n{lines}"
    alone = Talk().received("", attachments=attached[:1])
    assert change(alone) == "*Camila Duarte*\n• <https://files.test/a.jpg|Imagen>"


@pytest.mark.parametrize(
    ("kind", "es", "en"),
    [
        ("message.delivered", "✔️ Mensaje entregado", "✔️ Message delivered"),
        ("message.read", "👀 Mensaje leído", "👀 Message read"),
        ("message.failed", "⚠️ Mensaje no entregado", "⚠️ Message not delivered"),
    ],
)
def test_what_became_of_a_message(kind: str, es: str, en: str) -> None:
    item = Talk().add(kind, message={"id": "1", "channel": "acme-wa"})
    assert es in change(item)
    assert en in change(item, "en")
    assert "Camila Duarte" in root(item).text


def test_a_button_and_a_message_without_anything() -> None:
    assert change(Talk().received("", button="Confirmar")) == "*Camila Duarte:* Botón: Confirmar"
    assert change(Talk().received("", title="x")).startswith("*💬 message.received*")
    assert root(Talk().received("")).text == "💬 Conversación con Camila Duarte"


def test_a_long_message_goes_on_in_the_thread() -> None:
    text = "\n".join(f"línea {number} & <algo>" for number in range(400))
    rendered = root(Talk().received(text))
    assert [part.label for part in rendered.overflow] == ["Camila Duarte"]
    workspace = Workspace()
    workspace.run(Talk().received(text))
    assert len(workspace.messages) > 2
