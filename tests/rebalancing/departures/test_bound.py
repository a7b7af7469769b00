"""The bound, the plan and the best plan stand in this order, whatever is shared."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from tests.rebalancing import instances, oracle
from tests.rebalancing.departures.whole_night import best_cents

from evenstock.rebalancing import solve
from evenstock.rebalancing.departures.ascent import ascend
from evenstock.rebalancing.departures.departures import Effort
from evenstock.rebalancing.departures.night import Night
from evenstock.rebalancing.limits import Limits, limits_broken
from evenstock.rebalancing.problem import Problem


def shared(seed, *, items=3, nodes=3, **given) -> Problem:
    """A few items on lanes of one lead time that share pallets and departures; every third instance has a loose item."""
    rng = np.random.default_rng([seed, 3])
    lanes = instances.metric_lanes(rng, nodes, fixed=int(rng.integers(0, 900)), pallet_share=20)
    pallets = rng.integers(4, 25, items)
    if seed % 3 == 0:
        pallets[0] = 0
    standard = {"lanes": replace(lanes, unit_cents=lanes.unit_cents // 5), "pallet_units": pallets}
    return instances.random_problem(seed, items=items, nodes=nodes, paths=3, days=4, most=10, **(standard | given))


def limited(seed, problem) -> Problem:
    """The same with docks, room, a budget and trucks that are sometimes short."""
    rng = np.random.default_rng([seed, 4])
    nodes, days = len(problem.nodes), problem.days
    lanes = len(problem.lanes)
    limits = Limits(
        out_units=rng.integers(0, 12, nodes),
        in_units=rng.integers(0, 12, (nodes, days)),
        room_pallets=rng.uniform(0, 2, (nodes, days)).cumsum(axis=1),
        budget_cents=int(rng.integers(500, 6000)),
    )
    trucks = {"truck_cents": np.full(lanes, 150), "truck_pallets": np.ones(lanes, np.int64)}
    short = replace(problem.lanes, **trucks, trucks=rng.integers(0, 3, lanes))
    return replace(problem, limits=limits, lanes=short)


def test_the_two_readable_programs_agree():
    for seed in range(3):
        problem = shared(seed)
        assert best_cents(problem) == pytest.approx(oracle.program(problem)[0], abs=0.01), seed


def test_plan_best_plan_and_bound_stand_in_order_on_two_hundred_nights():
    ours = best = 0.0
    for seed in range(200):
        problem = shared(seed)
        solution, optimum = solve(problem), best_cents(problem)
        rounding = len(solution.moves) + 1
        assert 0 <= solution.net_cents <= optimum + rounding, seed
        assert optimum <= solution.bound_cents + rounding, seed
        assert solution.gap >= 0
        ours, best = ours + solution.net_cents, best + optimum
    assert ours >= 0.98 * best


def test_the_same_order_holds_where_docks_room_trucks_and_money_are_short():
    for seed in range(60):
        problem = limited(seed, shared(seed))
        solution, optimum = solve(problem), best_cents(problem)
        assert limits_broken(problem, solution.moves) == [], seed
        assert 0 <= solution.net_cents <= optimum + len(solution.moves) + 1, seed
        assert optimum <= solution.bound_cents + len(solution.moves) + 1, seed


def bound(problem) -> float:
    return ascend(Night.of(problem, map), sweeps=0, more=lambda: True, map=map).bound_cents


def test_dearer_departures_never_raise_the_bound():
    for seed in range(30):
        problem = shared(seed)
        for name in ("fixed_cents", "pallet_cents"):
            dear = replace(problem, lanes=replace(problem.lanes, **{name: 2 * getattr(problem.lanes, name)}))
            assert bound(dear) <= bound(problem) + 1, (seed, name)


def test_who_must_stop_at_once_still_gets_a_lawful_plan_and_its_gap():
    problem = limited(5, shared(5, items=6))
    solution = solve(problem, effort=Effort(more=lambda: False))
    assert solution.net_cents >= 0
    assert solution.gap is not None
    assert limits_broken(problem, solution.moves) == []


def test_more_effort_is_never_worse():
    for seed in range(10):
        problem = shared(seed, items=8, nodes=4)
        quick = solve(problem, effort=Effort(rounds=1, programs=0))
        assert quick.net_cents <= solve(problem).net_cents + len(quick.moves) + 1, seed


def test_a_plan_says_how_far_it_can_be_from_the_best():
    solution = solve(shared(1))
    assert any("of the best possible" in note for note in solution.notes)
    assert solution.prices is not None
    assert (solution.prices.lane_pallet_cents >= 0).all()


def test_neither_blocks_nor_threads_change_the_answer(monkeypatch):
    problem = limited(8, shared(8, items=9, nodes=4))
    first = solve(problem)
    monkeypatch.setattr("evenstock.rebalancing.unit_values.tables.BLOCK", 2)
    monkeypatch.setattr("evenstock.rebalancing.departures.night.PART", 4)
    with ThreadPoolExecutor(2) as pool:
        again = solve(problem, map=pool.map)
    assert (first.net_cents, first.bound_cents) == (again.net_cents, again.bound_cents)
    assert first.moves.table(9, 12).tolist() == again.moves.table(9, 12).tolist()
