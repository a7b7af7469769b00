"""Items are passed over only where no plan could bring anything."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances, oracle

from evenstock.rebalancing import Moves, settle
from evenstock.rebalancing.bands import Bands
from evenstock.rebalancing.worth_doing.part import part, part_of_moves, whole_of_moves
from evenstock.rebalancing.worth_doing.ranking import by_risk_per_cost
from evenstock.rebalancing.worth_doing.screen import Why, screen


def pair(on_hand, wanted, **given):
    """Node 0 sells nothing; node 1 sells `wanted` by day on the only path; a missed unit costs 10.00, a unit moved 2.00."""
    demand = np.array([[[np.zeros_like(wanted)], [wanted]]])
    return instances.problem(demand, [on_hand], **({"lanes": instances.lanes([(0, 1)], unit=200)} | given))


def test_doing_nothing_costs_what_is_missed_and_moving_brings_that_less_the_cheapest_lane():
    # Node 1 has 1 and sells 1 a day: short of 1 on each of days 1, 2, 3. Moved units arrive on day 1: 3 × (10.00 − 2.00).
    found = screen(pair([5, 1], [1, 1, 1, 1]))
    assert found.nothing_cents.tolist() == [[0.0, 3000.0]]
    assert found.first_day.tolist() == [[4, 1]]
    assert found.most_cents.tolist() == [2400.0]
    assert (found.avoided_cents.tolist(), found.spent_cents.tolist()) == ([3000.0], [600.0])
    assert found.why == (Why.LOOK,)


def test_what_is_missed_before_goods_could_arrive_is_not_to_be_had():
    # All three units are missed today; the lane takes a day.
    found = screen(pair([5, 1], [4, 0, 0]))
    assert found.nothing_cents.sum() == 3000
    assert found.why == (Why.NO_RISK,)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"case_units": [6]}, Why.NOTHING_TO_SEND),
        ({"source_floor": [[5, 1]]}, Why.NOTHING_TO_SEND),
        ({"lanes": instances.lanes([(0, 1)], leaves=False)}, Why.NO_LANE),
        ({"barred": np.array([[True]])}, Why.NO_LANE),
        ({"lanes": instances.lanes([(0, 1)], unit=1000)}, Why.TOO_LITTLE),
    ],
)
def test_the_reason_is_told(given, why):
    found = screen(pair([5, 1], [1, 1, 1, 1], **given))
    assert found.why == (why,)
    assert found.counts == {why: 1}
    assert len(found.kept) == 0


def test_an_item_outside_its_band_is_looked_at_though_nothing_is_missed():
    bands = replace(Bands.none(1, 2), low_units=np.array([[0, 6]]), low_cents=np.array([[0, 300]]))
    found = screen(pair([5, 4], [1, 1, 1, 1], bands=bands))
    assert found.most_cents.tolist() == [600.0]
    assert found.why == (Why.LOOK,)


def test_items_are_ranked_by_risk_avoided_per_unit_of_cost():
    # Both would send 3; item 1's missed units cost twice as much.
    demand = np.zeros((2, 2, 1, 4), np.int32)
    demand[:, 1] = 1
    problem = instances.problem(
        demand,
        [[5, 1], [5, 1]],
        lanes=instances.lanes([(0, 1)], unit=200),
        shortage_cents=np.array([[500, 500], [1000, 1000]]),
    )
    assert screen(problem).kept.tolist() == [1, 0]
    assert screen(problem, least_cents=1000).kept.tolist() == [1]
    plan = settle(problem, Moves.gather([0, 1], [0, 0], [3, 3]), method="both")
    order, ratio = by_risk_per_cost(problem, plan)
    # 15.00 and 30.00 avoided for 6.00 each.
    assert (order.tolist(), ratio.tolist()) == ([1, 0], [2.5, 5.0])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_no_plan_brings_more_than_the_bound(seed):
    rng = np.random.default_rng(seed)
    problem = instances.random_problem(
        seed, most=4, days=4, paths=3, lead=rng.integers(0, 6, 6), case=int(rng.integers(1, 3))
    )
    terminal = np.minimum(rng.integers(-400, 600, (1, 3)), problem.shortage_cents)
    problem = replace(
        problem,
        terminal_cents=terminal,
        holding_millicents=rng.integers(0, 9000, (1, 3)),
        capital_rate=float(rng.choice([0.0, 0.12])),
    )
    # Capital is rounded line by line: half a cent each.
    assert oracle.best_plan(problem) <= screen(problem).most_cents[0] + 3


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_no_plan_brings_more_than_the_bound_with_bands(seed):
    rng = np.random.default_rng(seed)
    problem = instances.random_problem(seed, most=4, days=4, paths=3)
    bands = replace(
        Bands.none(1, 3),
        low_units=rng.integers(0, 4, (1, 3)),
        low_cents=rng.integers(0, 900, (1, 3)),
        high_units=rng.integers(4, 7, (1, 3)),
        high_cents=rng.integers(0, 900, (1, 3)),
    )
    problem = replace(problem, bands=bands)
    plans = (settle(problem, Moves.from_table(table), method="tried") for table in oracle.every_plan(problem))
    assert max(plan.net_cents for plan in plans) <= screen(problem).most_cents[0] + 3


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_what_doing_nothing_costs_is_the_simulation(seed):
    problem = instances.random_problem(seed, items=3, holding_millicents=np.zeros(3, np.int64))
    nothing = oracle.simulated_cents(problem, np.zeros((3, len(problem.lanes)), np.int64))
    assert np.isclose(screen(problem).nothing_cents.sum(), -nothing)


def test_a_part_is_the_same_evening_for_fewer_items():
    problem = instances.random_problem(4, items=4)
    moves = Moves.gather([1, 3], [0, 0], np.minimum(problem.movable_cases[[1, 3], 0], 2))
    items = np.array([1, 3])
    few = part(problem, items)
    assert list(few.skus) == ["S1", "S3"]
    inner = part_of_moves(moves, items)
    assert settle(few, inner, method="part").net_cents == settle(problem, moves, method="whole").net_cents
    back = whole_of_moves(inner, items)
    assert (back.item.tolist(), back.units.tolist()) == (moves.item.tolist(), moves.units.tolist())
