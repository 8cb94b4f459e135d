"""The outgoing webhooks as people look at them: what each is sent, how, and how it is doing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from centralita.core.lanes import LaneState
from centralita.core.secrets import SecretError
from centralita.core.shown_urls import shown_url
from centralita.integrations.webhook.receiver import SigningKey
from centralita.services.hub import Hub
from centralita.services.keys import KeyFault
from centralita.services.times import shown
from centralita.services.webhook_catalogue import own_keys
from centralita.services.webhook_keys import DESCRIBED, KeyView, key_views
from centralita.settings.webhooks import Webhook, parted
from centralita.store import deliveries, lanes
from centralita.store.database import Transaction
from centralita.store.stored_webhooks import WebhookRow

State = Literal["on", "off", "held", "paused", "disabled"]
STATES: tuple[State, ...] = ("on", "off", "held", "paused", "disabled")

LANE = "webhook:"
_CHUNK = 500


@dataclass(frozen=True)
class Policy:
    """How its deliveries are treated; the names are those of the configuration."""

    __pydantic_config__ = DESCRIBED
    timeout_s: float
    """Longest time that one attempt may take in all."""
    slow_s: float
    """A delivery that takes longer counts as slow."""
    rate_per_s: float
    """Requests a second, sustained; 0 for no limit."""
    burst: int
    """Requests at once before the rate applies."""
    in_flight: int
    """Most requests under way at once."""
    schedule_s: list[float]
    """Waits between attempts."""
    disable_after_days: float
    """After how many days without a success the hub stops sending; 0 for never."""
    order: str
    """``subject``, ``strict`` or ``none``."""
    on_dead: str
    """Whether those behind a dead letter ``continue`` or are on ``hold``."""


@dataclass(frozen=True)
class WebhookView:
    """A webhook in a list."""

    __pydantic_config__ = DESCRIBED
    name: str
    """What it is known by; it stays."""
    description: str
    """What it is for."""
    address: str
    """The URL as far as people may see it: scheme, host and the first part of the path; "" for one that is polled."""
    origin: Literal["file", "database"]
    """``file``: it is changed in the configuration file only."""
    state: State
    """``on``; ``off`` (by a person); ``held`` (it fails, and is tried again later); ``paused`` (its queue, by a
    person); ``disabled`` (by the hub, or because its secrets can't be opened)."""
    reason: str
    """Why it is held or disabled: a message id; "" otherwise."""
    types: list[str]
    """Event types that it gets, also by wildcards."""
    channels: list[str]
    """Only events of these sources or channels; empty for all."""
    condition: str
    """Which of those events it gets; empty for all."""
    format: str
    """What the receiver gets."""
    policy: Policy
    """How its deliveries are treated."""
    waiting: int
    """Deliveries that are not finished."""
    dead: int
    """Dead letters that it ever had."""
    last_success_at: str | None
    """RFC 3339; null before the first."""
    last_failure_at: str | None
    """RFC 3339; null before the first."""
    last_error: str
    """A message id, perhaps with a detail behind it."""
    revision: int
    """Counts its changes; 0 for one that the file provides."""
    created_at: str | None
    """RFC 3339; null for one that the file provides."""
    changed_at: str | None
    """RFC 3339; null for one that the file provides."""


@dataclass(frozen=True)
class WebhookDetail:
    """A webhook whole, without what is secret."""

    __pydantic_config__ = DESCRIBED
    webhook: WebhookView
    """As in a list."""
    settings: dict[str, Any]
    """Everything that it says and that is no secret, by the names of the configuration."""
    headers: list[str]
    """Names of the headers that are sent along."""
    certificate: bool
    """Whether it shows a client certificate."""
    keys: list[KeyView]
    """What signs, the newest first."""
    uses_default_secret: bool
    """Whether it has no secret of its own, and WEBHOOK_SECRET signs instead."""


_Known = Webhook | WebhookRow
"""One of the file, or one that people made."""


def _plain(each: _Known) -> Mapping[str, Any]:
    return each.spec if isinstance(each, WebhookRow) else parted(each)[0]


def _address(each: _Known) -> str:
    return each.address if isinstance(each, WebhookRow) else shown_url(each.url)


def names(hub: Hub) -> list[str]:
    """Those of all that there are, sorted."""
    made = (name for name, row in hub.webhooks.rows.items() if row.removed_at is None)
    return sorted({*hub.webhooks.provided, *made})


def _known(hub: Hub, name: str) -> _Known | None:
    row = hub.webhooks.rows.get(name)
    return hub.webhooks.provided.get(name) or (None if row is None or row.removed_at is not None else row)


async def listing(
    hub: Hub, limit: int = 100, after: str = "", *, state: str = "", type: str = "", text: str = ""
) -> tuple[list[WebhookView], str | None]:
    """A page by name behind ``after``, and the cursor of the next one (None at the end).

    ``type`` finds those that subscribe to it, also by a wildcard; ``text`` looks into name, description and address.
    """
    wanted = [each for name in names(hub) if name > after and (each := _known(hub, name)) is not None]
    wanted = [each for each in wanted if _matches(each, type, text.casefold())]

    def read(tx: Transaction) -> list[WebhookView]:
        found: list[WebhookView] = []
        for start in range(0, len(wanted), _CHUNK):
            views = _views(hub, tx, wanted[start : start + (limit + 1 if not state else _CHUNK)])
            found += [view for view in views if not state or view.state == state]
            if len(found) > limit:
                break
        return found

    found = await hub.database.read(read)
    return found[:limit], found[limit - 1].name if len(found) > limit else None


def _matches(each: _Known, type: str, text: str) -> bool:
    if type and not any(_covers(name, type) for name in each.types):
        return False
    said = (each.name, each.description, _address(each))
    return not text or any(text in part.casefold() for part in said)


def _covers(subscribed: str, type: str) -> bool:
    return subscribed in ("*", type) or (subscribed.endswith(".*") and type.startswith(subscribed[:-1]))


async def find(hub: Hub, name: str) -> WebhookView:
    """One webhook. Raises LookupError."""
    return await hub.database.read(lambda tx: look(hub, tx, name))


def look(hub: Hub, tx: Transaction, name: str) -> WebhookView:
    """One webhook, as part of a transaction. Raises LookupError."""
    known = _known(hub, name)
    if known is None:
        raise LookupError(name)
    return _views(hub, tx, [known])[0]


async def detail(hub: Hub, name: str) -> WebhookDetail:
    """One webhook whole. Raises LookupError."""
    view = await find(hub, name)
    hook, keys = opened(hub, name)
    headers, certificate = ([], False) if hook is None else (sorted(hook.headers), hook.client_certificate is not None)
    known = _known(hub, name)
    return WebhookDetail(
        webhook=view,
        settings={} if known is None else dict(_plain(known)),
        headers=headers,
        certificate=certificate,
        keys=key_views(keys, hub.clock.now()),
        uses_default_secret=not keys and bool(hub.webhooks.defaults.secret),
    )


def opened(hub: Hub, name: str) -> tuple[Webhook | None, Sequence[SigningKey]]:
    """A webhook with its secrets, (None, ()) when they can't be opened. Raises LookupError."""
    known = _known(hub, name)
    if known is None:
        raise LookupError(name)
    if isinstance(known, Webhook):
        return known, own_keys(known)
    try:
        return hub.webhooks.open(known)
    except (SecretError, KeyFault, ValidationError):
        return None, ()


def _views(hub: Hub, tx: Transaction, wanted: Sequence[_Known]) -> list[WebhookView]:
    queues = lanes.by_keys(tx, [LANE + each.name for each in wanted])
    depth = deliveries.unfinished(tx, [lane.id for lane in queues.values()])
    now, views = hub.clock.now(), []
    for each in wanted:
        lane = queues.get(LANE + each.name)
        views.append(_view(hub, each, lane, 0 if lane is None else depth.get(lane.id, 0), now))
    return views


def _view(hub: Hub, each: _Known, lane: LaneState | None, waiting: int, now: float) -> WebhookView:
    plain, row = _plain(each), each if isinstance(each, WebhookRow) else None
    state, reason = _state(hub, each, lane, now)
    return WebhookView(
        name=each.name,
        description=each.description,
        address=_address(each),
        origin="file" if row is None else "database",
        state=state,
        reason=reason,
        types=list(each.types),
        channels=list(plain["channels"]),
        condition=str(plain["condition"]),
        format=str(plain["format"]),
        policy=Policy(**{name: plain[name] for name in Policy.__dataclass_fields__}),
        waiting=waiting,
        dead=0 if lane is None else lane.dead,
        last_success_at=None if lane is None else shown(lane.last_success_at),
        last_failure_at=None if lane is None else shown(lane.last_failure_at),
        last_error="" if lane is None else lane.last_error,
        revision=0 if row is None else row.revision,
        created_at=None if row is None else shown(row.created_at),
        changed_at=None if row is None else shown(row.updated_at),
    )


def _state(hub: Hub, each: _Known, lane: LaneState | None, now: float) -> tuple[State, str]:
    if not each.enabled:
        return "off", ""
    config = hub.webhooks.config(each.name)
    if config is not None and config["receiver"].state == "shut":
        return "disabled", "webhook.shut"
    if lane is None:
        return "on", ""
    if lane.paused:
        return ("disabled", lane.paused_reason) if lane.paused_reason else ("paused", "")
    return ("held", lane.hold_reason) if lane.held_until > now else ("on", "")
