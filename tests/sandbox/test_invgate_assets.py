"""The local InvGate's Assets, as a client of its API sees it."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from centralita.sandbox.invgate import CLIENT_ID, CLIENT_SECRET, LocalInvGate
from centralita.sandbox.invgate.control import InvGateControl
from centralita.sandbox.server import serve
from tests.sandbox.credentials import basic

JSON_API = "application/vnd.api+json"
BOTH = f"{JSON_API}, application/json"


async def token(url: str, *, by_basic: bool = False, **changes: str) -> tuple[int, dict[str, Any]]:
    form = {"grant_type": "client_credentials", **changes}
    headers = basic(CLIENT_ID, CLIENT_SECRET) if by_basic else {}
    if not by_basic:
        form = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **form}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/oauth2/token/", data=form, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


@pytest.fixture
async def assets(invgate: InvGateControl) -> AsyncIterator[aiohttp.ClientSession]:
    _, given = await token(invgate.url)
    headers = {"Authorization": f"Bearer {given['access_token']}", "Accept": BOTH}
    async with aiohttp.ClientSession(f"{invgate.url}/public-api/", headers=headers) as session:
        yield session


async def get(session: aiohttp.ClientSession, path: str, status: int = 200, **headers: str) -> Any:
    async with session.get(path, headers=headers) as response:
        assert response.status == status, await response.text()
        return await response.json(content_type=None)


def owned(asset: str, person: str | None) -> dict[str, Any]:
    data = None if person is None else {"type": "Person", "id": person}
    return {"data": {"type": "Asset", "id": asset, "attributes": {}, "relationships": {"owner": {"data": data}}}}


async def test_tokens(invgate: InvGateControl) -> None:
    status, given = await token(invgate.url)
    assert (status, given["expires_in"], given["token_type"]) == (200, 3600, "Bearer")
    assert (await token(invgate.url, by_basic=True))[0] == 200
    assert (await token(invgate.url, client_secret="x"))[1] == {"error": "invalid_client"}
    await invgate.switch(credentials_in="basic")
    assert (await token(invgate.url))[0] == 401
    assert (await token(invgate.url, by_basic=True))[0] == 200
    await invgate.switch(credentials_in="body", assets_scopes="read")
    assert (await token(invgate.url, by_basic=True))[0] == 401
    assert (await token(invgate.url, scope="write"))[1]["error"] == "invalid_scope"
    assert CLIENT_SECRET not in repr(await invgate.calls())


async def test_a_token_expires() -> None:
    now = 1_000_000.0
    async with serve(LocalInvGate(assets=1, clock=lambda: now)) as address:
        _, given = await token(address.url)
        headers = {"Authorization": f"Bearer {given['access_token']}"}
        async with aiohttp.ClientSession(f"{address.url}/public-api/", headers=headers) as session:
            await get(session, "assets/")
            now += 3600
            await get(session, "assets/", 401)


async def test_a_list_is_followed_to_its_end(assets: aiohttp.ClientSession) -> None:
    seen, path = [], "assets/?page_size=100&include=owner,status,location,device_model"
    while path:
        page = await get(assets, path)
        seen += page["data"]
        path = page["links"]["next"]
    assert [one["id"] for one in seen] == [str(number) for number in range(1, 251)]
    first = seen[0]
    assert set(first["attributes"]) >= {"name", "serial", "inventory_id", "reported_at", "asset_type", "default_ip"}
    owner = first["relationships"]["owner"]["data"]
    assert owner["type"] == "Person"
    assert {one["type"] for one in page["included"]} == {"Person", "AssetStatus", "Location", "DeviceModel"}
    assert len((await get(assets, "assets/?page_size=500"))["data"]) == 200
    await get(assets, "assets/?page=4&page_size=100", 404)
    await get(assets, "assets/999/", 404)
    assert (await get(assets, f"people/{owner['id']}/"))["data"]["attributes"]["email"]


async def test_the_seed_is_the_same_each_time_and_has_every_trouble() -> None:
    fleets = []
    for _ in range(2):
        fleet = LocalInvGate(assets=2000, people=400).backend.fleet
        fleets.append([(one.id, one.serial, one.last_user, one.owner_id) for one in fleet.assets.values()])
    assert fleets[0] == fleets[1]
    users = [str(user) for _, _, user, _ in fleets[0]]
    for form in ("BIDCOM\\", "bidcom\\", "BIDCOM\\\\", "@bidcom.local", "AzureAD\\", "NT AUTHORITY\\", ".\\", "DWM-1"):
        assert any(form in user for user in users), form
    assert any(user.endswith("$") for user in users)
    assert {"", "None"} <= set(users)
    assert len({serial for _, serial, _, _ in fleets[0]}) < 2000
    assert any(owner is None for *_, owner in fleets[0])
    people = fleet.people.values()
    assert any(one.is_disabled for one in people)
    assert any(one.is_deleted for one in people)
    assert len({one.username for one in people}) == 400
    stale = LocalInvGate(assets=2000, people=400, stale_percent=0).backend.fleet.assets.values()
    differ = sum(ours[3] != other.owner_id for ours, other in zip(fleets[0], stale, strict=True))
    assert 30 <= differ <= 90


async def test_filters_work_or_are_ignored_without_a_word(
    invgate: InvGateControl, assets: aiohttp.ClientSession
) -> None:
    serial = (await invgate.asset(7))["serial"]
    assert [one["id"] for one in (await get(assets, f"assets-lite/?serial={serial.lower()}"))["data"]] == ["7"]
    assert len((await get(assets, "assets-lite/?asset_types=Kiosk,Computer&page_size=200"))["data"]) > 10
    assert [one["id"] for one in (await get(assets, "assets-lite/?keyword_exact=ACT-000009"))["data"]] == ["9"]
    for one in (await get(assets, "assets-lite/?owner_is_empty=1"))["data"]:
        assert one["relationships"]["owner"]["data"] is None
    email = (await get(assets, "people/5001/"))["data"]["attributes"]["email"]
    assert [one["id"] for one in (await get(assets, f"people/?email={email.upper()}"))["data"]] == ["5001"]
    for one in (await get(assets, f"assets/?owner__email={email}"))["data"]:
        assert one["relationships"]["owner"]["data"]["id"] == "5001"
    await invgate.switch(ignore_filters=True)
    assert len((await get(assets, f"assets-lite/?serial={serial}&page_size=200"))["data"]) == 200
    assert len((await get(assets, f"people/?email={email}&page_size=200"))["data"]) == 60


async def test_an_owner_is_changed_and_taken_away(invgate: InvGateControl, assets: aiohttp.ClientSession) -> None:
    headers = {"Content-Type": JSON_API}
    for person, kept in (("5009", 5009), (None, None)):
        async with assets.patch("assets-lite/12/", json=owned("12", person), headers=headers) as response:
            assert (response.status, response.content_type) == (200, JSON_API)
            shown = (await response.json(content_type=None))["data"]["relationships"]["owner"]["data"]
            assert shown == (person and {"type": "Person", "id": person})
        assert (await invgate.asset(12))["owner_id"] == kept
    assert await invgate.writes() == {"PATCH public-api/assets-lite": 2}
    (first, _) = await invgate.calls(wrote=True)
    assert (first.endpoint, first.path) == ("public-api/assets-lite", "/public-api/assets-lite/12/")


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (owned("12", "5009"), "application/json", 415),
        (owned("13", "5009"), JSON_API, 409),
        (owned("12", "1"), JSON_API, 400),
        ({"data": []}, JSON_API, 400),
        ({"data": {"type": "Asset", "id": "12", "relationships": {"owner": "5009"}}}, JSON_API, 400),
    ],
)
async def test_a_wrong_patch_changes_nothing(
    invgate: InvGateControl, assets: aiohttp.ClientSession, body: Any, media: str, status: int
) -> None:
    before = await invgate.asset(12)
    async with assets.patch("assets-lite/12/", json=body, headers={"Content-Type": media}) as response:
        assert response.status == status
        assert (await response.json(content_type=None))["errors"][0]["status"] == str(status)
    assert await invgate.asset(12) == before
    assert await invgate.writes() == {}


async def test_writing_needs_its_scope(invgate: InvGateControl) -> None:
    _, given = await token(invgate.url, scope="read")
    headers = {"Authorization": f"Bearer {given['access_token']}", "Content-Type": JSON_API}
    async with aiohttp.ClientSession(headers=headers) as session:
        url = f"{invgate.url}/public-api/assets-lite/12/"
        async with session.patch(url, json=owned("12", "5009")) as response:
            assert response.status == 403
        async with session.get(url) as response:
            assert response.status == 200
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert response.status == 401


async def test_offering_one_type_only_is_a_406_somewhere(
    invgate: InvGateControl, assets: aiohttp.ClientSession
) -> None:
    await get(assets, "assets/", 406, Accept="application/json")
    await get(assets, "asset-types/", 406, Accept=JSON_API)
    await get(assets, "v2/people/", 406, Accept=JSON_API)
    for path in ("assets/", "asset-types/", "asset-status/", "locations/", "v2/people/"):
        await get(assets, path)
        await get(assets, path, Accept="*/*")
    await invgate.switch(strict_accept=False)
    await get(assets, "assets/", Accept="application/json")


async def test_paths_end_with_a_slash(assets: aiohttp.ClientSession) -> None:
    async with assets.get("people?page_size=1", allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (301, "/public-api/people/?page_size=1")
    assert len((await get(assets, "people?page_size=1"))["data"]) == 1
    await get(assets, "nothing/", 404)
    async with assets.delete("assets-lite/12/") as response:
        assert response.status == 405


async def test_version_2_is_flat(invgate: InvGateControl, assets: aiohttp.ClientSession) -> None:
    page = await get(assets, "v2/assets-lite/?per_page=200")
    assert (page["count"], len(page["results"])) == (250, 200)
    assert len((await get(assets, page["next"]))["results"]) == 50
    assert page["results"][0]["owner"] == (await invgate.asset(1))["owner_id"]
    assert "username" not in (await get(assets, "v2/people/"))["results"][0]
    detail = await get(assets, "v2/people/detail/?criteria[department]=eq:Ventas&per_page=100")
    assert {one["department"] for one in detail["results"]} == {"Ventas"}
    macs = await get(assets, "v2/assets-lite/?criteria[device_model]=cont:macbook&criteria[asset_type]=eq:Notebook")
    assert macs["count"] > 10
    assert (await get(assets, "v2/people/5001/"))["username"]
    for wrong in ("criteria[x]=eq:1", "criteria[name]=like:1", "criteria=1"):
        assert "detail" in await get(assets, f"v2/people/?{wrong}", 400)


async def test_the_last_user_stands_where_the_switch_says(
    invgate: InvGateControl, assets: aiohttp.ClientSession
) -> None:
    await invgate.change_asset(3, last_user="BIDCOM\\agomez")
    assert (await get(assets, "assets/3/"))["data"]["attributes"]["last_logged_user"] == "BIDCOM\\agomez"
    await invgate.switch(last_user_path="operating_system.last_user.name")
    shown = (await get(assets, "assets/3/"))["data"]["attributes"]
    assert shown["operating_system"] == {"last_user": {"name": "BIDCOM\\agomez"}}
    assert (await get(assets, "v2/assets-lite/3/"))["operating_system"]["last_user"]["name"] == "BIDCOM\\agomez"
    made = await invgate.add_asset("PC-NUEVA", owner_id=5001)
    assert (await get(assets, f"assets/{made}/"))["data"]["relationships"]["owner"]["data"]["id"] == "5001"
