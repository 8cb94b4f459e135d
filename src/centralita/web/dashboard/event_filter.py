"""The filters of the list of events, as they stand in its address: which events they mean, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from centralita.core.conditions import Condition, ConditionError, compile_condition
from centralita.core.event_search import both, of_path, of_words
from centralita.core.events import SEVERITIES
from centralita.i18n import gettext as _
from centralita.services import event_search
from centralita.services.wording import in_words
from centralita.store.event_search import OUTCOMES
from centralita.store.events import Filter
from centralita.web.dashboard.forms import Form, moment_of

NAMES = ("text", "source", "type", "severity", "outcome", "since", "until", "subject", "path", "condition")
SPANS = ("15m", "1h", "6h", "1d", "7d", "30d")
"""The quick choices of a time."""
FURTHER = ("until", "subject", "path", "condition")
"""Those that are folded away while nobody uses them."""
MOST_CHARACTERS = 4_096


@dataclass(frozen=True)
class Asked:
    """What somebody looks for."""

    form: Form
    """As it was typed, and what is wrong with it; a fault means that nothing is looked for."""
    sought: event_search.Asked = field(default_factory=lambda: event_search.Asked(Filter()))

    @property
    def values(self) -> dict[str, str]:
        """Those filters that say something."""
        return {name: self.form.get(name) for name in NAMES if self.form.get(name)}

    @property
    def further(self) -> bool:
        """Whether one of those is used that are folded away."""
        return any(self.form.get(name) or name in self.form.faults for name in FURTHER)

    def address(self, **more: str) -> str:
        """The list with these filters, and what else is said."""
        query = urlencode({**self.values, **{name: value for name, value in more.items() if value}})
        return f"/events?{query}" if query else "/events"

    def subject_address(self, source: str, subject: str) -> str:
        """The list of what a subject went through."""
        return "/events?" + urlencode({"source": source, "subject": subject})


def read(given: Mapping[str, str], now: float, zone: ZoneInfo, locale: str) -> Asked:
    """The filters of a query string or a form; ``zone`` is the reader's, in which times without one are meant."""
    form = Form({name: given.get(name, "")[:MOST_CHARACTERS] for name in NAMES})
    since, until = moment_of(form, "since", now, zone, locale), moment_of(form, "until", now, zone, locale)
    for name, known in (("severity", SEVERITIES), ("outcome", OUTCOMES)):
        if form.get(name) and form.get(name) not in known:
            form.fault(name, _("There is no such choice.", locale))
    condition = _condition(form, locale)
    if form.faults:
        return Asked(form)
    wanted = Filter(
        source=form.get("source"),
        type=form.get("type"),
        subject=form.get("subject"),
        severity=form.get("severity"),
        since=since,
        until=until,
    )
    return Asked(form, event_search.Asked(wanted, condition, form.get("outcome")))


def _condition(form: Form, locale: str) -> Condition | None:
    """What no column knows, as one condition. Each field is read by itself first, so that a fault stands at its own."""
    condition, path = form.get("condition"), ""
    try:
        compile_condition(condition)
    except ConditionError as error:
        form.fault("condition", in_words(error.message_id, error.arguments, locale), error.point())
        return None
    try:
        path = of_path(form.get("path"))
        compile_condition(path)
    except (ValueError, ConditionError):
        form.fault("path", _("Write a path such as $.ticket.id, or $.ticket.id = 4521.", locale))
        return None
    try:
        text = both(condition, path, of_words(form.get("text")))
        return compile_condition(text) if text else None
    except ConditionError as error:
        form.fault("text", in_words(error.message_id, error.arguments, locale))
        return None
