"""What a receiver gets: one function a format, from an event to the body and the headers that go with it.

All of them are pure and give the same bytes on every attempt: a receiver knows a repetition by its id and its body.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from centralita.core.webhook_formats import Format
from centralita.integrations.webhook.formats.botmaker import render_botmaker
from centralita.integrations.webhook.formats.cloudevents import render_binary, render_structured
from centralita.integrations.webhook.formats.cmms import render_cmms
from centralita.integrations.webhook.formats.discord import render_discord
from centralita.integrations.webhook.formats.mail import render_as_message
from centralita.integrations.webhook.formats.material import Material, Message, Unrenderable, material_of, type_name
from centralita.integrations.webhook.formats.raw import render_raw
from centralita.integrations.webhook.formats.slack import render_slack
from centralita.integrations.webhook.formats.standard import render_standard
from centralita.integrations.webhook.formats.teams import render_teams
from centralita.integrations.webhook.formats.template import render_template
from centralita.integrations.webhook.formats.troubleshooting import render_troubleshooting

__all__ = ["FORMATS", "Material", "Message", "Render", "Unrenderable", "material_of", "render", "type_name"]

Render = Callable[[Material], Message]

FORMATS: Mapping[Format, Render] = {
    "standard": render_standard,
    "cloudevents": render_structured,
    "cloudevents-binary": render_binary,
    "cmms": render_cmms,
    "troubleshooting": render_troubleshooting,
    "botmaker": render_botmaker,
    "raw": render_raw,
    "slack": render_slack,
    "teams": render_teams,
    "discord": render_discord,
    "mail": render_as_message,
    "template": render_template,
}


def render(material: Material) -> Message:
    """The message in the receiver's format. Raises Unrenderable."""
    return FORMATS[material.receiver.format](material)
