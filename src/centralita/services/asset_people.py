"""Whose an account is. InvGate's people are read by page once for a plan; what they don't answer is asked of the
Service Desk, then of the directory. There is exactly one hit, or none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from centralita.core.assets import By, Match
from centralita.core.people import Person
from centralita.core.usernames import Account, read_account
from centralita.services.directory import Directory
from centralita.services.invgate import InvGate

AT_ONCE = 8
"""Look-ups under way at once; the rate of InvGate's settings holds all the same."""
SHOWN_CANDIDATES = 5


class People:
    """The people who may own assets, for one plan. ``accounts`` are mapped by hand, ``domains`` are ours."""

    def __init__(
        self, invgate: InvGate, directory: Directory | None, accounts: Mapping[str, str], domains: Iterable[str]
    ) -> None:
        self._invgate, self._directory = invgate, directory
        self._mapped = {_key(written): email.strip().lower() for written, email in accounts.items()}
        self._domains = frozenset(domain.strip().lower() for domain in domains)
        self._by_email: dict[str, tuple[Person, ...]] = {}
        self._by_account: dict[str, tuple[Person, ...]] = {}
        self._by_name: dict[str, tuple[Person, ...]] = {}
        self._found: dict[str, Match] = {}
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def prefetch(self) -> None:
        """Reads all people, by page: only who knows all of them knows that there is one. Raises InvGateUnavailable."""
        async for page in self._invgate.people():
            for person in page.items:
                self._add(person)

    def _add(self, person: Person) -> None:
        for email in set(person.emails):
            self._by_email[email] = (*self._by_email.get(email, ()), person)
        run_together = "".join(person.name.split()).lower()
        self._by_name[run_together] = (*self._by_name.get(run_together, ()), person)
        if person.username and isinstance(account := read_account(person.username), Account):
            self._by_account[account.key] = (*self._by_account.get(account.key, ()), person)

    def known(self, account: Account) -> Match | None:
        """What can be told at once; None when it has to be asked."""
        if (found := self._found.get(account.key)) is not None:
            return found
        if account.key in self._mapped or account.form == "azure":
            return None
        by: By = "email" if account.form == "upn" else "username"
        hits = self._by_email.get(account.key, ()) if by == "email" else self._named(account)
        return Match(person=hits[0], by=by) if len(hits) == 1 else None

    def _named(self, account: Account) -> tuple[Person, ...]:
        """By the account with its domain where InvGate has it, else by the bare name."""
        return self._by_account.get(account.key) or self._by_account.get(self._bare(account), ())

    def _bare(self, account: Account) -> str:
        """The name alone, if that says it: of a principal name only when its suffix is one of ours."""
        return account.name if account.form != "upn" or account.domain in self._domains else account.key

    async def find_all(self, accounts: Iterable[Account]) -> None:
        """Looks up accounts, for ``known`` to tell. Raises InvGateUnavailable, DirectoryUnavailable."""
        wanted = {account.key: account for account in accounts if account.key not in self._found}
        try:
            async with asyncio.TaskGroup() as group:
                for account in wanted.values():
                    group.create_task(self._look_up(account))
        except BaseExceptionGroup as faults:
            raise faults.exceptions[0] from None

    async def _look_up(self, account: Account) -> None:
        async with self._gate:
            self._found[account.key] = await self._find(account)

    async def _find(self, account: Account) -> Match:
        mapped = self._mapped.get(account.key)
        if mapped is not None:
            return self._owner_of((mapped,), "mapping")
        if account.form == "azure":
            # A display name proves nothing; who is called so is offered to whoever decides.
            return Match(reason="needs_mapping", candidates=written(self._by_name.get(account.name, ())))
        if account.form == "upn":
            found = self._owner_of((account.key,), "email")
            if found.reason != "not_found":
                return found
        named = self._named(account)
        if len(named) == 1:
            return Match(person=named[0], by="username")
        for ask in (self._ask_directory, self._ask_desk) if named else (self._ask_desk, self._ask_directory):
            found = await ask(account)
            if found.reason != "not_found":
                return found
        return _ambiguous(named) if named else Match(reason="not_found")

    async def _ask_desk(self, account: Account) -> Match:
        # Of several in Assets the Service Desk knows no better which one logs in: only the directory does.
        if not self._invgate.has_desk or self._named(account):
            return Match(reason="not_found")
        user = await self._invgate.user_by(username=self._bare(account))
        if user is None:
            return Match(reason="not_found")
        return Match(reason="disabled_person") if user.disabled else self._owner_of(user.emails, "service_desk")

    async def _ask_directory(self, account: Account) -> Match:
        entry = await self._directory.find(account) if self._directory is not None else None
        if entry is None:
            return Match(reason="not_found")
        return Match(reason="disabled_person") if entry.disabled else self._owner_of(entry.emails, "directory")

    def _owner_of(self, emails: Iterable[str], by: By) -> Match:
        hits: dict[str, Person] = {}
        for email in emails:
            hits |= {person.id: person for person in self._by_email.get(email, ())}
        if len(hits) > 1:
            return _ambiguous(tuple(hits.values()))
        return Match(person=next(iter(hits.values())), by=by) if hits else Match(reason="not_found")


def _key(written: str) -> str:
    account = read_account(written)
    return account.key if isinstance(account, Account) else written.strip().lower()


def written(people: Iterable[Person]) -> tuple[str, ...]:
    """Who they are, as people write it: ``Ana Ruiz <ana@example.com>``; the first of them."""
    names = tuple(f"{person.name} <{person.email}>" if person.email else person.name for person in people)
    return names[:SHOWN_CANDIDATES]


def _ambiguous(people: Iterable[Person]) -> Match:
    return Match(reason="ambiguous", candidates=written(people))
