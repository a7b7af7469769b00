"""Prices by dual ascent: a true bound, near the optimum, and prices that say what a unit is worth."""

import numpy as np
import pytest
from tests.routing.orders import random_book, random_case
from tests.routing.prices.small import LOST, PARCEL, batch_of, best_routing, order, random_world

from evenstock.routing.batch import MOST_LINES, Batch, decide_many
from evenstock.routing.prices.ascent import Capacity, ascend


def ones(batch: Batch) -> np.ndarray:
    return np.ones(len(batch))


def lost(batch: Batch) -> np.ndarray:
    return np.full(batch.item.size, float(LOST))


@pytest.mark.parametrize("seed", range(12))
def test_the_bound_is_never_above_the_best_routing_that_knew_every_order(seed):
    orders, stock = random_world(seed)
    batch = batch_of(orders)
    best = best_routing(orders, stock)

    for sweeps in (1, 5, 60):
        assert ascend(batch, ones(batch), stock, lost=lost(batch), sweeps=sweeps).bound <= best + 1e-6
    # Few orders of whole units leave a gap of duality that prices cannot close; it stays small.
    assert ascend(batch, ones(batch), stock, lost=lost(batch), sweeps=200).bound >= 0.93 * best


@pytest.mark.parametrize("seed", range(6))
def test_ceilings_on_shipments_are_priced_and_the_bound_holds(seed):
    orders, stock = random_world(100 + seed, orders=7)
    stock = stock + 3
    batch = batch_of(orders, by_way=True)
    places = [2, 4]
    capacity = Capacity(batch.node[None], np.array(places, np.float64))
    found = ascend(batch, ones(batch), stock, lost=lost(batch), sweeps=200, capacity=capacity)
    best = best_routing(orders, stock, places)

    assert found.bound <= best + 1e-6
    assert found.bound >= 0.9 * best
    free = ascend(batch, ones(batch), stock, lost=lost(batch), sweeps=200).bound
    assert found.bound >= free - 1e-6


def test_a_scarce_unit_is_worth_what_the_next_node_costs_more():
    # A hundred orders for one item; the near node costs 100, the far one 250 a unit. The near one has 40 units: one
    # more there saves 150. The far one has plenty: one more is worth nothing.
    orders = [order([[100], [250]], [0])] * 100
    batch = batch_of(orders)
    stock = np.array([[40], [1_000]])
    found = ascend(batch, ones(batch), stock, lost=lost(batch), sweeps=200)

    assert found.price[0, 0] == pytest.approx(150, abs=10)
    assert found.price[1, 0] == 0
    # 40 at 100 and 60 at 250, each with its parcel.
    assert found.bound == pytest.approx(40 * 100 + 60 * 250 + 100 * PARCEL, rel=0.002)


def test_one_order_of_weight_a_hundred_is_a_hundred_orders():
    many, one = batch_of([order([[100], [250]], [0])] * 100), batch_of([order([[100], [250]], [0])])
    stock = np.array([[40], [1_000]])
    a = ascend(many, ones(many), stock)
    b = ascend(one, np.array([100.0]), stock)

    assert a.bound == pytest.approx(b.bound)
    assert a.price == pytest.approx(b.price)


def test_a_place_in_the_day_is_worth_what_the_other_node_costs_more():
    # Stock everywhere, but the near node ships only 30 of 100 orders: a place there saves 150.
    orders = [order([[100], [250]], [0])] * 100
    batch = batch_of(orders, by_way=True)
    capacity = Capacity(np.where(batch.node == 0, 0, -1)[None], np.array([30.0]))
    found = ascend(batch, ones(batch), np.array([[1_000], [1_000]]), sweeps=200, capacity=capacity)

    assert found.ceiling_price[0] == pytest.approx(150, abs=15)
    # 30 at 100 and 70 at 250, each with its parcel.
    assert found.bound == pytest.approx(30 * 100 + 70 * 250 + 100 * PARCEL, rel=0.001)
    assert found.price.max() == 0
    assert found.way_price[:2].tolist() == [found.ceiling_price[0], 0]


def test_items_that_are_not_contested_have_no_price_and_their_orders_are_asked_once():
    orders = [order([[100, 100], [250, 250]], [0, 1])] * 60 + [order([[100], [250]], [1])] * 60
    batch = batch_of(orders)
    stock = np.array([[20, 200], [200, 200]])
    found = ascend(batch, ones(batch), stock, sweeps=100, contested=np.array([True, False]))
    whole = ascend(batch, ones(batch), stock, sweeps=100)

    assert found.price[0, 0] > 100
    assert (found.price[:, 1] == 0).all()
    assert found.bound == pytest.approx(whole.bound, rel=0.005)


def test_prices_that_were_good_yesterday_need_few_sweeps_today():
    orders, stock = random_world(3, orders=60)
    batch = batch_of(orders)
    best = ascend(batch, ones(batch), stock, lost=lost(batch), sweeps=800)
    cold = ascend(batch, ones(batch), stock, lost=lost(batch), sweeps=8)
    warm = ascend(batch, ones(batch), stock, lost=lost(batch), sweeps=8, start=best.price)

    assert warm.bound > cold.bound
    assert warm.bound >= 0.995 * best.bound


def test_money_may_have_any_unit():
    orders, stock = random_world(4)
    cents, fine = batch_of(orders), batch_of(orders)
    for table in (7, 9):
        fine.arrays[table][fine.arrays[table] < 1 << 58] *= 1_000
    a = ascend(cents, ones(cents), stock, lost=lost(cents))
    b = ascend(fine, ones(fine), stock, lost=1_000 * lost(fine))

    assert b.bound == pytest.approx(1_000 * a.bound)
    assert b.price == pytest.approx(1_000 * a.price)


def test_an_order_that_nothing_covers_is_said_and_not_counted():
    batch = batch_of([order([[100], [250]], [0]), order([[100], [250]], [1])])
    found = ascend(batch, ones(batch), np.array([[0, 1], [0, 1]]), sweeps=20)

    assert found.unserved == 1
    assert found.bound == pytest.approx(100 + PARCEL)


def test_orders_too_large_for_a_table_keep_the_bound_true():
    rng = np.random.default_rng(8)
    book = random_book(rng)
    large = [random_case(rng, book, 4, MOST_LINES + 1, scarce=0.0, same_item=0.0).priced for _ in range(3)]
    small = [random_case(rng, book, 4, 3, scarce=0.0, same_item=0.0).priced for _ in range(5)]
    batch = batch_of(large + small)
    stock = np.full((4, batch.items), 40)
    found = ascend(batch, ones(batch), stock, sweeps=25)
    alone = decide_many(batch, stock=stock)

    assert batch.slow.tolist() == [0, 1, 2]
    assert 0 < found.bound <= alone.cost[alone.served].sum()


def test_nonsense_is_refused_in_words():
    batch = batch_of([order([[100], [250]], [0])])
    stock = np.array([[1], [1]])

    with pytest.raises(ValueError, match="as many weights"):
        ascend(batch, np.ones(2), stock)
    with pytest.raises(ValueError, match="does not cover 2 nodes"):
        ascend(batch, ones(batch), stock[:1])
    with pytest.raises(ValueError, match="at least one sweep"):
        ascend(batch, ones(batch), stock, sweeps=0)
    with pytest.raises(ValueError, match="pack it by_way"):
        ascend(batch, ones(batch), stock, capacity=Capacity(batch.node[None], np.ones(2)))
