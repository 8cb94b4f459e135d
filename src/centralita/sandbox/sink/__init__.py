"""A receiver of webhooks that remembers what came and misbehaves on request."""

from centralita.sandbox.sink.answers import AnswerPlan
from centralita.sandbox.sink.receiver import KEEP, Arrival, WebhookSink

__all__ = ["KEEP", "AnswerPlan", "Arrival", "WebhookSink"]
