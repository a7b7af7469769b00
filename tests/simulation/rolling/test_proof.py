"""What many nights must prove: money saved where it should be, nothing moved where nothing is wrong, nothing sent back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from tests.rebalancing import instances, oracle
from tests.simulation.rolling.worlds import unbalanced, world

from evenstock.rebalancing import evaluate, solve
from evenstock.rebalancing.heuristics import equalise, twenty_percent
from evenstock.simulation.rolling import planners
from evenstock.simulation.rolling.level_learner import level_learner
from evenstock.simulation.rolling.play import play
from evenstock.simulation.rolling.world import Supply, World


def test_a_balanced_network_at_rest_moves_nothing_in_a_year():
    # Every node sells 4 a day and orders up to 9 days of it every evening: nobody has too much, nobody too little.
    nodes, days = 3, 365
    rng = np.random.default_rng(11)
    lanes = instances.lanes(instances.everywhere(nodes), fixed=1500, pallet=2000, unit=20, lead=2)
    supply = Supply(up_to_units=np.full((2, nodes), 36), lead_days=np.full(nodes, 4))
    there = world(
        rng.poisson(4.0, (2, nodes, days)),
        np.full((2, nodes), 24),
        lanes=lanes,
        supply=supply,
        holding_millicents=np.full(2, 400),
        pallet_units=np.full(2, 40),
    )
    paths = rng.poisson(4.0, (2, nodes, 30, 5)).astype(np.int32)
    course = play(
        there,
        lambda past: paths[..., : past.days],
        {"ours": planners.ship_or_wait(), "ship now": planners.ship_now},
        look_ahead_days=5,
    )
    for name in ("ours", "ship now"):
        assert course[name].sent.units.sum() == 0
        assert course[name].moved_back_units(28) == 0
    assert course["ours"].lost_units.sum() < 0.01 * course["ours"].wanted_units.sum()


def savings(seeds, *, truth=None, belief=None, change=None, planner=None):
    """Cents saved against doing nothing on fresh demand, by seed."""
    found = []
    for seed in seeds:
        mean, there = unbalanced(seed, **(truth or {}))
        there = there if change is None else change(there)
        learner = level_learner(mean, **({"shape": 2.0, "level_sd": 0.3, "paths": 16, "seed": seed} | (belief or {})))
        arms = {"nothing": planners.nothing, "ours": planner or planners.ship_or_wait()}
        course = play(there, learner, arms, look_ahead_days=28, every_nights=4)
        found.append(course["nothing"].total_cents - course["ours"].total_cents)
    return np.array(found, np.float64)


def low_end(cents):
    """Lower end of the 95 % interval of the mean (Student)."""
    error = cents.std(ddof=1) / np.sqrt(len(cents))
    return cents.mean() - stats.t.ppf(0.975, len(cents) - 1) * error


def shocked(there):
    """From day 10 on everybody buys half as much again, and nobody was told."""
    demand = there.demand.copy()
    demand[:, :, 10:] = demand[:, :, 10:] * 3 // 2
    return World(opening=there.opening, demand=demand, departs=there.departs)


def delayed(there):
    """Every departure takes two days longer than its lane says."""
    late = np.repeat(there.opening.lanes.lead_days[:, None] + 2, there.days, axis=1)
    return World(opening=there.opening, demand=there.demand, departs=there.departs, true_lead_days=late)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"truth": {"level_sd": 0.6}},
        {"belief": {"level_bias": 1.4}},
        {"change": shocked},
        {"change": delayed},
    ],
    ids=["as believed", "levels further off", "forecast 40 % too high", "a shock", "late trucks"],
)
def test_the_saving_is_above_zero_on_fresh_demand_even_where_the_forecast_is_wrong(wrong):
    assert low_end(savings(range(200, 210), **wrong)) > 0


def test_nothing_is_sent_back_within_a_fortnight_even_while_levels_are_being_learned():
    # Seed 300: what is learned sends 10 units back within 14 days where only twice the round trip is asked of a return.
    mean, there = unbalanced(300)
    learner = level_learner(mean, shape=2.0, level_sd=0.3, paths=16, seed=300)
    arms = {"ours": planners.ship_or_wait(), "ship now": planners.ship_now}
    course = play(there, learner, arms, look_ahead_days=28)
    assert course["ours"].moved_back_units(14) == 0
    assert course["ship now"].moved_back_units(14) > 0


@pytest.mark.parametrize("seed", range(12))
def test_nobody_beats_who_knows_the_future(seed):
    # One item, three nodes, one evening, every lawful plan tried on what really came.
    problem = instances.random_problem(seed, days=4, paths=6, most=5)
    rng = np.random.default_rng([seed, 1])
    for demand in rng.poisson(2.0, (3, 1, 3, 1, 4)).astype(np.int32):
        best = oracle.best_plan(replace(problem, paths=demand))
        nothing = evaluate(
            problem, solve(problem).moves.only(np.zeros(len(solve(problem).moves), np.bool_)), demand=demand
        )
        for plan in (solve(problem), twenty_percent.solve(problem), equalise.solve(problem)):
            gained = nothing.total_cents - evaluate(problem, plan.moves, demand=demand).total_cents
            assert gained <= best + 3, "beyond rounding of a cent a term"


def test_planned_carried_out_and_planned_again_at_once_nothing_moves():
    mean, there = unbalanced(21)
    learner = level_learner(mean, shape=2.0, level_sd=0.3, paths=16, seed=21)
    again: dict[str, list[int]] = {"ours": [], "ship now": []}

    def twice(name, planner):
        def plan(night):
            moves = planner(night)
            after = replace(night, problem=night.problem.after(moves), sent=night.sent.and_then(night.number, moves))
            again[name].append(len(planner(after)))
            return moves

        return plan

    arms = {
        "ours": twice("ours", planners.ship_or_wait()),
        "ship now": twice("ship now", planners.ship_now),
    }
    course = play(there, learner, arms, look_ahead_days=28, every_nights=4)
    assert course["ours"].sent.units.sum() > 0
    for name in arms:
        assert again[name] == [0] * len(again[name])
