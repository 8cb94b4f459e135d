"""What people see of approvals beside their message, held against the workspace's Block Kit; in both languages, with
the longest and the most hostile texts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from centralita.chatops.views import approvals as views
from centralita.chatops.views.home import Home, render_home
from centralita.core.approvals import Approval, Stage, Vote
from centralita.core.approvers import Approver
from centralita.core.incidents import Incident, Who
from centralita.i18n import gettext as _
from centralita.sandbox.slack.validation import find_faults
from centralita.sandbox.slack.views import read_view
from centralita.services.health import Trouble
from centralita.services.tickets import TicketView

EVIL = "<!channel> *x* & <https://evil.test|banco> {who} %s \u202e" * 200
NOW = 1_790_000_000.0


def approval(text: str = "Notebook", **facts: Any) -> Approval:
    people = tuple(Approver(name=text, email=f"p{number}@example.com") for number in range(30))
    vote = Vote(seat=people[0], by=people[1], answer="approve", at=NOW, note=text)
    given: dict[str, Any] = {
        "id": "apr_01KAN7A5YR0000000000000000",
        "topic": "x",
        "title": text,
        "justification": text,
        "amount": 1500.5,
        "currency": text[:12],
        "url": "https://desk.test/4521",
        "requester": Approver(name=text, email="ana@example.com"),
        "stages": tuple(Stage(approvers=people, mode="all", votes=(vote,) * 30) for _number in range(10)),
        "question": text,
        "answer": text,
        "asking": people[1],
        "expire_at": NOW,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Approval(**{**given, **facts})


MODALS: dict[str, Callable[..., dict[str, Any]]] = {
    "approve": views.approve,
    "reject": views.reject,
    "question": views.question,
    "answer": views.answer,
    "delegate": views.delegate,
    "sure": lambda found, locale, metadata: views.sure_to_reject(
        found.title, found.justification[: views.REASON_LIMIT], locale, metadata
    ),
    "request": lambda found, locale, metadata: views.request(locale, metadata, title=found.title),
}


@pytest.mark.parametrize("locale", ["es", "en"])
@pytest.mark.parametrize("text", ["Notebook", EVIL], ids=["usual", "hostile"])
@pytest.mark.parametrize("name", MODALS)
def test_modals_are_taken_by_slack(name: str, text: str, locale: str) -> None:
    metadata = {"value": "apr_1:1:1", "origin": "home", "reason": "\n" * views.REASON_LIMIT}
    view = MODALS[name](approval(text), locale, metadata)
    assert read_view(view, ("modal",))["callback_id"] == view["callback_id"]
    assert len(view["private_metadata"]) <= 3000
    shown = [block for block in view["blocks"] if block["type"] != "input"]
    assert "<!channel>" not in json.dumps(shown)


@pytest.mark.parametrize("locale", ["es", "en"])
@pytest.mark.parametrize("text", ["Notebook", EVIL], ids=["usual", "hostile"])
@pytest.mark.parametrize("state", ["open", "asked", "answering", "rejected", "expired"])
def test_lists_and_details_are_taken_by_slack(state: Any, text: str, locale: str) -> None:
    found = msgspec.structs.replace(approval(text), state=state)
    five = [msgspec.structs.replace(found, id=f"apr_{number}") for number in range(5)]
    for blocks in (
        views.listing(text[:100], five, locale, more=True),
        views.overview(text[:100], [found] * 20, locale),
        views.details(found, locale, may_answer=True),
    ):
        assert find_faults(blocks) == []
        assert "<!channel>" not in json.dumps(blocks)


def test_a_note_that_has_to_be_written_takes_the_place_of_the_confirmation() -> None:
    def first(found: Approval) -> dict[str, Any]:
        button: dict[str, Any] = views.card(found, "en")[1]["elements"][0]
        return button

    assert "confirm" in first(approval())
    assert "confirm" not in first(approval(note_required="always"))


def _home(text: str, locale: str) -> dict[str, Any]:
    incident = Incident(number=1, title=text, priority="high", assignee=Who(name=text), created_at=NOW, updated_at=NOW)
    ticket = TicketView("4521", "invgate", text, text, "open", "", "", "", "", None, "", {})
    lanes = tuple(f"webhook:{text[:200]}{number}" for number in range(30))
    found = Home(
        approvals=[approval(text, id=f"apr_{number}") for number in range(5)],
        more_approvals=True,
        incidents=[incident] * 10,
        tickets=[ticket] * 10,
        trouble=Trouble(faults=("database.unavailable", "loop.x"), held=lanes, paused=lanes, dead=2, waiting=1),
        at=NOW,
    )
    return render_home(found, locale)


@pytest.mark.parametrize("locale", ["es", "en"])
@pytest.mark.parametrize("text", ["Notebook", EVIL], ids=["usual", "hostile"])
def test_the_home_is_taken_by_slack(text: str, locale: str) -> None:
    view = _home(text, locale)
    assert read_view(view, ("home",))["type"] == "home"
    assert "<!channel>" not in json.dumps(view)


@pytest.mark.parametrize("locale", ["es", "en"])
def test_who_may_see_nothing_is_told_so(locale: str) -> None:
    view = render_home(Home(at=NOW), locale)
    read_view(view, ("home",))
    assert _("There is nothing here that you may see yet.", locale) in json.dumps(view, ensure_ascii=False)
