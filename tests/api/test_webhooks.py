"""Webhooks that people make, by the API: added, changed, given another secret, switched off and removed."""

from __future__ import annotations

from typing import Any

import msgspec

from centralita.services.times import shown
from centralita.store import lanes, stored_webhooks
from tests.api.conftest import Api

PATH = "/api/v1/webhooks"
URL = "https://erp.example.com/hooks/T0P-SECRET?key=s3cret"
HIDDEN = ("T0P-SECRET", "s3cret", "h1dden", "passw0rd")


async def _add(api: Api, name: str = "billing", **more: Any) -> dict[str, Any]:
    made = await api("POST", PATH, {"name": name, "url": URL, **more})
    assert made.status == 201, made.body
    assert made.headers["cache-control"] == "no-store"
    return dict(made.json())


async def _faults(api: Api, method: str, path: str, body: Any) -> list[tuple[str, str]]:
    reply = await api(method, path, body)
    assert reply.status == 422, reply.body
    assert all(
        error["detail"] not in ("", error["code"]) and "s3cret" not in error["detail"]
        for error in reply.json()["errors"]
    )
    return [(error["at"], error["code"]) for error in reply.json()["errors"]]


async def test_a_new_webhook_takes_the_next_event_and_its_secrets_are_shown_once(api: Api) -> None:
    auth = {"kind": "basic", "username": "hub", "password": "passw0rd"}
    made = await _add(api, types=["printer.*"], headers={"X-Tenant": "h1dden"}, auth=auth, description="Invoices")
    secret, view = made["secret"], made["webhook"]
    assert secret.startswith("whsec_") and len(secret) == 50
    assert (view["address"], view["origin"], view["state"]) == (
        "https://erp.example.com/hooks/...?...",
        "database",
        "on",
    )
    assert [spec.name for spec in map(lambda each: each.spec, api.hub.webhooks.subscriptions)] == ["billing"]
    shown = await api("GET", f"{PATH}/billing")
    assert shown.json()["headers"] == ["X-Tenant"]
    assert shown.json()["settings"]["auth"]["username"] == "hub"
    assert [(key["scheme"], key["ends_at"]) for key in shown.json()["keys"]] == [("v1", None)]
    audit = await api("GET", "/api/v1/audit")
    entry = audit.json()["items"][0]
    assert (entry["action"], entry["subject"]) == ("webhook.added", "webhook/billing")
    everything = [
        shown.body,
        audit.body,
        (await api("GET", PATH)).body,
        (await api("GET", f"{PATH}/billing/secrets")).body,
    ]
    rows = await api.hub.database.read(lambda tx: stored_webhooks.changed_since(tx, 0))
    everything.append(msgspec.json.encode(rows))
    for hidden in (*HIDDEN, secret):
        assert all(hidden.encode() not in body for body in everything), hidden


async def test_a_key_pair_shows_its_public_half_always(api: Api) -> None:
    made = await _add(api, scheme="v1a")
    assert made["secret"].startswith("whsk_") and made["public_key"].startswith("whpk_")
    key = (await api("GET", f"{PATH}/billing/secrets")).json()["items"][0]
    assert (key["scheme"], key["public_key"]) == ("v1a", made["public_key"])


FAULTS: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"url": "ftp://x.example"}, [("url", "value_error")]),
    ({"burst": 0, "nothing": 1}, [("burst", "greater_than_equal"), ("nothing", "extra_forbidden")]),
    ({"url": "https://169.254.169.254/"}, [("url", "address.link_local")]),
    ({"url": "http://erp.example.com/"}, [("url", "url.plain_http")]),
    ({"name": "a/b"}, [("name", "webhook.name_invalid")]),
    ({"name": "statistics"}, [("name", "webhook.name_taken")]),
    ({"condition": "severity >"}, [("condition", "condition.incomplete")]),
    ({"types": ["*.created"]}, [("types", "webhook.bad_type")]),
    ({"types": []}, [("types", "webhook.no_types")]),
    ({"format": "template"}, [("template", "webhook.template_missing")]),
    ({"format": "template", "template": "{% x %}"}, [("template", "template.syntax")]),
    ({"url": "mailto:a@example.com"}, [("format", "webhook.mail_or_not")]),
    ({"headers": {"Webhook-Id": "1"}}, [("headers.Webhook-Id", "webhook.header_own")]),
    ({"headers": {"Host": "x"}}, [("headers.Host", "header.reserved")]),
    ({"secret": "whpk_AAAA"}, [("secret", "webhook.secret_malformed")]),
    ({"auth": {"kind": "bearer"}}, [("auth.token", "webhook.auth_missing")]),
    ({"client_certificate": "no"}, [("client_certificate", "certificate.unreadable")]),
]


async def test_what_is_wrong_is_said_by_its_key(api: Api) -> None:
    for given, faults in FAULTS:
        assert await _faults(api, "POST", PATH, {"name": "wrong", "url": URL, **given}) == faults
    assert (await api("GET", PATH)).json()["items"][-1]["name"] == "erp"


async def test_a_patch_changes_what_it_names_and_null_resets(api: Api) -> None:
    await _add(api, timeout_s=30, headers={"X-A": "h1dden", "X-B": "h1dden"})
    changed = await api("PATCH", f"{PATH}/billing", {"timeout_s": None, "rate_per_s": 5, "headers": {"X-B": None}})
    assert changed.status == 200, changed.body
    view = changed.json()["webhook"]
    assert (view["policy"]["timeout_s"], view["policy"]["rate_per_s"], view["revision"]) == (15.0, 5.0, 2)
    assert (await api("GET", f"{PATH}/billing")).json()["headers"] == ["X-A"]
    receiver = api.hub.webhooks.config("billing")["receiver"]  # type: ignore[index]  # there is one
    assert receiver.url == URL and receiver.headers == (("X-A", "h1dden"),)
    assert await _faults(api, "PATCH", f"{PATH}/billing", {"secret": "whsec_AAAA"}) == [
        ("secret", "webhook.secret_fixed")
    ]
    assert (await api("PATCH", f"{PATH}/nobody", {"timeout_s": 1})).status == 404


async def test_the_file_is_the_files_alone(api: Api) -> None:
    for method, path, body in (
        ("PATCH", f"{PATH}/erp", {"timeout_s": 3}),
        ("DELETE", f"{PATH}/erp", None),
        ("POST", f"{PATH}/erp/disable", None),
        ("POST", f"{PATH}/erp/secrets", {}),
        ("POST", PATH, {"name": "erp", "url": URL}),
    ):
        reply = await api(method, path, body)
        assert (reply.status, reply.json()["code"]) == (409, "webhook.provided"), path
    assert (await api("GET", f"{PATH}/erp")).json()["webhook"]["origin"] == "file"


async def test_a_secret_is_replaced_with_an_overlap_and_never_more_than_ten_sign(api: Api) -> None:
    first = (await _add(api))["secret"]
    made = [(await api("POST", f"{PATH}/billing/secrets", {})).json()["secret"] for _ in range(9)]
    keys = api.hub.webhooks.config("billing")["receiver"].secrets(api.hub.clock.now())  # type: ignore[index]  # there
    assert keys == [*reversed(made), first]
    refused = await api("POST", f"{PATH}/billing/secrets", {})
    assert (refused.status, refused.json()["code"]) == (409, "webhook.too_many_keys")
    leaked = await api("POST", f"{PATH}/billing/secrets", {"keep_s": 0})
    assert leaked.status == 201 and leaked.json()["old_until"] is None
    assert len((await api("GET", f"{PATH}/billing/secrets")).json()["items"]) == 1


async def test_off_on_and_removed(api: Api) -> None:
    await _add(api)
    assert (await api("POST", f"{PATH}/billing/disable")).json()["state"] == "off"
    assert not list(api.hub.webhooks.subscriptions)
    assert (await api("POST", f"{PATH}/billing/enable")).json()["state"] == "on"
    assert len(api.hub.webhooks.subscriptions) == 1
    assert (await api("DELETE", f"{PATH}/billing")).json() == {"waiting": 0, "restorable_until": None}
    assert (await api("GET", f"{PATH}/billing")).status == 404
    assert (await api("DELETE", f"{PATH}/billing")).status == 404
    again = await _add(api)
    assert again["webhook"]["revision"] > 2


async def test_what_was_removed_restorably_comes_back_with_its_secret(api: Api) -> None:
    secret = (await _add(api))["secret"]
    gone = (await api("DELETE", f"{PATH}/billing?restorable=true")).json()
    assert gone["waiting"] == 0 and gone["restorable_until"] > (shown(api.hub.clock.now()) or "")
    assert (await api("GET", f"{PATH}/billing")).status == 404
    reader = await api.holding("webhook.read", "lane.manage")
    assert (await reader("POST", f"{PATH}/billing/restore")).status == 403
    back = await api("POST", f"{PATH}/billing/restore")
    assert (back.status, back.json()["state"]) == (200, "on")
    assert api.hub.webhooks.config("billing")["receiver"].secrets(api.hub.clock.now()) == [secret]  # type: ignore[index]  # there
    actions = [each["action"] for each in (await api("GET", "/api/v1/audit")).json()["items"]]
    assert [each for each in actions if each.startswith("webhook.")] == [
        "webhook.restored",
        "webhook.put_away",
        "webhook.added",
    ]
    assert (await api("POST", f"{PATH}/billing/restore")).status == 404
    await api("DELETE", f"{PATH}/billing")
    assert (await api("POST", f"{PATH}/billing/restore")).status == 404


async def test_a_queue_is_paused_and_goes_on(api: Api) -> None:
    await _add(api)
    operator = await api.holding("webhook.read", "lane.manage")
    for _again in range(2):  # the first time it was sent nothing yet
        assert (await operator("POST", f"{PATH}/billing/pause")).json()["state"] == "paused"
    assert (await operator("POST", f"{PATH}/nobody/pause")).status == 404
    assert (await (await api.holding("webhook.manage"))("POST", f"{PATH}/billing/pause")).status == 403
    assert (await api("POST", f"{PATH}/billing/resume")).json()["state"] == "on"


async def test_what_the_hub_stopped_is_disabled_until_it_is_resumed(api: Api) -> None:
    await _add(api)

    def stop(tx: Any) -> None:
        lane = lanes.hold(tx, {"webhook:billing": ("webhook", "billing")})["webhook:billing"]
        lane.paused, lane.paused_reason = True, "http.gone"
        lanes.save(tx, [lane])

    await api.hub.database.write(stop)
    found = (await api("GET", f"{PATH}?state=disabled")).json()["items"]
    assert [(each["name"], each["reason"]) for each in found] == [("billing", "http.gone")]
    assert (await api("POST", f"{PATH}/billing/resume")).json()["state"] == "on"


async def test_a_list_goes_by_name_in_pages(api: Api) -> None:
    for name in ("c", "a", "d", "b"):
        await _add(api, name, types=["printer.*"] if name in "ad" else ["ticket.created"])
    names, cursor = [], ""
    while True:
        page = (await api("GET", f"{PATH}?limit=2&cursor={cursor}")).json()
        names.append([each["name"] for each in page["items"]])
        cursor = page["next"]
        if not cursor:
            break
    assert names == [["a", "b"], ["c", "d"], ["erp"]]
    of_type = (await api("GET", f"{PATH}?type=printer.jammed")).json()["items"]
    assert [each["name"] for each in of_type] == ["a", "d"]
    assert [each["name"] for each in (await api("GET", f"{PATH}?text=127.0")).json()["items"]] == ["erp"]


async def test_reading_is_everybodys_and_changing_is_not(api: Api) -> None:
    reader = await api.holding("webhook.read")
    assert (await reader("GET", PATH)).status == 200
    assert (await reader("POST", PATH, {"name": "x", "url": URL})).status == 403
    assert (await reader("POST", f"{PATH}/erp/disable")).status == 403


async def test_a_repeated_post_makes_one_webhook(api: Api) -> None:
    answers = [await api("POST", PATH, {"name": "once", "url": URL}, {"idempotency-key": "k-1"}) for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
