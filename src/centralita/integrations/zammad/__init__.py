"""Zammad: its webhooks as a source."""
