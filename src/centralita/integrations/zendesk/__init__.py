"""Zendesk: its webhooks as a source."""
