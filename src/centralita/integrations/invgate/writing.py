"""What every change in InvGate needs: its arguments, who writes it, and what to do when nobody knows how it ended."""

from __future__ import annotations

from collections.abc import Callable

from centralita.core.payload import tame_text
from centralita.integrations.invgate.client import service_desk
from centralita.integrations.invgate.client.session import Call, Failed, Session
from centralita.ports import Config, Delivery, Outcome

DONE = Outcome(state="delivered")


class Work:
    """One attempt of one action."""

    def __init__(self, delivery: Delivery, config: Config, session: Session) -> None:
        self.delivery, self.config, self.session = delivery, config, session

    def argument(self, name: str) -> str:
        """An argument as text; "" when it was not given."""
        return tame_text(self.delivery.effect.arguments.get(name))

    def flag(self, name: str) -> bool:
        return self.delivery.effect.arguments.get(name) is True

    @property
    def is_repeated(self) -> bool:
        """Whether an earlier attempt may have arrived though nobody recorded it."""
        return self.delivery.uncertain

    def user(self, who: str) -> Call[str]:
        """The id of an InvGate user, given by id or e-mail. Raises Failed when there is no such person."""
        if who.isdigit():
            return who
        person = yield from service_desk.person_by(self.session, email=who) if who else _nobody()
        if person is None:
            raise Failed("invgate.person_unknown", who, retriable=False)
        return person.id

    def author(self) -> Call[str]:
        """Who writes it: the given ``author``, else the one of the settings."""
        given = self.argument("author")
        if given:
            try:
                return (yield from self.user(given))
            except Failed as failed:
                if failed.retriable or not self.config.get("author"):
                    raise
        if not self.config.get("author"):
            raise Failed("invgate.author_unconfigured", retriable=False)
        return (yield from self.user(self.config["author"]))


def _nobody() -> Call[None]:
    return None
    yield


Write = Callable[[Work], Call[Outcome]]


def unknown(detail: str) -> Outcome:
    """Nobody can tell whether it was created: a person has to look before it is sent again."""
    return Outcome(state="dead", reason="invgate.outcome_unknown", detail=detail, failure=False)
