"""The filters of a webhook's history, as they stand in its address and as a replay of all that match has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from centralita.core.conditions import Condition, ConditionError, compile_condition
from centralita.i18n import gettext as _
from centralita.services.times import shown
from centralita.services.webhook_history import STATUS, AttemptFilter, DeliveryFilter
from centralita.services.wording import in_words
from centralita.web.dashboard.forms import Form, moment_of

NAMES = ("view", "outcome", "status", "since", "until", "where")
MOST_CHARACTERS = 4_096


@dataclass(frozen=True)
class Asked:
    """What somebody looks for: attempts, or deliveries (``whole``)."""

    form: Form
    """As it was typed, and what is wrong with it; a fault means that nothing is looked for."""
    whole: bool
    since: float | None = None
    until: float | None = None
    condition: Condition | None = None

    @property
    def given(self) -> dict[str, str]:
        """What says something."""
        return {name: self.form.get(name) for name in NAMES if self.form.get(name)}

    @property
    def attempts(self) -> AttemptFilter | None:
        """None when deliveries are meant."""
        outcome, status = self.form.get("outcome"), self.form.get("status")
        found = AttemptFilter(outcome=outcome, status=status, since=self.since, until=self.until)
        return None if self.whole else found

    @property
    def deliveries(self) -> DeliveryFilter | None:
        """None when attempts are meant."""
        found = DeliveryFilter(state=self.form.get("outcome"), since=self.since, until=self.until)
        return found if self.whole else None

    @property
    def fixed(self) -> dict[str, str]:
        """The same with times that stay what they are while something goes on."""
        times = {"since": shown(self.since) or "", "until": shown(self.until) or ""}
        return {**{name: self.form.get(name) for name in NAMES}, **times}


def read(given: Mapping[str, str], now: float, zone: ZoneInfo, language: str) -> Asked:
    """The filters of a query string or a form; ``zone`` is the reader's, in which times without one are meant."""
    whole = given.get("view") == "deliveries"
    values = {name: given.get(name, "").strip()[:MOST_CHARACTERS] for name in NAMES}
    form = Form(values={**values, "view": "deliveries" if whole else "", "status": "" if whole else values["status"]})
    since, until = (moment_of(form, name, now, zone, language) for name in ("since", "until"))
    if form.get("status") and not STATUS.fullmatch(form.get("status")):
        form.fault("status", _("A status is 503 or 5xx, or 0 for no response.", language))
    condition: Condition | None = None
    try:
        condition = compile_condition(form.get("where")) if form.get("where") else None
    except ConditionError as error:
        form.fault("where", in_words(error.message_id, error.arguments, language), error.point())
    return Asked(form, whole, since, until, condition)
