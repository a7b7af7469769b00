"""One morning over memory, SQLite and PostgreSQL: the same records to the byte, the same books; and no unit sold twice."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from evenstock.domain import Order, OrderId, Outcome
from evenstock.operations.check_books import check_books
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.network import Network, orders_from_frame
from evenstock.operations.open_balances import open_balances
from evenstock.operations.ports import Store
from evenstock.operations.route_order import route_many, route_order
from evenstock.routing.network import ShippingNetwork
from evenstock.simulation.world import World, make_world
from evenstock.storage.memory import MemoryStore


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(seed=6, nodes=3, skus=50, days=60, orders_per_day=40)


@pytest.fixture(scope="module")
def network(world: World) -> Network:
    return Network.from_frames(world.frames)


@pytest.fixture(scope="module")
def shipping(network: Network) -> ShippingNetwork:
    return network.shipping("sha256:test")


def lived(store: Store, world: World, network: Network, shipping: ShippingNetwork) -> tuple[list[bytes], pl.DataFrame]:
    open_balances(store, world.frames["stock"], "sha256:test", world.opens_at)
    orders = orders_from_frame(world.frames["orders"])
    routed = route_many(store, shipping, network.policy, orders, world.opens_at + timedelta(hours=8))
    assert check_books(store, world.opens_at + timedelta(hours=8)) == []
    with store.transaction() as books:
        return [r.record.canonical() for r in routed], books.balance_frame()


def test_every_store_gives_the_same_records_and_books(
    store: Store, world: World, network: Network, shipping: ShippingNetwork
) -> None:
    records, balances = lived(store, world, network, shipping)
    expected, expected_balances = lived(MemoryStore(), world, network, shipping)

    assert records == expected
    assert balances.equals(expected_balances)


def test_a_record_reads_back_as_the_bytes_that_were_decided(
    store: Store, world: World, network: Network, shipping: ShippingNetwork
) -> None:
    records, _ = lived(store, world, network, shipping)
    with store.transaction() as books:
        kept = [books.decision_of(order.id) for order in orders_from_frame(world.frames["orders"])]

    assert kept == records


def scarce(world: World) -> tuple[Order, int]:
    """An order of one unit of a plain item, and how many the network may still promise of it."""
    plain = world.frames["items"].filter(pl.col("requires") == "")["sku"].to_list()
    atp = (
        world.frames["stock"]
        .with_columns((pl.col("on_hand") - pl.col("held") - pl.col("buffer")).clip(lower_bound=0).alias("atp"))
        .filter(pl.col("sku").is_in(plain))
        .group_by("sku")
        .agg(pl.sum("atp"))
        .filter(pl.col("atp") > 4)
        .sort("atp", "sku")
    )
    sku, units = atp.row(0)
    base = orders_from_frame(world.frames["orders"])[0]
    return replace(base, lines=(replace(base.lines[0], sku=sku, units=1),), promise=None), int(units)


def test_many_at_once_sell_exactly_what_may_be_promised(
    store: Store, world: World, network: Network, shipping: ShippingNetwork
) -> None:
    open_balances(store, world.frames["stock"], "sha256:test", world.opens_at)
    order, units = scarce(world)
    now = world.opens_at + timedelta(hours=8)
    wishes = [replace(order, id=OrderId(f"race-{n:03d}")) for n in range(units + 20)]

    with ThreadPoolExecutor(8) as threads:
        records = list(
            threads.map(lambda o: route_order(store, shipping, network.policy, RouteOrder(o, now)).record, wishes)
        )

    sold = [r for r in records if r.outcome in (Outcome.EXECUTED, Outcome.AWAITS_APPROVAL)]
    assert len(sold) == units
    assert all(r.outcome is Outcome.UNSERVED and r.sentence for r in records if r not in sold)
    with store.transaction() as books:
        assert sum(b.atp for b in books.balances([order.lines[0].sku])) == 0
    assert check_books(store, now) == []


def test_the_same_order_at_once_from_many_is_decided_once(
    store: Store, world: World, network: Network, shipping: ShippingNetwork
) -> None:
    open_balances(store, world.frames["stock"], "sha256:test", world.opens_at)
    order, _ = scarce(world)
    now = world.opens_at + timedelta(hours=8)

    with ThreadPoolExecutor(8) as threads:
        routed = list(
            threads.map(lambda _: route_order(store, shipping, network.policy, RouteOrder(order, now)), range(16))
        )

    assert len({r.record.canonical() for r in routed}) == 1
    assert sum(not r.repeated for r in routed) == 1
    with store.transaction() as books:
        assert len(books.reservations_of(order.id)) == 1
