"""Interactive Components, "Modal Forms", as it stands there; what it takes for granted is above, and its submission,
which the example at the end of the document names, below."""

import os

from slack_bolt import App
from slack_sdk import WebClient


class NopeSightStub:
    """As much of the product as the handler asks."""

    def get_event(self, event_id):
        return {"id": event_id, "title": "Disk full"}


nopesight_api = NopeSightStub()
app = App(client=WebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]))


@app.action("create_incident")
def handle_create_incident(ack, body, client):
    """Show incident creation modal"""
    ack()

    event_id = body["actions"][0]["value"]
    event = nopesight_api.get_event(event_id)

    # Open modal
    client.views_open(
        trigger_id=body["trigger_id"],
        view={
            "type": "modal",
            "callback_id": "incident_modal",
            "title": {"type": "plain_text", "text": "Create Incident"},
            "submit": {"type": "plain_text", "text": "Create"},
            "private_metadata": event_id,
            "blocks": [
                {
                    "type": "input",
                    "block_id": "title",
                    "element": {
                        "type": "plain_text_input",
                        "action_id": "title_input",
                        "initial_value": event["title"],
                    },
                    "label": {"type": "plain_text", "text": "Incident Title"},
                },
                {
                    "type": "input",
                    "block_id": "priority",
                    "element": {
                        "type": "static_select",
                        "action_id": "priority_select",
                        "initial_option": {"text": {"type": "plain_text", "text": "High"}, "value": "high"},
                        "options": [
                            {"text": {"type": "plain_text", "text": "Critical"}, "value": "critical"},
                            {"text": {"type": "plain_text", "text": "High"}, "value": "high"},
                            {"text": {"type": "plain_text", "text": "Medium"}, "value": "medium"},
                            {"text": {"type": "plain_text", "text": "Low"}, "value": "low"},
                        ],
                    },
                    "label": {"type": "plain_text", "text": "Priority"},
                },
                {
                    "type": "input",
                    "block_id": "assignee",
                    "element": {"type": "users_select", "action_id": "assignee_select"},
                    "label": {"type": "plain_text", "text": "Assign To"},
                    "optional": True,
                },
            ],
        },
    )


@app.view("incident_modal")
def handle_incident_submission(ack, view, client):
    ack()
    values = view["state"]["values"]
    title = values["title"]["title_input"]["value"]
    priority = values["priority"]["priority_select"]["selected_option"]["value"]
    assignee = values["assignee"]["assignee_select"]["selected_user"]
    text = f"{title} ({priority}) of {view['private_metadata']}, for <@{assignee}>"
    client.chat_postMessage(channel="#incidents", text=text)
