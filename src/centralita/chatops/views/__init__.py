"""Modals, home tabs and ephemeral answers as Slack's JSON: pure functions."""
