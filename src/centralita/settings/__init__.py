"""Every setting of the hub: what there is (``describe``), what is set (``load``), and from where (``shown``)."""

from centralita.settings.loading import load
from centralita.settings.places import Notice, Place, SettingsError
from centralita.settings.schema import SettingDescription, describe
from centralita.settings.shape import (
    Channel,
    Database,
    Deliver,
    Formatting,
    Logs,
    Network,
    Ops,
    Permissions,
    Receive,
    Retention,
    Role,
    Rule,
    RuleFormatting,
    Server,
    Settings,
    Slack,
    Source,
)
from centralita.settings.shown import ShownValue, shown
from centralita.settings.webhooks import Webhook

__all__ = [
    "Channel",
    "Database",
    "Deliver",
    "Formatting",
    "Logs",
    "Network",
    "Notice",
    "Ops",
    "Permissions",
    "Place",
    "Receive",
    "Retention",
    "Role",
    "Rule",
    "RuleFormatting",
    "Server",
    "SettingDescription",
    "Settings",
    "SettingsError",
    "ShownValue",
    "Slack",
    "Source",
    "Webhook",
    "describe",
    "load",
    "shown",
]
