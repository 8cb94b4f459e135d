"""Example Integration, as it stands there, with the workspace's address; its handlers, which it only names, are below
its ``start``, and the product's interface above."""

import os

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient


class NopeSightAPI:
    """As much of the product as the handlers ask."""

    def get_system_status(self):
        return "operational"


# Complete Slack integration example
class NopeSightSlackBot:
    def __init__(self):
        self.app = App(
            client=WebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]),
            signing_secret=os.environ["SLACK_SIGNING_SECRET"],
        )
        self.nopesight = NopeSightAPI()
        self.setup_handlers()

    def setup_handlers(self):
        """Set up all event handlers"""
        # Commands
        self.app.command("/nopesight")(self.handle_nopesight_command)
        self.app.command("/cmdb")(self.handle_cmdb_command)

        # Actions
        self.app.action("acknowledge_event")(self.handle_acknowledge)
        self.app.action("create_incident")(self.handle_create_incident)

        # Events
        self.app.event("app_mention")(self.handle_mention)
        self.app.event("message")(self.handle_message)

        # Views
        self.app.view("incident_modal")(self.handle_incident_submission)

    def start(self):
        """Start the bot"""
        web_client = WebClient(base_url=os.environ["SLACK_API_URL"])
        handler = SocketModeHandler(self.app, os.environ["SLACK_APP_TOKEN"], web_client=web_client)
        handler.start()

    def handle_nopesight_command(self, ack):
        ack(f"API: {self.nopesight.get_system_status()}")

    def handle_cmdb_command(self, ack, body):
        ack(f"Nothing is called {body['text']}")

    def handle_acknowledge(self, ack, body, respond):
        ack()
        respond(text=f"Acknowledged by <@{body['user']['id']}>", replace_original=True)

    def handle_create_incident(self, ack, body, client):
        ack()
        title = {"type": "plain_text_input", "action_id": "title_input", "initial_value": "Disk full"}
        label = {"type": "plain_text", "text": "Incident Title"}
        view = {
            "type": "modal",
            "callback_id": "incident_modal",
            "title": {"type": "plain_text", "text": "Create Incident"},
            "submit": {"type": "plain_text", "text": "Create"},
            "blocks": [{"type": "input", "block_id": "title", "element": title, "label": label}],
        }
        client.views_open(trigger_id=body["trigger_id"], view=view)

    def handle_mention(self, event, say):
        say(text="Yes?", thread_ts=event["ts"])

    def handle_message(self, event, client):
        if event.get("channel_type") == "im" and "bot_id" not in event:
            client.chat_postMessage(channel=event["channel"], text=f"You said: {event['text']}")

    def handle_incident_submission(self, ack, view, client):
        ack()
        title = view["state"]["values"]["title"]["title_input"]["value"]
        client.chat_postMessage(channel="#incidents", text=f"Incident: {title}")


# Start bot
if __name__ == "__main__":
    bot = NopeSightSlackBot()
    bot.start()
