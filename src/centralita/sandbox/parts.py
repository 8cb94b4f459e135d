"""The parts of the sandbox that can be served alone, and what somebody who uses one has to know of it."""

from __future__ import annotations

from typing import Literal

from centralita.sandbox.invgate import API_TOKEN, API_USER, CLIENT_ID, CLIENT_SECRET
from centralita.sandbox.server import Address
from centralita.sandbox.slack import APP_ID, APP_TOKEN, BOT_TOKEN, HOOK_PATH, SIGNING_SECRET

Part = Literal["slack", "sink", "invgate"]


def facts_of(part: Part, address: Address) -> dict[str, str | int]:
    """``url, host, port``; of the workspace also ``api_url, bot_token,
    app_token, signing_secret, app_id, hook_url``, of InvGate ``api_user, api_token, client_id,
    client_secret``. None of them is a secret: they open what runs on this machine only."""
    facts: dict[str, str | int] = {"url": address.url, "host": address.host, "port": address.port}
    if part == "slack":
        facts |= {
            "api_url": f"{address.url}/api/",
            "bot_token": BOT_TOKEN,
            "hook_url": address.url + HOOK_PATH,
            "app_id": APP_ID,
        }
        facts |= {"app_token": APP_TOKEN, "signing_secret": SIGNING_SECRET}
    if part == "invgate":
        facts |= {"api_user": API_USER, "api_token": API_TOKEN, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    return facts
