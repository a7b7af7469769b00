"""What is counted is what happened, and only that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient
from tests.service.conftest import ANYBODY, NOW, made, order_body

from evenstock.domain import Event
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.keep_check import keep_check
from evenstock.operations.one_transaction import JoinedStore
from evenstock.operations.ports import StoreError
from evenstock.operations.replaying.keep_replay import keep_replay
from evenstock.operations.route_order import route_order
from evenstock.service.api.orders import OrderBody
from evenstock.service.app import create_app
from evenstock.service.context import Service
from evenstock.service.http.problems import Problem
from evenstock.storage.memory import MemoryStore


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return made(MemoryStore(lambda: NOW), tmp_path)


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(create_app(service), raise_server_exceptions=False) as opened:
        yield opened


def figures(client: TestClient) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    told = client.get("/v1/metrics")
    assert told.status_code == 200
    families = text_string_to_metric_families(told.text)
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def figure(client: TestClient, name: str, **labels: str) -> float | None:
    return figures(client).get((name, tuple(sorted(labels.items()))))


def test_requests_are_counted_by_the_template_of_their_route(client: TestClient) -> None:
    client.post("/v1/route", json=order_body())
    client.get("/v1/orders/T-1")
    client.get("/v1/orders/secret-customer-7")
    client.get("/v1/nothing/here")
    found = figures(client)

    def count(**labels: str) -> float | None:
        return found.get(("evenstock_requests_total", tuple(sorted(labels.items()))))

    assert count(method="POST", route="/v1/route", status="200", load="route") == 1
    assert count(method="GET", route="/v1/orders/{order}", status="200", load="console") == 1
    assert count(method="GET", route="/v1/orders/{order}", status="404", load="console") == 1
    assert count(method="ANY", route="(no such route)", status="404", load="none") == 1
    assert not [key for key in found if "secret-customer" in str(key)], "an address holds ids of customers"
    buckets = [
        v
        for (name, labels), v in found.items()
        if name == "evenstock_request_seconds_count" and ("route", "/v1/route") in labels
    ]
    assert buckets == [1]


def test_decisions_are_counted_once_with_the_money_they_route(client: TestClient) -> None:
    for _ in range(2):
        assert client.post("/v1/route", json=order_body()).status_code == 200
    decided = client.post("/v1/route", json=order_body("T-2")).json()

    assert figure(client, "evenstock_decisions_total", outcome="executed", layer=decided["layer"]) == 2
    assert figure(client, "evenstock_routed_goods_cents_total") == 1_000 + 1_000
    cents = figure(client, "evenstock_decided_cents_total", outcome="executed")
    assert cents is not None
    assert cents > 0


def test_what_is_taken_back_never_happened(service: Service, client: TestClient) -> None:
    """A decision whose transaction fails at its end is not counted; the control beside it is."""
    record = client.post("/v1/route", json=order_body(), params={"shadow": "true"})
    assert record.status_code == 200
    before = figure(client, "evenstock_decisions_total", outcome="executed", layer="optimiser") or 0
    order = OrderBody.model_validate_json(json.dumps(order_body("T-9"))).order()
    here = service.company.get()
    with pytest.raises(StoreError, match="taken back"), service.store.transaction() as books:  # noqa: PT012
        route_order(JoinedStore(books), here.shipping, here.policy, RouteOrder(order, NOW), stage=here.stage)
        raise StoreError("taken back")
    assert (figure(client, "evenstock_decisions_total", outcome="executed", layer="optimiser") or 0) == before
    assert figure(client, "evenstock_transaction_seconds_count", kind="write", end="rolled_back") == 1

    with service.store.transaction() as books, pytest.raises(StoreError, match="this step"), books.whole():  # noqa: PT012
        route_order(JoinedStore(books), here.shipping, here.policy, RouteOrder(order, NOW), stage=here.stage)
        raise StoreError("this step")
    assert (figure(client, "evenstock_decisions_total", outcome="executed", layer="optimiser") or 0) == before

    route_order(service.store, here.shipping, here.policy, RouteOrder(order, NOW), stage=here.stage)
    after = sum(
        v
        for (name, labels), v in figures(client).items()
        if name == "evenstock_decisions_total" and ("outcome", "executed") in labels
    )
    assert after == before + 1, "the control"


def test_an_error_that_nobody_foresaw_is_counted(
    service: Service, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evenstock.service.gathered.route_together", lambda *_, **__: 1 / 0)
    monkeypatch.setattr("evenstock.service.api.orders.route_order", lambda *_, **__: 1 / 0)
    assert client.post("/v1/route", json=order_body()).status_code == 500
    assert figure(client, "evenstock_unforeseen_errors_total") == 1


def test_what_waits_is_told_with_its_age(tmp_path: Path) -> None:
    later = NOW + timedelta(seconds=90)
    service = made(MemoryStore(lambda: later), tmp_path, clock=lambda: later)
    with TestClient(create_app(service)) as client:
        with service.store.transaction() as books:
            books.publish([Event("e1", "thing_happened", "a", NOW, {})])
        assert figure(client, "evenstock_outbox_waiting") == 2, "the import, and this"
        assert figure(client, "evenstock_outbox_oldest_seconds") == 90
        assert figure(client, "evenstock_events_dead") == 0
        assert figure(client, "evenstock_ready") == 1
        assert figure(client, "evenstock_clock_skew_seconds") == 0
        feeds = {dict(labels)["feed"] for name, labels in figures(client) if name == "evenstock_feed_age_seconds"}
        assert "stock" in feeds


def test_the_last_check_of_the_books_is_told_by_rule(service: Service, client: TestClient) -> None:
    assert figure(client, "evenstock_books_findings", rule="shortfall") is None, "nobody checked yet"
    assert keep_check(service.store, NOW) == []
    service.watching._asked = (-100.0, None, None)
    assert figure(client, "evenstock_books_findings", rule="shortfall") == 0
    assert figure(client, "evenstock_books_findings", rule="projection") == 0
    assert figure(client, "evenstock_books_checked_seconds") == 0


def test_what_came_of_the_last_replay_is_told_with_its_age(service: Service, client: TestClient) -> None:
    assert figure(client, "evenstock_replay_decisions", came_out="unequal") is None, "nobody replayed yet"
    client.post("/v1/route", json=order_body("R-1"))
    keep_replay(service.store, service.snapshots, 10_000, "today")
    service.watching._asked = (-100.0, None, None)
    assert figure(client, "evenstock_replay_decisions", came_out="equal") == 1
    assert figure(client, "evenstock_replay_decisions", came_out="unequal") == 0
    assert figure(client, "evenstock_replay_seconds") == 0


def test_metrics_are_for_this_machine_and_for_whoever_may_read_them(service: Service) -> None:
    class Nobody:
        def known(self, _request: object) -> None:
            return None

        def authenticate(self, _request: object) -> object:
            raise Problem("not_authenticated", "nobody")

        def require(self, *_: object) -> None:
            return None

        def nodes(self, *_: object) -> None:
            return None

    service.access = Nobody()  # type: ignore[assignment]
    app = create_app(service)
    assert TestClient(app, client=("127.0.0.1", 5)).get("/v1/metrics").status_code == 200
    assert TestClient(app, client=("10.0.0.8", 5)).get("/v1/metrics").status_code == 401
    through = TestClient(app, client=("127.0.0.1", 5)).get("/v1/metrics", headers={"X-Forwarded-For": "10.0.0.8"})
    assert through.status_code == 401, "a proxy here speaks for the world"

    service.access = type("Known", (Nobody,), {"known": lambda *_: ANYBODY})()
    assert TestClient(app, client=("10.0.0.8", 5)).get("/v1/metrics").status_code == 200
