"""The example brand behind the API, opened once for all tests of a file that only read, or change what no other test reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic_core import from_json, to_json
from starlette.testclient import TestClient
from tests.service.conftest import NOW, Anything, made

from evenstock.domain import TransferPlan
from evenstock.operations.access.principal import Grant, Kind, Principal, Role
from evenstock.operations.company import Company
from evenstock.operations.plan_tonight import plan_tonight
from evenstock.operations.runs.keeping import Run, RunState
from evenstock.service.app import create_app
from evenstock.service.context import Service
from evenstock.service.worker.family import job_named, read
from evenstock.service.worker.workplace import Workplace
from evenstock.storage import open_store


class Scoped(Anything):
    """Everything everywhere, unless a test narrows the nodes or the caller."""

    scope: frozenset[str] | None = None
    caller: Principal | None = None

    def nodes(self, *_: object) -> Any:
        return self.scope

    def known(self, request: object) -> Principal:
        return self.caller or super().known(request)


@dataclass
class Brand:
    client: TestClient
    service: Service
    access: Scoped

    def get(self, path: str, **params: Any) -> Any:
        """The document behind an address, which must be there."""
        found = self.client.get(f"/v1{path}", params=params)
        assert found.status_code == 200, found.text
        return found.json()

    def post(self, path: str, body: object, status: int = 200, **headers: str) -> Any:
        answer = self.client.post(f"/v1{path}", json=body, headers={k.replace("_", "-"): v for k, v in headers.items()})
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brand]:
    store, access = open_store("memory:"), Scoped()
    service = made(store, tmp_path_factory.mktemp("brand"), access=access)
    with TestClient(create_app(service), raise_server_exceptions=False) as client:
        yield Brand(client, service, access)
    store.close()


@pytest.fixture
def brand(opened: Brand) -> Iterator[Brand]:
    """The module's brand, its caller allowed everything again after each test."""
    yield opened
    opened.access.scope, opened.access.caller = None, None


def approver(limit_cents: int | None) -> Principal:
    return Principal("person:boss", Kind.PERSON, (Grant(Role.APPROVER, limit_cents=limit_cents),))


def plan_made(brand: Brand, *, seed: int = 0) -> TransferPlan:
    """Tonight's plan, as the run `plan` keeps it, on few paths."""
    here = Company.load(brand.service.store, brand.service.snapshots, NOW.date())
    return plan_tonight(brand.service.store, brand.service.snapshots, here, now=NOW, seed=seed, paths=8).plan


def work_done(brand: Brand, run: dict[str, Any]) -> Any:
    """What the worker's job brings for a run that was asked for, through the same door that the worker uses."""
    at = Workplace(
        brand.service.settings, brand.service.configuration, brand.service.store, brand.service.snapshots,
        brand.service.company, brand.service.clock,
    )  # fmt: skip
    now = brand.service.clock()
    asked = Run(run["id"], run["job"], run["asked"], run["by"], now, RunState.RUNNING, begun_at=now)
    brought = job_named(run["job"]).work(at, asked, read(run["job"], run["asked"]), lambda *_: None)
    return from_json(to_json(dict(brought)))
