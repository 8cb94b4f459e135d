"""The demo: the hub, a local Slack workspace, a stand-in for InvGate and a webhook sink, with a story to watch."""
