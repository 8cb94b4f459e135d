"""Reads a plan: the whole inventory by page, or some assets, in batches that are judged, written and forgotten. InvGate
is only read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial

import msgspec

from centralita.core import assets as core
from centralita.core.assets import Asset, Match, Standing, Verdict
from centralita.core.people import Person
from centralita.core.records import Record
from centralita.core.usernames import Account, NoPerson
from centralita.services.alarms import LEASE_S
from centralita.services.asset_people import People, written
from centralita.services.asset_sightings import keys_of, own_sighting, policy_of, seen_of, window_of
from centralita.services.ci_projection import project, told_of
from centralita.services.hub import Hub
from centralita.services.invgate import InvGate
from centralita.store import asset_plans, assets, records, timers
from centralita.store.asset_plans import Plan, Row
from centralita.store.assets import Known, Sighting
from centralita.store.database import Transaction

TIMER = "asset.plan"
BATCH = 500
_DAY_S = 86_400.0


class Overtaken(Exception):
    """Another process reads the plan now, or nobody is to any more."""


class Reading:
    """One plan being read. ``run`` tells it from an earlier reading that was killed."""

    def __init__(self, hub: Hub, invgate: InvGate, plan: Plan, people: People) -> None:
        self._hub, self._invgate, self._plan, self._people = hub, invgate, plan, people
        self._policy = policy_of(hub.settings)
        self._done = 0
        self._total = plan.total

    async def read(self) -> None:
        """All of it. Raises InvGateUnavailable, DirectoryUnavailable, Overtaken."""
        await self._people.prefetch()
        batch: list[Asset] = []
        read_at = self._hub.clock.now()
        async for items in self._pages():
            batch += items
            if len(batch) >= BATCH:
                await self._judge(batch, read_at)
                batch, read_at = [], self._hub.clock.now()
            else:
                await self._hub.database.write(partial(self._advance, count=0))
        if batch:
            await self._judge(batch, read_at)

    async def _pages(self) -> AsyncIterator[Sequence[Asset]]:
        for id_ in self._plan.scope:
            asset = await self._invgate.asset(id_)
            yield [asset] if asset is not None else []
        if self._plan.scope:
            return
        async for page in self._invgate.assets():
            self._total = page.total or self._total
            yield page.items

    def _advance(self, tx: Transaction, count: int) -> None:
        """Notes the progress, and that somebody is at it."""
        plan = self._plan
        if not asset_plans.advance(tx, plan.id, plan.run, self._done + count, self._total):
            raise Overtaken(plan.id)
        timers.set_timer(tx, TIMER, plan.id, self._hub.clock.now() + LEASE_S)

    async def _judge(self, batch: Sequence[Asset], read_at: float) -> None:
        listed = list({asset.id: asset for asset in batch}.values())
        now = self._hub.clock.now()
        own = {asset.id: sighting for asset in listed if (sighting := own_sighting(asset, now)) is not None}
        known, kept, pending = await self._hub.database.read(partial(self._load, listed=listed, now=now))
        for asset in listed:
            if (before := known.get(asset.id)) is not None and before.set_at >= read_at:
                pending.add(asset.id)  # we set its owner while the page was on its way
        judged = [_Judged(asset, known.get(asset.id), self, own.get(asset.id), kept, now) for asset in listed]
        wanted = [one.account for one in judged if one.verdict.verdict == core.LOOK_UP]
        await self._people.find_all(account for account in wanted if isinstance(account, Account))
        verdicts = {one.asset.id: one.decide(asked=True) for one in judged}
        rows = [_row(self._plan.id, one.asset, verdicts[one.asset.id], one.asset.id in pending) for one in judged]
        after = [self._after(one, verdicts[one.asset.id], now) for one in judged if one.asset.id not in pending]
        source = self._hub.settings.assets.source
        told = [described(one.asset, source) for one in judged]

        def write(tx: Transaction) -> None:
            self._advance(tx, len(batch))
            assets.note(tx, list(own.values()))
            assets.save(tx, after)
            asset_plans.add_rows(tx, rows)
            records.save(tx, told, now)
            project(tx, source, told_of(told), now, self._hub.ids.new)

        await self._hub.database.write(write)
        self._done += len(batch)
        self._hub.bell.ring([self._plan.id])

    def _load(
        self, tx: Transaction, listed: Sequence[Asset], now: float
    ) -> tuple[dict[str, Known], dict[str, list[Sighting]], set[str]]:
        ids = [asset.id for asset in listed]
        keys = [key for asset in listed for key in keys_of(asset.id, asset.serial, asset.name)]
        since = now - self._policy.days * _DAY_S
        return assets.load(tx, ids), assets.sightings(tx, keys, since), asset_plans.pending(tx, ids)

    def _after(self, one: _Judged, verdict: Verdict, now: float) -> Known:
        """What is known of the asset from now on."""
        before, asset = one.before, one.asset
        queued = verdict.verdict in core.CONFLICTS and verdict.account != before.ignored
        return Known(
            id=asset.id,
            name=asset.name,
            serial_key=core.serial_key(asset.serial),
            name_key=asset.name.strip().lower(),
            known_owner=asset.owner.id if asset.owner is not None else "",
            set_at=before.set_at,
            locked=before.locked or verdict.lock,
            shared=before.shared,
            ignored=before.ignored,
            conflict=verdict.verdict if queued else "",
            account=verdict.account,
            why=dict(verdict.why),
            conflict_at=(before.conflict_at or now) if queued else None,
            read_by=self._plan.id,
            read_at=now,
        )

    def match(self, account: Account) -> Match | None:
        """What is known of an account by now."""
        return self._people.known(account)

    @property
    def policy(self) -> core.Policy:
        """The rules of this plan."""
        return self._policy


class _Judged:
    """One asset on its way to a verdict."""

    def __init__(
        self,
        asset: Asset,
        before: Known | None,
        reading: Reading,
        own: Sighting | None,
        kept: Mapping[str, Sequence[Sighting]],
        now: float,
    ) -> None:
        self.asset, self.before, self._reading = asset, before or Known(id=asset.id), reading
        seen = [one for key in keys_of(asset.id, asset.serial, asset.name) for one in kept.get(key, ())]
        self._window = window_of(asset, own, seen, reading.policy, now)
        self.account: Account | NoPerson = core.account_of(asset, reading.policy, self._window.newest)
        self.verdict = self.decide(asked=False)

    def decide(self, *, asked: bool) -> Verdict:
        """The verdict by what is known of the account; ``asked``: all that there is to know."""
        account, before, policy = self.account, self.before, self._reading.policy
        match = self._reading.match(account) if isinstance(account, Account) else None
        if match is None and asked:
            match = Match(reason="not_found")
        people = {key: self._reading.match(one) for key, one in self._window.accounts.items()}
        who: dict[str, Person] = {key: found.person for key, found in people.items() if found and found.person}
        candidate = account.key if isinstance(account, Account) else ""
        standing = Standing(
            known_owner=before.known_owner, locked=before.locked, shared=before.shared, ignored=before.ignored
        )
        seen = seen_of(self._window, candidate, who)
        verdict = core.decide_owner(self.asset, account, standing, seen, policy, match)
        if verdict.verdict not in core.CONFLICTS or not who or "candidates" in verdict.why:
            return verdict
        # Whoever has to decide is offered those that the accounts belong to.
        candidates = list(written({person.id: person for person in who.values()}.values()))
        return msgspec.structs.replace(verdict, why={**verdict.why, "candidates": candidates})


def _row(plan: str, asset: Asset, verdict: Verdict, pending: bool) -> Row:
    name = "change_pending" if pending else verdict.verdict
    change = name == core.CHANGE
    old, new = asset.owner, verdict.owner if change or name in ("already_owner", "too_few_sightings") else None
    return Row(
        plan=plan,
        asset=asset.id,
        name=asset.name,
        serial=asset.serial,
        account=verdict.account or asset.last_user,
        verdict=name,
        state="planned" if change else "",
        sure=verdict.sure if change else "",
        why=dict(verdict.why),
        old_id=old.id if old else "",
        old_name=old.name if old else "",
        old_email=old.email if old else "",
        new_id=new.id if new else "",
        new_name=new.name if new else "",
        new_email=new.email if new else "",
    )


def described(asset: Asset, source: str) -> Record:
    """An asset of the inventory as a record of ``source``."""
    owner = asset.owner
    data = {
        "id": asset.id,
        "name": asset.name,
        "serial": asset.serial,
        "type": asset.type,
        "status": asset.status,
        "tags": list(asset.tags),
        "last_user": asset.last_user,
        "reported_at": asset.reported_at,
        "owner": {"id": owner.id, "name": owner.name, "email": owner.email} if owner is not None else None,
    }
    return Record(kind="asset", source=source, id=asset.id, title=asset.name, status=asset.status, data=data)
