"""An auditor asks over the API who did what, and has it proven; what is done says who asked for it, in a batch too."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.service.access_world import PASSWORD, Time, World, bearer
from tests.service.conftest import example, order_body

from evenstock.domain import DecisionRecord
from evenstock.domain.merkle import leaf_hash
from evenstock.operations.audit.audited_store import AuditedStore
from evenstock.operations.audit.checkpoint import seal
from evenstock.operations.audit.rows import audit_of
from evenstock.operations.audit.who import ACTING, Through, Who
from evenstock.service.configuration import Configuration
from evenstock.service.http.bodies.orders import OrderBody
from evenstock.service.worker.duties import audit as duty
from evenstock.service.worker.workplace import Workplace
from evenstock.settings import Settings
from evenstock.storage.audit_evidence.verify import Checkpoint, included
from evenstock.storage.audit_folder import AuditFolder
from evenstock.storage.memory import MemoryStore


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    time = Time()
    return World(tmp_path_factory.mktemp("audited"), time, AuditedStore(MemoryStore(time.clock)), network=True)


@pytest.fixture(scope="module")
def client(world: World) -> Iterator[TestClient]:
    with world.client() as opened:
        yield opened


def sku() -> str:
    stock = example()["stock"]
    return str(stock.sort("on_hand", descending=True)["sku"][0])


def routed(client: TestClient, world: World, name: str, **headers: str) -> tuple[str, Any]:
    """The principal that asked, and the record."""
    key = world.key("integration")
    body = order_body(name, lines=[{"id": "1", "sku": sku(), "units": 1, "price_cents": 1_000}])
    answer = client.post("/v1/route", json=body, headers=bearer(key) | headers)
    assert answer.status_code == 200, answer.text
    me = client.get("/v1/session", headers=bearer(key)).json()
    return me["id"], answer.json()


def asked(client: TestClient, world: World, path: str, status: int = 200, **params: str) -> Any:
    answer = client.get(f"/v1/audit/{path}", params=params, headers=bearer(world.key("auditor")))
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_page_says_what_was_decided_on_which_versions_and_who_asked(client: TestClient, world: World) -> None:
    who, record = routed(client, world, "AU-1", **{"Idempotency-Key": "first"})

    for name in ("AU-1", record["id"]):
        found = asked(client, world, "trail", about=name)
        assert found["recommended"]["decision"] == record["id"]
        assert found["recommended"]["sentence"] == record["sentence"]
        assert found["based_on"]["policy"] == record["inputs"]["policy"]
        assert found["based_on"]["code"] == record["inputs"]["code"]
        (row,) = found["done"]
        assert (row["who"]["id"], row["who"]["through"]) == (who, "api")
        assert row["deeds"][0]["digest"].startswith("sha256:")
    assert asked(client, world, "trail", 404, about="nobody-knows")["type"].endswith("not_found")


def test_orders_of_one_batch_each_say_who_asked(client: TestClient, world: World) -> None:
    service = world.service
    found: dict[str, str] = {}

    async def ask(name: str, by: str) -> None:
        ACTING.set(Who(by, "integration", Through.API))
        lines = [{"id": "1", "sku": sku(), "units": 1, "price_cents": 1_000}]
        order = OrderBody.model_validate(order_body(name, lines=lines)).order()
        await service.gathered.route(order, "", "", DecisionRecord.canonical)
        found[name] = by

    async def all_of_them() -> None:
        await asyncio.gather(*(asyncio.create_task(ask(f"AB-{n}", f"key:{n}")) for n in range(5)))

    service.__dict__.pop("gathered", None)
    asyncio.run(all_of_them())
    service.__dict__.pop("gathered", None)
    assert len(found) == 5
    for name, by in found.items():
        assert [row["who"]["id"] for row in asked(client, world, "trail", about=name)["done"]] == [by]


def test_who_signs_in_is_nobody_before_and_no_secret_is_kept(client: TestClient, world: World) -> None:
    world.person("ana", "viewer")
    client.post("/v1/session", json={"account": "ana", "password": PASSWORD})
    client.cookies.clear()
    with world.store.reading() as books:
        rows = audit_of(books).audit_rows(0, 0, 100_000)
    text = "\n".join(row.said for row in rows)
    assert '"about":"session:' in text
    assert '"who":{"id":"nobody","kind":"nobody","through":"api"}' in text
    assert PASSWORD not in text
    assert "argon2" not in text


def test_rows_are_proven_and_the_whole_log_is_verified(client: TestClient, world: World) -> None:
    routed(client, world, "AU-2")
    folder = AuditFolder(world.service.settings.checkpoints, world.service.settings.signing_key)
    made = seal(world.store, folder)
    assert made is not None

    found = asked(client, world, "proofs", about="AU-2")
    point = Checkpoint(found["checkpoint"].encode(), found["key"])
    assert not point.wrong
    (one,) = found["inclusion"]
    leaf = leaf_hash(base64.b64decode(one["previous"]) + one["line"].encode())
    assert included(leaf, one["index"], point.size, [base64.b64decode(step) for step in one["path"]], point.root)
    told = asked(client, world, "verification")
    assert (told["whole"], told["wrong"]) == (True, [])
    assert "1 checkpoints" in told["seen"][0]


def test_the_worker_seals_what_is_new_and_nothing_in_memory(tmp_path: Path) -> None:
    at = Workplace.open(Settings(tmp_path, f"sqlite:///{tmp_path / 'books.db'}"), Configuration())
    with at.store.transaction() as books:
        books.lease("job", "me", 60)
    for _ in range(2):
        assert duty.do(at) == 0
    assert [
        point.size
        for point in AuditFolder(tmp_path / "audit" / "checkpoints", tmp_path / "audit" / "signing-key").every()
    ] == [1]
    at.store.close()

    passing = Workplace.open(Settings(tmp_path / "passing", "memory:"), Configuration())
    with passing.store.transaction() as books:
        books.lease("job", "me", 60)
    duty.do(passing)
    assert not (tmp_path / "passing" / "audit").exists()
    passing.store.close()
