"""Webhooks that another process changed: the next event that is routed knows of them."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from centralita.core.events import event_id
from centralita.core.lanes import LanePolicy
from centralita.integrations.webhook.receiver import Auth, Signing
from centralita.services import source_trial, timers
from centralita.services.hub import Hub
from centralita.services.running import running
from centralita.services.source_watch import until
from centralita.services.webhook_catalogue import Sealed, make_receiver, seal
from centralita.settings import load
from centralita.settings.webhooks import Webhook, parted
from centralita.store import events, stored_webhooks
from centralita.store.database import Transaction
from centralita.store.events import StoredEvent
from centralita.store.stored_webhooks import WebhookRow
from centralita.wiring import open_hub

ACTOR = "local:tests"
CONFIG = """
data_dir: {data}
database: {{url: "{url}"}}
slack: {{enabled: false}}
sources: [{{slug: tools, kind: cmmshere, secrets: [s3cret-s3cret-s3cret-s3cret]}}]
webhooks: [{{name: filed, url: "https://filed.example.com/", types: []}}]
"""


@pytest.fixture
async def hub(migrated_url: str, tmp_path: Path) -> AsyncIterator[Hub]:
    file = tmp_path / "centralita.yaml"
    file.write_text(CONFIG.format(data=tmp_path / "data", url=migrated_url))
    async with open_hub(load(file, environ={})) as opened, running(opened):
        yield opened


async def write(hub: Hub, hook: Webhook, revision: int = 1, removed_at: float | None = None) -> None:
    """As another process would: nobody here is told."""
    plain, hidden = parted(hook)
    row = WebhookRow(
        name=hook.name,
        types=hook.types,
        enabled=hook.enabled,
        spec=plain,
        sealed=seal(hub.vault, hook.name, Sealed(hidden)) if removed_at is None else b"",
        revision=revision,
        created_at=1.0,
        updated_at=float(revision),
        removed_at=removed_at,
    )
    put = stored_webhooks.add if revision == 1 else stored_webhooks.change
    await hub.database.write(lambda tx: put(tx, row))


async def matched(hub: Hub, fixture: str = "order-created") -> list[str]:
    """Sends an example; the webhooks that its event went to."""
    sent = await source_trial.send_fixture(hub, ACTOR, "tools", fixture)
    assert sent.status == 202

    async def routed() -> StoredEvent | None:
        return await hub.database.read(lambda tx: events.get(tx, event_id(sent.receipt, 0)))

    stored = await until(hub, ("tools",), 40.0, routed)
    assert stored is not None
    return sorted(stored.matched)


async def test_what_another_process_makes_changes_and_removes(hub: Hub) -> None:
    assert await matched(hub) == []
    await write(hub, Webhook(name="assets", types=("act.created",)))
    await write(hub, Webhook(name="requests", types=("sol.created",)))
    assert await matched(hub, "order-updated") == []
    assert await matched(hub, "request-created") == ["webhook:requests"]
    await write(hub, Webhook(name="assets", types=("ticket.*",), condition="severity == 'info'"), 2)
    assert await matched(hub, "request-updated") == []
    await write(hub, Webhook(name="requests", types=("*",), enabled=False), 2)
    assert await matched(hub, "contact-created") == []
    await write(hub, Webhook(name="requests", types=("*",)), 3)
    assert await matched(hub, "asset-created") == ["webhook:requests"]
    await write(hub, Webhook(name="requests", types=("*",)), 4, removed_at=9.0)
    assert await matched(hub, "asset-updated") == []


async def test_how_it_is_sent_is_read_when_it_is_needed(hub: Hub) -> None:
    await write(hub, Webhook(name="erp", url="https://erp.example.com/hook?key=s3cret", headers={"X-A": "s3cret"}))  # type: ignore[dict-item]  # pydantic makes it a SecretStr
    await hub.webhooks.refresh()
    config = hub.webhooks.config("erp")
    assert config is not None
    receiver = config["receiver"]
    assert (receiver.url, receiver.headers) == ("https://erp.example.com/hook?key=s3cret", (("X-A", "s3cret"),))
    assert "s3cret" not in repr(config) + repr(hub.webhooks.rows["erp"])
    earlier = await hub.database.read(lambda tx: stored_webhooks.revision(tx, "erp", 1))
    assert earlier is not None
    assert hub.webhooks.config_of(earlier)["receiver"].url == receiver.url
    assert hub.webhooks.config("filed") is not None
    assert hub.webhooks.config("nobody") is None


async def test_the_files_own_wins(migrated_url: str, tmp_path: Path) -> None:
    file = tmp_path / "centralita.yaml"
    whole = CONFIG.format(data=tmp_path / "data", url=migrated_url)
    file.write_text(whole[: whole.index("webhooks:")])
    async with open_hub(load(file, environ={})) as before, running(before):
        await write(before, Webhook(name="filed", types=("*",)))
        assert await matched(before) == ["webhook:filed"]
    file.write_text(whole)
    async with open_hub(load(file, environ={})) as after, running(after):
        assert await matched(after, "order-updated") == []


async def test_what_a_webhook_was_like_is_kept_as_long_as_its_attempts(hub: Hub) -> None:
    await write(hub, Webhook(name="erp", url="https://one.example.com/"))
    await write(hub, Webhook(name="erp", url="https://two.example.com/"), 2)
    await write(hub, Webhook(name="gone", url="https://three.example.com/"))
    await write(hub, Webhook(name="gone", url="https://three.example.com/"), 2, removed_at=2.0)

    def known(tx: Transaction) -> list[bool]:
        wanted = (("erp", 1), ("erp", 2), ("gone", 1), ("gone", 2))
        return [stored_webhooks.revision(tx, name, number) is not None for name, number in wanted]

    assert await hub.database.read(known) == [True, True, False, False]
    await timers.every_hour(hub)
    assert await hub.database.read(known) == [False, True, False, False]


async def test_a_row_that_cannot_be_opened_sends_nothing(hub: Hub) -> None:
    await write(hub, Webhook(name="erp", url="https://erp.example.com/"))
    damage = stored_webhooks.WebhookRow(name="erp", sealed=b"AAAA", revision=2, created_at=1.0)
    await hub.database.write(lambda tx: stored_webhooks.change(tx, damage))
    await hub.webhooks.refresh()
    config = hub.webhooks.config("erp")
    assert config is not None
    assert config["receiver"].state == "shut"


WHOLE = {
    "name": "erp",
    "url": "https://erp.example.com/hook?key=s3cret",
    "types": ["order.created", "ticket.*"],
    "channels": ["#desk"],
    "format": "cloudevents",
    "signing": {"scheme": "hmac", "header": "X-Hub-Signature", "algorithm": "sha512", "prefix": "sha512="},
    "headers": {"X-Tenant": "42", "X-Key": "k3y-of-ours"},
    "timeout_s": 7,
    "slow_s": 0.5,
    "rate_per_s": 3,
    "burst": 4,
    "in_flight": 2,
    "schedule_s": [1, 2.5],
    "disable_after_days": 1,
    "order": "strict",
    "on_dead": "hold",
}
AUTHS: list[dict[str, str] | None] = [
    None,
    {"kind": "basic", "username": "hub", "password": "pa55"},
    {"kind": "bearer", "token": "t0ken"},
    {"kind": "oauth2", "token_url": "https://id.example.com/", "client_id": "hub", "client_secret": "s", "scope": "a"},
]


@pytest.mark.parametrize("auth", AUTHS)
async def test_a_row_is_sent_by_as_people_wrote_it(hub: Hub, auth: dict[str, str] | None) -> None:
    hook = Webhook.model_validate({**WHOLE, "auth": auth})
    await write(hub, hook)
    await hub.webhooks.refresh()
    config = hub.webhooks.config("erp")
    assert config is not None
    receiver = config["receiver"]
    assert receiver == msgspec.structs.replace(make_receiver(hook, (), hub.webhooks.defaults), revision=1)
    assert (receiver.url, receiver.timeout_s, receiver.format) == (hook.url, 7.0, "cloudevents")
    assert receiver.headers == (("X-Tenant", "42"), ("X-Key", "k3y-of-ours"))
    assert receiver.signing == Signing(
        scheme="hmac", header="X-Hub-Signature", algorithm="sha512", encoding="hex", prefix="sha512="
    )
    assert receiver.auth == (None if auth is None else Auth(**auth))  # type: ignore[arg-type]  # one literal
    assert receiver.policy == LanePolicy(
        rate_per_s=3.0,
        burst=4,
        in_flight=2,
        schedule_s=(1.0, 2.5),
        order="strict",
        on_dead="hold",
        disable_after_s=86_400.0,
        slow_s=0.5,
    )


async def test_what_an_earlier_version_did_not_write_is_as_when_nobody_says_anything(hub: Hub) -> None:
    plain, hidden = parted(Webhook(name="erp", url="https://erp.example.com/"))
    row = WebhookRow(name="erp", sealed=seal(hub.vault, "erp", Sealed({"url": hidden["url"]})), created_at=1.0)
    receiver = hub.webhooks.config_of(row)["receiver"]
    assert receiver.state == "there"
    assert receiver == hub.webhooks.config_of(msgspec.structs.replace(row, spec=plain))["receiver"]


@pytest.mark.parametrize(
    "plain",
    [
        {"certificate_pin": "sha256:abc"},
        {"format": "telepathy"},
        {"signing": {"scheme": "hmac", "salted": True}},
        {"auth": {"kind": "handshake"}},
        {"in_flight": 0},
        {"timeout_s": -1.0},
        {"schedule_s": [5.0, "soon"]},
    ],
)
async def test_a_row_in_words_of_another_version_sends_nothing(hub: Hub, plain: dict[str, object]) -> None:
    """To leave out what it asks for would be to send it otherwise than somebody has decided."""
    row = WebhookRow(name="erp", spec={**parted(Webhook(name="erp"))[0], **plain}, created_at=1.0)
    assert hub.webhooks.config_of(row)["receiver"].state == "shut"


async def test_a_running_hub_looks_for_no_garbage_in_what_it_began_with(hub: Hub) -> None:
    assert gc.get_freeze_count() > 0


async def test_one_that_makes_no_sense_holds_up_no_other(hub: Hub) -> None:
    await write(hub, Webhook(name="odd", condition="severity == 'unheard-of'"))
    await write(hub, Webhook(name="even"))
    assert await matched(hub) == ["webhook:even"]
    assert hub.webhooks.unreadable == {"odd": "condition.unknown_severity"}
