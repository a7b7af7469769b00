"""Policies that look ahead keep for tomorrow's order what it needs more than today's."""

import itertools

import numpy as np
import pytest
from tests.simulation.fulfilment.shop import came, shop, small

from evenstock.simulation.fulfilment.flow import FlowProgram, flow_duals
from evenstock.simulation.fulfilment.kinds import Kinds
from evenstock.simulation.fulfilment.look_ahead import LookAhead
from evenstock.simulation.fulfilment.mirror import mirror_descent
from evenstock.simulation.fulfilment.policies import ours
from evenstock.simulation.fulfilment.stock_out import demand_by_centre, stock_out_penalty
from evenstock.simulation.fulfilment.world import cheapest_now
from evenstock.simulation.multi_item import Instance

PEN, BOTH = (1, 0), (2, 0)
KEPT = (10 + 2) + (10 + 1 + 1)
SPENT = (10 + 1) + (20 + 2 + 1)


def pens_and_pads(pens: int = 1, periods: int = 2) -> Instance:
    """A, at a dollar, has pens and all the pads; B, at two dollars, has one pen. Half want a pen, half a pen and a pad."""
    return shop([(0,), (0, 1)], [[pens, 2], [1, 0]], [[1.0], [2.0]], [[0.4], [0.6]], periods)


def test_cheapest_now_spends_the_pen_that_the_next_order_needed() -> None:
    kinds = Kinds.of(pens_and_pads())

    assert cheapest_now(kinds, kinds.arrivals(came(PEN, BOTH))).dollars == SPENT


@pytest.mark.parametrize("futures", [0, 8])
def test_ours_and_the_flow_program_keep_it(futures: int) -> None:
    kinds = Kinds.of(pens_and_pads())
    arrivals = kinds.arrivals(came(PEN, BOTH))

    assert LookAhead(repricings=2, futures=futures).run(kinds, arrivals).dollars == KEPT
    assert flow_duals(kinds, arrivals, solved=2).dollars == KEPT


def test_the_flow_programs_price_is_what_one_unit_more_saves() -> None:
    """Of 0.8 pens and 1.2 pairs expected, 0.2 pairs find no pen at A: with one, they need no parcel from B."""
    kinds = Kinds.of(pens_and_pads())

    price = FlowProgram(kinds).prices(kinds.rate() * 2, kinds.instance.stock)

    assert price[0, 0] == pytest.approx((23 - 12) * 100_000)
    assert price[1, 0] == pytest.approx(0, abs=1)
    assert price[0, 1] == pytest.approx(0, abs=1)


def test_the_stock_out_penalty_grows_as_the_days_of_cover_fall() -> None:
    """A would sell 1.0 pens a period: with one pen for two periods half of it is short, 0.5 × 2 × $10 dearer than B's."""
    kinds = Kinds.of(pens_and_pads())
    arrivals = kinds.arrivals(came(PEN, BOTH))

    assert demand_by_centre(kinds.instance).tolist() == [[1.0, 0.6], [0.0, 0.0]]
    assert stock_out_penalty(kinds, arrivals, weight=2.0).dollars == KEPT
    assert stock_out_penalty(kinds, arrivals, weight=0.25).dollars == KEPT  # $1.25 is more than B's dollar
    assert stock_out_penalty(kinds, arrivals, weight=0.15).dollars == SPENT  # $0.75 is not


def test_mirror_descent_learns_from_each_order_what_stock_is_worth() -> None:
    """Two pens at A for three periods, step $6: after one is taken it costs 6 · (1 - 2/3) = $2 more, and B's is cheaper."""
    kinds = Kinds.of(pens_and_pads(pens=2, periods=3))
    arrivals = kinds.arrivals(came(PEN, PEN, BOTH))

    assert mirror_descent(kinds, arrivals, step=6.0).dollars == 11 + KEPT
    assert mirror_descent(kinds, arrivals, step=0.0).dollars == 11 + SPENT


def test_the_production_search_decides_as_trying_every_assignment_does() -> None:
    kinds, arrivals = small(seed=8, periods=40)
    stock = kinds.instance.stock.copy()
    least = 0
    for kind in arrivals[arrivals >= 0].tolist():
        goods = kinds.batch.item[kinds.batch.first_line[kind] : kinds.batch.first_line[kind + 1]]
        there = [i for i in goods.tolist() if stock[:, i].any()]
        least += kinds.lost * (len(goods) - len(there))
        plans = itertools.product(*(np.flatnonzero(stock[:, i]).tolist() for i in there))
        costs = {p: kinds.parcel * len(set(p)) + sum(int(kinds.unit[k, kinds.city[kind]]) for k in p) for p in plans}
        cost = min(costs.values())
        least += cost
        chosen = next(p for p in sorted(costs) if costs[p] == cost)
        for centre, item in zip(chosen, there, strict=True):
            stock[centre, item] -= 1

    assert cheapest_now(kinds, arrivals).millicents == least


def test_learning_moves_a_wrong_forecast_to_what_comes() -> None:
    """A prior as sure as 2 orders, one expected in 10 periods: after 20 periods and 8 orders (2 + 8) / (20 + 20)."""
    learns = LookAhead(learning=2.0)

    assert learns.believed(np.array([0.1]), np.array([8.0]), 20).tolist() == [0.25]
    assert LookAhead().believed(np.array([0.1]), np.array([8.0]), 20).tolist() == [0.1]


def test_with_the_same_seed_ours_decides_the_same_and_with_a_wrong_forecast_otherwise() -> None:
    kinds, arrivals = small(seed=4, periods=200)

    once = ours(kinds, arrivals, seed=1)

    assert once == ours(kinds, arrivals, seed=1)
    assert once.lost_units == ours(kinds, arrivals, sigma=0.6, learning=True, seed=1).lost_units
    assert once.millicents < cheapest_now(kinds, arrivals).millicents
