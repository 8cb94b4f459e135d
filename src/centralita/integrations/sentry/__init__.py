"""Sentry: webhooks of internal and public integrations, and those of the older WebHooks plugin."""
