"""The pages about webhooks, together: what has no name in its path stands before what a name could be."""

from __future__ import annotations

from centralita.web.dashboard import (
    webhook_bulk,
    webhook_form,
    webhook_history,
    webhook_issues,
    webhook_keys,
    webhook_overview,
    webhook_preview,
    webhook_replay,
    webhook_trial,
    webhooks,
)

MODULES = (
    *(webhooks, webhook_bulk, webhook_form, webhook_history, webhook_issues, webhook_keys),
    *(webhook_preview, webhook_replay, webhook_trial, webhook_overview),
)
