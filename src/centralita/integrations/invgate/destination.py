"""InvGate as a destination: what the hub asks of it, each thing once.

A change looks first whether it is there already, so that it may be tried again after an attempt whose end nobody knows.
What can't be told apart from an earlier one (a new ticket) is given up as ``invgate.outcome_unknown`` instead of being
created twice. Writes of one ticket keep their order, and wait behind one that failed for good.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping

from centralita.core.effects import Effect
from centralita.integrations.invgate import approval_writes, asset_writes, filling, ticket_writes
from centralita.integrations.invgate.client.session import BUCKETS, Connection, Failed, Session
from centralita.integrations.invgate.writing import Work, Write
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

SCHEDULE_S = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, *[3600.0] * 24)
"""About a day: InvGate is often updated in working hours, and somebody has to notice and mend a changed password."""
READ_SCHEDULE_S = (1.0, 3.0, 8.0)
"""What waits for an answer goes on without it after half a minute."""

WRITES: Mapping[str, Write] = {
    **ticket_writes.WRITES,
    **approval_writes.WRITES,
    **asset_writes.WRITES,
    "ticket.fetch": filling.fetch,
}
"""Action to how it is done."""


class InvgateDestination:
    """See ``ports.Destination``. Its configuration has ``connections`` (``desk``, ``assets``), ``author`` and
    ``approval_key``."""

    kind = "invgate"
    fields: tuple[ConfigField, ...] = ()
    buckets: Mapping[str, Rate] = {name: Rate(5.0, 10) for name in BUCKETS.values()}
    places = ""

    def lane(self, effect: Effect, config: Config) -> Lane:
        """``service_desk`` and ``assets`` for writes; ``reads`` for questions, which overtake them."""
        if effect.target == "reads":
            return Lane(
                key="invgate:reads",
                policy=LanePolicy(in_flight=8, schedule_s=READ_SCHEDULE_S, order="none", retry_after_cap_s=10.0),
            )
        if effect.target == "assets":
            # A change of an owner says which owner it expects: the next one needs no earlier one to have happened.
            policy = LanePolicy(in_flight=8, schedule_s=SCHEDULE_S, order="subject")
        else:
            policy = LanePolicy(in_flight=4, schedule_s=SCHEDULE_S, order="subject", on_dead="hold")
        return Lane(key=f"invgate:{effect.target}", policy=policy)

    def wants(self, delivery: Delivery, config: Config) -> tuple[str, ...]:
        return ()

    def perform(
        self, delivery: Delivery, config: Config, known: Known, now: float
    ) -> Generator[HttpRequest | Remember, HttpResponse | None, Outcome]:
        """Does the action. Raises nothing."""
        write = WRITES.get(delivery.effect.action)
        connection = _connection(delivery.effect, config)
        if write is None or connection is None:
            return Outcome(state="dead", reason="invgate.unconfigured", detail=delivery.effect.action, failure=False)
        try:
            return (yield from write(Work(delivery, config, Session(connection, now))))
        except Failed as failed:
            return judge(failed)


def _connection(effect: Effect, config: Config) -> Connection | None:
    found: Connection | None = config["connections"].get("assets" if effect.target == "assets" else "desk")
    return found


def judge(failed: Failed) -> Outcome:
    """What a call that failed means for the delivery."""
    if not failed.retriable:
        # It is this request that InvGate does not want: the others are none the worse for it.
        return Outcome(state="dead", reason=failed.reason, detail=failed.detail, refused=True, failure=False)
    if failed.retry_after_s is not None:
        return Outcome(
            state="retry",
            reason=failed.reason,
            detail=failed.detail,
            retry_after_s=failed.retry_after_s,
            hold="lane",
            spends_attempt=False,
            failure=False,
        )
    return Outcome(state="retry", reason=failed.reason, detail=failed.detail, uncertain=failed.unknown)
