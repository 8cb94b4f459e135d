"""The outside world for demos and tests: a local Slack workspace, a local InvGate, a webhook sink.

Knows nothing of the hub and imports none of it, so that it cannot mark the hub's homework.
"""
