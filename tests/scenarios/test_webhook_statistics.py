"""What the statistics say is what was tried: successes, slow ones, errors, and what a breaker keeps waiting."""

from __future__ import annotations

import aiohttp

from centralita.sandbox.control import SinkControl
from centralita.sandbox.sink.answers import AnswerPlan
from tests.scenarios.conftest import World, webhooks
from tests.scenarios.ledger import alert
from tests.scenarios.processes import HubProcess
from tests.scenarios.test_webhook_manage import ask
from tests.scenarios.waiting import until

_SUMS = "select sum({0}) from lane_minutes m join lanes l on l.id = m.lane_id where l.key = ?"
_TRIES = "select count(*) from attempts a join lanes l on l.id = a.lane_id where l.key = ? and outcome in {0}"


def _sum(world: World, name: str, what: str) -> int:
    return int(world.reader.value(_SUMS.format(what), f"webhook:{name}") or 0)


async def _scraped(hub: HubProcess) -> str:
    """As Prometheus asks: with a token for this, and for nobody else."""
    made = await ask(hub, "POST", "/tokens", {"name": "prometheus", "scopes": ["metrics.read"]})
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{hub.url}/metrics") as refused:
            assert refused.status == 401
        token = {"authorization": f"Bearer {made['token']}"}
        async with session.get(f"{hub.url}/metrics", headers=token) as response:
            assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
            return await response.text()


async def test_every_try_is_counted_once_as_what_it_was(usual_world: World, sink: SinkControl) -> None:
    await sink.answer(AnswerPlan(path="/slow", delay_ms=80))
    await sink.answer(AnswerPlan(path="/broken", status=500))
    hooks = [
        *webhooks(sink, "quick", slow_s=60)["webhooks"],
        *webhooks(sink, "slow", slow_s=0.05)["webhooks"],
        *webhooks(sink, "broken", in_flight=4)["webhooks"],
    ]
    hub = await usual_world.hub({"webhooks": hooks})
    sender = await usual_world.sender(hub)
    assert set(await sender.post_all((f"a{number}", alert(number)) for number in range(40))) == {202}
    await until(lambda: _sum(usual_world, "quick", "successful") == 40 and _sum(usual_world, "slow", "slow") == 40)
    held = await until(lambda: _sum(usual_world, "broken", "rejected"))
    await sender.post_all((f"b{number}", alert(100 + number)) for number in range(3))
    await until(lambda: _sum(usual_world, "broken", "rejected") == held + 3)
    await until(lambda: _sum(usual_world, "quick", "successful") == 43 and _sum(usual_world, "slow", "slow") == 43)
    metrics = await _scraped(hub)
    assert f'centralita_delivery_rejected_total{{destination="webhook"}} {held + 3}.0' in metrics
    assert 'centralita_delivery_slow_total{destination="webhook"} 43.0' in metrics
    await usual_world.settle()
    assert (_sum(usual_world, "quick", "slow"), _sum(usual_world, "slow", "successful")) == (0, 43)
    assert 10 <= _sum(usual_world, "broken", "error") < 43 > held > 0
    for name in ("quick", "slow", "broken"):
        key = f"webhook:{name}"
        assert _sum(usual_world, name, "successful") == usual_world.reader.value(_TRIES.format("('delivered')"), key)
        assert _sum(usual_world, name, "error") == usual_world.reader.value(_TRIES.format("('retry', 'dead')"), key)
        every = " + ".join(f"h{number}" for number in range(32))
        assert _sum(usual_world, name, every) == _sum(usual_world, name, "successful + error")
