"""A local Slack workspace: Web API, incoming webhooks, a control API for tests, and a page that shows it all."""

from centralita.sandbox.slack.app import LocalSlack
from centralita.sandbox.slack.limits import LimitSettings, Rate
from centralita.sandbox.slack.seed import BOT_TOKEN, HOOK_PATH

__all__ = ["BOT_TOKEN", "HOOK_PATH", "LimitSettings", "LocalSlack", "Rate"]
