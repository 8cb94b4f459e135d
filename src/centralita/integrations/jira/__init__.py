"""Jira and Jira Service Management, Cloud and Data Center: webhooks, and web requests of automation rules."""
