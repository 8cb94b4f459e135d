"""Fixtures for whoever tests a Slack app: ``pytest_plugins = ["centralita.sandbox.pytest_plugin"]``.

It needs pytest (the extra ``centralita[pytest]``) and no plugin for asynchronous tests.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from centralita.sandbox.alongside import SlackWorkspace, slack_alongside
from centralita.sandbox.slack import LimitSettings


@pytest.fixture
def slack_workspace() -> Iterator[SlackWorkspace]:
    """A Slack workspace of this test's own, on a free port of 127.0.0.1, with nothing in it but people and channels.

    It has no rate limits, so that a test need not wait:
    ``slack_workspace.do(lambda slack: slack.limits(enabled=True))`` brings Slack's.
    """
    with slack_alongside(LimitSettings.off()) as workspace:
        yield workspace
