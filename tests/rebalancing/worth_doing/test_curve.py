"""What waiting costs, day by day."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances

from evenstock.rebalancing import Moves, evaluate, settle
from evenstock.rebalancing.heuristics import equalise
from evenstock.rebalancing.worth_doing.curve import do_nothing_curve


def test_each_day_of_delay_takes_what_is_sold_on_that_day():
    # Node 1 sells 1 a day and has none: 10.00 missed a day. Three units arrive the day after they leave.
    demand = np.array([[[[0, 0, 0, 0]], [[1, 1, 1, 1]]]])
    problem = instances.problem(demand, [[3, 0]], lanes=instances.lanes([(0, 1)]))
    curve = do_nothing_curve(problem, Moves.gather([0], [0], [3]))
    assert curve.nothing_cents.tolist() == [1000.0, 2000.0, 3000.0, 4000.0]
    assert curve.worth_cents.tolist() == [3000.0, 2000.0, 1000.0, 0.0]
    assert curve.lost_by_waiting.tolist() == [0.0, 1000.0, 2000.0, 3000.0]
    assert curve.day_costs.tolist() == [1000.0, 1000.0, 1000.0]


def test_what_was_sold_meanwhile_cannot_leave():
    # Node 0 sells 2 a day of its 5 and keeps 1: 4 may leave today, 2 tomorrow, none the day after. In cases of 2.
    demand = np.array([[[[2, 2, 2]], [[0, 0, 9]]]])
    problem = instances.problem(
        demand, [[5, 0]], lanes=instances.lanes([(0, 1)]), source_floor=[[1, 0]], case_units=[2]
    )
    curve = do_nothing_curve(problem, Moves.gather([0], [0], [4]))
    assert curve.sent_by_item.tolist() == [[4.0, 2.0, 0.0]]


def plain_worth(problem, moves, day):
    """Cents that the moves bring if they leave on `day`, one unit and one path at a time."""
    lanes, total = problem.lanes, 0.0
    items, nodes, paths, days = problem.paths.shape
    for k in range(items):
        for s in range(paths):
            for moved in (False, True):
                stock, due = problem.on_hand[k].copy(), np.zeros((nodes, days + 1), int)
                due[:, :days] = problem.arrivals[k]
                for t in range(days):
                    for n in np.flatnonzero(moves.item == k) if moved and t == day else []:
                        i, j = lanes.origin[moves.lane[n]], lanes.destination[moves.lane[n]]
                        case = problem.case_units[k]
                        taken = min(moves.units[n], max(stock[i] - problem.floor[k, i], 0) // case * case)
                        stock[i] -= taken
                        due[j, min(t + lanes.lead_days[moves.lane[n]], days)] += taken
                    stock += due[:, t]
                    wanted = problem.paths[k, :, s, t].astype(int)
                    lost = np.maximum(wanted - stock, 0)
                    stock = np.maximum(stock - wanted, 0)
                    cost = (lost * problem.shortage_cents[k]).sum() + (
                        stock * problem.holding_millicents[k]
                    ).sum() / 1000
                    total += (cost if not moved else -cost) / paths
                kept = ((stock + due[:, days]) * problem.terminal[k]).sum()
                total += (kept if moved else -kept) / paths
    return total


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_curve_is_the_plain_simulation_and_begins_with_the_worth_of_the_plan(seed):
    rng = np.random.default_rng(seed)
    problem = instances.random_problem(
        seed,
        items=2,
        lead=rng.integers(0, 6, 6),
        case=2,
        source_floor=rng.integers(0, 3, (2, 3)),
        inbound=rng.integers(0, 3, (2, 3, 5)),
        terminal_cents=rng.integers(-100, 200, (2, 3)),
    )
    plan = equalise.solve(problem)
    curve = do_nothing_curve(problem, plan)
    assert np.isclose(
        curve.worth_cents[0], settle(problem, plan.moves, method="x").total_worth_cents, atol=len(plan.moves)
    )
    for day in (0, 2, 4):
        assert np.isclose(curve.worth_cents[day], plain_worth(problem, plan.moves, day))
    nothing = evaluate(problem, Moves.none())
    assert np.isclose(curve.nothing_cents[-1], nothing.shortage_cents + nothing.storing_cents, atol=1.1)
    assert (np.diff(curve.nothing_cents) >= 0).all()
