"""No stock-out until the next refill, as often as was asked, or said where not."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances, oracle

from evenstock.rebalancing import Moves, solve
from evenstock.rebalancing.bands import Bands
from evenstock.rebalancing.cover import position
from evenstock.rebalancing.options.cycle_service import achieved, cycle_service, penalty_cents


def ten_paths(**given):
    """Node 1 sells 1 to 10 units on the first two days, on ten paths; node 0 sells nothing."""
    demand = np.zeros((1, 2, 10, 3), np.int32)
    demand[0, 1, :, 1] = np.arange(1, 11)
    return instances.problem(demand, [[9, 2]], **given)


ALPHA, TWO = np.array([[0.0, 0.9]]), np.array([[2, 2]])


def test_the_low_end_is_the_quantile_of_demand_until_the_refill():
    # 9 of ten paths want 9 units or fewer by the end of day 1.
    service = cycle_service(ten_paths(), ALPHA, TWO)
    assert service.need_units.tolist() == service.bands.low_units.tolist() == [[0, 9]]
    assert service.out_of_reach == ()
    assert cycle_service(ten_paths(), ALPHA, np.array([[1, 1]])).need_units.tolist() == [[0, 0]]


def test_a_plan_that_reaches_the_low_end_serves_the_share_asked():
    problem = ten_paths()
    lane = int(np.flatnonzero(problem.lanes.origin == 0)[0])
    assert achieved(problem, Moves.none(), TWO).tolist() == [[1.0, 0.2]]
    assert achieved(problem, Moves.gather([0], [lane], [7]), TWO).tolist() == [[1.0, 0.9]]
    assert achieved(problem, Moves.gather([0], [lane], [6]), TWO).tolist() == [[1.0, 0.8]]


def test_tonights_plan_reaches_the_low_end_whatever_the_lane_costs():
    # 50.00 a unit and 90.00 a departure, for missed units of 10.00.
    problem = ten_paths(lanes=instances.lanes([(0, 1)], unit=5000, fixed=9000))
    plan = solve(replace(problem, bands=cycle_service(problem, ALPHA, TWO).bands))
    assert plan.moves.units.tolist() == [7]
    assert achieved(problem, plan.moves, TWO)[0, 1] == 0.9


def test_goods_under_way_count_when_they_come_in_time():
    # 4 units come on day 1, in time; or on day 2, too late, so that the position has to be higher by 4.
    early, late = (ten_paths(inbound=[[[0, 0, 0], [0, 4 * (day == 1), 4 * (day == 2)]]]) for day in (1, 2))
    assert cycle_service(early, ALPHA, TWO).need_units.tolist() == [[0, 5]]
    assert cycle_service(early, ALPHA, TWO).bands.low_units.tolist() == [[0, 9]]
    assert cycle_service(late, ALPHA, TWO).need_units.tolist() == [[0, 9]]
    assert cycle_service(late, ALPHA, TWO).bands.low_units.tolist() == [[0, 13]]


def test_what_cannot_be_reached_is_named_with_what_is_missing():
    # Needs 9, has 2, and node 0 may give 4 of its 9.
    found = cycle_service(ten_paths(source_floor=[[5, 0]]), ALPHA, TWO).out_of_reach
    assert [(row.sku, row.node, row.missing_units) for row in found] == [("S0", "N1", 3)]
    shut = cycle_service(ten_paths(lanes=instances.lanes([(1, 0)])), ALPHA, TWO).out_of_reach
    assert [row.missing_units for row in shut] == [7]


def test_an_acceptance_limit_stands_above_service():
    bands = replace(Bands.none(1, 2), most_units=np.array([[99, 6]]))
    service = cycle_service(ten_paths(bands=bands), ALPHA, TWO)
    assert service.bands.low_units.tolist() == [[0, 6]]
    assert [(row.missing_units, row.because) for row in service.out_of_reach] == [
        (3, "3 units more than it accepts are needed")
    ]


def test_a_missing_unit_is_dearer_than_anything_it_takes_to_send_a_case():
    problem = ten_paths(
        lanes=instances.lanes([(0, 1)], fixed=5000, pallet=2000, unit=10), case_units=[6], pallet_units=[60]
    )
    # A case of six that all would have sold at 10.00, six units of freight and pallet share, a departure and a pallet.
    assert penalty_cents(problem)[0] > 6 * 1000 + 6 * 10 + 6 * 2000 / 60 + 5000 + 2000


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="demand is foreseen for 3 only"):
        cycle_service(ten_paths(), ALPHA, np.array([[4, 4]]))
    with pytest.raises(ValueError, match="probabilities of shape"):
        cycle_service(ten_paths(), np.array([[0.9]]), TWO)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_units_missing_are_the_fewest_that_any_lawful_plan_leaves_missing(seed):
    rng = np.random.default_rng(seed)
    pairs = [pair for pair in instances.everywhere(3) if rng.random() < 0.7] or [(0, 1)]
    problem = instances.random_problem(
        seed, most=5, case=int(rng.integers(1, 3)), lanes=instances.lanes(pairs), mean=0.8
    )
    service = cycle_service(problem, np.full((1, 3), 0.75), np.full((1, 3), 3))
    low, case = service.bands.low_units[0], int(problem.case_units[0])
    fewest = min(
        sum(-(-max(short, 0) // case) for short in (low - _stands(problem, table)).tolist())
        for table in itertools.islice(oracle.every_plan(problem), 20_000)
    )
    assert sum(row.missing_units for row in service.out_of_reach) == case * fewest


def _stands(problem, table):
    units = position(problem)[0].copy()
    np.subtract.at(units, problem.lanes.origin, table[0])
    np.add.at(units, problem.lanes.destination, table[0])
    return units
