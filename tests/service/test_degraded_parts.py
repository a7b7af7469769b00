"""Everything around the books is away: orders are still routed from rules and what was last known, and stay durable."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from starlette.testclient import TestClient
from tests.service.conftest import EXAMPLE, NOW, example, made, order_body

from evenstock.domain import Cents, NodeId, OrderId, Price, ReservationState, Sku, StockObservation, Units
from evenstock.operations.believe_stock import believe_stock
from evenstock.operations.check_books import check_books
from evenstock.operations.count_stock import count_stock
from evenstock.operations.import_network import import_network
from evenstock.operations.ports import Store
from evenstock.operations.rates.import_rates import import_rates
from evenstock.service.app import create_app
from evenstock.service.context import Service
from evenstock.service.readiness import State, look
from evenstock.storage import open_store
from evenstock.storage.memory import MemoryStore

SKU = Sku(example()["items"]["sku"][0])


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def steady(tmp_path: Path, clock: Clock) -> Service:
    """A service whose books run by the same clock as it does."""
    found = made(MemoryStore(clock), tmp_path, clock=clock)
    found.company._clock = clock
    return found


@pytest.fixture
def client(steady: Service) -> Iterator[TestClient]:
    with TestClient(create_app(steady), raise_server_exceptions=False) as opened:
        yield opened


def routed(client: TestClient, name: str, **changes: Any) -> dict[str, Any]:
    reply = client.post("/v1/route", json=order_body(name, **changes))
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def test_with_no_worker_ever_started_orders_are_routed_and_kept_on_disk(tmp_path: Path) -> None:
    """No forecast, no prices, no beliefs, no repricing: rules, rates and stock are enough."""
    url = f"sqlite:///{tmp_path / 'books.db'}"
    store = open_store(url)
    service = made(store, tmp_path)
    with TestClient(create_app(service), raise_server_exceptions=False) as client:
        told = [routed(client, f"O-{number}") for number in range(10)]
        worker = {one["name"]: one for one in client.get("/v1/ready").json().get("checks", [])}.get("worker")
    store.close()

    assert {one["outcome"] for one in told} == {"executed"}
    assert all(one["choice"]["shipments"] for one in told)
    assert worker is None or worker["state"] == "warning"
    again = open_store(url)
    with again.reading() as books:
        kept = [books.reservations_of(OrderId(f"O-{number}")) for number in range(10)]
    assert [[one.state for one in each] for each in kept] == [[ReservationState.PENDING]] * 10
    assert check_books(again, NOW) == []
    again.close()


def test_with_snapshots_gone_orders_go_on_from_the_last_good_company_and_health_says_so(
    client: TestClient, steady: Service
) -> None:
    before = routed(client, "before")
    frames = dict(example())
    frames["items"] = frames["items"].with_columns(price_cents=777)
    import_network(steady.store, steady.snapshots, frames, NOW)
    shutil.rmtree(steady.settings.snapshots)
    steady.company.look()

    after = routed(client, "after")
    assert after["outcome"] == "executed"
    assert after["inputs"]["network"] == before["inputs"]["network"]
    check = {one.name: one for one in look(steady).checks}["company"]
    assert check.state is not State.OK
    assert check.because


@pytest.mark.parametrize(
    ("age", "rung"),
    [
        (timedelta(hours=1), "nightly"),
        (timedelta(days=3), "last good"),
        (timedelta(days=30), "none"),
    ],
)
def test_stale_prices_step_down_the_ladder_and_the_decision_says_where_it_stands(
    client: TestClient, steady: Service, age: timedelta, rung: str
) -> None:
    with steady.store.transaction() as books:
        nodes = {balance.node for balance in books.balances([SKU])}
        books.put_prices([Price(SKU, node, NOW - age, "nightly", Cents(50)) for node in sorted(nodes)])
    told = routed(client, "priced")
    assert told["outcome"] == "executed"
    assert rung in told["price_rung"], told["price_rung"]


@pytest.mark.parametrize(
    ("column", "value"),
    [("cents", 0), ("cents", 1_000_000_000), ("cents", -500)],
)
def test_rates_that_are_garbage_are_refused_and_the_last_good_ones_serve_on(
    client: TestClient, steady: Service, column: str, value: int
) -> None:
    """F36: zero, absurd, negative."""
    before = routed(client, "before")
    rates = example()["rates"].with_columns(pl.lit(value, pl.Int64).alias(column))
    cards = example()["rate_cards"]
    done = import_rates(steady.store, steady.snapshots, {"rates": rates, "rate_cards": cards}, source="feed", now=NOW)
    assert done.refusal is not None
    steady.company.look()
    after = routed(client, "after")
    assert after["choice"]["shipments"] == before["choice"]["shipments"]


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("nodes", "latitude", "NaN"),
        ("lanes", "origin", "NOWHERE"),
        ("items", "weight_g", "-5"),
        ("lanes", "lead_days", "1e9"),
    ],
)
def test_a_network_that_is_garbage_is_refused_and_the_last_good_one_serves_on(
    client: TestClient, steady: Service, table: str, column: str, value: str
) -> None:
    before = routed(client, "before")
    files = {path.name: path.read_bytes() for path in EXAMPLE.glob("*.csv")}
    bad = pl.read_csv(files[f"{table}.csv"], infer_schema=False).with_columns(pl.lit(value).alias(column))
    files[f"{table}.csv"] = bad.write_csv().encode()
    refused = client.post("/v1/network", files={name: (name, body, "text/csv") for name, body in files.items()})
    assert refused.status_code == 422, refused.text
    assert {(one["file"], one["column"]) for one in refused.json()["problems"]} >= {(f"{table}.csv", column)}
    steady.company.look()

    after = routed(client, "after")
    assert after["outcome"] == "executed"
    assert after["inputs"]["network"] == before["inputs"]["network"]


def observed(service: Service, heard_at: datetime, sells: int = 0) -> None:
    """Every node's warehouse speaks once an hour and was last heard of then; each shelf sells so many units a day."""
    stock = example()["stock"]
    frames = dict(example())
    if sells:
        days = pl.DataFrame({"date": [heard_at.date() - timedelta(days=back) for back in range(200, 0, -1)]})
        frames["demand"] = (
            stock.select("sku", "node")
            .unique(maintain_order=True)
            .join(days, how="cross")
            .with_columns(units=pl.lit(sells, pl.Int64), in_stock=pl.lit(value=True), promotion=pl.lit(value=False))
        )
    frames["sources"] = pl.DataFrame({"source": ["wms"], "kind": ["wms"], "every_minutes": [60]})
    frames["observations"] = stock.select("sku", "node", "lot", units="on_hand").with_columns(
        source=pl.lit("wms"), observed_at=pl.lit(heard_at).cast(pl.Datetime("us", "UTC"))
    )
    import_network(service.store, service.snapshots, frames, NOW)
    service.company.refresh()


def promised(client: TestClient, name: str, units: int) -> str:
    """What becomes of an order for so many units, without reserving any."""
    line = {"id": "1", "sku": SKU, "units": units, "price_cents": 1000}
    reply = client.post("/v1/route", params={"shadow": True}, json=order_body(name, lines=[line]))
    assert reply.status_code == 200, reply.text
    told = reply.json()
    return "served" if told["choice"] else "refused"


def test_as_the_feeds_grow_old_less_is_promised_never_more_and_each_decision_says_why(
    client: TestClient, steady: Service, clock: Clock
) -> None:
    """F32 and I17 over the running service."""
    observed(steady, NOW)
    with steady.store.reading() as books:
        most = max(balance.atp for balance in books.balances([SKU]))
    largest = []
    for hours in (0, 2, 12, 52, 102, 400):
        clock.at = NOW + timedelta(hours=hours)
        steady.company.refresh()
        low, high = 0, int(most) + 1
        while high - low > 1:
            middle = (low + high) // 2
            if promised(client, f"Q-{hours}-{middle}", middle) == "served":
                low = middle
            else:
                high = middle
        largest.append(low)
    assert largest == sorted(largest, reverse=True)
    # Nobody knows what sells there: after fifty hours beyond two paces half is held back, and no more for silence alone.
    assert largest[0] == largest[1] > largest[2] > largest[3] == largest[4] == largest[5] == most - most // 2


def held_by_silence(told: dict[str, Any]) -> dict[str, int]:
    """Units by node that the decision says are held back beyond buffers."""
    said = [re.match(r"(\S+) was last heard of at \S+Z: (\d+) more unit", one) for one in told["inputs"]["warnings"]]
    return {found[1]: int(found[2]) for found in said if found}


def test_where_beliefs_know_what_sells_a_silent_feed_leaves_what_was_not_sold_and_each_decision_replays(
    client: TestClient, steady: Service, clock: Clock
) -> None:
    """Two a day of each: a week of silence holds back what sells in a week, and nothing of what our orders took is added."""
    observed(steady, NOW - timedelta(minutes=30), sells=2)
    steady.company.refresh()
    believe_stock(steady.store, steady.snapshots, steady.company.get().company, now=NOW)
    steady.company.refresh()
    clock.at = NOW + timedelta(days=7)
    with steady.store.reading() as books:
        there = {one.node: one for one in books.balances([SKU]) if one.atp}
    told = routed(client, "O-1")
    units = held_by_silence(told)

    assert units.keys() == there.keys()
    # Some 14 are expected; the quantile of them lies above, and is not all there is.
    assert all(14 < units[node] + there[node].buffer < 40 for node in there), units
    chosen = told["choice"]["shipments"][0]["candidate"]["node"]
    after = routed(client, "O-2")
    assert held_by_silence(after) == units | {chosen: units[chosen] - 1}
    for record in (told, after):
        again = client.post(f"/v1/decisions/{record['id']}/replays").json()
        assert again["equal"], again


def test_a_word_of_the_node_through_the_api_makes_its_feed_young_again(tmp_path: Path, clock: Clock) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'books.db'}")
    service = made(store, tmp_path, clock=clock)
    service.company._clock = clock
    observed(service, NOW - timedelta(hours=30))
    with TestClient(create_app(service), raise_server_exceptions=False) as client:
        told = routed(client, "old")
        assert any("last heard of" in warning for warning in told["inputs"]["warnings"])
        count_all(store)
        service.company.listen()
        fresh = routed(client, "young")
    assert not any("last heard of" in warning for warning in fresh["inputs"]["warnings"])
    store.close()


def count_all(store: Store) -> None:
    nodes = sorted(set(example()["nodes"]["node"]))
    with store.reading() as books:
        there = {balance.node: balance.on_hand for balance in books.balances([SKU])}
    count_stock(
        store,
        [StockObservation("wms", SKU, NodeId(node), there.get(NodeId(node), Units(0)), NOW, 10**18) for node in nodes],
        NOW,
    )


def test_with_everything_away_at_once_orders_are_still_routed_and_durable(
    client: TestClient, steady: Service, clock: Clock
) -> None:
    """No worker, no snapshots, prices a month old, feeds a day silent: rules, the last good company and the books."""
    observed(steady, NOW - timedelta(hours=26))
    with steady.store.transaction() as books:
        books.put_prices([Price(SKU, NodeId("TX-DC"), NOW - timedelta(days=30), "nightly", Cents(50))])
    shutil.rmtree(steady.settings.snapshots)
    told = [routed(client, f"O-{number}") for number in range(5)]
    assert {one["outcome"] for one in told} == {"executed"}
    with steady.store.reading() as books:
        kept = [books.reservations_of(OrderId(f"O-{number}")) for number in range(5)]
    assert all(len(each) == 1 for each in kept)
    assert check_books(steady.store, NOW) == []
