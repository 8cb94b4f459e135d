"""The message of what is kept in a register: a client, a contact, an asset."""

from __future__ import annotations

from collections.abc import Mapping

from centralita.core.lamps import OFF, WAITING
from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.integrations.slack.facts import Facts
from centralita.integrations.slack.messages import (
    Field,
    Message,
    Moment,
    links_of,
)

_EMOJI = {"client": "🏢", "contact": "👤", "asset": "📦"}
_HEADLINES: Mapping[str, tuple[str, str]] = {
    "client.created": (N_("New client: {name}"), N_("Client registered")),
    "client.updated": (N_("Client changed: {name}"), N_("Client changed")),
    "client.deleted": (N_("Client removed: {name}"), N_("Client removed")),
    "contact.created": (N_("New contact: {name}"), N_("Contact registered")),
    "contact.updated": (N_("Contact changed: {name}"), N_("Contact changed")),
    "contact.deleted": (N_("Contact removed: {name}"), N_("Contact removed")),
    "asset.created": (N_("New asset: {name}"), N_("Asset registered")),
    "asset.updated": (N_("Asset changed: {name}"), N_("Asset changed")),
    "asset.deleted": (N_("Asset removed: {name}"), N_("Asset removed")),
}
"""Event type to what is said of it, of the subject and in its thread."""

_FIELDS: Mapping[str, Mapping[str, str]] = {
    "client": {
        "code": N_("Code"),
        "legal_name": N_("Legal name"),
        "email": N_("E-mail"),
        "phone": N_("Telephone"),
        "address": N_("Address"),
        "city": N_("City"),
        "country": N_("Country"),
    },
    "contact": {
        "email": N_("E-mail"),
        "username": N_("User name"),
        "phone": N_("Telephone"),
    },
    "asset": {
        "code": N_("Code"),
        "serial": N_("Serial number"),
        "type": N_("Type"),
        "location": N_("Location"),
    },
}


def is_register(facts: Facts) -> bool:
    """Whether the event is about a client, a contact or an asset of which something is known."""
    return facts.type in _HEADLINES and bool(_name(facts))


def render_register(facts: Facts) -> Message:
    """The client, contact or asset as it is now."""
    thing, locale = _thing(facts), facts.locale
    record = facts.records[thing]
    fields = [Field(_(label, locale), record.get(name, "")) for name, label in _FIELDS[thing].items()]
    if thing != "client":
        fields.append(Field(_("Client", locale), facts.named("client")))
    fields.append(Field(_("By", locale), facts.people["requester"]))
    name = _name(facts)
    return Message(
        emoji=_EMOJI[thing],
        headline=_(_HEADLINES[facts.type][0], locale).format(name=name),
        fields=tuple(field for field in fields if field.value and field.value != name),
        links=links_of(facts, facts.event.url or record.get("url", ""), _("Open at the source", locale)),
        notes=(facts.event.source, Moment(facts.event.time)),
        colour=OFF if facts.type.endswith(".deleted") else WAITING,
    )


def render_register_change(facts: Facts) -> Message:
    """What has just happened to it, for the thread."""
    headline = _(_HEADLINES[facts.type][1], facts.locale)
    return Message(emoji=_EMOJI[_thing(facts)], headline=headline, notes=(Moment(facts.event.time),))


def _thing(facts: Facts) -> str:
    return facts.type.partition(".")[0]


def _name(facts: Facts) -> str:
    record = facts.records[_thing(facts)]
    names = ("name", "legal_name", "email", "username", "code", "id")
    return facts.title or next((found for name in names if (found := record.get(name))), "")
