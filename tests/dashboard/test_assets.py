"""Whose is it? Assets that a plan could not tell the owner of, settled by a click, with a real inventory behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from centralita.sandbox.invgate import API_TOKEN, CLIENT_ID, CLIENT_SECRET, LocalInvGate
from centralita.sandbox.invgate.control import InvGateControl
from centralita.sandbox.server import serve
from centralita.services import asset_plans
from centralita.serving import serving
from centralita.settings import load
from tests.dashboard.office import Office
from tests.scenarios.processes import write_config
from tests.services.asset_world import ACTOR, World

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOSTILE = "<img src=x onerror=a()> PC-3"


@dataclass
class Inventory:
    """A hub with an inventory, and the assets in doubt there."""

    office: Office
    world: World
    twin: str
    shared: str
    hostile: str
    people: dict[str, int]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def inventory(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Inventory]:
    directory: Path = tmp_path_factory.mktemp("inventory")
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(serve(LocalInvGate()))
        control = await stack.enter_async_context(InvGateControl(address.url))
        settings = {
            "locale": "en",
            "server": {"host": "127.0.0.1", "port": 0},
            "network": {"allow": ["127.0.0.0/8"]},
            "assets": {"cap_percent": 100, "sightings": 1},
            "invgate": {
                **{"rate_per_s": 1000, "burst": 1000},
                "service_desk": {"url": address.url, "token": API_TOKEN},
                "assets": {"url": address.url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
            },
        }
        config = write_config(directory, f"sqlite:///{directory / 'hub.db'}", settings, {})
        hub, url = await stack.enter_async_context(serving(load(config, {})))
        world = World(hub, control)
        office = Office(hub, url, "", stack)
        for name, email, user in (
            ("Ana Ruiz", "ana@example.com", "ana"),
            ("Ana Twin", "ana2@example.com", "ana"),
            ("Luis Paz", "luis@example.com", "luis"),
        ):
            await control.add_person(name, email=email, username=user)
        assert hub.invgate is not None
        listed = [person async for page in hub.invgate.people() for person in page.items]
        people = {person.email: int(person.id) for person in listed}
        facts = {"last_user": r"BIDCOM\ana", "owner_id": people["luis@example.com"]}
        twin, shared, hostile = [str(await world.asset(name, **facts)) for name in ("PC-1", "PC-2", HOSTILE)]
        await world.read(await asset_plans.begin(hub, ACTOR, scope=[]))
        yield Inventory(office, world, twin, shared, hostile, people)


async def test_an_owner_in_doubt_is_settled_by_one_click_from_the_overview(inventory: Inventory) -> None:
    admin = await inventory.office.person("marta")
    overview = await admin.get("/")
    assert "3 assets' owners are in doubt" in overview.text and "/assets/conflicts" in overview.links()
    seen = await admin.get("/assets/conflicts")
    assert "Of 3 assets it is not certain who owns them." in seen.text
    assert r"bidcom\ana may be several people: Ana Ruiz <ana@example.com>" in seen.text and "Luis Paz" in seen.text
    assert "<img" not in seen.html and HOSTILE in seen.text
    resolve = f"/assets/{inventory.twin}/resolve"
    assert seen.forms().count(resolve) == 3  # each of the two, or somebody else

    wrong = await admin.post(resolve, {"owner": "nobody@example.com"})
    assert wrong.status == 422 and "nobody@example.com" in wrong.html and "nobody@example.com" in wrong.text
    done = await admin.post(resolve, {"owner": "ana2@example.com"})
    assert f"{inventory.twin} goes to ana2@example.com, and stays so." in done.text
    assert "Of 2 assets" in done.text and resolve not in done.forms()
    desk, asset, people = inventory.world, int(inventory.twin), inventory.people
    await desk.until(lambda: desk.owner(asset), lambda owner: owner == people["ana2@example.com"])
    [undo] = [form for form in done.forms() if form.endswith("/revert")]
    plan = undo.split("/")[3]
    await desk.until(lambda: asset_plans.show(desk.hub, plan), lambda found: found.ended_at is not None)
    assert "The owner before is put back." in (await admin.post(undo)).text
    await desk.until(lambda: desk.owner(asset), lambda owner: owner == people["luis@example.com"])
    assert (await admin.post("/assets/plans/none/revert")).status == 404


async def test_an_asset_is_left_or_nobodys_own_and_who_may_only_look_decides_nothing(inventory: Inventory) -> None:
    viewer, admin = await inventory.office.as_role("viewer"), await inventory.office.person("julia", locale="es")
    looked = await viewer.get("/assets/conflicts")
    assert looked.status == 200 and not [form for form in looked.forms() if form.startswith("/assets/")]
    assert (await viewer.post(f"/assets/{inventory.shared}/ignore")).status == 403
    seen = await admin.post(f"/assets/{inventory.shared}/share")
    assert f"/assets/{inventory.shared}/unshare" in seen.forms()
    assert f"/assets/{inventory.shared}/share" not in seen.forms()
    assert (await admin.post(f"/assets/{inventory.shared}/unshare")).status == 200
    left = await admin.post(f"/assets/{inventory.hostile}/ignore")
    assert "Propietarios en duda" in left.text and f"/assets/{inventory.hostile}/ignore" not in left.forms()
    assert (await admin.post(f"/assets/{inventory.hostile}/ignore")).status == 200  # somebody was quicker
    assert (await admin.post("/assets/none/share")).status == 404
