"""Rules that people make, by the API: added, changed, moved, switched off, removed and brought back."""

from __future__ import annotations

import asyncio
from itertools import count
from pathlib import Path
from typing import Any

from centralita.services.hub import Hub
from centralita.settings import load
from centralita.web.api import make_api
from centralita.wiring import open_hub
from tests.api.conftest import CONFIG, Api

PATH = "/api/v1/rules"
TITLES = count(1)


async def _add(api: Api, name: str, **more: Any) -> dict[str, Any]:
    made = await api("POST", PATH, {"name": name, **more})
    assert made.status == 201, made.body
    return dict(made.json())


async def _jam(api: Api, **more: Any) -> str:
    """Another event; its id."""
    event = {"type": "printer.jammed", "severity": "critical", "title": f"Jam {next(TITLES)}", "subject": "printer/1"}
    return await api.receive(**{**event, **more})


async def _names(api: Api) -> list[str]:
    return [rule["name"] for rule in (await api("GET", PATH)).json()["rules"]]


async def _matched(api: Api, event_id: str) -> list[str]:
    return list((await api("GET", f"/api/v1/events/{event_id}")).json()["matched"])


async def test_the_next_event_is_decided_by_what_was_changed_before_it(api: Api) -> None:
    before = await _jam(api)
    made = await _add(api, "Jams", condition="type == 'printer.jammed'", webhook="erp")
    assert (made["rule"]["origin"], made["rule"]["number"], made["rule"]["state"]) == ("database", 3, "on")
    assert made["warnings"] == [] and made["rule"]["created_by"].startswith("local:")
    added = await _jam(api)
    changed = await api("PATCH", f"{PATH}/Jams", {"condition": "type == 'printer.empty'", "name": "Empty"})
    assert changed.status == 200, changed.body
    other = await _jam(api)
    empty = await _jam(api, type="printer.empty")
    assert [await _matched(api, each) for each in (before, added, other, empty)] == [
        ["Grave"], ["Grave", "Jams"], ["Grave"], ["Grave", "Empty"],
    ]  # fmt: skip
    versions = [(await api("GET", f"/api/v1/events/{each}")).json() for each in (before, added, other, empty)]
    assert len({each["ruleset"] for each in versions}) == 3
    # Why, and why not, of each by the rules that it was decided by.
    names = [[rule["name"] for rule in each["rules"]][2:-1] for each in versions]
    assert names == [[], ["Jams"], ["Empty"], ["Empty"]]


async def test_a_rule_is_switched_off_and_on_removed_and_brought_back(api: Api) -> None:
    await _add(api, "Jams", condition="type == 'printer.jammed'", dm=["ana@example.com"], stop=True)
    off = (await api("POST", f"{PATH}/Jams/disable")).json()
    assert (off["state"], off["stop"], off["dm"]) == ("off", True, ["ana@example.com"])
    assert "Jams" not in await _matched(api, await _jam(api))
    assert (await api("POST", f"{PATH}/Jams/enable")).json()["state"] == "on"
    gone = await api("DELETE", f"{PATH}/Jams")
    assert (gone.status, gone.json()["state"]) == (200, "removed")
    assert "Jams" not in await _names(api) and (await api("GET", f"{PATH}/Jams")).status == 404
    assert "Jams" not in await _matched(api, await _jam(api))
    back = await api("POST", f"{PATH}/Jams/restore")
    assert (back.status, back.json()["stop"], back.json()["created_at"]) == (200, True, off["created_at"])
    assert "Jams" in await _matched(api, await _jam(api))
    assert (await api("POST", f"{PATH}/Jams/restore")).status == 404
    assert (await api("POST", f"{PATH}/Nobody/restore")).status == 404
    audit = (await api("GET", "/api/v1/audit")).json()["items"]
    assert [each["action"] for each in reversed(audit)] == [
        "rule.added", "rule.changed", "rule.changed", "rule.removed", "rule.restored",
    ]  # fmt: skip
    assert {each["subject"] for each in audit} == {"rule/Jams"}


async def test_the_order_is_that_in_which_they_are_tried(api: Api) -> None:
    for name in ("a", "b", "c"):
        await _add(api, name, stop=name == "b")
    assert await _matched(api, await _jam(api)) == ["Grave", "a", "b"]
    assert (await api("POST", f"{PATH}/c/move", {"before": "a"})).json()["number"] == 3
    assert await _names(api) == ["Grave", "Printers", "c", "a", "b"]
    assert (await api("POST", f"{PATH}/b/move", {"before": "c"})).status == 200
    assert await _matched(api, await _jam(api)) == ["Grave", "b"]
    assert (await api("POST", f"{PATH}/b/move", {})).json()["number"] == 5
    assert await _names(api) == ["Grave", "Printers", "c", "a", "b"]
    assert (await api("POST", f"{PATH}/b/move", {"before": "Grave"})).status == 409
    assert (await api("POST", f"{PATH}/b/move", {"before": "nobody"})).status == 404
    for _ in range(120):  # until no number fits between two any more
        for name in ("c", "a"):
            last = await api("POST", f"{PATH}/{name}/move", {"before": "b"})
            assert last.status == 200
    assert await _names(api) == ["Grave", "Printers", "c", "a", "b"]


FAULTS: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"name": " "}, [("name", "rule.no_name")]),
    ({"name": "a/b"}, [("name", "rule.name_invalid")]),
    ({"name": "ops"}, [("name", "rule.reserved_name")]),
    ({"name": "webhook:erp"}, [("name", "rule.reserved_name")]),
    ({"name": "new"}, [("name", "rule.reserved_name")]),
    ({"condition": "severity ="}, [("condition", "condition.slip")]),
    ({"dm": ["somebody"]}, [("dm", "rule.unknown_person")]),
    ({"webhook": "nobody", "dm": ["x"]}, [("dm", "rule.unknown_person"), ("webhook", "rule.unknown_webhook")]),
]


async def test_what_is_wrong_is_said_with_its_place(api: Api) -> None:
    for given, faults in FAULTS:
        reply = await api("POST", PATH, {"name": "wrong", **given})
        assert reply.status == 422, reply.body
        problems = reply.json()["problems"]
        assert [(each["key"], each["code"]) for each in problems] == faults
        assert all(each["detail"] not in ("", each["code"]) for each in problems)
    reply = await api("POST", PATH, {"name": "wrong", "condition": "type == 'a'\n  AND severity = 'high'"})
    (problem,) = reply.json()["problems"]
    assert (problem["line"], problem["column"]) == (2, 16)
    assert problem["point"].splitlines()[1] == " " * 15 + "^"
    assert (await api("POST", PATH, {"name": "wrong", "stopp": True})).status == 422
    assert await _names(api) == ["Grave", "Printers"]
    await _add(api, "Jams")
    for given in ({"condition": "severity >"}, {"name": "a/b"}, {"stopp": True}, {"stop": "perhaps"}):
        reply = await api("PATCH", f"{PATH}/Jams", given)
        assert (reply.status, reply.json()["code"]) == (422, "rules.invalid"), given


async def test_what_is_odd_is_no_fault(api: Api) -> None:
    made = await _add(api, "Odd", condition="data.plcae == 'Lima'", channel="#alerts")
    assert [(each["at"], each["code"]) for each in made["warnings"]] == [
        ("condition", "rule.unknown_path"), ("channel", "rule.unknown_workspace"),
    ]  # fmt: skip
    made = await _add(api, "Nowhere")
    assert [each["code"] for each in made["warnings"]] == ["rule.nowhere"]
    assert all(each["detail"] != each["code"] for each in made["warnings"])


async def test_a_patch_changes_what_it_names_and_null_resets(api: Api) -> None:
    first = await _add(
        api, "Jams", condition="severity == 'low'", mentions=["@oncall"], formatting={"use_blocks": False}
    )
    path = f"{PATH}/Jams"
    changed = await api("PATCH", path, {"condition": None, "formatting": {"thread_replies": False}, "stop": True})
    rule = changed.json()["rule"]
    assert (rule["condition"], rule["mentions"], rule["stop"]) == ("", ["@oncall"], True)
    assert rule["formatting"] == {"use_blocks": False, "thread_replies": False}
    stale = await api("PATCH", path, {"stop": False, "version": first["rule"]["version"]})
    assert (stale.status, stale.json()["code"]) == (409, "rule.stale")
    assert (await api("PATCH", path, {"stop": False, "version": rule["version"]})).status == 200
    assert (await api("PATCH", f"{PATH}/nobody", {"stop": True})).status == 404


async def test_the_file_is_the_files_alone(api: Api) -> None:
    await _add(api, "Jams")
    shown = (await api("GET", f"{PATH}/Grave")).json()
    assert (shown["origin"], shown["number"], shown["version"]) == ("file", 1, 0)
    assert shown["place"].endswith("centralita.yaml:7:5")
    for method, path, body in (
        ("PATCH", f"{PATH}/Grave", {"stop": True}),
        ("PATCH", f"{PATH}/Jams", {"name": "Grave"}),
        ("DELETE", f"{PATH}/Grave", None),
        ("POST", f"{PATH}/Grave/disable", None),
        ("POST", f"{PATH}/Grave/move", {}),
        ("POST", PATH, {"name": "Grave"}),
    ):
        reply = await api(method, path, body)
        assert (reply.status, reply.json()["code"]) == (409, "rule.provided"), path
        assert "centralita.yaml:7:5" in reply.json()["detail"]
    taken = await api("POST", PATH, {"name": "Jams"})
    assert (taken.status, taken.json()["code"]) == (409, "rule.taken")


async def test_a_key_makes_a_rule_once(api: Api) -> None:
    again = {"idempotency-key": "one"}
    replies = [await api("POST", PATH, {"name": "Jams"}, again) for _ in range(2)]
    assert [reply.status for reply in replies] == [201, 201]
    assert replies[0].json() == replies[1].json() and (await _names(api)).count("Jams") == 1


async def test_only_administrators_change_rules(api: Api) -> None:
    reader = await api.holding("rule.read")
    assert (await reader("GET", PATH)).status == 200
    for method, path in (("POST", PATH), ("PATCH", f"{PATH}/x"), ("DELETE", f"{PATH}/x"), ("POST", f"{PATH}/x/move")):
        assert (await reader(method, path, {"name": "x"})).status == 403


async def test_changes_at_once_are_all_kept(api: Api) -> None:
    names = [f"rule {number}" for number in range(12)]
    replies = await asyncio.gather(*(api("POST", PATH, {"name": name}) for name in names))
    assert {reply.status for reply in replies} == {201}
    assert sorted((await _names(api))[2:]) == sorted(names)
    same = await asyncio.gather(*(api("POST", PATH, {"name": "same"}) for _ in range(4)))
    assert sorted(reply.status for reply in same) == [201, 409, 409, 409]


async def test_a_rule_names_a_webhook_that_people_made(api: Api) -> None:
    hook = {"name": "desk", "url": "https://desk.example.com/hook", "types": ["none.such"]}
    assert (await api("POST", "/api/v1/webhooks", hook)).status == 201
    await _add(api, "Jams", webhook="desk")
    body = {"last": 10, "rule": {"name": "Jams", "webhook": "desk", "condition": "severity == 'low'"}}
    event_id = await _jam(api)
    gone = (await api("POST", f"{PATH}/dry-run", {**body, "instead_of": "Jams"})).json()
    assert [(each["target"], each["lost"]) for each in gone["totals"]] == [("desk", 1), ("erp", 0)]
    await api("POST", "/api/v1/webhooks/desk/disable")
    off = await _jam(api)
    seen = [(await api("GET", f"/api/v1/events/{each}")).json() for each in (event_id, off)]
    assert [[each["target"] for each in detail["deliveries"]] for detail in seen] == [["erp", "desk"], ["erp"]]
    assert seen[1]["skipped"] == [{"rule": "Jams", "target": "desk", "reason": "webhook.disabled"}]


async def test_a_new_rule_is_tried_on_what_has_happened(api: Api) -> None:
    await _jam(api, severity="low")
    body = {"rule": {"name": "Low", "condition": "severity == 'low'", "webhook": "erp"}}
    tried = (await api("POST", f"{PATH}/dry-run", body)).json()
    assert (tried["events"], tried["changed"]) == (1, 1)
    assert await _names(api) == ["Grave", "Printers"]


async def test_another_files_start_keeps_what_people_made(hub: Hub, api: Api, tmp_path: Path) -> None:
    """A changed file is another version below the same rules; one that takes a rule's name hides that."""
    await _add(api, "Jams", condition="type == 'printer.jammed'")
    await _add(api, "Kept", stop=True)
    config = tmp_path / "other.yaml"
    config.write_text(CONFIG.replace("name: Printers", "name: Jams"))
    environ = {"CENTRALITA_DATABASE__URL": hub.settings.database_url, "CENTRALITA_DATA_DIR": str(tmp_path / "data")}
    async with open_hub(load(config, environ), role="all") as restarted:
        other = Api(restarted, make_api(restarted))
        assert await _names(other) == ["Grave", "Jams", "Kept"]
        assert (await other("GET", PATH)).json()["left_out"] == {"Jams": "rule.hidden"}
        assert (await other("GET", f"{PATH}/Jams")).json()["origin"] == "file"
        assert restarted.rules.in_force.version == hub.rules.in_force.version + 1
