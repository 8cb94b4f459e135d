"""What ``doctor`` asks Slack: whether it accepts the file's bot token. ``slack check`` asks for the rest."""

from __future__ import annotations

from typing import Literal

from centralita.i18n import gettext as _
from centralita.i18n import ngettext
from centralita.integrations.slack.scopes import missing
from centralita.services.slack_calls import ask
from centralita.services.wording import in_words
from centralita.settings import Settings
from centralita.wiring import client_of

CURE = "centralita slack check"
Told = tuple[Literal["ok", "warn", "fail"], str, str]
"""How it is, what it is, and what to do about it."""


async def examine_slack(settings: Settings, locale: str) -> list[Told]:
    """Nothing without a bot token: that is told already."""
    slack = settings.slack
    if not slack.enabled or slack.bot_token is None:
        return []
    async with client_of(settings) as client:
        said = await ask(client, slack.api_url, slack.bot_token.get_secret_value(), "auth.test")
    if said.reason:
        # A network that is down just now is no fault of the configuration.
        return [("fail" if said.reached else "warn", in_words(said.reason, {}, locale), CURE)]
    lacking = len(missing(said.scopes)) if said.scopes else 0
    if lacking:
        text = ngettext("{count} scope is missing", "{count} scopes are missing", lacking, locale)
        return [("warn", text.format(count=lacking), CURE)]
    return [("ok", _("accepts the bot token, with all scopes", locale), "")]
