"""GitLab, at gitlab.com or self-managed: webhooks of projects and groups, and system hooks."""
