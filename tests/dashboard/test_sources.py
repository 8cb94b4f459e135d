"""Sources at the dashboard, without a script: adding one, what came and what was refused, and every button."""

from __future__ import annotations

import re
from html import unescape

import aiohttp
import pytest

from centralita.core.events import Event
from tests.dashboard.office import SECRET, Office, Seen

pytestmark = pytest.mark.asyncio(loop_scope="module")
CANARY = "<script>alert(1)</script>"


def _shown(seen: Seen, id_: str) -> str:
    found = re.search(rf'id="{id_}">([^<]*)<', seen.html)
    assert found is not None, seen.text
    return unescape(found[1])


async def _post(address: str, body: object, **headers: str) -> int:
    async with aiohttp.ClientSession() as http, http.post(address, json=body, headers=headers) as answer:
        return answer.status


async def test_a_source_is_added_and_its_first_event_is_understood(office: Office) -> None:
    ana = await office.as_role("admin")
    assert "Choose the tool that sends" in (await ana.get("/sources/new")).text
    form = await ana.get("/sources/new?kind=invgate")
    assert 'value="invgate"' in form.html and "Name in the address" in form.text
    made = await ana.post("/sources/new", {"kind": "invgate", "slug": "mesa", "name": f"Mesa {CANARY}"})
    assert made.status == 200 and "the secret is not shown again" in made.text
    address, secret = _shown(made, "address"), _shown(made, "secret-shown")
    assert address == f"{office.url}/in/mesa" and "Waiting for the first event" in made.text
    assert "x-webhook-secret" in made.text and address in made.text.partition("At the sender")[2]
    ticket = {"event": "new_ticket", "request_id": 4521, "title": f"Fire {CANARY}", "priority": "High"}
    with office.hub.bell.listening(["mesa"]) as ear:  # what is refused is written down behind the answer
        assert await _post(address, ticket, **{"x-webhook-secret": "wrong"}) == 401
        await ear.wait()
    refused = await ana.get("/sources/mesa/came")
    assert "The secret is wrong." in refused.text and "Enter the secret at the sender again" in refused.text
    assert "the last try was refused" in (await ana.get("/sources")).text
    with office.hub.bell.listening(["mesa"]) as ear:
        assert await _post(address, ticket, **{"x-webhook-secret": secret}) == 202
        await ear.wait()
    came = await ana.get("/sources/mesa")
    assert "ticket.created" in came.text and "ticket/4521" in came.text
    assert CANARY not in came.html and secret not in came.html
    listed = await ana.get("/sources")
    assert "flowing" in listed.text and CANARY not in listed.html


async def test_what_is_wrong_stands_at_its_field(office: Office) -> None:
    ana = await office.as_role("admin")
    given = {"kind": "generic", "slug": "Not a slug", "set.auth": "bearer"}
    seen = await ana.post("/sources/new", given)
    assert (
        seen.status == 422 and "A slug has only lower-case letters" in seen.text and 'value="Not a slug"' in seen.html
    )
    for more, said in (
        ({"set.auth": ""}, "set.auth-fault"),
        ({"set.map": "a: [b"}, "This can't be read"),
        ({"set.severity": "Alta: grave"}, "set.severity-fault"),
        ({"slug": "desk"}, "configuration file provides the source desk"),
        ({"kind": "nothing"}, "Which kind of sender is it?"),
    ):
        seen = await ana.post("/sources/new", {**given, "slug": "erp", **more})
        assert seen.status == 422 and (said in seen.html or said in unescape(seen.text)), said
    assert "erp" not in office.hub.sources


async def test_settings_are_kept_and_a_secret_replaced(office: Office) -> None:
    ana = await office.as_role("admin")
    await ana.post("/sources/new", {"kind": "generic", "slug": "ci", "set.auth": "header", "set.header": "X-Secret"})
    kept = await ana.post(
        "/sources/ci",
        {"name": "Builds", "set.auth": "header", "set.header": "X-Key", "set.map": "title: build.name\ntype: kind"},
    )
    assert "The source ci is kept." in kept.text and "build.name" in kept.html and ">Builds<" in kept.html
    assert office.hub.sources["ci"].settings["map"] == {"title": "build.name", "type": "kind"}
    emptied = await ana.post("/sources/ci", {"name": "Builds", "set.map": "", "set.header": "X-Key"})
    assert emptied.status == 200 and "map" not in office.hub.sources["ci"].settings
    wrong = await ana.post("/sources/ci", {"name": "Builds", "set.header": "not a header"})
    assert wrong.status == 422 and "set.header-fault" in wrong.html and 'value="not a header"' in wrong.html
    rotated = await ana.post("/sources/ci/secret")
    secret = _shown(rotated, "secret-shown")
    assert secret.encode() in office.hub.sources["ci"].secrets and "good for one more day" in rotated.text
    assert len(office.hub.sources["ci"].secrets_at(office.hub.clock.now())) == 2
    await ana.post("/sources/ci/secret", {"leaked": "yes"})
    assert len(office.hub.sources["ci"].secrets_at(office.hub.clock.now())) == 1


async def test_an_example_goes_in_and_a_source_is_switched_off_and_removed(office: Office) -> None:
    ana = await office.as_role("admin")
    await ana.post("/sources/new", {"kind": "alertmanager", "slug": "prom"})
    page = await ana.get("/sources/prom")
    fixture = re.search(r"<option>([\w-]+)</option>", page.html)
    assert fixture is not None
    tried = await ana.post("/sources/prom/test", {"fixture": fixture[1]})
    assert "was answered 202" in tried.text, tried.text
    off = await ana.post("/sources/prom/disable")
    assert "takes nothing now" in off.text and "/sources/prom/enable" in off.forms()
    assert "takes requests again" in (await ana.post("/sources/prom/enable")).text
    gone = await ana.post("/sources/prom/remove")
    assert "The source prom is removed." in gone.text and gone.forms().count("/sources/prom/restore") == 2
    assert (await ana.get("/sources/prom")).status == 404
    # The word is said once; the list offers it as long as it can be done, to whoever may do it.
    assert "prom was removed; it ends for good" in (await ana.get("/sources")).text
    assert "/sources/prom/restore" not in (await (await office.as_role("viewer")).get("/sources")).forms()
    back = await ana.post("/sources/prom/restore")
    assert "The source prom is back." in back.text and back.url.endswith("/sources/prom")
    assert "too late to restore" in (await ana.post("/sources/prom/restore")).text


async def test_the_files_sources_are_for_reading_and_viewers_only_read(office: Office) -> None:
    ana, sam = await office.as_role("admin"), await office.as_role("viewer")
    desk = await ana.get("/sources/desk")
    assert "it is changed there" in desk.text and "/sources/desk/test" in desk.forms()
    assert not {"/sources/desk", "/sources/desk/secret", "/sources/desk/remove"} & set(desk.forms())
    assert "configuration file provides" in (await ana.post("/sources/desk/disable")).text
    assert "configuration file provides" in (await ana.post("/sources/desk/secret")).text
    assert not any(form.startswith("/sources") for form in (await sam.get("/sources/desk")).forms())
    for path in ("/sources/new", "/sources/desk", "/sources/desk/secret", "/sources/desk/test", "/sources/desk/remove"):
        assert (await sam.post(path)).status == 403
    for path in ("/sources/nobody", "/sources/centralita"):
        assert (await ana.get(path)).status == 404


async def test_a_receipt_that_cannot_be_read_is_seen_to_by_whoever_may_replay(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: object) -> list[Event]:
        raise ZeroDivisionError

    monkeypatch.setattr(type(office.hub.sources["desk"].integration), "parse", broken)
    with office.hub.bell.listening(["desk"]) as ear:
        assert await _post(f"{office.url}/in/desk", {"type": "printer.jammed"}, authorization=f"Bearer {SECRET}") == 202
        await ear.wait()
    viewer, operator = await office.as_role("viewer"), await office.as_role("operator")
    page = await operator.get("/sources/desk")
    again, rest = [form for form in page.forms() if "/unread/rcp_" in form]
    assert again.endswith("/again") and rest.endswith("/rest")
    assert "1 receipt could not be read: desk" in (await operator.get("/")).text
    assert "/unread/" not in (await viewer.get("/sources/desk")).html
    assert (await viewer.post(rest)).status == 403
    for nothing in (
        "/sources/desk/unread/rcp_none/rest",
        "/sources/other/unread/rcp_none/rest",
        f"{rest}/x",
        f"{rest}x",
    ):
        assert (await operator.post(nothing)).status == 404, nothing
    assert "it can't be read again" in (await operator.post("/sources/desk/unread/rcp_none/again")).text
    assert "Laid to rest: 1." in (await operator.post(rest)).text
    assert "could not be read" not in (await operator.get("/")).text
    assert (await operator.post(rest)).status == 404
    assert "receipt.dismissed" in (await (await office.as_role("admin")).get("/audit")).text
