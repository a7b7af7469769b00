"""Every request ends: where the database neither answers nor refuses, whoever waits is told so, and nothing counts twice."""

from __future__ import annotations

import asyncio
import contextlib
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
from evenstock.service import deadlines
from evenstock.service.admission import SHARES, Load
from evenstock.service.app import create_app
from evenstock.service.context import Service
from evenstock.service.deadlines import BOUNDS, SPARE_S, Within
from evenstock.service.http.problems import Problem
from evenstock.storage import open_store
from evenstock.storage.time_limits import BOUND, Bound

HELD_S = 1.5
SPARE = 1.0


@pytest.fixture
def way(postgres_url: str) -> Iterator[tuple[FaultProxy, str]]:
    with between(postgres_url) as found:
        yield found


@pytest.fixture
def service(way: tuple[FaultProxy, str], tmp_path: Path) -> Iterator[Service]:
    store = open_store(way[1])
    yield made(store, tmp_path)
    store.close()


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(create_app(service), raise_server_exceptions=False) as opened:
        assert opened.post("/v1/route", json=order_body("before")).status_code == 200
        yield opened


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same limits, in less of a tester's time."""
    for load, bound in BOUNDS.items():
        monkeypatch.setitem(deadlines.BOUNDS, load, Bound(HELD_S, brief=bound.brief))  # type: ignore[arg-type]
    monkeypatch.setattr(deadlines, "SPARE_S", SPARE)


def test_each_class_has_a_bound_and_what_matters_most_the_shortest() -> None:
    assert set(BOUNDS) == set(Load)
    held = [BOUNDS[load].held_s for load in Load]
    assert held == sorted(held)
    assert BOUNDS[Load.ROUTE].held_s + SPARE_S <= 10
    assert BOUNDS[Load.ROUTE].brief
    assert not BOUNDS[Load.REPORT].brief


def test_while_every_thread_hangs_all_are_told_and_nothing_is_lost_or_doubled(
    client: TestClient,
    service: Service,
    way: tuple[FaultProxy, str],
    postgres: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Orders, more than there are threads, sent into a database that swallows them; then it goes on."""
    hurry(monkeypatch)
    proxy, _ = way
    told: dict[str, tuple[int, float, str, str]] = {}

    def ask(name: str) -> None:
        began = time.monotonic()
        reply = client.post("/v1/route", json=order_body(name), headers={"idempotency-key": name})
        body = reply.json()
        told[name] = (
            reply.status_code,
            time.monotonic() - began,
            reply.headers.get("retry-after", ""),
            f"{body.get('code')}: {body.get('detail')}",
        )

    names = [f"swallowed-{number}" for number in range(3 * SHARES[Load.ROUTE].at_once)]
    asking = [threading.Thread(target=ask, args=(name,)) for name in names]
    proxy.freeze()
    try:
        for one in asking:
            one.start()
        time.sleep(HELD_S / 2)
        assert client.get("/v1/health").status_code == 200
        began = time.monotonic()
        assert client.get("/v1/ready").status_code == 503
        assert time.monotonic() - began < 4
        for one in asking:
            one.join(60)
        # The server stands still yet, and everybody has his answer.
        assert len(told) == len(names)
        assert {(status, code.partition(":")[0]) for status, _, _, code in told.values()} <= {
            (503, "unavailable"),
            (503, "overloaded"),
        }
        assert all(int(after) >= 1 for _, _, after, _ in told.values())
        unknown = [said for _, _, _, said in told.values() if "unknown: ask again under the same key or id" in said]
        assert unknown, told
        assert max(seconds for _, seconds, _, _ in told.values()) < HELD_S + SPARE + 5
        until = time.monotonic() + 15
        while service.admission.busy and time.monotonic() < until:
            time.sleep(0.05)
        assert service.admission.busy == 0, "each thread came back although the server never answered"
    finally:
        proxy.thaw()

    again = {name: _until_answered(client, name) for name in names}
    assert set(again.values()) == {200}
    assert service.admission.busy == 0
    with postgres.reading() as books:
        assert {len(books.reservations_of(OrderId(name))) for name in ("before", *names)} == {1}
    assert check_books(postgres, NOW) == []


def _until_answered(client: TestClient, name: str) -> int:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        reply = client.post("/v1/route", json=order_body(name), headers={"idempotency-key": name})
        if reply.status_code != 503:
            break
        time.sleep(0.05)
    return reply.status_code


def test_reading_that_hangs_is_ended_too_and_the_service_answers_again(
    client: TestClient, way: tuple[FaultProxy, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch)
    proxy, _ = way
    proxy.freeze()
    try:
        began = time.monotonic()
        refused = client.get("/v1/orders/before")
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert time.monotonic() - began < HELD_S + SPARE + 3
    finally:
        proxy.thaw()
    until = time.monotonic() + 15
    while time.monotonic() < until and client.get("/v1/orders/before").status_code != 200:
        time.sleep(0.05)
    assert client.get("/v1/orders/before").status_code == 200
    while time.monotonic() < until and _database_fails(client):
        time.sleep(0.1)
    assert not _database_fails(client), "a probe that hung comes back as well"


def _database_fails(client: TestClient) -> bool:
    return "database" in [one["pointer"] for one in client.get("/v1/ready").json()["errors"]]


def test_work_that_does_not_come_back_keeps_no_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a thread waits for: its caller has his answer, and the bound went with the call into the thread."""
    hurry(monkeypatch)
    never, seen = threading.Event(), []

    def work() -> None:
        seen.append(BOUND.get())
        never.wait(20)

    async def ask() -> Problem:
        began = time.monotonic()
        try:
            with Within(Load.ROUTE):
                await asyncio.to_thread(work)
        except Problem as problem:
            assert HELD_S + SPARE <= time.monotonic() - began < HELD_S + SPARE + 2
            return problem
        finally:
            never.set()
        raise AssertionError("it ended by itself")

    problem = asyncio.run(ask())
    assert (problem.code.status, problem.code.name, problem.headers["Retry-After"]) == (503, "unavailable", "2")
    assert problem.detail == (
        "no answer within 2 s, the longest that route may take; whether it took effect is unknown: "
        "ask again under the same key or id, and it will count once"
    )
    assert seen == [deadlines.BOUNDS[Load.ROUTE]]


def test_what_ends_by_itself_is_told_as_it_is() -> None:
    async def ask(wrong: Exception | None) -> str:
        with Within(Load.ROUTE):
            await asyncio.sleep(0)
            if wrong is not None:
                raise wrong
            return "done"

    assert asyncio.run(ask(None)) == "done"
    with pytest.raises(TimeoutError, match="of somebody else"):
        asyncio.run(ask(TimeoutError("of somebody else")))


def test_a_late_answer_is_told_even_where_a_cancellation_is_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """`wait_for` of Python 3.11 does that where what it waits for comes in the same moment: here as plainly as can be."""
    hurry(monkeypatch)

    async def ask() -> None:
        with Within(Load.ROUTE):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(30)
            await asyncio.sleep(30)

    began = time.monotonic()
    with pytest.raises(Problem, match="no answer within"):
        asyncio.run(ask())
    assert time.monotonic() - began < HELD_S + SPARE + 5


def test_who_hangs_up_is_no_late_answer() -> None:
    async def ask() -> None:
        async def work() -> None:
            with Within(Load.ROUTE):
                await asyncio.sleep(30)

        task = asyncio.create_task(work())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(ask())
