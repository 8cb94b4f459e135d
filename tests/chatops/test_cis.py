"""``/cmdb`` in the local workspace: found, shown, changed; in both languages."""

from __future__ import annotations

import json
from typing import Any

from centralita.chatops.views.cis import LINES_LIMIT, change, fitting
from centralita.core.cis import write_attributes
from centralita.sandbox.control import SlackControl, SlackPerson
from centralita.services import ci_changes, cis
from centralita.services.audit import newest
from centralita.services.hub import Hub
from tests.chatops.conftest import Start

ACTOR = "local:tests"


async def fill(hub: Hub) -> None:
    owner = {"name": "Ana Gómez", "email": "ana@example.com"}
    await ci_changes.create(hub, ACTOR, {"name": "ERP-DB-01", "type": "servidor", "attributes": {"rack": "B4"}})
    await ci_changes.create(hub, ACTOR, {"name": "Impresora Contaduría", "type": "impresora", "owner": owner})
    await ci_changes.relate(hub, ACTOR, "Impresora Contaduría", "depends_on", "ERP-DB-01")


async def last_told(person: SlackPerson, channel: str = "C0ALERTS") -> dict[str, Any]:
    return (await person.seen(channel))[-1]


async def test_a_search_forgives_and_leads_to_the_details(app: Start, ana: SlackPerson, sam: SlackPerson) -> None:
    async with app() as hub:
        await fill(hub)
        found = (await sam.command("#alerts", "/cmdb", "search imprsora contaduria"))["payload"]
        assert found["response_type"] == "ephemeral"
        assert "What “imprsora contaduria” may mean" in found["text"]
        assert found["blocks"][1]["text"]["text"].splitlines() == ["*Impresora Contaduría*", "printer · Ana Gómez"]
        told = await last_told(sam)
        button = found["blocks"][1]["accessory"]
        await sam.press("C0ALERTS", told["ts"], "ci_details", button["value"])
        details = await last_told(sam)
        text = json.dumps(details["blocks"], ensure_ascii=False)
        assert "depends on *ERP-DB-01*" in text and "*Owner*\\nAna Gómez (ana@example.com)" in text
        assert "update_ci" in text
        # Whoever may only look is shown no button, in their language.
        shown = (await ana.command("C0MESAAYUDA", "/cmdb", "ver impresora contaduria"))["payload"]
        text = json.dumps(shown["blocks"], ensure_ascii=False)
        assert "*Propietario*" in text and "update_ci" not in text
        denied = (await ana.command("C0MESAAYUDA", "/cmdb", "update erp-db-01"))["payload"]
        assert "`ci.manage`" in denied["text"] and await ana.modals() == []


async def test_what_is_not_called_so_is_answered_with_the_nearest(app: Start, luis: SlackPerson) -> None:
    async with app() as hub:
        await fill(hub)
        near = (await luis.command("#alerts", "/cmdb", "show ERP-DB-02"))["payload"]
        assert "ERP-DB-01" in json.dumps(near["blocks"])
        none = (await luis.command("#alerts", "/cmdb", "search <!channel> qqqq"))["payload"]
        assert "No hay nada que se llame" in none["text"] and "<!channel>" not in none["text"]
        empty = (await luis.command("#alerts", "/cmdb", "search"))["payload"]
        assert "/cmdb search erp" in empty["text"]
        usage = (await luis.command("#alerts", "/cmdb", "serch x"))["payload"]
        assert "`/cmdb search`" in usage["text"]


async def test_several_of_one_name_are_listed(app: Start, sam: SlackPerson) -> None:
    async with app() as hub:
        for name in ("Twin A", "Twin B"):
            await ci_changes.create(hub, ACTOR, {"name": name})
        await ci_changes.update(hub, ACTOR, "Twin B", {"name": "Twin A"})
        told = (await sam.command("#alerts", "/cmdb", "update 'twin a'"))["payload"]
        assert told["text"].startswith("Several are called") and len(told["blocks"]) == 3


async def test_a_modal_changes_one_with_errors_in_place(app: Start, luis: SlackPerson, slack: SlackControl) -> None:
    async with app() as hub:
        await fill(hub)
        await luis.command("#alerts", "/cmdb", "update erp-db-01")
        [view] = await luis.modals()
        assert view["title"]["text"] == "Cambiar un CI" and view["callback_id"] == "ci_modal"
        wrong = {"name": {"name": " "}, "attributes": {"attributes": "rack: C1\nsin nada"}}
        refused = await luis.submit(view["id"], wrong)
        assert refused["errors"] == {
            "name": "Le falta un nombre.",
            "attributes": "Cada línea se escribe como nombre: valor. No lo es: línea 2",
        }
        good = {
            "name": {"name": "ERP-DB-01"},
            "status": {"status": "En mantenimiento"},
            "owner": {"owner": "U0ANAGOMEZ"},
            "attributes": {"attributes": "site: Lima"},
        }
        done = await luis.submit(view["id"], good)
        assert done["ok"], done
        shown = await cis.show(hub, "erp-db-01")
        assert (shown.ci.status, shown.ci.type, shown.ci.attributes) == ("En mantenimiento", "server", {"site": "Lima"})
        assert shown.ci.owner is not None and shown.ci.owner.email == "ana@example.com"
        assert await luis.modals() == []
        assert "*ERP-DB-01* cambió." in (await last_told(luis))["text"]
        [entry] = await newest(hub, 1, None, "", "")
        assert (entry.entry.action, entry.entry.actor) == ("ci.updated", "slack:luis@example.com")


async def test_a_version_that_is_not_the_newest_is_not_written_over(
    app: Start, sam: SlackPerson, luis: SlackPerson
) -> None:
    async with app() as hub:
        await fill(hub)
        await sam.command("#alerts", "/cmdb", "update impresora contaduria")
        [view] = await sam.modals()
        blocks = {block["block_id"]: block for block in view["blocks"]}
        assert blocks["owner"]["element"]["initial_user"] == "U0ANAGOMEZ"
        await ci_changes.update(hub, ACTOR, "impresora contaduria", {"status": "rota"})
        refused = await sam.submit(view["id"], {"status": {"status": "ok"}})
        assert refused["errors"] == {"name": "Somebody changed Impresora Contaduría in the meantime. Look at it again."}
        assert (await cis.show(hub, "impresora contaduria")).ci.status == "rota"


def test_a_modal_of_a_ci_with_long_attributes_keeps_what_it_can_not_show() -> None:
    many = {f"key {number:02}": "v" * 200 for number in range(40)}
    shown = fitting(many)
    assert 0 < len(shown) < 40 and len(write_attributes(shown)) <= LINES_LIMIT
    assert list(shown) == sorted(many)[: len(shown)]
    ci = cis.CiView("ci_1", "", "", "<x>", "", "", None, many, [], 1, "", None, None)
    assert len(json.dumps(change(ci, "", {}, "es"))) < 10_000
