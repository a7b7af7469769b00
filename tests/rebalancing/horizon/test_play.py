"""Living a schedule: no unit appears or vanishes, and without purchases and lots it is the evaluation of tonight."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances
from tests.rebalancing.horizon import horizons

from evenstock.rebalancing import Moves, evaluate
from evenstock.rebalancing.horizon.choices import lane_costs
from evenstock.rebalancing.horizon.plan import plan_weeks
from evenstock.rebalancing.horizon.plan_item import plan_item
from evenstock.rebalancing.horizon.play import play
from evenstock.rebalancing.horizon.question import Schedule


def schedule(horizon, transfers=None, purchases=None):
    problem = horizon.problem
    items, days = len(problem.skus), problem.days
    none = (
        np.zeros((items, len(problem.lanes), days), np.int64),
        np.zeros((items, len(horizon.supplies), days), np.int64),
    )
    given_tables = [
        empty if table is None else table for table, empty in zip((transfers, purchases), none, strict=True)
    ]
    return Schedule(transfers=given_tables[0], purchases=given_tables[1], cost_cents=0.0, bound_cents=0.0)


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_without_purchases_and_lots_it_is_the_evaluation_of_tonight(seed):
    problem = instances.random_problem(seed, items=2, lead=2, terminal_cents=np.full((2, 3), -7))
    horizon = horizons.horizon(problem)
    table = np.zeros((2, len(problem.lanes), problem.days), np.int64)
    first = int(np.argmax(problem.on_hand[0]))
    lane = int(np.flatnonzero(problem.lanes.origin == first)[0])
    table[0, lane, 0] = problem.on_hand[0, first]
    played, known = play(horizon, schedule(horizon, table)), evaluate(problem, Moves.from_table(table[:, :, 0]))
    assert played.total_cents == known.total_cents
    assert played.lost_units.tolist() == known.lost_units.tolist()
    assert played.left_units.tolist() == known.left_units.tolist()
    assert dict(played.transfer_cents) == dict(known.transfer_cents)
    assert played.path_cents == pytest.approx(known.path_cents)


@given(st.integers(0, 10_000), st.sampled_from(["lost", "waiting", "spoiling", "later"]))
@settings(max_examples=16, deadline=None)
def test_no_unit_appears_or_vanishes(seed, kind):
    rng = np.random.default_rng(seed)
    horizon = horizons.random_horizon(seed, waiting=kind == "waiting", transfer_days=3 if kind == "later" else 1)
    if kind == "spoiling":
        rows = [
            (0, w, int(rng.integers(0, horizon.problem.on_hand[0, w] + 1)), int(rng.integers(0, 5))) for w in (0, 1)
        ]
        horizon = replace(horizon, lots=horizons.lots(1, rows, shelf=2))
    plan = plan_weeks(horizon)
    fresh = rng.poisson(2.0, (1, 2, 7, 6))
    for demand in (None, fresh):
        lived, problem = play(horizon, plan, demand), horizon.problem
        there = problem.on_hand.sum() + problem.arrivals.sum() + plan.purchases.sum()
        assert lived.served_units.sum() + lived.left_units.sum() + lived.expired_units.sum() == pytest.approx(there)
        met = lived.served_units + lived.lost_units + lived.waiting_units
        assert met.ravel().tolist() == pytest.approx(lived.wanted_units.ravel().tolist())
        assert min(part.min() for part in (lived.left_units, lived.lost_units, lived.served_units)) >= 0


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=12, deadline=None)
def test_a_plan_lived_on_its_own_paths_costs_what_it_said(seed, waiting):
    horizon = horizons.random_horizon(seed, waiting=waiting, transfer_days=3)
    plan = plan_weeks(horizon)
    # Each part of the money is rounded once, the transfers' capital line by line.
    assert play(horizon, plan).total_cents == pytest.approx(plan.cost_cents, abs=8)
    assert plan.bound_cents <= plan.cost_cents + 1e-6


def test_lots_are_sold_first_expired_first_and_what_expires_is_written_off():
    # 2 units until day 0 and 3 that keep: one sold on day 0 from the old ones, the other thrown away; 1 a day afterwards.
    problem = instances.problem([[[[1, 1, 1]]]], [[5]], lanes=instances.lanes([]), holding_millicents=np.array([1000]))
    horizon = horizons.horizon(problem, lots=horizons.lots(1, [(0, 0, 2, 0)], write_off=700))
    lived = play(horizon, schedule(horizon))
    assert lived.expired_units.tolist() == [[1]]
    assert lived.expiry_cents == 700
    assert lived.left_units.tolist() == [[1]]
    assert lived.storing_cents == 4 + 2 + 1


def test_what_a_later_transfer_needs_is_set_aside():
    # 3 units here, 2 leave on day 1: only one may be sold on day 0, though two are wanted.
    demand = np.array([[[[2, 0, 0]], [[0, 0, 2]]]])
    problem = instances.problem(demand, [[3, 0]], lanes=instances.lanes([(0, 1)], lead=1))
    horizon = horizons.horizon(problem, transfer_days=2)
    table = np.zeros((1, 1, 3), np.int64)
    table[0, 0, 1] = 2
    lived = play(horizon, schedule(horizon, table))
    assert lived.lost_units.tolist() == [[1, 0]]
    assert lived.served_units.tolist() == [[1, 2]]


def test_what_is_not_there_or_not_sold_is_refused():
    problem = instances.problem(np.zeros((1, 2, 1, 3)), [[3, 0]], lanes=instances.lanes([(0, 1)], lead=1))
    ways = horizons.supplies(1, 3, [0], [1], multiple=4, order_days=[[True, False, False]])
    horizon = horizons.horizon(problem, ways=ways)
    table = np.zeros((1, 1, 3), np.int64)
    table[0, 0, 0] = 4
    with pytest.raises(ValueError, match="S0 at N0: more units leave than are there"):
        play(horizon, schedule(horizon, table))
    with pytest.raises(ValueError, match="S0: V0 does not sell 4 units on day 1"):
        play(horizon, schedule(horizon, purchases=np.array([[[0, 4, 0]]])))
    with pytest.raises(ValueError, match="S0: V0 does not sell 3 units on day 0"):
        play(horizon, schedule(horizon, purchases=np.array([[[3, 0, 0]]])))


def test_items_that_share_an_order_pay_its_fixed_cost_once():
    # Each of two items would lose 5 sales at 100 on day 2; an order costs 800 and only pays for both together.
    demand = np.zeros((2, 1, 1, 3), int)
    demand[:, 0, 0, 2] = 5
    problem = instances.problem(demand, [[0], [0]], lanes=instances.lanes([]), shortage_cents=np.full((2, 1), 100))
    horizon = horizons.horizon(problem, ways=horizons.supplies(2, 3, [0], [2], order=800))
    plan = plan_weeks(horizon)
    assert plan.purchases.sum(axis=(1, 2)).tolist() == [5, 5]
    assert plan.cost_cents == pytest.approx(800)
    assert play(horizon, plan).total_cents == 800
    alone = plan_item(horizon, 0, cents_per_unit=lane_costs(horizon)[0])
    assert alone.units.sum() == 0
