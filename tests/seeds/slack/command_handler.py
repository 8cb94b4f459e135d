"""Slash Commands, "Command Handler", as it stands there; what it takes for granted is above and at the end."""

import os
import re
import time
from datetime import datetime

from slack_bolt import App
from slack_sdk import WebClient


class NopeSightStub:
    """As much of the product as the handler asks."""

    def get_system_status(self):
        return {
            "api": {"status": "operational", "response_time": 12},
            "agents": {"active": 3, "total": 4},
            "events": {"open": 5},
        }

    def search_ci(self, query):
        return [{"id": "ci_1", "name": f"{query}-01"}, {"id": "ci_2", "name": f"{query}-02"}]

    def get_ci(self, query):
        return {"id": query, "name": "srv-01", "type": "server"}


nopesight_api = NopeSightStub()

# The address is the only thing that is different: SLACK_BOT_TOKEN's workspace is on this machine.
app = App(client=WebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]))


@app.command("/nopesight")
def handle_nopesight_command(ack, body, client):
    """Handle /nopesight commands"""
    ack()

    command_text = body["text"]
    user_id = body["user_id"]
    channel_id = body["channel_id"]

    # Parse command
    parts = command_text.split()
    if not parts:
        show_help(client, channel_id, user_id)
        return

    action = parts[0].lower()
    args = parts[1:] if len(parts) > 1 else []

    # Route to appropriate handler
    if action == "status":
        show_system_status(client, channel_id, args)
    elif action == "search":
        search_cmdb(client, channel_id, user_id, " ".join(args))
    elif action == "report":
        generate_report(client, channel_id, user_id, args)
    elif action == "help":
        show_help(client, channel_id, user_id)
    else:
        client.chat_postEphemeral(
            channel=channel_id,
            user=user_id,
            text=f"Unknown command: {action}. Type `/nopesight help` for available commands.",
        )


def show_system_status(client, channel_id, args):
    """Show system status"""
    # Get status from NopeSight
    status = nopesight_api.get_system_status()

    # Build status message
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "🟢 NopeSight System Status"}},
        {
            "type": "section",
            "fields": [
                {"type": "mrkdwn", "text": f"*API Status:* {status['api']['status']}"},
                {"type": "mrkdwn", "text": f"*Response Time:* {status['api']['response_time']}ms"},
                {
                    "type": "mrkdwn",
                    "text": f"*Active Agents:* {status['agents']['active']}/{status['agents']['total']}",
                },
                {"type": "mrkdwn", "text": f"*Open Events:* {status['events']['open']}"},
            ],
        },
        {"type": "divider"},
        {
            "type": "context",
            "elements": [
                {
                    "type": "mrkdwn",
                    "text": f"Last updated: <!date^{int(time.time())}^{{date_short}} {{time}}|{datetime.now()}>",
                }
            ],
        },
    ]

    client.chat_postMessage(channel=channel_id, blocks=blocks)


@app.command("/cmdb")
def handle_cmdb_command(ack, body, client):
    """Handle /cmdb commands"""
    ack()

    command_text = body["text"]
    user_id = body["user_id"]

    # Parse search query
    match = re.match(r"(search|show|update)\s+(.*)", command_text)
    if not match:
        show_cmdb_help(client, body["channel_id"], user_id)
        return

    action = match.group(1)
    query = match.group(2)

    if action == "search":
        search_results = nopesight_api.search_ci(query)
        display_search_results(client, body["channel_id"], search_results, query)
    elif action == "show":
        ci_details = nopesight_api.get_ci(query)
        display_ci_details(client, body["channel_id"], ci_details)
    elif action == "update":
        # Show update modal
        show_update_modal(client, body["trigger_id"], query)


def show_help(client, channel_id, user_id):
    client.chat_postEphemeral(channel=channel_id, user=user_id, text="/nopesight [status|search|report|help]")


def search_cmdb(client, channel_id, user_id, query):
    found = ", ".join(one["name"] for one in nopesight_api.search_ci(query))
    client.chat_postEphemeral(channel=channel_id, user=user_id, text=f"{query}: {found}")


def generate_report(client, channel_id, user_id, args):
    client.chat_postMessage(channel=channel_id, text=f"<@{user_id}> asked for: {' '.join(args)}")


def show_cmdb_help(client, channel_id, user_id):
    client.chat_postEphemeral(channel=channel_id, user=user_id, text="/cmdb [search|show|update] [query]")


def display_search_results(client, channel_id, results, query):
    client.chat_postMessage(channel=channel_id, text=f"{query}: {len(results)} found")


def display_ci_details(client, channel_id, details):
    client.chat_postMessage(channel=channel_id, text=f"{details['name']} is a {details['type']}")


def show_update_modal(client, trigger_id, query):
    text = {"type": "plain_text_input", "action_id": "owner_input"}
    blocks = [{"type": "input", "block_id": "owner", "label": {"type": "plain_text", "text": "Owner"}, "element": text}]
    view = {
        "type": "modal",
        "callback_id": "update_modal",
        "title": {"type": "plain_text", "text": "Update"},
        "submit": {"type": "plain_text", "text": "Save"},
        "private_metadata": query,
        "blocks": blocks,
    }
    client.views_open(trigger_id=trigger_id, view=view)
