"""A local Slack workspace: Web API, Socket Mode, signed requests, a control API for tests, and a page that shows it."""

from centralita.sandbox.slack.app import LocalSlack
from centralita.sandbox.slack.limits import LimitSettings, Rate
from centralita.sandbox.slack.seed import APP_ID, APP_TOKEN, BOT_TOKEN, HOOK_PATH, PEOPLE, SIGNING_SECRET

__all__ = [
    "APP_ID",
    "APP_TOKEN",
    "BOT_TOKEN",
    "HOOK_PATH",
    "PEOPLE",
    "SIGNING_SECRET",
    "LimitSettings",
    "LocalSlack",
    "Rate",
]
