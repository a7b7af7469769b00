"""Nights in a row: what is paid, what is known, and when."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances
from tests.simulation.rolling.worlds import told, unbalanced, world

from evenstock.rebalancing import Moves, evaluate, solve
from evenstock.simulation.rolling import planners
from evenstock.simulation.rolling.level_learner import level_learner
from evenstock.simulation.rolling.night import Past
from evenstock.simulation.rolling.play import play
from evenstock.simulation.rolling.sent import Sent, moved_back_units
from evenstock.simulation.rolling.world import Supply, World


def on_nights(**moves):
    """A planner that sends these moves on the nights named n0, n1, …"""

    def plan(night):
        return moves.get(f"n{night.number}", Moves.none())

    return plan


def test_every_cost_is_paid_once_with_its_arithmetic_in_sight():
    # Node 0: 9 units, node 1: 1. Night 0 sends 4 for 20 each and 500; they arrive on day 1.
    # Day 0: node 1 sells 1 of 3 and misses 2; day 1: 4 arrive, 3 are sold, 1 stays; day 2: 1 of 2 is sold, 1 missed.
    lane = instances.lanes([(0, 1)], unit=20, fixed=500, lead=1)
    there = world([[[0, 0, 0], [3, 3, 2]]], [[9, 1]], lanes=lane, holding_millicents=np.array([1000]))
    sends = on_nights(n0=Moves.gather([0], [0], [4]))
    course = play(there, told(there.demand), {"by hand": sends}, look_ahead_days=3)["by hand"]
    assert course.lost_units.tolist() == [[0, 3]]
    assert course.lost_by_day.tolist() == [2, 0, 1]
    assert course.left_units.tolist() == [[5, 0]]
    assert course.shortage_cents == 3 * 1000
    assert course.storing_cents == 3 * 5 + 1
    assert course.transfer_cents == {"unit_freight": 80, "fixed": 500} | dict.fromkeys(
        set(course.transfer_cents) - {"unit_freight", "fixed"}, 0
    )
    assert course.total_cents == 3000 + 16 + 580
    assert course.units_by_night.tolist() == [4, 0, 0]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_one_night_of_transfers_costs_what_evaluate_says(seed):
    problem = instances.random_problem(seed, items=2, paths=3, days=6, lead=2)
    rng = np.random.default_rng(seed)
    demand = rng.poisson(2.0, (2, 3, 6))
    receipts = rng.poisson(0.5, (2, 3, 6))
    moves = solve(problem).moves
    departs = np.ones((len(problem.lanes), 6), np.bool_)
    course = play(
        World(opening=problem, demand=demand, departs=departs, receipts=receipts),
        told(demand),
        {"one": on_nights(n0=moves)},
        look_ahead_days=6,
    )["one"]
    inbound = instances.problem(problem.paths, problem.on_hand, **_same(problem), inbound=receipts)
    expected = evaluate(inbound, moves, demand=demand[:, :, None, :].astype(np.int32))
    assert course.total_cents == expected.total_cents
    assert course.lost_units.tolist() == expected.lost_units.tolist()
    assert course.left_units.tolist() == expected.left_units.tolist()
    assert course.transfer_cents == expected.transfer_cents


def _same(problem):
    names = ("shortage_cents", "unit_cost_cents", "lanes", "holding_millicents", "capital_rate")
    names += ("handling_out_cents", "handling_in_cents", "case_units", "pallet_units")
    return {name: getattr(problem, name) for name in names}


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_no_unit_appears_or_disappears(seed):
    mean, there = unbalanced(seed, items=3, days=10)
    learner = level_learner(mean, shape=2.0, level_sd=0.3, paths=8, seed=seed)
    course = play(there, learner, {"rule": planners.rule20}, look_ahead_days=10)["rule"]
    sold = course.wanted_units - course.lost_units
    assert there.opening.on_hand.sum(axis=1).tolist() == (sold + course.left_units).sum(axis=1).tolist()


def test_a_plan_knows_nothing_of_tomorrow():
    mean, there = unbalanced(3, items=3, days=8)
    other = there.demand.copy()
    other[:, :, 4:] = 0
    changed = World(opening=there.opening, demand=other, departs=there.departs)
    learner = level_learner(mean, shape=2.0, level_sd=0.3, paths=8, seed=1)
    ran = [play(w, learner, {"ours": planners.ship_or_wait()}, look_ahead_days=8)["ours"] for w in (there, changed)]
    # The plans of nights 0 to 4 saw days 0 to 3 at most.
    early = [
        [(n, k, u) for n, k, u in zip(c.sent.night, c.sent.item, c.sent.units, strict=True) if n <= 4] for c in ran
    ]
    assert early[0] == early[1]


def test_a_lane_leaves_by_its_calendar_only():
    departs = np.zeros((1, 6), np.bool_)
    departs[0, [1, 4]] = True
    there = world(np.full((1, 2, 6), 1), [[9, 0]], lanes=instances.lanes([(0, 1)]), departs=departs)
    seen = []

    def plan(night):
        seen.append((night.problem.lanes.leaves.tolist(), night.next_departure_days[0, :2].tolist()))
        return planners.ship_now(night)

    course = play(there, told(there.demand), {"ours": plan}, look_ahead_days=6)["ours"]
    assert set(course.sent.night.tolist()) <= {1, 4}
    assert seen[0] == ([False], [1, 4])
    assert seen[1] == ([True], [3, 5])


def test_between_two_planning_nights_nothing_leaves_and_the_planner_is_told_so():
    there = world(np.full((1, 2, 6), 1), [[9, 0]], lanes=instances.lanes([(0, 1)]))
    seen = {}

    def plan(night):
        seen[night.number] = int(night.next_departure_days[0, 0])
        return Moves.none()

    play(there, told(there.demand), {"by hand": plan}, look_ahead_days=6, every_nights=3)
    assert seen == {0: 3, 3: 3}


def test_a_late_departure_is_expected_each_day_until_it_is_there():
    # Told to take 1 day, it takes 3: on nights 1 and 2 the units are still foretold for the coming morning.
    there = world(
        np.zeros((1, 2, 5)), [[9, 0]], lanes=instances.lanes([(0, 1)], lead=1), true_lead_days=np.full((1, 5), 3)
    )
    foretold, stock = [], []

    def plan(night):
        foretold.append(night.problem.arrivals[0, 1].tolist()[:1])
        stock.append(int(night.problem.on_hand[0, 1]))
        return Moves.gather([0], [0], [4]) if night.number == 0 else Moves.none()

    play(there, told(there.demand), {"by hand": plan}, look_ahead_days=5)
    assert stock == [0, 0, 0, 0, 4]
    assert foretold == [[0], [4], [4], [4], [0]]


def test_orders_restore_the_position_and_arrive_after_their_lead_time():
    supply = Supply(up_to_units=np.array([[6, 6]]), lead_days=np.array([2, 2]), every_days=1)
    there = world([[[3, 0, 0, 0], [0, 0, 0, 0]]], [[6, 6]], supply=supply)
    stock = []

    def plan(night):
        stock.append(night.problem.on_hand[0].tolist())
        return Moves.none()

    course = play(there, told(there.demand), {"by hand": plan}, look_ahead_days=4)["by hand"]
    # Three are sold on day 0, ordered on the evening before day 1, and there on day 3.
    assert stock == [[6, 6], [3, 6], [3, 6], [3, 6]]
    assert course.left_units.tolist() == [[6, 6]]


def test_units_sent_back_are_counted_once_and_within_the_days():
    lanes = instances.lanes([(0, 1), (1, 0), (1, 2)])
    sent = Sent(*(np.array(part) for part in ([0, 2, 3, 9], [0, 0, 0, 0], [0, 2, 1, 1], [5, 2, 3, 2])))
    # 5 there on night 0; 2 on to node 2 are no return; 3 back on night 3; the last 2 come back after 9 days.
    assert moved_back_units(sent, lanes, 7) == 3
    assert moved_back_units(sent, lanes, 9) == 5


def test_an_unlawful_move_is_refused_by_name():
    there = world(np.zeros((1, 2, 3)), [[2, 0]], lanes=instances.lanes([(0, 1)]))
    with pytest.raises(ValueError, match="only 2 are there"):
        play(there, told(there.demand), {"x": on_nights(n0=Moves.gather([0], [0], [3]))}, look_ahead_days=3)


def test_a_world_of_another_shape_is_refused():
    problem = instances.problem(np.zeros((1, 2, 1, 3)), [[2, 0]])
    with pytest.raises(ValueError, match="departs"):
        World(opening=problem, demand=np.zeros((1, 2, 3), np.int64), departs=np.ones((1, 3), np.bool_))


def test_the_level_is_learned_from_what_is_wanted():
    # Believed 5 a day, really 10: after 20 days the forecast says nearly 10.
    mean = np.full((1, 1), 5.0)
    learner = level_learner(mean, shape=4.0, level_sd=0.4, paths=200, seed=2)
    demand = np.random.default_rng(1).poisson(10, (1, 1, 20))
    before, after = (learner(Past(n, demand[:, :, :n], 10)).mean() for n in (0, 20))
    assert before == pytest.approx(5.0, rel=0.1)
    assert after == pytest.approx(10.0, rel=0.15)
    again = learner(Past(20, demand, 10))
    assert again.tolist() == learner(Past(20, demand, 10)).tolist()
