"""Pages that every walk through the dashboard has to see."""

PLACES = (
    *("/", "/events", "/webhooks", "/approvals", "/sources", "/rules", "/audit", "/users", "/tokens", "/profile"),
    *("/dead-letters", "/setup", "/test-event", "/users/the-admin", "/approvals/delegates"),
)
"""Where the rail and the overview lead, and what is one click from there."""
TABS = (
    *("", "/deliveries", "/deliveries?view=deliveries", "/errors", "/settings", "/secrets", "/test", "/preview"),
    "/replay",
)
"""Of a webhook, after its own address."""
