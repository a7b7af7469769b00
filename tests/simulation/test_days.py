"""What is simulated is what runs: the same customers for every arm, books that balance, the same story for the same seed."""

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from evenstock.domain import DecisionRecord, NodeId, Order, OrderId, OrderLine, ShipTo, Sku
from evenstock.forecasting import fit, prepare
from evenstock.operations.check_books import check_books
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.network import Network, orders_from_frame
from evenstock.operations.open_balances import open_balances
from evenstock.operations.route_order import route_order
from evenstock.routing.knowledge import ExpectedSales, Feed, Knowledge
from evenstock.simulation.days import OPPORTUNITY, Arm, Lived, Setting, live, without_prices
from evenstock.simulation.habit import nearest
from evenstock.simulation.world import World, future_orders, make_world
from evenstock.storage.memory import MemoryStore

DAYS = 4


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(seed=5, nodes=4, skus=60, days=120, orders_per_day=40)


@pytest.fixture(scope="module")
def setting(world: World) -> Setting:
    network = Network.from_frames(world.frames)
    shipping = network.shipping("test")
    forecast = fit(prepare(world.frames["demand"], world.as_of, items=world.frames["items"]))
    days = {world.as_of + timedelta(days=k): future_orders(world, world.as_of + timedelta(days=k)) for k in range(DAYS)}
    return Setting(network, shipping, world.frames, forecast, world.opens_at, days.__getitem__, seed=5)


ARMS = [
    Arm("ours", method="evenstock"),
    Arm("habit", nearest, "twenty_percent"),
    Arm("equalise", without_prices, "equalise"),
    Arm("nothing", nearest),
]


@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.name)
def test_the_books_balance_after_days_of_orders_and_transfers(setting: Setting, arm: Arm) -> None:
    store = MemoryStore()
    lived = live(setting, arm, DAYS, store)

    assert check_books(store, setting.opens_at + timedelta(days=DAYS)) == []
    with store.transaction() as books:
        assert books.recompute_balances().equals(books.balance_frame())
    assert sum(day.orders for day in lived.days) == sum(
        setting.customers(day.day)["order"].n_unique() for day in lived.days
    )


def test_a_day_costs_what_its_parts_cost_and_nobody_pays_a_price(setting: Setting) -> None:
    lived = live(setting, ARMS[0], DAYS, MemoryStore())

    for day in lived.days:
        paid = sum(cents for name, cents in day.terms.items() if name not in OPPORTUNITY)
        assert day.total_cents == paid + day.lost_cents + day.transfer_cents
    assert lived.cumulative_cents()[-1] == lived.total_cents
    assert not OPPORTUNITY & set(lived.term_cents())


def test_the_same_arm_lives_the_same_days_twice(setting: Setting) -> None:
    def again() -> Lived:
        return live(setting, ARMS[0], 2, MemoryStore())

    assert again() == again()


def test_lived_days_hold_nothing_back_for_feeds_that_do_not_speak_in_them(setting: Setting) -> None:
    """In the morning every feed is a week old, and a hundred a day may have been sold of everything since."""
    stock = setting.tables["stock"]
    row: dict[NodeId, dict[Sku, int]] = {}
    for at, (sku, node) in enumerate(stock.select("sku", "node").iter_rows()):
        row.setdefault(NodeId(node), {})[Sku(sku)] = at
    none = np.zeros(stock.height, np.int64)
    sales = ExpectedSales(setting.opens_at, 0.9, row, none + 100.0, none + 0.0, none, none)
    feeds = {node: Feed(setting.opens_at - timedelta(days=7), timedelta(hours=1)) for node in row}
    shipping = copy(setting.shipping)
    shipping.known = Knowledge(feeds=feeds, sales=sales)
    silent = replace(setting, shipping=shipping)
    order = orders_from_frame(setting.customers(setting.opens_at.date()))[0]

    assert live(silent, ARMS[0], 1, MemoryStore()) == live(setting, ARMS[0], 1, MemoryStore())
    # A real order still sees what the network knows: nothing is left to promise.
    assert decided(setting, order, None).choice is not None
    assert decided(silent, order, None).choice is None


def decided(setting: Setting, order: Order, decide: Callable[..., object] | None) -> DecisionRecord:
    store = MemoryStore()
    open_balances(store, setting.tables["stock"], "sha256:test", setting.opens_at)
    command = RouteOrder(order, setting.opens_at)
    return route_order(store, setting.shipping, setting.network.policy, command, decide=decide).record  # type: ignore[arg-type]


def test_the_habit_never_ships_for_less_than_the_exact_choice(setting: Setting) -> None:
    orders = orders_from_frame(setting.customers(setting.opens_at.date()))[:25]
    for order in orders:
        ours, theirs = decided(setting, order, None), decided(setting, order, nearest)
        if ours.choice and theirs.choice and not ours.relaxed and not theirs.relaxed:  # type: ignore[attr-defined]
            assert ours.choice.cents <= theirs.choice.cents  # type: ignore[attr-defined]


def test_the_habit_takes_the_nearest_node_that_has_it_all(setting: Setting) -> None:
    """A Texas customer who wants one unit of what Texas has is served from Texas."""
    stock = setting.tables["stock"]
    plain = setting.tables["items"].filter(pl.col("requires") == "")["sku"]
    there = stock.filter(
        (pl.col("node") == "TX-DC")
        & (pl.col("on_hand") - pl.col("held") - pl.col("buffer") > 5)
        & pl.col("sku").is_in(plain.to_list())
    )
    sku = there["sku"][0]
    order = Order(OrderId("T-1"), (OrderLine("1", sku, 1),), ShipTo("75201"), setting.opens_at)  # type: ignore[arg-type]

    record = decided(setting, order, nearest)

    assert record.choice.nodes == ("TX-DC",)  # type: ignore[attr-defined]


def test_tomorrow_has_other_customers_than_today(world: World) -> None:
    today, tomorrow = future_orders(world, world.as_of), future_orders(world, world.as_of + timedelta(days=1))

    assert not set(today["order"]) & set(tomorrow["order"])
    assert isinstance(world.as_of, date)
