"""What must stay true of every night's plan."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances, oracle

from evenstock.rebalancing import Moves, evaluate, settle, solve

SEEDS = st.integers(0, 10**6)


def shared(seed, *, items=12, nodes=4, **given):
    """Items that share pallets and departures on metric lanes of several lead times."""
    rng = np.random.default_rng([seed, 1])
    lead = rng.integers(1, 4, nodes * (nodes - 1))
    lanes = instances.metric_lanes(rng, nodes, lead=lead, fixed=400, pallet_share=30)
    standard = {"lanes": replace(lanes, unit_cents=lanes.unit_cents // 4), "pallet_units": rng.integers(8, 40, items)}
    return instances.random_problem(seed, items=items, nodes=nodes, paths=6, days=6, most=14, **(standard | given))


def one_class(seed, **given):
    """One lead time, no departures or pallets to share: the plan is the optimum."""
    return instances.random_problem(seed, items=3, nodes=4, paths=5, days=6, lead=1, **given)


def units(problem, solution):
    return solution.moves.table(len(problem.skus), len(problem.lanes))


def test_a_full_node_helps_an_empty_one():
    # 8 units wanted of 1,000 each at node 1, which has none. From node 0: 8 × (100 + 7 + 5), one departure of 300.
    demand = [[[[0, 0, 0]], [[0, 4, 4]]]]
    problem = instances.problem(
        demand, [[20, 0]], lanes=instances.lanes([(0, 1), (1, 0)], unit=100, fixed=300),
        handling_out_cents=[7, 0], handling_in_cents=[0, 5],
    )  # fmt: skip
    solution = solve(problem)
    assert solution.moves.units.tolist() == [8]
    assert solution.total_worth_cents == 8 * 1000
    assert {name: int(cents.sum()) for name, cents in solution.terms.items()} == {
        "capital": 0, "fixed": 300, "handling": 8 * 12, "pallets": 0, "trucks": 0, "unit_freight": 800,
    }  # fmt: skip
    assert solution.net_cents == 8000 - 300 - 96 - 800


def test_a_departure_that_does_not_pay_stays_at_home():
    demand = [[[[0, 0, 0]], [[0, 1, 0]]]]
    pays = instances.problem(demand, [[2, 0]], lanes=instances.lanes([(0, 1)], fixed=999))
    assert solve(pays).net_cents == 1
    assert len(solve(replace(pays, lanes=instances.lanes([(0, 1)], fixed=1001))).moves) == 0


def test_two_items_pay_together_for_a_departure_neither_could_pay_alone():
    demand = [[[[0, 0]], [[0, 1]]]] * 2
    problem = instances.problem(demand, [[1, 0]] * 2, lanes=instances.lanes([(0, 1)], fixed=1500))
    solution = solve(problem)
    assert solution.moves.units.tolist() == [1, 1]
    assert solution.net_cents == 2 * 1000 - 1500


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_the_plan_is_worth_what_it_says_and_never_less_than_doing_nothing(seed):
    problem = shared(seed)
    solution = solve(problem)
    lines = len(solution.moves)
    assert solution.net_cents >= 0
    assert solution.net_cents == pytest.approx(oracle.gain_cents(problem, units(problem, solution)), abs=2 * lines + 1)
    assert solution.net_cents == int(solution.line_net_cents.sum())


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_units_are_kept_and_no_node_falls_below_its_floor(seed):
    floor = np.random.default_rng(seed).integers(0, 6, (12, 4))
    problem = shared(seed, source_floor=floor, case_units=np.full(12, 2))
    moves = solve(problem).moves
    after = problem.after(moves)
    assert (after.on_hand.sum(1) + after.arrivals.sum((1, 2)) == problem.on_hand.sum(1)).all()
    assert (after.on_hand >= np.minimum(floor, problem.on_hand)).all()
    assert (moves.units % 2 == 0).all()


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_planning_again_after_the_plan_moves_nothing(seed):
    problem = shared(seed)
    assert len(solve(problem.after(solve(problem).moves)).moves) == 0


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_nothing_goes_out_and_back(seed):
    problem = shared(seed)
    moves = solve(problem).moves
    pairs = set(zip(moves.item, problem.lanes.origin[moves.lane], problem.lanes.destination[moves.lane], strict=True))
    assert not any((k, j, i) in pairs for k, i, j in pairs)


def test_a_balanced_network_moves_nothing():
    rng = np.random.default_rng(5)
    demand = rng.poisson(2, (6, 4, 20, 10))
    problem = instances.problem(demand, np.full((6, 4), 60), lanes=instances.metric_lanes(rng, 4))
    assert len(solve(problem).moves) == 0


def test_no_network_no_items_and_no_demand_are_no_trouble():
    alone = instances.problem([[[[1, 2]]]], [[5]], lanes=instances.lanes([]))
    quiet = instances.problem([[[[0, 0]], [[0, 0]]]], [[5, 0]])
    nobody = instances.problem(np.zeros((0, 2, 1, 3)), np.zeros((0, 2), np.int64))
    for problem in (alone, quiet, nobody):
        assert len(solve(problem).moves) == 0


@settings(max_examples=12, deadline=None)
@given(seed=SEEDS)
def test_dearer_freight_never_moves_more_and_dearer_shortage_never_loses_more(seed):
    # With the whole cost of moving (or the whole penalty) scaled, revealed preference orders the optima.
    problem = one_class(seed, capital_rate=0.0, handling_out_cents=[0] * 4, handling_in_cents=[0] * 4)
    lanes = problem.lanes
    dear = replace(problem, lanes=replace(lanes, unit_cents=2 * lanes.unit_cents))
    spent = [int(solve(p).terms["unit_freight"].sum()) for p in (problem, dear)]
    assert spent[1] <= 2 * spent[0]
    free = replace(problem, holding_millicents=np.zeros(3, np.int64))
    harsh = replace(free, shortage_cents=2 * free.shortage_cents)
    lost = [
        float((evaluate(p, solve(p).moves).lost_units * free.shortage_cents).sum()) for p in (free, harsh)
    ]  # priced alike, so that they compare
    assert lost[1] <= lost[0] + 1e-6


@settings(max_examples=12, deadline=None)
@given(seed=SEEDS)
def test_one_more_lane_never_hurts(seed):
    problem = one_class(seed)
    few = replace(problem, lanes=replace(problem.lanes, leaves=np.random.default_rng(seed).random(12) < 0.7))
    assert solve(problem).net_cents >= solve(few).net_cents - 6


@settings(max_examples=12, deadline=None)
@given(seed=SEEDS)
def test_the_order_of_items_and_nodes_does_not_matter(seed):
    problem = one_class(seed)
    rng = np.random.default_rng(seed)
    k, w = rng.permutation(3), rng.permutation(4)
    place = np.argsort(w)
    lanes = problem.lanes
    shuffled = replace(
        problem, skus=[problem.skus[i] for i in k], nodes=[problem.nodes[i] for i in w],
        on_hand=problem.on_hand[k][:, w], paths=problem.paths[k][:, w], shortage_cents=problem.shortage_cents[k][:, w],
        unit_cost_cents=problem.unit_cost_cents[k], holding_millicents=problem.holding_millicents[k],
        handling_out_cents=problem.handling_out_cents[w], handling_in_cents=problem.handling_in_cents[w],
        lanes=replace(lanes, origin=place[lanes.origin], destination=place[lanes.destination]),
        source_floor=None, inbound=None, terminal_cents=None, barred=None,
    )  # fmt: skip
    one, other = solve(problem), solve(shuffled)
    assert one.net_cents == pytest.approx(other.net_cents, abs=len(one.moves) + len(other.moves))


def test_the_same_question_gets_the_same_answer_however_it_is_computed(monkeypatch):
    problem = shared(11, items=40)
    first = solve(problem, seed=3)
    monkeypatch.setattr("evenstock.rebalancing.unit_values.tables.BLOCK", 7)
    with ThreadPoolExecutor(2) as pool:
        again = solve(problem, seed=3, map=pool.map)
    assert first.moves.units.tolist() == again.moves.units.tolist()
    assert first.moves.lane.tolist() == again.moves.lane.tolist()
    assert (first.seed, first.net_cents) == (again.seed, again.net_cents)


def test_no_plan_beats_the_scenario_program_and_together_they_come_near():
    ours = best = 0.0
    for seed in range(6):
        problem = shared(seed, items=6, nodes=3)
        optimum, moved = oracle.program(problem)
        solution = solve(problem)
        assert solution.net_cents <= optimum + len(solution.moves) * 2 + 1, seed
        assert settle(problem, Moves.from_table(moved), method="oracle").net_cents == pytest.approx(optimum, abs=20), (
            seed
        )
        ours, best = ours + solution.net_cents, best + optimum
    assert ours >= 0.85 * best


def test_without_shared_costs_the_plan_is_the_scenario_programs_optimum():
    for seed in range(4):
        problem = one_class(seed)
        optimum, _ = oracle.program(problem)
        solution = solve(problem)
        assert solution.net_cents == pytest.approx(optimum, abs=len(solution.moves) + 1), seed


def test_a_hub_without_direct_lanes_is_solved_by_the_program_and_the_notes_name_the_item():
    demand = [[[[0, 0, 0]], [[0, 0, 1]], [[0, 1, 0]]]]
    problem = instances.problem(demand, [[1, 1, 0]], lanes=instances.lanes([(0, 1), (1, 2)], unit=100, lead=1))
    solution = solve(problem)
    assert solution.moves.units.tolist() == [1, 1]
    assert any("solved as a scenario program: S0" in note for note in solution.notes)
