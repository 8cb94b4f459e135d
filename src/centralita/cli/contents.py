"""What commands there are, so that the help can be printed without importing any of them."""

from __future__ import annotations

from collections.abc import Mapping

from centralita.i18n import N_

CONTENTS: Mapping[str, str] = {
    "demo": N_("Everything on this machine, with a story to watch."),
    "serve": N_("Run the hub: receive, route, deliver."),
    "migrate": N_("Bring the database to this version's schema."),
    "doctor": N_("What is wrong here, and what to do about it."),
    "config": N_("The configuration: is it right, and what does it say."),
    "event": N_("What has happened, why it went where it went, and doing it again."),
    "source": N_("Who sends, what came, and what was refused and why."),
    "send-fixture": N_("Send one of a source's examples, signed as its sender would."),
    "ticket": N_("Tickets: what is known of them, and changing one in InvGate."),
    "rule": N_("Who is told about which event; and trying other rules on what has happened."),
    "approval": N_("What waits for somebody's approval: asking for it, giving it, standing in."),
    "incident": N_("Incidents: creating one, taking charge, what happened, ending it."),
    "asset": N_("Assets and who owns them: plan changes from who was seen, apply them, put them back."),
    "ci": N_("Configuration items: finding, showing and changing them, and what depends on what."),
    "webhook": N_("Who is sent which events, how it is doing, and changing it."),
    "slack": N_("The Slack app: its manifest, whether it works, the workspaces where it is installed."),
    "lane": N_("The queues of the destinations: how they are doing, and stopping one."),
    "delivery": N_("What was given up, and sending it again."),
    "token": N_("Tokens for the API: made, listed and revoked."),
    "user": N_("The people who use the hub, and their roles."),
    "audit": N_("Who did what; and the proof that nobody has changed the log."),
    "sandbox": N_("Slack, InvGate and a receiver of webhooks on this machine, to try things against."),
    "bench": N_("A quick measurement of this machine."),
}
"""Name -> what it is about, in the order of the help."""

MODULES: Mapping[str, str] = {"send-fixture": "fixture"}
"""Where a command stands that is not called like its module."""
