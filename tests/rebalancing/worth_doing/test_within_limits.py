"""What does not fit stays behind, the smallest benefit first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances
from tests.rebalancing.worth_doing.bounds import bounded, broken

from evenstock.rebalancing.limits import Limits
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.worth_doing.within_limits import paid_cents, within_limits


def two_items(**given):
    """Node 0 holds 10 of each, node 1 wants 10 of each tomorrow; a missed unit of item 0 costs 5.00, of item 1 9.00."""
    demand = np.array([[[[0, 0]], [[0, 10]]], [[[0, 0]], [[0, 10]]]])
    standard = {
        "lanes": instances.lanes([(0, 1)], unit=100),
        "shortage_cents": np.array([[500, 500], [900, 900]]),
    }
    return instances.problem(demand, [[10, 0], [10, 0]], **(standard | given))


ALL = Moves.gather([0, 1], [0, 0], [10, 10])


def limits(**given):
    return replace(Limits.none(2, 2), **given)


def test_a_full_dock_leaves_behind_the_item_that_brings_least():
    # 13 units may leave: all ten of item 1, which bring 9.00 - 1.00 each, and three of item 0.
    problem = two_items(limits=limits(out_units=np.array([13, 0])))
    assert within_limits(problem, ALL).units.tolist() == [3, 10]


def test_whole_cases_are_left_behind():
    problem = two_items(limits=limits(out_units=np.array([13, 0])), case_units=[2, 5])
    assert within_limits(problem, ALL).units.tolist() == [2, 10]


def test_the_day_of_arrival_decides_which_dock_is_short():
    # Goods arrive on day 1; 4 units may be received that day.
    problem = two_items(limits=limits(in_units=np.array([[99, 99], [0, 4]])))
    kept = within_limits(problem, ALL)
    assert (kept.item.tolist(), kept.units.tolist()) == ([1], [4])


def test_room_at_the_end_of_any_later_day_counts():
    # Ten units a pallet: item 1 takes one pallet of the one and a half that are free.
    problem = two_items(limits=limits(room_pallets=np.array([[np.inf, np.inf], [np.inf, 1.5]])), pallet_units=[10, 10])
    assert within_limits(problem, ALL).units.tolist() == [5, 10]


def test_a_budget_pays_for_what_brings_most():
    # 1.00 a unit and 14.99: ten of item 1 and four of item 0.
    problem = two_items(limits=limits(budget_cents=1499))
    kept = within_limits(problem, ALL)
    assert kept.units.tolist() == [4, 10]
    assert paid_cents(problem, kept) == 1400


def test_a_truck_takes_what_it_takes():
    lanes = replace(instances.lanes([(0, 1)]), truck_pallets=[1], trucks=[1])
    problem = two_items(lanes=lanes, pallet_units=[10, 20])
    # Item 1 fills half of the one pallet, item 0 the other half.
    assert within_limits(problem, ALL).units.tolist() == [5, 10]


def test_nothing_is_cut_where_nothing_is_short():
    assert within_limits(two_items(), ALL) is ALL
    assert within_limits(two_items(limits=Limits.none(2, 2)), ALL).units.tolist() == [10, 10]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_whatever_is_asked_every_ceiling_holds(seed):
    problem = bounded(seed)
    free = replace(problem, limits=None, bands=None, lanes=replace(problem.lanes, trucks=None))
    rng = np.random.default_rng(seed)
    cases = np.zeros((len(problem.skus), len(problem.lanes)), np.int64)
    for k, w in np.ndindex(*problem.on_hand.shape):
        ways = np.flatnonzero(problem.usable[k] & (problem.lanes.origin == w))
        if len(ways):
            cases[k, rng.choice(ways)] = problem.movable_cases[k, w]
    asked = Moves.from_table(cases * problem.case_units[:, None])
    free.refuse_unlawful(asked)
    kept = within_limits(replace(problem, bands=None), asked)
    assert broken(replace(problem, bands=None), kept) == []
    assert (kept.table(*cases.shape) <= asked.table(*cases.shape)).all()
