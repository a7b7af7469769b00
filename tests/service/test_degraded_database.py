"""The database is away: everybody is told so at once, nothing acknowledged is lost, and it comes back by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.service.conftest import NOW, made, order_body
from tests.service.fault_proxy import FaultProxy, between

from evenstock.domain import OrderId
from evenstock.operations.check_books import check_books
from evenstock.operations.ports import Store
from evenstock.service.admission import SHARES, Load
from evenstock.service.app import create_app
from evenstock.storage import open_store

AT_ONCE_S = 5.0
"""Nobody waits as long as a pool or a network would let him; how soon it is, benchmarks say."""


@pytest.fixture
def way(postgres_url: str) -> Iterator[tuple[FaultProxy, str]]:
    with between(postgres_url) as found:
        yield found


@pytest.fixture
def client(way: tuple[FaultProxy, str], tmp_path: Path) -> Iterator[TestClient]:
    store = open_store(way[1])
    with TestClient(create_app(made(store, tmp_path)), raise_server_exceptions=False) as opened:
        assert opened.post("/v1/route", json=order_body("before")).status_code == 200
        yield opened
    store.close()


def answered_within(client: TestClient, seconds: float, name: str) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if client.post("/v1/route", json=order_body(name)).status_code == 200:
            return True
        time.sleep(0.05)
    return False


def test_a_killed_database_is_told_at_once_and_its_return_needs_nobody(
    client: TestClient, way: tuple[FaultProxy, str], postgres: Store
) -> None:
    """F3: refused within half a second, with the time to come back; back by itself."""
    proxy, _ = way
    proxy.cut()
    waited = []
    for number in range(20):
        began = time.monotonic()
        refused = client.post("/v1/route", json=order_body(f"away-{number}"))
        waited.append(time.monotonic() - began)
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable"), refused.text
        assert int(refused.headers["retry-after"]) >= 1
    assert max(waited) <= AT_ONCE_S, waited
    assert client.get("/v1/health").status_code == 200
    assert client.get("/v1/ready").status_code == 503

    proxy.mend()
    assert answered_within(client, 10, "after")
    with postgres.reading() as books:
        kept = {name for name in ("before", "after") if books.reservations_of(OrderId(name))}
    assert kept == {"before", "after"}
    assert check_books(postgres, NOW) == []


def test_what_was_cut_off_in_the_middle_counts_once_when_asked_again(
    client: TestClient, way: tuple[FaultProxy, str], postgres: Store
) -> None:
    proxy, _ = way
    names = [f"cut-{number}" for number in range(60)]
    first: dict[str, int] = {}

    def send() -> None:
        for name in names:
            first[name] = client.post("/v1/route", json=order_body(name)).status_code

    sending = threading.Thread(target=send)
    sending.start()
    while len(first) < 15:
        time.sleep(0.005)
    proxy.cut()
    time.sleep(0.2)
    proxy.mend()
    sending.join()
    assert set(first.values()) <= {200, 503}

    assert answered_within(client, 10, "awake")
    again = {name: client.post("/v1/route", json=order_body(name)) for name in names}
    assert {reply.status_code for reply in again.values()} == {200}
    with postgres.reading() as books:
        held = {name: len(books.reservations_of(OrderId(name))) for name in names}
    assert set(held.values()) == {1}
    assert check_books(postgres, NOW) == []


def test_while_a_database_is_frozen_a_few_wait_and_all_others_are_refused_soon(
    client: TestClient, way: tuple[FaultProxy, str], postgres: Store
) -> None:
    """It neither answers nor refuses: whoever was let in waits for it, nobody else does, and each order counts once."""
    proxy, _ = way
    told: dict[int, int] = {}

    def ask(number: int) -> None:
        told[number] = client.post("/v1/route", json=order_body(f"frozen-{number}")).status_code

    asking = [threading.Thread(target=ask, args=(number,)) for number in range(24)]
    proxy.freeze()
    try:
        for one in asking:
            one.start()
        until = time.monotonic() + 30
        while len(told) < len(asking) - SHARES[Load.ROUTE].at_once and time.monotonic() < until:
            time.sleep(0.05)
        refused = dict(told)
        assert client.get("/v1/health").status_code == 200
    finally:
        proxy.thaw()
    for one in asking:
        one.join(30)
    assert len(refused) >= len(asking) - SHARES[Load.ROUTE].at_once
    assert set(refused.values()) == {503}
    assert len(told) == len(asking)

    assert answered_within(client, 15, "thawed")
    for number in range(24):
        assert client.post("/v1/route", json=order_body(f"frozen-{number}")).status_code == 200
    with postgres.reading() as books:
        assert {len(books.reservations_of(OrderId(f"frozen-{number}"))) for number in range(24)} == {1}
