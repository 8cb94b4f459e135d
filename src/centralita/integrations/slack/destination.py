"""Slack as a destination: the lane of a channel or a person, and the way of one delivery."""

from __future__ import annotations

from collections.abc import Generator, Mapping

from centralita.core.effects import Effect
from centralita.integrations.slack import people, posting
from centralita.integrations.slack.api import BUCKETS, Api, Ended
from centralita.integrations.slack.facts import hides_comment
from centralita.integrations.slack.incoming_webhook import post_to_webhook
from centralita.integrations.slack.settings import FIELDS, SlackSettings, read_settings
from centralita.integrations.slack.targets import part_target, remembered_apart, scoped, there, unscoped
from centralita.ports import (
    Config,
    ConfigField,
    Delivery,
    HttpRequest,
    HttpResponse,
    Known,
    Lane,
    LanePolicy,
    Outcome,
    Rate,
    Remember,
)

# Short at first, because people wait for messages; about a day in all.
SCHEDULE_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, *[3600.0] * 23)


class SlackDestination:
    """Posts to a channel or to a person, by a bot token or by an incoming webhook."""

    kind: str = "slack"
    fields: tuple[ConfigField, ...] = FIELDS
    buckets: Mapping[str, Rate] = BUCKETS
    places: str = posting.PLACES

    def lane(self, effect: Effect, config: Config) -> Lane:
        """One lane per channel and per person. One message at a time, so that a channel is read in order."""
        settings = read_settings(config)
        target = effect.target.strip().lower()
        return Lane(
            key=f"slack:dm:{target}" if people.is_address(target) else f"slack:{target}",
            policy=LanePolicy(
                rate_per_s=settings.rate_per_s,
                burst=settings.burst,
                in_flight=1,
                schedule_s=SCHEDULE_S,
                order="subject",
            ),
        )

    def wants(self, delivery: Delivery, config: Config) -> tuple[str, ...]:
        """The subject's message and the one before it, the place, the people, the workspace's address."""
        workspace, channel = part_target(delivery.effect.target)
        keys = _wants(there(delivery, channel), self.lane(delivery.effect, config).key)
        return tuple(scoped(key, workspace) for key in keys)

    def perform(
        self, delivery: Delivery, config: Config, known: Known, now: float
    ) -> Generator[HttpRequest | Remember, HttpResponse | None, Outcome]:
        """Look up, open, post or change, reply; each message once, also after an attempt whose end nobody knows."""
        settings = read_settings(config)
        workspace, channel = part_target(delivery.effect.target)
        try:
            if hides_comment(delivery) and delivery.event.type.endswith(".commented"):
                return Outcome(state="skipped", reason="slack.comment_hidden", failure=False)
            if settings.bot_token:
                lane = self.lane(delivery.effect, config).key
                delivery = there(delivery, channel)
                known = unscoped(known, _wants(delivery, lane), workspace)
                settings = settings.inside(workspace)
                post = posting.Posting(delivery, settings, known, _api(settings, now), lane).post()
                return (yield from remembered_apart(post, workspace))
            if settings.webhook_url:
                return (yield from post_to_webhook(delivery, settings, now))
            return Outcome(state="retry", reason="slack.unconfigured")
        except Ended as ended:
            return ended.outcome


def _api(settings: SlackSettings, now: float) -> Api:
    return Api(
        url=settings.api_url,
        token=settings.bot_token,
        now=now,
        buckets=settings.method_limits,
        workspace=settings.workspace,
    )


def _wants(delivery: Delivery, lane: str) -> tuple[str, ...]:
    """The keys as they are called inside of the delivery's workspace."""
    effect, episode = delivery.effect, delivery.subject.episode
    keys = [posting.message_key(lane, delivery, episode), posting.WORKSPACE_KEY]
    if delivery.subject.subject and episode > 1:
        keys.append(posting.message_key(lane, delivery, episode - 1))
    if people.is_address(effect.target):
        keys.append(people.user_key(effect.target))
        if effect.fallback:
            keys.append(posting.channel_key(effect.fallback.strip()))
    else:
        keys.append(posting.channel_key(effect.target.strip()))
    return tuple(dict.fromkeys((*keys, *people.mention_keys(effect.mentions))))
