"""A typed client of the local InvGate's control API, for tests and the demo. Errors are those of
``centralita.sandbox.control``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from centralita.sandbox.control import PATIENCE_S, FaultyControl
from centralita.sandbox.invgate.journal import Call
from centralita.sandbox.invgate.rules import Sent

Who = int | str
"""A person of the Service Desk: id, address or user name."""


@dataclass(frozen=True)
class Voter:
    user_id: int
    status: int
    """-2 cancelled, -1 waiting, 0 rejected, 1 approved."""
    note: str


@dataclass(frozen=True)
class ApprovalView:
    """An approval as InvGate keeps it."""

    id: int
    request_id: int
    status: int
    """-2 cancelled, -1 waiting, 0 rejected, 1 approved."""
    description: str
    votes: tuple[Voter, ...]


class InvGateControl(FaultyControl):
    """The local InvGate's control API; use as ``async with InvGateControl(url)``."""

    async def calls(
        self, after: int = 0, *, method: str = "", endpoint: str = "", wrote: bool | None = None
    ) -> list[Call]:
        """The requests with a number above ``after``, in order; ``wrote``: only those that changed something (or only
        those that didn't)."""
        wanted = None if wrote is None else int(wrote)
        answer = await self.ask("GET", "calls", after=after, method=method, endpoint=endpoint, wrote=wanted)
        return [Call(**one) for one in answer["calls"]]

    async def wait_for(
        self,
        predicate: Callable[[Call], bool] = lambda call: True,
        *,
        after: int = 0,
        count: int = 1,
        timeout_s: float = PATIENCE_S,
        method: str = "",
        endpoint: str = "",
    ) -> list[Call]:
        """The first ``count`` requests after number ``after`` that fit, waiting for them. Raises TimeoutError that says
        how many came."""
        query = {"method": method, "endpoint": endpoint}
        found = await self.collect(
            "calls", "calls", lambda entry: predicate(Call(**entry)), after, count, timeout_s, **query
        )
        return [Call(**entry) for entry in found]

    async def writes(self) -> dict[str, int]:
        """``{"PUT incident.approval.accept": 1}``: what took effect, whether or not its answer arrived."""
        return dict((await self.ask("GET", "writes"))["writes"])

    async def fail_next(
        self,
        method: str = "*",
        count: int | None = 1,
        *,
        error: str = "",
        status: int = 0,
        headers: Mapping[str, str] | None = None,
        body: str = "",
        about: int | str = "",
    ) -> None:
        """The next ``count`` requests (None: all) fail: as 200 ``{"status": "ERROR", "error": error}``, or with an HTTP
        ``status``. ``method`` is ``PUT``, ``incident.approval.accept`` or both with a blank; ``about`` an id."""
        await self.arm_failure(method, count, str(about), error, status, headers, body)

    async def drop_next(
        self, method: str = "*", count: int | None = 1, *, applied: bool = False, about: int | str = ""
    ) -> None:
        """The next ``count`` requests end in a connection reset; with ``applied`` after they have taken effect."""
        kind = "apply_and_drop" if applied else "drop"
        await self.arm(kind, method, count, str(about))

    async def slow(
        self,
        delay_ms: float,
        method: str = "*",
        count: int | None = None,
        *,
        after_apply: bool = False,
        about: int | str = "",
    ) -> None:
        """The next ``count`` requests (None: all) take ``delay_ms`` longer; with ``after_apply`` they have taken
        effect, and are in ``calls``, before the wait."""
        await self.arm("slow", method, count, str(about), delay_ms=delay_ms, after_apply=after_apply)

    async def switch(self, **wish: Any) -> dict[str, Any]:
        """Sets switches (see ``switches.Switches``) and returns them all."""
        answer = await self.ask("PUT", "switches", wish) if wish else await self.ask("GET", "switches")
        return dict(answer["switches"])

    async def revoke_tokens(self) -> None:
        """No OAuth2 token is good any more."""
        await self.ask("DELETE", "tokens")

    async def seed(self, *, assets: int = 0, people: int = 0, stale_percent: float = 3.0) -> None:
        """Adds that many; ``stale_percent`` of the assets have another owner than their last user."""
        await self.ask("POST", "seed", {"assets": assets, "people": people, "stale_percent": stale_percent})

    async def add_ticket(self, title: str, **facts: Any) -> int:
        """A new ticket, as by InvGate's portal: ``description`` (HTML), ``requester``, ``creator``, ``priority_id``,
        ``type_id``, ``category_id``, ``custom_fields``; returns the id."""
        return int((await self.ask("POST", "tickets", {"title": title, **facts}))["id"])

    async def change_ticket(self, ticket: int, **facts: Any) -> None:
        """``status_id, priority_id, category_id, type_id, title, description, custom_fields`` of a ticket."""
        await self.ask("PATCH", f"tickets/{ticket}", facts)

    async def ticket(self, ticket: int) -> dict[str, Any]:
        """A ticket as InvGate keeps it, with ``comments`` and ``approvals``."""
        return dict((await self.ask("GET", f"tickets/{ticket}"))["ticket"])

    async def comment(
        self,
        ticket: int,
        comment: str,
        *,
        author: Who = "luis@example.com",
        is_solution: bool = False,
        customer_visible: bool = True,
    ) -> int:
        """A person comments (HTML); returns the id."""
        body = {"comment": comment, "author": author, "is_solution": is_solution, "customer_visible": customer_visible}
        return int((await self.ask("POST", f"tickets/{ticket}/comments", body))["id"])

    async def assign(self, ticket: int, agent: Who | None = "luis@example.com", group_id: int = 3) -> None:
        """To a help desk, and to one of its agents."""
        body = {"group_id": group_id} | ({} if agent is None else {"agent": agent})
        await self.ask("POST", f"tickets/{ticket}/assign", body)

    async def act(self, ticket: int, action: str) -> None:
        """``solve``, ``accept_solution``, ``cancel``, ``reopen``...: an action of ``model.TRANSITIONS``."""
        await self.ask("POST", f"tickets/{ticket}/act", {"action": action})

    async def breach_sla(self, ticket: int, sla: Literal["first_reply", "resolution"] = "resolution") -> None:
        """A service level runs out."""
        await self.ask("POST", f"tickets/{ticket}/sla", {"sla": sla})

    async def add_approval(
        self,
        ticket: int,
        voters: Iterable[Who] = ("marta@example.com",),
        *,
        description: str = "",
        needs: Literal["any", "all"] = "any",
        type: Literal[1, 2] = 1,
    ) -> int:
        """InvGate asks for an approval (1 predefined, 2 spontaneous); returns the id."""
        body = {"voters": list(voters), "description": description, "needs": needs, "type": type}
        return int((await self.ask("POST", f"tickets/{ticket}/approvals", body))["id"])

    async def approval(self, approval: int) -> ApprovalView:
        """An approval with its votes."""
        return _approval((await self.ask("GET", f"approvals/{approval}"))["approval"])

    async def answer_approval(
        self, approval: int, answer: Literal["approved", "rejected", "cancelled"], *, user: Who, note: str = ""
    ) -> ApprovalView:
        """A person answers in InvGate itself."""
        body = {"user": user, "answer": answer, "note": note}
        return _approval((await self.ask("POST", f"approvals/{approval}/answer", body))["approval"])

    async def add_user(self, username: str, **facts: Any) -> int:
        """A new account of the Service Desk: fields of ``model.User``; returns the id."""
        return int((await self.ask("POST", "users", {"username": username, **facts}))["id"])

    async def change_user(self, user: int, **facts: Any) -> None:
        """Fields of ``model.User``."""
        await self.ask("PATCH", f"users/{user}", facts)

    async def add_asset(self, name: str, **facts: Any) -> int:
        """A new asset: fields of ``fleet.Asset``; returns the id."""
        return int((await self.ask("POST", "assets", {"name": name, **facts}))["id"])

    async def asset(self, asset: int) -> dict[str, Any]:
        """An asset as it is kept, with ``owner_id`` and ``last_user``."""
        return dict((await self.ask("GET", f"assets/{asset}"))["record"])

    async def change_asset(self, asset: int, **facts: Any) -> None:
        """Fields of ``fleet.Asset``: somebody changes it by hand, or its agent reports another ``last_user``."""
        await self.ask("PATCH", f"assets/{asset}", facts)

    async def add_person(self, name: str, **facts: Any) -> int:
        """A new person of Assets: fields of ``fleet.Person``; returns the id."""
        return int((await self.ask("POST", "people", {"name": name, **facts}))["id"])

    async def change_person(self, person: int, **facts: Any) -> None:
        """Fields of ``fleet.Person``."""
        await self.ask("PATCH", f"people/{person}", facts)

    async def add_rule(
        self,
        url: str,
        *,
        event: str = "*",
        fields: Iterable[str] | Mapping[str, str] | None = None,
        header: str = "X-Webhook-Secret",
        secret: str = "",
    ) -> int:
        """A webhook out (see ``rules.Rule``): ``fields`` are names, or {name in the body: field}, by default all that a
        sensible author would send; returns the id."""
        body: dict[str, Any] = {"url": url, "event": event, "header": header, "secret": secret}
        if fields is not None:
            body["fields"] = dict(fields) if isinstance(fields, Mapping) else list(fields)
        return int((await self.ask("POST", "rules", body))["id"])

    async def clear_rules(self) -> None:
        """No webhooks out from now on."""
        await self.ask("DELETE", "rules")

    async def sent(self, after: int = 0) -> list[Sent]:
        """The webhooks that went out after number ``after``, and what became of each."""
        return [Sent(**one) for one in (await self.ask("GET", "sent", after=after))["sent"]]

    async def wait_for_sent(self, count: int = 1, *, after: int = 0, timeout_s: float = PATIENCE_S) -> list[Sent]:
        """The first ``count`` webhooks after number ``after``, waiting for them. Raises TimeoutError."""
        found = await self.collect("sent", "sent", lambda entry: True, after, count, timeout_s)
        return [Sent(**entry) for entry in found]


def _approval(facts: dict[str, Any]) -> ApprovalView:
    votes = tuple(Voter(**one) for one in facts["votes"])
    return ApprovalView(facts["id"], facts["request_id"], facts["status"], facts["description"], votes)
