from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

pytest_plugins = ["centralita.sandbox.pytest_plugin"]

MANIFEST = {
    "features": {"slash_commands": [{"command": "/hola", "description": "Greets"}]},
    "settings": {"socket_mode_enabled": True},
}


def test_a_command_is_answered(slack_workspace):
    slack, luis = slack_workspace, slack_workspace.people["luis"]
    slack.do(lambda control: control.install(MANIFEST))
    client = WebClient(token=slack.bot_token, base_url=slack.api_url)
    app = App(client=client, signing_secret=slack.signing_secret)
    app.command("/hola")(lambda ack, command: ack(f"Hola, {command['text']}"))
    handler = SocketModeHandler(app, slack.app_token, web_client=WebClient(base_url=slack.api_url))
    handler.connect()

    assert slack.do(lambda control: control.person(luis).command("#alerts", "/hola", "mundo"))["ok"]

    seen = slack.do(lambda control: control.person(luis).seen("C0ALERTS"))
    assert [message["text"] for message in seen] == ["Hola, mundo"]
    handler.close()
