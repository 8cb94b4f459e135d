"""An event as a mail: plain text and HTML (RFC 5322, RFC 2045, RFC 3834).

The bytes are the same on every attempt: the Message-ID follows from event and webhook, so that a mail that was sent
twice is one mail to whoever keeps ids; mails about one subject are one thread.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses, parseaddr
from html import escape

from centralita.core.attributes import one_line
from centralita.core.mrkdwn import cut
from centralita.integrations.webhook.formats.card import Card, read_card
from centralita.integrations.webhook.formats.material import Material, Message, Unrenderable

SUBJECT_LIMIT = 200
TEXT_LIMIT = 50_000
_SENDER = "centralita@localhost"
"""For whoever looks at a mail before the hub has an address to send it from."""


def render_mail(material: Material, sender: str, recipient: str) -> bytes:
    """The mail with CRLF lines, ready to be sent. ``sender`` and ``recipient`` are addresses, the sender's perhaps with
    a name (``Mesa de ayuda <mesa@example.com>``). Raises Unrenderable for what is no address."""
    card = read_card(material)
    origin, reader = _address(sender), _address(recipient)
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    mail["From"] = origin
    mail["To"] = reader
    mail["Subject"] = _subject(card)
    mail["Date"] = format_datetime(datetime.fromisoformat(card.time))
    mail["Message-ID"] = f"<{material.event.id}.{_digest(material.receiver.name)}@{origin.domain}>"
    if material.event.subject:
        thread = _digest(f"{material.receiver.name}\n{material.event.source}\n{material.event.subject}")
        mail["References"] = f"<{thread}@{origin.domain}>"
    # So that nobody's holiday notice answers (RFC 3834, 5; the second is Exchange's own).
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(_text(card), cte="quoted-printable")
    mail.add_alternative(_html(card, material.receiver.locale), subtype="html", cte="quoted-printable")
    mail.set_boundary(f"=_{_digest(material.event.id)}")  # else it would be another one each time
    return mail.as_bytes()


def render_as_message(material: Material) -> Message:
    """The mail as the body of a request, for a preview and for a gateway that takes mails by HTTP."""
    recipient = material.receiver.url.removeprefix("mailto:")
    if recipient == material.receiver.url:
        recipient = _SENDER
    body = render_mail(material, material.receiver.mail_from or _SENDER, recipient)
    return Message(body=body, headers=(("content-type", "message/rfc822"),))


def _address(written: str) -> Address:
    name, address = parseaddr(written)
    try:
        if (
            len(getaddresses([written])) != 1
            or not address.isascii()
            or one_line(written, len(written)) != written.strip()
        ):
            raise ValueError(written)
        found = Address(one_line(name), addr_spec=address)
        if not (found.username and found.domain):
            raise ValueError(written)
    except (ValueError, IndexError, MessageError):
        raise Unrenderable("webhook.mail_address", cut(one_line(written), 100)) from None
    return found


def _subject(card: Card) -> str:
    title = f"[{card.severity}] {card.title}" if card.severity else card.title
    return cut(one_line(title, 1000), SUBJECT_LIMIT)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _text(card: Card) -> str:
    lines = [
        card.headline,
        card.happened,
        "",
        *(f"{label}: {value}" for label, value in card.fields),
        card.written_time,
    ]
    lines += ["", cut(card.text, TEXT_LIMIT)] if card.text else []
    lines += ["", *(f"{label}: {url}" for label, url in card.links)] if card.links else []
    return "\n".join(lines) + "\n"


def _html(card: Card, locale: str) -> str:
    rows = "".join(
        f'<tr><th scope="row" style="text-align:left;padding:2px 16px 2px 0;font-weight:600">{escape(label)}</th>'
        f'<td style="padding:2px 0">{escape(value)}</td></tr>\n'
        for label, value in card.fields
    )
    text = escape(cut(card.text, TEXT_LIMIT)).replace("\n", "<br>\n")
    links = " · ".join(
        f'<a style="color:#8a5a00" href="{escape(url)}">{escape(label)}</a>' for label, url in card.links
    )
    parts = (
        f'<h1 style="font-size:18px;margin:0 0 4px">{escape(card.headline)}</h1>',
        f'<p style="margin:0 0 12px;color:#4a5563">{escape(card.happened)} {escape(card.written_time)}</p>',
        f'<table role="presentation" style="border-collapse:collapse;font-size:14px">\n{rows}</table>' if rows else "",
        f'<p style="margin:12px 0">{text}</p>' if text else "",
        f'<p style="margin:12px 0 0">{links}</p>' if links else "",
    )
    inside = "\n".join(part for part in parts if part)
    return (
        f'<!doctype html>\n<html lang="{escape(locale)}">\n'
        f'<body style="font-family:Inter,system-ui,sans-serif;color:#16202c;background:#fbfaf7">\n'
        f'<div style="border-left:4px solid {card.colour};padding:8px 16px">\n{inside}\n</div>\n</body>\n</html>\n'
    )


def _link(label: str, url: str) -> str:
    return f'<a style="color:#8a5a00" href="{escape(url)}">{escape(label)}</a>'
