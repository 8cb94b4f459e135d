"""Rules at the dashboard, without a script: the list, the form with its faults and its trial, and every button."""

from __future__ import annotations

import re
from itertools import count
from urllib.parse import quote

import pytest

from tests.dashboard.office import Office, Seen, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="module")
TITLES = count(1)
BASE = {"name": "", "condition": "", "enabled": "yes", "do": "save"}


async def _jam(office: Office) -> str:
    title = f"Jam {next(TITLES)} <b>&</b>"
    return await office.receive(type="printer.jammed", severity="high", title=title, subject="printer/1")


async def _add(ana: Visitor, name: str, **more: str) -> Seen:
    seen = await ana.post("/rules/new", {**BASE, "name": name, "webhook": "erp", **more})
    assert seen.status == 200 and seen.url.endswith(quote(name)), seen.text
    return seen


def _order(seen: Seen) -> list[str]:
    names = ("Grave", "Printers", "First", "Second", "Third")
    return sorted((name for name in names if f">{name}<" in seen.html), key=lambda name: seen.html.index(f">{name}<"))


async def test_a_rule_is_tried_before_it_is_kept_and_decides_the_next_event(office: Office) -> None:
    ana = await office.as_role("admin")
    await _jam(office)
    given = {**BASE, "name": "Jams", "condition": "type == 'printer.jammed'", "webhook": "erp"}
    tried = await ana.post("/rules/new", {**given, "do": "try"})
    assert tried.status == 200 and "1 would have gone elsewhere." in tried.text and "webhook:erp" in tried.text
    assert "<b>&</b>" not in tried.html and "Jam 1 <b>&</b>" in tried.text.replace("&amp;", "&")
    assert "Jams" not in (await ana.get("/rules")).text
    kept = await ana.post("/rules/new", given)
    assert "The rule Jams is kept: the next event is decided by it." in kept.text
    await _jam(office)
    listed = await ana.get("/rules")
    assert "Jams" in listed.text and "type == 'printer.jammed'" in listed.text
    changed = await ana.post("/rules/Jams", {**given, "name": "Jams 2", "mentions": "@oncall, ana@example.com"})
    assert changed.url.endswith("/rules/Jams%202") and 'value="@oncall, ana@example.com"' in changed.html
    assert (await ana.post("/rules/Jams%202/remove")).text.count("The rule Jams 2 is removed.") == 1


async def test_of_many_that_a_rule_would_change_the_newest_are_shown(office: Office) -> None:
    ana = await office.as_role("admin")
    for number in range(21):
        await office.receive(type="printer.many", severity="low", title=f"Many {number:02}", subject="printer/2")
    tried = await ana.post(
        "/rules/new", {**BASE, "condition": "type == 'printer.many'", "webhook": "erp", "name": "Many", "do": "try"}
    )
    assert "21 would have gone elsewhere." in tried.text and "The newest 20 of them:" in tried.text
    assert re.findall(r">(Many \d\d)<", tried.html) == [f"Many {number:02}" for number in range(20, 0, -1)]


async def test_what_is_wrong_stands_at_its_field_with_a_caret(office: Office) -> None:
    ana = await office.as_role("admin")
    given = {**BASE, "name": "ops", "condition": "type == 'a'\r\n AND severity = 'high'", "dm": "somebody"}
    for do in ("save", "try"):
        seen = await ana.post("/rules/new", {**given, "do": do})
        assert seen.status == 422
        assert " AND severity = 'high'\n              ^" in seen.html.replace("&#39;", "'")
        assert "This name is the hub's own." in seen.text.replace("&#39;", "'")
        assert "somebody is neither requester" in seen.text and 'value="somebody"' in seen.html
    taken = await ana.post("/rules/new", {**BASE, "name": "Grave"})
    assert taken.status == 422 and "centralita.yaml" in taken.text
    odd = await _add(ana, "Odd", condition="data.plcae == 'x'", channel="#alerts")
    assert "The condition reads data.plcae" in odd.text and "would post to #alerts" in odd.text
    await ana.post("/rules/Odd/remove")


async def test_the_order_is_changed_and_a_removal_taken_back(office: Office) -> None:
    ana = await office.as_role("admin")
    for name in ("First", "Second", "Third"):
        await _add(ana, name)
    assert _order(await ana.get("/rules")) == ["Grave", "Printers", "First", "Second", "Third"]
    seen = await ana.post("/rules/Third/move", {"before": "Second"})
    assert _order(seen) == ["Grave", "Printers", "First", "Third", "Second"] and "has another place" in seen.text
    assert "not in force" in (await ana.post("/rules/First/disable", {"back": "/rules"})).text
    removed = await ana.post("/rules/Second/remove")
    assert _order(removed) == ["Grave", "Printers", "First", "Third"]
    assert "/rules/Second/restore" in removed.forms()
    assert "is there again" in (await ana.post("/rules/Second/restore")).text
    found = await ana.get("/rules?text=third")
    assert _order(found) == ["Third"]
    assert "Nothing matches." in (await ana.get("/rules?text=nothing+like+that")).text
    for name in ("First", "Second", "Third"):
        await ana.post(f"/rules/{name}/remove")


async def test_whoever_was_slower_is_told(office: Office) -> None:
    ana = await office.as_role("admin")
    seen = await _add(ana, "Shared")
    version = seen.html.split('name="version" value="')[1].split('"')[0]
    given = {**BASE, "name": "Shared", "version": version}
    assert (await ana.post("/rules/Shared", {**given, "stop": "yes"})).status == 200
    slower = await ana.post("/rules/Shared", {**given, "condition": "severity == 'low'"})
    assert slower.status == 422 and "in the meantime" in slower.text and "severity == &#39;low&#39;" in slower.html
    await ana.post("/rules/Shared/remove")


async def test_the_files_rules_are_for_reading_and_viewers_only_read(office: Office) -> None:
    ana, sam = await office.as_role("admin"), await office.as_role("viewer")
    grave = await ana.get("/rules/Grave")
    assert "it is changed there" in grave.text and "/rules/Grave" not in grave.forms() and " readonly" in grave.html
    assert "configuration file provides" in (await ana.post("/rules/Grave/remove")).text
    copy = await ana.get("/rules/new?copy=Grave")
    assert "severity == &#39;critical&#39;" in copy.html and "/rules/new" in copy.forms()
    assert not any(form.startswith("/rules") for form in (await sam.get("/rules/Grave")).forms())
    for path in ("/rules/new", "/rules/Grave", "/rules/Grave/remove"):
        assert (await sam.post(path, BASE)).status == 403
    assert (await ana.get("/rules/nobody")).status == 404
    assert (await ana.post("/rules/Grave/explode")).status == 404


async def test_it_speaks_spanish(office: Office) -> None:
    luz = await office.person("luz", "admin", "es")
    seen = await luz.post("/rules/new", {**BASE, "name": "Mala", "condition": "severity = 'high'"})
    assert seen.status == 422 and "En lugar de" in seen.text
