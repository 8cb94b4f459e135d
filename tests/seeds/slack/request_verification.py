"""Security, "Request Verification", as it stands there, but for its last call: what takes a timestamp and a signature
is ``is_valid``. Its Flask application answers what Slack sends, and nothing else."""

import os
import time

from flask import Flask, abort, request
from slack_sdk.signature import SignatureVerifier

SLACK_SIGNING_SECRET = os.environ["SLACK_SIGNING_SECRET"]
app = Flask(__name__)
heard = []


def verify_slack_request(request):
    """Verify request is from Slack"""
    signature_verifier = SignatureVerifier(SLACK_SIGNING_SECRET)

    # Get headers
    timestamp = request.headers.get("X-Slack-Request-Timestamp")
    signature = request.headers.get("X-Slack-Signature")

    # Verify timestamp (prevent replay attacks)
    if abs(time.time() - int(timestamp)) > 60 * 5:
        return False

    # Verify signature
    return signature_verifier.is_valid(request.get_data(), timestamp, signature)


@app.before_request
def before_request():
    if not verify_slack_request(request):
        abort(403)


@app.post("/slack/events")
def events():
    body = request.get_json()
    if body["type"] == "url_verification":
        return body["challenge"]
    heard.append(body["event"]["text"])
    return ""


@app.post("/slack/commands")
def commands():
    heard.append(request.form["text"])
    return {"text": f"heard {request.form['text']}"}
