"""What Slack's errors mean for a delivery: one table.

Names: https://docs.slack.dev/reference/methods/chat.postMessage#errors. A *message's* fault is the message's own: it is
dead at once and says nothing about the channel. A *channel's* fault is dead too, so that somebody sees it, and counts
in the breaker, which then holds what comes after. A *workspace's* fault (the token, the app) stops everything alike
until somebody cures it, so it is tried again. So is every name that is not here.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from centralita.ports import Outcome


class Meaning(msgspec.Struct, frozen=True):
    state: str
    failure: bool


_MESSAGE = Meaning("dead", False)
_CHANNEL = Meaning("dead", True)
_WORKSPACE = Meaning("retry", True)

MEANINGS: Mapping[str, Meaning] = {
    **dict.fromkeys(
        (
            "invalid_arg_name",
            "invalid_arguments",
            "invalid_array_arg",
            "invalid_attachments",
            "invalid_blocks",
            "invalid_blocks_format",
            "invalid_form_data",
            "invalid_json",
            "invalid_metadata_format",
            "invalid_metadata_schema",
            "invalid_payload",
            "metadata_too_large",
            "msg_blocks_too_long",
            "msg_too_long",
            "no_text",
            "too_many_attachments",
        ),
        _MESSAGE,
    ),
    **dict.fromkeys(
        (
            "action_prohibited",
            "cannot_reply_to_message",
            "channel_is_archived",
            "channel_not_found",
            "is_archived",
            "is_inactive",
            "messages_tab_disabled",
            "no_permission",
            "not_in_channel",
            "restricted_action",
            "restricted_action_non_threadable_channel",
            "restricted_action_read_only_channel",
            "restricted_action_thread_locked",
            "restricted_action_thread_only_channel",
            "slack_connect_blocked_file_type",
        ),
        _CHANNEL,
    ),
    **dict.fromkeys(
        (
            "accesslimited",
            "account_inactive",
            "ekm_access_denied",
            "fatal_error",
            "internal_error",
            "invalid_auth",
            "invalid_token",
            "missing_scope",
            "no_active_hooks",
            "no_service",
            "no_team",
            "not_allowed_token_type",
            "not_authed",
            "org_login_required",
            "request_timeout",
            "service_unavailable",
            "team_access_not_granted",
            "team_added_to_org",
            "team_disabled",
            "token_expired",
            "token_revoked",
            "two_factor_setup_required",
        ),
        _WORKSPACE,
    ),
}

RATE_LIMITS = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
BAD_CONTENT = frozenset(
    {
        "invalid_attachments",
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_blocks_too_long",
        "msg_too_long",
        "too_many_attachments",
    }
)
"""A message that Slack would take as plain text."""
GONE_MESSAGE = frozenset(
    {
        "cant_update_message",
        "channel_not_found",
        "edit_window_closed",
        "message_not_found",
        "message_not_owned_by_app",
        "thread_not_found",
    }
)
"""The message to be changed or answered is no longer ours to change: it is posted anew."""
GONE_CHANNEL = frozenset({"channel_not_found", "is_archived"})
"""A channel id from earlier that no longer serves: the name is tried again."""
GONE_PERSON = frozenset({"cannot_dm_bot", "user_disabled", "user_not_found", "users_not_found", "user_not_visible"})


def judge(error: str, answer_detail: str = "") -> Outcome:
    """The outcome of a call that Slack refused with ``error``."""
    meaning = MEANINGS.get(error, _WORKSPACE)
    return Outcome(
        state="dead" if meaning.state == "dead" else "retry",
        reason=f"slack.{error}",
        detail=answer_detail,
        failure=meaning.failure,
    )
