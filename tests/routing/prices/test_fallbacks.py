"""Prices of futures, without a forecast, from what came, and the ladder between them."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from tests.routing.prices.small import batch_of, order, random_world

from evenstock.domain import Cents, NodeId, Price, Sku
from evenstock.routing.prices.ascent import ascend
from evenstock.routing.prices.ladder import in_force
from evenstock.routing.prices.learning import learned_rate
from evenstock.routing.prices.mirror import running_prices
from evenstock.routing.prices.scenarios import scenario_prices

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_futures_scatter_around_the_prices_of_the_mean_one():
    # A hundred orders for forty cheap units: 150 is saved by one more. In every likely future forty are too few.
    batch = batch_of([order([[100], [250]], [0])])
    stock, weight = np.array([[90], [1_000]]), np.array([100.0])
    futures = scenario_prices(batch, weight, stock, 12, seed=1)

    assert futures.shape == (12, 2, 1)
    # Ninety units for a hundred orders, give or take ten: in some futures they last.
    assert futures[:, 0, 0].min() < 75 < futures[:, 0, 0].max()
    assert (futures[:, 1] == 0).all()
    assert (futures == scenario_prices(batch, weight, stock, 12, seed=1)).all()
    assert (futures != scenario_prices(batch, weight, stock, 12, seed=2)).any()


def test_rates_known_from_few_orders_make_futures_scatter_more():
    batch = batch_of([order([[100], [250]], [0])])
    stock, weight = np.array([[70], [1_000]]), np.array([100.0])
    sure = scenario_prices(batch, weight, stock, 20, seed=3)[:, 0, 0]
    unsure = scenario_prices(batch, weight, stock, 20, seed=3, seen=np.array([4.0]))[:, 0, 0]

    # Seventy units are three deviations below a hundred orders, but well within what four orders seen leave open.
    assert sure.min() > 75
    assert unsure.min() < 75


def test_a_future_is_drawn_at_least_once():
    batch = batch_of([order([[100], [250]], [0])])
    with pytest.raises(ValueError, match="at least one future"):
        scenario_prices(batch, np.ones(1), np.ones((2, 1), np.int64), 0, seed=0)


def test_prices_without_a_forecast_rise_where_more_is_taken_than_the_share_of_an_order():
    # The near node has 40 units for 100 orders: 0.4 an order. Each order takes one there until its price is 150.
    batch = batch_of([order([[100], [250]], [0])])
    price = running_prices(batch, np.zeros(2_000, np.int64), np.array([[40], [1_000]]), to_come=100, step=2.0)

    assert price[0, 0] == pytest.approx(150, abs=5)
    assert price[1, 0] == 0


def test_prices_without_a_forecast_come_near_those_of_the_ascent():
    orders, _ = random_world(5, orders=40)
    batch, stock = batch_of(orders), np.array([[8, 8], [40, 40]])
    price = running_prices(batch, np.tile(np.arange(40), 50), stock, to_come=40, step=2.0)
    none, ours, best = (
        ascend(batch, np.ones(40), stock, sweeps=sweeps, start=start).bound
        for sweeps, start in ((1, None), (1, price), (400, None))
    )

    # Most of what prices can prove, they prove; a bound at no prices is the cost of stock without end.
    assert ours - none >= 0.8 * (best - none) > 0


def test_a_share_of_nothing_is_refused():
    batch = batch_of([order([[100], [250]], [0])])
    with pytest.raises(ValueError, match="at least one order"):
        running_prices(batch, np.zeros(1, np.int64), np.ones((2, 1), np.int64), to_come=0)
    with pytest.raises(ValueError, match="does not cover"):
        running_prices(batch, np.zeros(1, np.int64), np.ones((1, 1), np.int64), to_come=1)


def test_what_came_counts_more_the_longer_it_was_seen():
    foretold, horizon = np.array([2.0, 0.0]), 100.0
    early = learned_rate(foretold, np.array([4.0, 1.0]), 1, horizon)
    late = learned_rate(foretold, np.array([360.0, 90.0]), 90, horizon)

    # 1 / (1 + 10) of 4 a day, and 90 / (90 + 10).
    assert early == pytest.approx([2 * 10 / 11 + 4 / 11, 1 / 11])
    assert late == pytest.approx([0.1 * 2 + 0.9 * 4, 0.9])
    assert learned_rate(foretold, foretold, 0, horizon).tolist() == foretold.tolist()
    with pytest.raises(ValueError, match="one shape"):
        learned_rate(foretold, np.zeros(3), 1, horizon)


def row(source: str, hours: int, node: str = "TX", cents: int = 30) -> Price:
    return Price(Sku("TEA"), NodeId(node), NOON - timedelta(hours=hours), source, Cents(cents))


@pytest.mark.parametrize(
    ("source", "hours", "rung"),
    [
        ("repricing", 3, "repricing, 3 h"),
        ("repricing", 26, "repricing, 26 h"),
        ("repricing", 27, "last good, 27 h"),
        ("nightly", 49, "nightly, 49 h"),
        ("nightly", 100, "last good, 100 h"),
        ("nightly", 24 * 7 + 1, "none: cheapest now"),
        ("mirror descent", 3, "mirror descent, 3 h"),
    ],
)
def test_a_price_stands_on_the_rung_of_its_age(source, hours, rung):
    found = in_force([row(source, hours)], NOON)

    assert found.rung == rung
    assert len(found.rows) == (0 if rung.startswith("none") else 1)


def test_running_prices_stand_in_for_what_is_too_old_or_missing_only():
    running = [row("mirror descent", 0, "TX", 11), row("mirror descent", 0, "PA", 12)]
    found = in_force([row("nightly", 24 * 30, "TX"), row("repricing", 1, "PA", 40)], NOON, running)

    assert [(p.node, p.cents) for p in found.rows] == [("PA", 40), ("TX", 11)]
    assert found.rung == "repricing, 1 h; mirror descent, 0 h"
