"""The outside world for demos and tests: a local Slack workspace, a webhook sink, a sender of InvGate's webhooks.

Knows nothing of the hub and imports none of it, so that it cannot mark the hub's homework.
"""
