"""PagerDuty: its webhooks as a source."""
