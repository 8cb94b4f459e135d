"""Webhooks at the dashboard, without a script: made, changed, watched, tried, sent to again, removed, brought back."""

from __future__ import annotations

import re
from bisect import bisect_left
from html import unescape
from math import ceil

import pytest

from centralita.core.access import PERMISSIONS
from centralita.core.rollups import BOUNDS_MS, Tally, count_try, floor
from centralita.sandbox.sink.answers import AnswerPlan
from centralita.services.access import Principal, create_token
from centralita.services.webhook_history import AttemptFilter, attempts
from centralita.store import lanes, rollups
from centralita.store.database import Transaction
from centralita.web.dashboard import environment
from centralita.web.dashboard.page import _places
from centralita.web.dashboard.webhook_overview import TIMES
from tests.dashboard.bench import Bench
from tests.dashboard.office import ADMINISTRATOR, Seen

pytestmark = pytest.mark.asyncio(loop_scope="module")
CANARY = "<img src=x onerror=alert(1)>"


def _secret(seen: Seen) -> str:
    found = re.search(r'id="secret">([^<]*)<', seen.html)
    assert found is not None, seen.text
    return unescape(found[1])


# ---- the list, the form


async def test_a_webhook_is_made_by_the_form_and_its_secret_is_shown_once(bench: Bench) -> None:
    form = await bench.ana.get("/webhooks/new")
    assert form.status == 200 and 'value="ticket.*"' in form.html and "A ticket was created" in form.text
    made = await bench.make("made", description=f"For {CANARY}", headers="X-Tenant: h1dden")
    assert made.status == 201, made.text
    secret = _secret(made)
    assert secret.startswith("whsec_") and "not shown again" in made.text
    for program in ("Python", "JavaScript", "PHP"):
        assert program in made.text
    assert await bench.did() == "webhook.added webhook/made"
    for path in ("/webhooks", "/webhooks/made", "/webhooks/made/settings", "/webhooks/made/secrets"):
        seen = await bench.ana.get(path)
        assert seen.status == 200 and CANARY not in seen.html, path
        assert secret not in seen.html and "h1dden" not in seen.html, path
    assert f"For {CANARY}" in (await bench.ana.get("/webhooks/made")).text


async def test_what_is_wrong_stands_at_its_field_with_what_was_typed(bench: Bench) -> None:
    for fields, said in (
        ({"url": "ftp://x.example"}, "http"),
        ({"name": "a/b"}, "A name has no slash"),
        ({"name": "erp"}, "provides the webhook erp"),
        ({"name": "new"}, "choose another name"),
        ({"types": [], "other_types": ""}, "subscribe to something"),
        ({"timeout_s": "soon"}, "number"),
        ({"headers": "no colon"}, "NAME: VALUE"),
        ({"auth.kind": "bearer"}, "needs token"),
        ({"secret": "whpk_AAAA"}, "A secret is whsec_"),
        ({"format": "template"}, "needs a template"),
    ):
        seen = await bench.make(**{"name": "wrong", "description": "kept as typed", **fields})  # type: ignore[arg-type]  # fields of a form
        assert seen.status == 422 and said in seen.text, (fields, seen.text[:3000])
        assert "kept as typed" in seen.html
    seen = await bench.make("wrong", condition="severity == 'critical' AND AND")
    caret = re.search(r'class="caret"[^>]*>([^<]*)<', seen.html)
    assert seen.status == 422 and caret is not None and "^" in caret[1]
    assert (await bench.ana.get("/webhooks/wrong")).status == 404


async def test_the_list_is_filtered_and_says_what_it_does_not_find(bench: Bench) -> None:
    await bench.make("listed", description="needle")
    assert "listed" in (await bench.ana.get("/webhooks?text=needle")).text
    assert "Nothing matches." in (await bench.ana.get("/webhooks?text=nobody")).text
    assert "listed" not in (await bench.ana.get("/webhooks?state=off")).text
    assert "listed" in (await bench.ana.get("/webhooks?type=printer.jammed")).text
    part = await bench.ana.get("/webhooks?text=needle", True, **{"hx-request": "true", "hx-target": "rows"})
    assert part.html.lstrip().startswith('<div id="rows"') and "<html" not in part.html


async def test_settings_change_and_what_is_secret_stays_when_it_is_left_empty(bench: Bench) -> None:
    await bench.make("changed", **{"headers": "X-A: one\nX-B: two", "auth.kind": "bearer", "auth.token": "t0ken"})
    form = await bench.ana.get("/webhooks/changed/settings")
    assert "remove X-A" in form.text and "t0ken" not in form.html
    given = {
        **{"types": ["printer.jammed"], "description": "Now", "forget_header": "X-A", "headers": "X-C: three"},
        **{"format": "cloudevents", "auth.kind": "bearer", "timeout_s": "3,5", "schedule_s": "5s 2m"},
    }
    saved = await bench.ana.post("/webhooks/changed/settings", given)
    assert saved.status == 200 and "Saved." in saved.text, saved.text
    receiver = bench.office.hub.webhooks.config("changed")["receiver"]  # type: ignore[index]  # there is one
    assert receiver.url == f"{bench.sink.url}/changed" and dict(receiver.headers) == {"X-B": "two", "X-C": "three"}
    assert receiver.auth.token == "t0ken" and receiver.timeout_s == 3.5 and receiver.format == "cloudevents"
    wrong = await bench.ana.post("/webhooks/changed/settings", {**given, "condition": "severity >"})
    assert wrong.status == 422 and "The condition breaks off here." in wrong.text


async def test_the_files_are_shown_with_their_place_and_can_not_be_changed(bench: Bench) -> None:
    seen = await bench.ana.get("/webhooks/erp/settings")
    assert "centralita.yaml:" in seen.text and "it is changed there" in seen.text
    assert "/webhooks/erp/settings" not in seen.forms() and "/webhooks/erp/remove" not in seen.forms()
    refused = await bench.ana.post("/webhooks/erp/disable")
    assert refused.status == 200 and "provides the webhook erp" in refused.text


async def test_off_on_removed_and_back(bench: Bench) -> None:
    await bench.make("switched")
    off = await bench.ana.post("/webhooks/switched/disable")
    assert "is off" in off.text and "/webhooks/switched/enable" in off.forms()
    assert "is on" in (await bench.ana.post("/webhooks/switched/enable")).text
    removed = await bench.ana.post("/webhooks/switched/remove")
    assert removed.url.endswith("/webhooks") and removed.forms().count("/webhooks/switched/restore") == 2
    assert (await bench.ana.get("/webhooks/switched")).status == 404
    assert (await bench.make("switched")).status == 422
    back = await bench.ana.post("/webhooks/switched/restore")
    assert "is back" in back.text and await bench.did() == "webhook.restored webhook/switched"
    assert "too late" in (await bench.ana.post("/webhooks/switched/restore")).text


async def test_one_is_paused_and_goes_on_from_its_own_page(bench: Bench) -> None:
    await bench.make("halted", types=["printer.halted"])
    operator = await bench.office.as_role("operator")
    assert {"/webhooks/halted/pause"} == {
        path for path in (await operator.get("/webhooks/halted")).forms() if "halted" in path
    }
    paused = await operator.post("/webhooks/halted/pause")
    assert "is paused" in paused.text  # though it was sent nothing yet
    assert paused.forms().count("/webhooks/halted/resume") == 2
    event = await bench.office.receive(type="printer.halted", title="Another", subject="printer/6")
    assert "1 waits" in (await bench.ana.get("/webhooks/halted")).text
    assert "goes on" in (await operator.post("/webhooks/halted/resume")).text
    assert (await bench.tried("halted", event)).outcome == "delivered"
    assert await bench.did() == "webhook.resumed webhook/halted"


# ---- what it was sent


async def test_an_attempt_is_shown_whole_and_sent_again(bench: Bench) -> None:
    await bench.sink.answer(AnswerPlan(path="/tried", status=404, headers={"X-Trace": CANARY}, body=f"no {CANARY}"))
    await bench.make("tried", schedule_s="0.01", types=["printer.tried"])
    event = await bench.office.receive(type="printer.tried", title=f"Jam {CANARY}", subject="printer/1", data={"n": 7})
    await bench.ended("tried", event, "dead")
    dead = await bench.tried("tried", event)
    listed = await bench.ana.get("/webhooks/tried/deliveries?status=4xx&where=data.n%20%3D%3D%207")
    assert "404" in listed.text and f"/webhooks/tried/attempts/{dead.id}" in listed.links()
    assert "Nothing matches." in (await bench.ana.get("/webhooks/tried/deliveries?where=data.n%20%3D%3D%208")).text
    wrong = await bench.ana.get("/webhooks/tried/deliveries?where=data.n%20%3D%3D&status=teapot")
    assert wrong.status == 422 and "breaks off" in wrong.text and "503 or 5xx" in wrong.text
    whole = await bench.ana.get(f"/webhooks/tried/attempts/{dead.id}")
    assert whole.status == 200 and f"no {CANARY}" in whole.text and "webhook-signature" in whole.text
    assert 'class="phases"' in whole.html and "first byte" in whole.text
    assert (
        "Every try of this delivery" in whole.text and len([1 for each in whole.links() if "/attempts/" in each]) == 1
    )
    lines = await bench.ana.get("/webhooks/tried/deliveries?view=deliveries")
    assert f"Jam {CANARY}" in lines.text and "given up" in lines.text
    overview = await bench.ana.get("/webhooks/tried")
    assert "Failing: " in overview.text and 'class="chart"' in overview.html
    assert "The receiver answered with an error. 404" in overview.text and "http.status" not in overview.text
    assert (
        "Waits between attempts 0.01 (2 attempts in all)" in overview.text and "Stopped after 5 days" in overview.text
    )
    for seen in (listed, whole, lines, overview):
        assert CANARY not in seen.html
    await bench.sink.heal()
    again = await bench.ana.post(f"/webhooks/tried/deliveries/{dead.delivery}/replay", {"configuration": "original"})
    assert "Sent again" in again.text
    assert (await bench.tried("tried", event, outcome="delivered")).status == 200
    assert (await bench.ana.get(f"/webhooks/erp/attempts/{dead.id}")).status == 404
    assert (await bench.ana.post("/webhooks/tried/deliveries/dlv_x/replay")).status == 404


async def test_failures_are_grouped_and_seen_to(bench: Bench) -> None:
    await bench.sink.answer(AnswerPlan(path="/grouped", status=410, body="gone"))
    await bench.make("grouped", types=["printer.grouped"])
    event = await bench.office.receive(type="printer.grouped", subject="printer/2")
    await bench.tried("grouped", event)
    errors = await bench.ana.get("/webhooks/grouped/errors")
    assert "410" in errors.text and "open" in errors.text
    [acknowledge] = [path for path in errors.forms() if path.endswith("/acknowledge")]
    assert "you see to it" in (await bench.ana.post(acknowledge)).text
    resolved = await bench.ana.post(acknowledge.replace("acknowledge", "resolve"))
    assert "Resolved" in resolved.text
    assert "can't be done" in (await bench.ana.post(acknowledge)).text
    assert (await bench.ana.post(acknowledge.replace("acknowledge", "burn"))).status == 404
    assert "Nothing matches." in (await bench.ana.get("/webhooks/grouped/errors?state=ignored")).text
    assert "Stopped by the hub" in (await bench.ana.get("/webhooks/grouped")).text
    assert "goes on" in (await bench.ana.post("/webhooks/grouped/resume")).text


async def test_a_secret_is_replaced_with_an_overlap(bench: Bench) -> None:
    first = _secret(await bench.make("rotated"))
    made = await bench.ana.post("/webhooks/rotated/secrets", {"keep_s": "3600", "scheme": "v1a"})
    assert made.status == 201 and "whpk_" in made.text and "sign too until" in made.text
    second = _secret(made)
    assert second.startswith("whsk_")
    seen = await bench.ana.get("/webhooks/rotated/secrets")
    assert first not in seen.html and second not in seen.html and "in use" in seen.text and "whpk_" in seen.text
    wrong = await bench.ana.post("/webhooks/rotated/secrets", {"keep_s": "0", "secret": "whpk_AAAA"})
    assert wrong.status == 422 and "A secret is whsec_" in wrong.text


async def test_a_test_is_sent_now_and_also_while_it_is_off_if_asked(bench: Bench) -> None:
    await bench.make("tested")
    sent = await bench.ana.post("/webhooks/tested/test", {"type": "ticket.created", "event": ""})
    assert sent.status == 200 and "The receiver has taken it." in sent.text and "webhook-test" in sent.text
    assert 'class="phases"' in sent.html
    await bench.sink.answer(AnswerPlan(path="/tested", status=500, count=1))
    failed = await bench.ana.post("/webhooks/tested/test", {"type": "ticket.created", "event": ""})
    assert "not taken The receiver answered with an error." in failed.text
    await bench.ana.post("/webhooks/tested/disable")
    assert "is switched off" in (await bench.ana.post("/webhooks/tested/test", {"type": "", "event": ""})).text
    asked = await bench.ana.post("/webhooks/tested/test", {"type": "", "event": "", "even_if_off": "yes"})
    assert "The receiver has taken it." in asked.text
    unknown = await bench.ana.post("/webhooks/tested/test", {"event": "evt_nobody", "even_if_off": "yes"})
    assert unknown.status == 422 and "no such event" in unknown.text
    assert "It was sent nothing yet." in (await bench.ana.get("/webhooks/tested/deliveries")).text


async def test_any_format_is_previewed_on_a_real_event(bench: Bench) -> None:
    await bench.make("previewed")
    event = await bench.office.receive(type="printer.seen", title=f"Seen {CANARY}", subject="printer/3")
    for kind, said in (("standard", "printer.seen"), ("cloudevents", "specversion"), ("slack", "blocks")):
        seen = await bench.ana.get(f"/webhooks/previewed/preview?event={event}&format={kind}")
        assert seen.status == 200 and said in seen.text, kind
        assert CANARY not in seen.html
    assert (await bench.ana.get("/webhooks/previewed/preview?event=evt_nobody")).status == 422
    assert (await bench.ana.get("/webhooks/previewed/preview?format=template")).status == 200


# ---- several at once, and many again


async def test_what_was_missed_is_sent_again_step_by_step(bench: Bench) -> None:
    await bench.make("late", types=["printer.late"])
    await bench.ana.post("/webhooks/late/disable")
    event = await bench.office.receive(type="printer.late", subject="printer/4")
    await bench.ana.post("/webhooks/late/enable")
    form = await bench.ana.get("/webhooks/late/replay")
    assert "/webhooks/bulk/replay" in form.forms()
    given = {"name": "late", "what": "missed", "since": "1h", "where": "", "configuration": "current"}
    done = await bench.ana.post("/webhooks/bulk/replay", given)
    assert "Done." in done.text and "Sent again 1" in done.text, done.text
    assert (await bench.tried("late", event)).outcome == "delivered"
    for wrong, said in (
        ({"since": "soon"}, "Write 2h"),
        ({"where": "type =="}, "breaks off"),
        ({"configuration": "original"}, "no original"),
        ({"what": "failed", "where": "type == 'x'"}, "not what failed"),
        ({"name": []}, "No webhook is ticked."),
    ):
        seen = await bench.ana.post("/webhooks/bulk/replay", {**given, **wrong})
        assert seen.status == 422 and said in seen.text, wrong


async def test_all_that_a_filter_of_the_history_finds_is_sent_again(bench: Bench) -> None:
    await bench.sink.answer(AnswerPlan(path="/found", status=404))
    await bench.make("found", schedule_s="0.01", types=["printer.found"])
    for number in range(2):
        event = await bench.office.receive(type="printer.found", subject=f"printer/{number}", data={"n": number})
        await bench.ended("found", event, "dead")
    await bench.sink.heal()
    path = "/webhooks/found/deliveries"
    assert "Send all that match" not in (await bench.ana.get(path)).text
    assert "Nothing matches." in (await bench.ana.get(f"{path}?until=2020-01-01")).text
    wrong = await bench.ana.get(f"{path}?until=soon&status=teapot")
    assert wrong.status == 422 and "Write a time" in wrong.text and "503 or 5xx" in wrong.text
    for query, count in (("status=4xx&since=1h&where=data.n%20%3D%3D%201", 1), ("view=deliveries&outcome=dead", 1)):
        listed = await bench.ana.get(f"{path}?{query}")
        [onward] = [link for link in listed.links() if "what=matching" in link]
        form = await bench.ana.get(onward)
        assert form.status == 200 and "that match" in form.text
        done = await bench.ana.post("/webhooks/bulk/replay", form.hidden())
        assert "Done." in done.text and f"Sent again {count}" in done.text, done.text
        await bench.ended("found", event, "delivered")
    viewer = await bench.office.as_role("viewer")
    assert "what=matching" not in (await viewer.get(f"{path}?status=4xx")).html
    bad = await bench.ana.post("/webhooks/bulk/replay", {**form.hidden(), "where": "data.n =="})
    assert bad.status == 422 and "breaks off" in bad.text


async def test_several_are_paused_changed_and_sent_to_again_at_once(bench: Bench) -> None:
    for name in ("many-a", "many-b"):
        await bench.make(name, types=["printer.many"])
    event = await bench.office.receive(type="printer.many", subject="printer/5")
    for name in ("many-a", "many-b"):
        await bench.tried(name, event)
    ticked = {"name": ["many-a", "many-b"]}
    assert "Paused: many-a, many-b." in (await bench.ana.post("/webhooks/bulk", {**ticked, "do": "pause"})).text
    assert "Paused by a person" in (await bench.ana.get("/webhooks/many-a")).text
    assert await bench.did() == "lane.paused lane/webhook:many-b"
    assert "Going on: many-a" in (await bench.ana.post("/webhooks/bulk", {**ticked, "do": "resume"})).text
    assert "Switched off" in (await bench.ana.post("/webhooks/bulk", {**ticked, "do": "disable"})).text
    assert "Switched on" in (await bench.ana.post("/webhooks/bulk", {**ticked, "do": "enable"})).text
    assert "Change several" in (await bench.ana.post("/webhooks/bulk", {**ticked, "do": "edit"})).text
    nothing = await bench.ana.post("/webhooks/bulk", {**ticked, "do": "change", "types": ""})
    assert nothing.status == 422 and "Fill in" in nothing.text
    given = {**ticked, "do": "change", "types": "printer.few", "rate_per_s": "5", "schedule_s": "5s 1h"}
    assert "Changed: many-a, many-b." in (await bench.ana.post("/webhooks/bulk", given)).text
    row = bench.office.hub.webhooks.rows["many-b"]
    assert row.types == ("printer.few",) and row.spec["schedule_s"] == [5, 3600]
    narrowed = f"{bench.office.url}/webhooks?text=many"  # the list is shown again as it was filtered
    again = await bench.ana.post("/webhooks/bulk", {**ticked, "do": "resume"}, referer=narrowed)
    assert again.url == narrowed
    form = await bench.ana.post("/webhooks/bulk", {**ticked, "do": "edit"}, referer=narrowed)
    carried = {**ticked, "do": "change", "rate_per_s": "7", "back": form.hidden()["back"]}
    assert (await bench.ana.post("/webhooks/bulk", carried)).url == narrowed
    elsewhere = {**ticked, "do": "resume", "back": "https://elsewhere.example/webhooks?text=many"}
    assert (await bench.ana.post("/webhooks/bulk", elsewhere)).url == f"{bench.office.url}/webhooks"
    assert "send again" in (await bench.ana.post("/webhooks/bulk", {**ticked, "do": "replay"})).text.lower()
    mixed = await bench.ana.post("/webhooks/bulk", {"name": ["erp", "nobody", "many-a"], "do": "disable"})
    assert "Switched off: many-a" in mixed.text and "provides the webhook erp" in mixed.text
    assert "no such webhook" in mixed.text
    assert "Tick the webhooks first." in (await bench.ana.post("/webhooks/bulk", {"do": "pause"})).text


async def test_who_may_what(bench: Bench) -> None:
    viewer, operator = await bench.office.as_role("viewer"), await bench.office.as_role("operator")
    listed = await viewer.get("/webhooks")
    assert listed.status == 200 and "/webhooks/new" not in listed.links() and "Switch on" not in listed.text
    assert (await viewer.get("/webhooks/erp")).status == 200
    for wish in ("pause", "enable", "edit", "change", "replay", "anything"):
        assert (await viewer.post("/webhooks/bulk", {"do": wish, "name": "erp"})).status == 403, wish
    for doing in ("pause", "resume"):
        assert (await operator.post("/webhooks/bulk", {"do": doing, "name": "erp"})).status == 200
    assert (await operator.post("/webhooks/bulk", {"do": "enable", "name": "erp"})).status == 403
    without = Principal("user:x", "x", frozenset(PERMISSIONS) - {"webhook.read"})
    assert "webhooks" not in [place.section for place in _places(without, "en")]


async def test_whoever_has_no_permission_of_webhooks_sees_nothing_of_them(bench: Bench) -> None:
    clerk = await bench.office.as_role("clerk")
    await bench.make("unseen", types=["printer.unseen"])
    event = await bench.office.receive(type="printer.unseen", subject="printer/9")
    attempt = await bench.tried("unseen", event)
    pages = ["/", "/events", f"/events/{event}", f"/events/{event}?part=attempts", "/search?q=unseen"]
    for path in pages:
        seen = await clerk.get(path)
        assert seen.status == 200, path
        ways = [each for each in (*seen.links(), *seen.forms()) if each.startswith("/webhooks")]
        assert ways == [], path
    assert "/webhooks/unseen" in (await bench.ana.get("/")).links()
    one = "/webhooks/unseen"
    tabs = [
        f"{one}{tab}" for tab in ("", "/deliveries", "/errors", "/settings", "/secrets", "/test", "/preview", "/replay")
    ]
    for path in ("/webhooks", "/webhooks/new", *tabs, f"{one}/attempts/{attempt.id}"):
        assert (await clerk.get(path)).status == 403, path
    doings = ("enable", "disable", "pause", "resume", "remove", "restore", "settings", "secrets", "test")
    for path in ("/webhooks", "/webhooks/bulk", "/webhooks/bulk/replay", *(f"{one}/{doing}" for doing in doings)):
        assert (await clerk.post(path, {"name": "unseen", "do": "disable"})).status == 403, path
    assert bench.office.hub.webhooks.has("unseen")


async def test_whoever_only_reads_sees_all_and_is_offered_nothing(bench: Bench) -> None:
    viewer, operator = await bench.office.as_role("viewer"), await bench.office.as_role("operator")
    await bench.sink.answer(AnswerPlan(path="/looked", status=404))
    await bench.make("looked", types=["printer.looked"], schedule_s="0.01")
    event = await bench.office.receive(type="printer.looked", subject="printer/10")
    await bench.ended("looked", event, "dead")
    attempt = (await bench.tried("looked", event)).id
    parts = (
        "",
        "/deliveries?status=4xx",
        "/deliveries?view=deliveries",
        "/errors",
        "/settings",
        "/secrets",
        "/preview",
    )
    offered: dict[str, set[str]] = {"viewer": set(), "operator": set(), "admin": set()}
    for role, person in (("viewer", viewer), ("operator", operator), ("admin", bench.ana)):
        for path in (*(f"/webhooks/looked{part}" for part in parts), f"/webhooks/looked/attempts/{attempt}"):
            seen = await person.get(path)
            assert seen.status == 200, (role, path)
            shown = {re.sub(r"dlv_\d+|/errors/\d+", "", each) for each in seen.forms() if each.startswith("/webhooks")}
            reading = {"/webhooks/looked/deliveries", "/webhooks/looked/errors", "/webhooks/looked/preview"}
            ways = {
                each.partition("?")[0]
                for each in seen.links()
                if each.endswith(("/test", "/replay")) or "/replay?" in each
            }
            offered[role] |= (shown - reading) | ways
    again = {"/webhooks/looked/deliveries//replay", "/webhooks/looked/replay"}
    seen_to = {f"/webhooks/looked/{doing}" for doing in ("acknowledge", "resolve", "ignore")}
    assert offered["viewer"] == set()
    assert offered["operator"] == {*again, *seen_to, "/webhooks/looked/pause"}
    changing = {f"/webhooks/looked/{each}" for each in ("disable", "remove", "settings", "secrets", "test")}
    assert offered["admin"] == offered["operator"] | changing
    for person, doings in ((viewer, ("pause", "resume", *_CHANGING)), (operator, _CHANGING)):
        for doing in doings:
            assert (await person.post(f"/webhooks/looked/{doing}")).status == 403, doing


_CHANGING = ("enable", "disable", "remove", "restore", "settings", "secrets", "test")


# ---- the numbers


async def test_its_numbers_are_those_of_its_attempts_and_of_the_api(bench: Bench) -> None:
    hub, now = bench.office.hub, bench.office.hub.clock.now()
    await bench.sink.answer(AnswerPlan(path="/exact", status=404, count=2))
    await bench.make("exact", types=["printer.exact"], schedule_s="0.01", slow_s="0.06")
    for number, (delay_ms, state) in enumerate(((0, "dead"), (0, "delivered"), (0, "delivered"), (150, "delivered"))):
        if delay_ms:
            await bench.sink.answer(AnswerPlan(path="/exact", delay_ms=delay_ms))
        await bench.ended("exact", await _happen(bench, number), state)
    await bench.sink.answer(AnswerPlan(path="/exact", status=410))
    await bench.tried("exact", await _happen(bench, 5))  # which stops it: what comes now is rejected
    for number in (6, 7):
        await _happen(bench, number)
    # What was tried last waits with those two: three deliveries are held back, six attempts were made.
    before = Tally(rejected=3)
    for elapsed_ms, succeeded in ((100.0, True), (300.0, True), (50.0, False)):
        count_try(before, elapsed_ms, succeeded=succeeded, slow_ms=200)
    await hub.database.write(lambda tx: _add(tx, "exact", now - 45 * 60, before))

    rows = (await attempts(hub, "exact", AttemptFilter(), None, 50, "", "en")).items
    times = sorted(row.elapsed_ms for row in rows)
    delivered = [row.elapsed_ms for row in rows if row.outcome == "delivered"]
    slow = sum(each > 60 for each in delivered)
    counts = {"successful": 3 - slow, "slow": slow, "error": 3, "rejected": 3}
    assert (len(delivered), len(rows)) == (3, 6) and slow >= 1
    token, _ = await create_token(hub, ADMINISTRATOR, "figures", ["webhook.read"], None)
    async with bench.ana.http.get(
        f"{bench.office.url}/api/v1/webhooks/exact/health", headers={"authorization": f"Bearer {token}"}
    ) as answer:
        told = await answer.json()
    assert [told[name] for name in ("successful", "slow", "error", "rejected")] == [3, slow, 3, 3]
    assert told["fastest_ms"] == times[0] and told["slowest_ms"] == times[-1]
    assert told["average_ms"] == pytest.approx(sum(times) / 6, abs=0.002)
    for name, share in (("p50_ms", 0.5), ("p95_ms", 0.95), ("p99_ms", 0.99)):
        exact = times[ceil(share * 6) - 1]  # by nearest rank; what is told lies in the same bucket
        assert bisect_left(BOUNDS_MS, told[name] - 0.001) == bisect_left(BOUNDS_MS, exact), name

    page = await bench.ana.get("/webhooks/exact")
    for word, count in counts.items():
        assert f"{word} {count}" in page.text, (word, page.text)
    than = {"fastest_ms": 50.0, "average_ms": 150.0, "slowest_ms": 300.0}
    for name, label in TIMES:
        told_ms = environment.ms("en", told[name])
        assert (
            f"{label} {told_ms} 30 min before: {environment.ms('en', than.get(name, 0)) if name in than else ''}"
            in page.text
        )
    whole = {"successful": counts["successful"] + 1, "slow": slow + 1, "error": 4, "rejected": 6}
    for word, count in whole.items():  # the hour: in the table, and in what each bar says of itself
        assert sum(map(int, re.findall(rf'data-label="{word}">(\d+)<', page.html))) == count, word
        bars = {bar for bar in re.findall(r"<title>(\d{4}-\d\d-\d\d \d\d:\d\d: [^<]*)</title>", page.html)}
        assert sum(int(found) for bar in bars for found in re.findall(rf"{word} (\d+)", bar)) == count, word
    listed = await bench.ana.get("/webhooks?text=exact")
    assert "50.0 %" in listed.text and "9 attempts in the last hour" in listed.text


async def _happen(bench: Bench, number: int) -> str:
    return await bench.office.receive(type="printer.exact", subject=f"printer/{number}", data={"n": number})


def _add(tx: Transaction, name: str, at: float, tally: Tally) -> None:
    lane = lanes.hold(tx, {f"webhook:{name}": ("webhook", name)})[f"webhook:{name}"].id
    rollups.add(tx, {lane: tally}, floor(at, "minute"))


async def test_it_reads_spanish(bench: Bench) -> None:
    marta = await bench.office.person("marta", "admin", "es")
    seen = await marta.get("/webhooks/erp")
    assert "En calma: no se envió nada en los últimos 30 minutos" in seen.text and "Más rápido" in seen.text
