"""A service with real accounts: whoever wants in needs a key or a session. Its store has a clock that tests may turn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient
from tests.service.conftest import NOW, example

from evenstock.operations.access.add_person import AddPerson, add_person
from evenstock.operations.access.api_key import Quota
from evenstock.operations.access.grants import grant_of
from evenstock.operations.access.issue_key import IssueKey, issue_key
from evenstock.operations.import_network import import_network
from evenstock.operations.ports import Store
from evenstock.service.access.credentials import mint_key
from evenstock.service.access.doorkeeper import Doorkeeper
from evenstock.service.app import create_app
from evenstock.service.company_now import CompanyNow
from evenstock.service.configuration import Configuration, Secret
from evenstock.service.context import Service
from evenstock.settings import Settings
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

PASSWORD = "correct horse battery staple"
PEPPER = Secret("p" * 32)


class Time:
    """The store's clock and this process's ticks, turned together."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 15, tzinfo=UTC)
        self.ticked = 1_000.0

    def clock(self) -> datetime:
        return self.now

    def ticks(self) -> float:
        return self.ticked

    def pass_by(self, **span: float) -> None:
        passed = timedelta(**span)
        self.now += passed
        self.ticked += passed.total_seconds()


class World:
    """One process of the service and the books behind it."""

    def __init__(
        self,
        folder: Path,
        time: Time | None = None,
        store: Store | None = None,
        *,
        network: bool = False,
        **configured: Any,
    ) -> None:
        self.time = time or Time()
        self.store = store or MemoryStore(self.time.clock)
        self.configuration = Configuration(**({"pepper": PEPPER} | configured))
        snapshots = SnapshotFolder(folder / "snapshots")
        if network:
            import_network(self.store, snapshots, example(), NOW)
        company = CompanyNow(self.store, snapshots, self.time.clock)
        company.look()
        self.door = Doorkeeper(self.store, self.configuration, company, self.time.ticks)
        self.service = Service(
            settings=Settings(folder, "memory:"),
            configuration=self.configuration,
            store=self.store,
            snapshots=snapshots,
            clock=lambda: NOW,
            access=self.door,
            company=company,
        )
        self.folder = folder

    def beside(self) -> World:
        """Another process over the same books."""
        return World(self.folder, self.time, self.store)

    @contextmanager
    def client(self, **headers: str) -> Iterator[TestClient]:
        with TestClient(create_app(self.service), raise_server_exceptions=False, headers=headers) as opened:
            yield opened

    def key(self, *roles: str, owner: str = "", quota: Quota | None = None, days: int = 30) -> str:
        """A new key with these roles."""
        text, minted = mint_key(self.door.digests)
        grants = tuple(map(grant_of, roles))
        wish = IssueKey("a test", grants, "test", timedelta(days=days), owner=owner, quota=quota or Quota())
        issue_key(self.store, wish, minted)
        return text

    def person(self, account: str, *roles: str, password: str = PASSWORD) -> None:
        """A new local account with these roles."""
        hashed = self.door.passwords.hash(password)
        add_person(self.store, AddPerson(account, account, tuple(map(grant_of, roles)), hashed, "test"))

    def events(self, kind: str) -> list[str]:
        """Ids of what is kept of a kind."""
        with self.store.reading() as books:
            return [entry.id for entry in books.entries(kind)]


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def sign_in(client: TestClient, account: str, password: str = PASSWORD) -> dict[str, str]:
    """Sign in; the header that changes want besides the cookie."""
    answer = client.post("/v1/session", json={"account": account, "password": password})
    assert answer.status_code == 200, answer.text
    return {"X-CSRF-Token": answer.json()["csrf_token"]}
