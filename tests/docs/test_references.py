"""What exists is documented: the references are held to the code, not to the program that writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from prometheus_client.parser import text_string_to_metric_families

from centralita.cli import build
from centralita.core import approvals, breaker, deliveries, failures, incidents
from centralita.core.access import ACTIONS, COMMANDS, PERMISSIONS
from centralita.core.condition_syntax import EVENT_ATTRIBUTES
from centralita.integrations import registry
from centralita.services import announcements
from centralita.services.metrics import HubMetrics
from centralita.services.wording import TEXTS
from centralita.settings import describe
from centralita.web.api import application
from centralita.web.operate import Operate
from tests.docs.pages import ROOT


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def missing(names: set[str], text: str) -> list[str]:
    written = set(re.findall(r"`([^`]+)`", text))
    return sorted(names - written)


@pytest.mark.parametrize("name", ["reference/settings.md", "reference/settings.es.md"])
def test_every_setting(name: str) -> None:
    assert missing({entry.path for entry in describe() if not entry.section}, page(name)) == []


def leaves(command: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    context = command.context_class(command)
    for name in command.list_commands(context):
        each = command.get_command(context, name)
        if hasattr(each, "list_commands"):
            yield from leaves(each, f"{path}{name} ")
        else:
            yield f"{path}{name}", each


@pytest.mark.parametrize("name", ["reference/commands.md", "reference/commands.es.md"])
def test_every_command_with_its_options(name: str) -> None:
    text = page(name)
    found = dict(leaves(typer.main.get_command(build())))
    assert len(found) > 25
    for path, command in found.items():
        section = re.search(rf"^##+ {re.escape(path)}\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
        assert section is not None, path
        options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
        assert {option for option in options - {"--help"} if option not in section[1]} == set(), path


@pytest.mark.parametrize("name", ["reference/events.md", "reference/events.es.md"])
def test_every_event_type(name: str) -> None:
    assert missing({*registry.event_types(), *announcements.TYPES}, page(name)) == []


def test_every_route() -> None:
    text = page("reference/http.md")
    paths = application().openapi()["paths"]
    assert len(paths) > 20
    routes = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    routes |= {f"GET {path}" for path in Operate.paths} | {"POST /in/{slug}", "POST /in/{slug}/{key}"}
    assert missing(routes, text) == []


def test_every_route_of_the_api_names_its_permission() -> None:
    rows = re.findall(r"^\| `(\w+ /api/\S+)` \| (.*?) \|", page("reference/http.md"), re.MULTILINE)
    assert rows
    assert [request for request, permission in rows if permission.strip("`") not in PERMISSIONS] == []


def test_every_metric() -> None:
    text = page("reference/metrics.md")
    metrics = HubMetrics({"invgate"})
    metrics.received("invgate", "accepted")
    metrics.routed("invgate", 1)
    metrics.attempted("slack", "delivered", 0.1)
    scraped = metrics.text().decode()
    families = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in text_string_to_metric_families(scraped)
        if not family.name.endswith("_created")
    }
    assert len(families) > 8
    assert missing(families, text) == []


def test_metrics_that_a_page_asks_for_exist() -> None:
    known = set(re.findall(r"`(centralita_\w+)`", page("reference/metrics.md")))
    for name in ("operate.md", "es/operate.md"):
        assert set(re.findall(r"centralita_\w+", page(name))) <= known


def test_every_permission_and_word() -> None:
    assert missing({*PERMISSIONS, *COMMANDS, *ACTIONS}, page("reference/permissions.md")) == []


def test_every_attribute_that_a_condition_can_name() -> None:
    assert missing(set(EVENT_ATTRIBUTES), page("reference/conditions.md")) == []


@pytest.mark.parametrize("name", ["reference/reasons.md", "reference/reasons.es.md"])
def test_every_reason(name: str) -> None:
    assert missing({*TEXTS, *registry.FAULTS}, page(name)) == []


def test_the_diagrams_show_every_transition() -> None:
    text = page("architecture.md")
    tables = (deliveries.TRANSITIONS, breaker.TRANSITIONS, approvals.TRANSITIONS, incidents.TRANSITIONS)
    for (before, happening), after in ((key, after) for table in tables for key, after in table.items()):
        assert re.search(rf"^    {before} --> {after}: .*\b{happening}\b", text, re.MULTILINE), (before, happening)
    issues = page("webhook-history.md")
    for (before, happening), after in failures.TRANSITIONS.items():
        assert re.search(rf"^    {before} --> {after}: .*\b{happening}\b", issues, re.MULTILINE), (before, happening)
