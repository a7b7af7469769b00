"""Repricing: contested items get prices from the orders expected, the others none, and every row can be explained."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from evenstock.domain import CapacityPrice, Cents, Price
from evenstock.forecasting import Forecast
from evenstock.operations.company import Company
from evenstock.operations.expected_orders import LOOK_BACK_DAYS, expected_orders, routable
from evenstock.operations.import_network import import_network
from evenstock.operations.knowledge import SCENARIOS, knowledge_in_force
from evenstock.operations.reprice import reprice
from evenstock.routing.batch import Batch, decide_many
from evenstock.routing.choose import choose
from evenstock.simulation.world import World, make_world
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

NOW = datetime(2026, 9, 16, 6, tzinfo=UTC)
"""After the one day of orders that the small brand has seen."""


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(seed=2, nodes=3, skus=40, days=40, orders_per_day=60)


def opened(folder, frames: dict[str, pl.DataFrame], at: datetime) -> tuple[MemoryStore, SnapshotFolder, Company]:
    store, snapshots = MemoryStore(), SnapshotFolder(folder / "snapshots")
    import_network(store, snapshots, frames, at)
    return store, snapshots, Company.load(store, snapshots)


@pytest.fixture
def brand(world, tmp_path) -> tuple[MemoryStore, SnapshotFolder, Company]:
    return opened(tmp_path, world.frames, world.opens_at)


def stocked(world: World, more: int) -> dict[str, pl.DataFrame]:
    """The brand with so many units more of everything everywhere."""
    return world.frames | {"stock": world.frames["stock"].with_columns(pl.col("on_hand") + more)}


def test_one_day_of_orders_stands_for_each_of_the_seven_to_come(brand):
    _, _, company = brand
    found = expected_orders(company, company.shipping, NOW, days=7)
    once = company.table("orders").filter(pl.col("placed_at") < NOW)["order"].n_unique()
    first = [order for order in found.orders if order.id == found.orders[0].id]

    assert found.weight.tolist() == [1.0] * 7 * once
    assert all(NOW <= order.placed_at < NOW + timedelta(days=7) for order in found.orders)
    assert len({order.placed_at.date() for order in first}) == 7
    assert any("not of 28" in note for note in found.notes)


def test_orders_to_come_keep_their_hour_and_their_promise(brand):
    _, _, company = brand
    past = company.table("orders").group_by("order").first()
    found = expected_orders(company, company.shipping, NOW, days=7).orders
    for row in past.iter_rows(named=True):
        for order in (one for one in found if one.id == row["order"]):
            assert (order.placed_at - row["placed_at"]) % timedelta(days=1) == timedelta(0)
            if row["deliver_by"] is not None:
                waited = row["deliver_by"] - row["placed_at"].date()
                assert order.promise.deliver_by - order.placed_at.date() == waited


def test_a_sample_stands_for_all_and_is_the_same_again(brand):
    _, _, company = brand
    some, again = (expected_orders(company, company.shipping, NOW, days=7, most=70, seed=4) for _ in range(2))
    whole = expected_orders(company, company.shipping, NOW, days=7)

    assert len(some.orders) == 70
    assert some.weight.sum() == pytest.approx(whole.weight.sum())
    assert [o.id for o in some.orders] == [o.id for o in again.orders]


def test_orders_count_as_often_as_the_forecast_says(brand):
    _, _, company = brand
    plain = expected_orders(company, company.shipping, NOW, days=7)
    skus, nodes = sorted(company.network.items), sorted(company.network.nodes)
    keys = pl.DataFrame([(sku, node) for sku in skus for node in nodes], schema=["sku", "node"], orient="row")
    wanted = np.zeros(len(skus))
    for order, weight in zip(plain.orders, plain.weight, strict=True):
        for line in order.lines:
            wanted[skus.index(line.sku)] += weight * line.units

    def forecast(times: float) -> Forecast:
        # The same at every node: three nodes share what came.
        mu = np.repeat(times * wanted / 21, 3)[:, None] * np.ones(7)
        nothing = np.full(len(keys), 0.1)
        return Forecast(keys, NOW.date(), mu, nothing, np.zeros(len(keys)), "test", NOW.date() - timedelta(days=1))

    same, twice = (
        expected_orders(company, company.shipping, NOW, days=7, forecast=forecast(times)) for times in (1.0, 2.0)
    )

    assert twice.weight.sum() / same.weight.sum() == pytest.approx(2.0, rel=0.1)
    assert (same.weight > 0).all()


def test_expected_orders_are_decided_as_production_decides(brand):
    _, _, company = brand
    found = expected_orders(company, company.shipping, NOW, days=7)
    ways = routable(found.orders, company.shipping, company.network.policy)
    chosen = decide_many(Batch.pack(ways.priced, [p.item for p in ways.priced]))

    assert chosen.served.all()
    assert len(ways.priced) == len(found.orders)


def test_short_items_get_prices_where_they_are_short(brand):
    store, snapshots, company = brand
    done = reprice(store, snapshots, company, now=NOW, scenarios=3, seed=1)
    with store.reading() as books:
        rows = books.prices(list(company.network.items), NOW)
        kept = books.pointer(SCENARIOS)
        events = [event for event in books.outbox(100) if event.kind == "PricesComputed"]
    ours = {row.sku for row in rows if row.source == "repricing"}

    assert ours == set(done.contested)
    assert 0 < len(done.contested) < done.items
    assert done.prices == len(done.contested) * len(company.network.nodes)
    assert max(row.cents for row in rows) > 0
    assert min(row.cents for row in rows) >= 0
    assert 0 < done.free_cents <= done.bound_cents
    assert kept == done.scenarios
    frame = snapshots.read(kept)["scenarios"]
    assert frame["scenario"].n_unique() == 3
    assert set(frame["sku"]) == ours
    assert [event.body["contested"] for event in events] == [len(done.contested)]
    with store.reading() as books:
        futures = knowledge_in_force(books, snapshots, company.shipping, NOW).scenarios
    assert futures.cents.shape == (3, 3, len(ours))
    assert futures.digest == kept
    one = frame.row(-1, named=True)
    node = sorted(company.network.nodes).index(one["node"])
    assert futures.cents[one["scenario"], node, futures.column[one["sku"]]] == one["cents"]


def test_the_same_books_give_the_same_prices(world, tmp_path):
    told = []
    for name in ("a", "b"):
        store, snapshots, company = opened(tmp_path / name, world.frames, world.opens_at)
        done = reprice(store, snapshots, company, now=NOW, scenarios=2, seed=3)
        with store.reading() as books:
            told.append((done, books.prices(list(company.network.items), NOW)))

    assert told[0] == told[1]


def test_plenty_of_stock_contests_nothing(world, tmp_path):
    wide = world.frames["nodes"].with_columns(
        orders_per_day=pl.lit(None, world.frames["nodes"]["orders_per_day"].dtype)
    )
    store, snapshots, company = opened(tmp_path, stocked(world, 10_000) | {"nodes": wide}, world.opens_at)
    done = reprice(store, snapshots, company, now=NOW)

    assert (done.contested, done.prices, done.scenarios) == ((), 0, "")
    assert done.bound_cents == pytest.approx(done.free_cents, abs=1)


def test_an_item_contested_no_longer_gets_the_nightly_price_again_or_none(brand, world, tmp_path):
    store, snapshots, company = brand
    sku = min(company.network.items)
    node = min(company.network.nodes)
    before = reprice(store, snapshots, company, now=NOW)
    rich_store, rich_snapshots, rich = opened(tmp_path / "rich", stocked(world, 10_000), world.opens_at)
    yesterday = NOW - timedelta(days=1)
    with rich_store.transaction() as books:
        books.put_prices([Price(sku, node, yesterday, "repricing", Cents(77))])
    after = reprice(rich_store, rich_snapshots, rich, now=NOW)
    with rich_store.reading() as books:
        rows = books.prices([sku], NOW)

    assert before.freed == 0
    assert after.freed == 1
    # No plan was ever made: no nightly price to come back to.
    assert [(row.node, row.cents, row.valid_from) for row in rows] == [(node, 0, NOW)]


def test_a_full_day_at_a_node_has_a_price_and_the_others_none(world, tmp_path):
    nodes = world.frames["nodes"]
    tight = nodes.with_columns(
        orders_per_day=pl.when(pl.col("node") == "TX-DC")
        .then(10)
        .otherwise(100_000)
        .cast(nodes["orders_per_day"].dtype)
    )
    store, snapshots, company = opened(tmp_path, stocked(world, 10_000) | {"nodes": tight}, world.opens_at)
    done = reprice(store, snapshots, company, now=NOW, sweeps=100)
    days = [date(2026, 9, 16) + timedelta(days=d) for d in range(14)]
    with store.reading() as books:
        prices = books.capacity_prices(days, NOW)

    assert done.capacity_prices == len(prices) > 0
    assert {price.name for price in prices} == {"TX-DC"}
    assert min(price.cents for price in prices) > 0


def test_a_full_day_of_a_service_has_a_price_by_its_own_name(world, tmp_path):
    nodes, cards = world.frames["nodes"], world.frames["rate_cards"]
    wide = nodes.with_columns(orders_per_day=pl.lit(None, nodes["orders_per_day"].dtype))
    wanted = _first_choice(world, tmp_path / "free", {"nodes": wide})
    tight = cards.with_columns(
        shipments_per_day=pl.when(pl.col("service") == wanted).then(pl.lit(3)).otherwise(None).cast(pl.Int64)
    )
    frames = stocked(world, 10_000) | {"nodes": wide, "rate_cards": tight}
    store, snapshots, company = opened(tmp_path / "tight", frames, world.opens_at)
    done = reprice(store, snapshots, company, now=NOW, sweeps=100)
    with store.reading() as books:
        prices = books.capacity_prices([NOW.date() + timedelta(days=d) for d in range(14)], NOW)

    assert done.capacity_prices == len(prices) > 0
    assert {(price.scope, price.name) for price in prices} == {("service", wanted)}
    assert min(price.cents for price in prices) > 0


def _first_choice(world: World, folder, changed: dict[str, pl.DataFrame]) -> str:
    """The service that most expected orders take where nothing is short."""
    _, _, company = opened(folder, stocked(world, 10_000) | changed, world.opens_at)
    ways = routable(
        expected_orders(company, company.shipping, NOW, days=7).orders, company.shipping, company.network.policy
    )
    chosen = [choose(priced, 0).candidate[0, 0] for priced in ways.priced]
    services = [of[int(way)][1] for of, way in zip(ways.ship_on, chosen, strict=True)]
    return max(sorted(set(services)), key=services.count)


def test_a_day_that_is_full_no_longer_has_its_price_taken_back(world, tmp_path):
    nodes = world.frames["nodes"]
    wide = nodes.with_columns(orders_per_day=pl.lit(100_000, nodes["orders_per_day"].dtype))
    store, snapshots, company = opened(tmp_path, stocked(world, 10_000) | {"nodes": wide}, world.opens_at)
    day = date(2026, 9, 18)
    with store.transaction() as books:
        books.put_capacity_prices(
            [CapacityPrice("node", "TX-DC", day, NOW - timedelta(hours=9), "repricing", Cents(120))]
        )
    reprice(store, snapshots, company, now=NOW)
    with store.reading() as books:
        assert [(p.name, p.cents) for p in books.capacity_prices([day], NOW)] == [("TX-DC", 0)]


def test_prices_without_a_forecast_stand_on_a_rung_of_their_own(brand):
    store, snapshots, company = brand
    done = reprice(store, snapshots, company, now=NOW, forecast_free=True)
    with store.reading() as books:
        rows = books.prices(list(done.contested), NOW)

    assert rows
    assert {row.source for row in rows} == {"mirror descent"}
    assert any("no forecast" in note for note in done.notes)


def test_without_past_orders_it_says_what_to_import(brand, world):
    store, snapshots, company = brand
    with pytest.raises(ValueError, match="import a table named order_history"):
        reprice(store, snapshots, company, now=world.opens_at - timedelta(days=LOOK_BACK_DAYS))
