"""Scenarios side by side differ by what was changed, path by path."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances

from evenstock.rebalancing import Moves, Rerouting, evaluate
from evenstock.rebalancing.heuristics import equalise, twenty_percent
from evenstock.rebalancing.scenarios import (
    CostTimes,
    DemandTimes,
    Docks,
    FloorDays,
    LeadDays,
    NodeClosed,
    Paired,
    Situation,
    compare_scenarios,
)
from evenstock.rebalancing.scenarios.replan import changed_items, replanned


def network(seed=3, items=12, **given):
    problem = instances.random_problem(
        seed, items=items, nodes=3, paths=8, days=6, pallet_units=np.full(items, 8), **given
    )
    fresh = np.random.default_rng(seed + 1).poisson(2.0, (items, 3, 20, 6)).astype(np.uint16)
    return problem, fresh


def test_the_evening_as_it_is_stands_first_and_differs_from_itself_by_nothing():
    problem, fresh = network()
    first, same = compare_scenarios(problem, {"nothing changed": []}, fresh=fresh, solve=equalise.solve)
    assert (first.name, same.name, same.planned_items) == ("as it is", "nothing changed", 0)
    assert same.against_base == Paired(0.0, 0.0, 0.0)
    assert same.total_cents == first.total_cents
    nothing = evaluate(problem, Moves.none(), demand=fresh)
    moved = evaluate(problem, first.solution.moves, demand=fresh)
    assert first.saving.mean_cents == pytest.approx(nothing.total_cents - moved.total_cents, abs=4)
    assert first.fill == pytest.approx(1 - moved.lost_units.sum() / moved.wanted_units.sum())


def test_dearer_freight_changes_cost_and_not_one_path():
    # The rule does not look at money: the same moves, twice the freight, no other difference on any path.
    problem, fresh = network()
    first, dear = compare_scenarios(
        problem, {"freight doubles": [CostTimes("freight", 2.0)]}, fresh=fresh, solve=equalise.solve
    )
    more = dear.transfer_cents - first.transfer_cents
    assert more > 0
    assert dear.against_base.mean_cents == pytest.approx(more)
    assert dear.against_base.high_cents - dear.against_base.low_cents == pytest.approx(0.0, abs=1e-6)
    assert dear.changes == ("freight costs times 2",)


CHANGES = [
    DemandTimes(1.3, skus=("S1", "S4")),
    DemandTimes(0.5),
    CostTimes("shortage", 1.5),
    LeadDays(2),
    FloorDays(2.0),
    NodeClosed("N1"),
    NodeClosed("N1", orders_go_to="N2"),
    Docks(("N0",), out_units=3),
]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), change=st.sampled_from(CHANGES), routed=st.booleans())
def test_playing_only_what_differs_is_playing_everything(seed, change, routed):
    problem, fresh = network(seed)
    rerouting = None
    if routed:
        lost = problem.shortage_cents
        rerouting = Rerouting(lost, lost // 3, np.array([[1, 2], [2, 0], [0, 1]]))
    first, other = compare_scenarios(
        problem, {"changed": [change]}, fresh=fresh, rerouting=rerouting, solve=twenty_percent.solve
    )
    changed = change.apply(Situation(problem, fresh, rerouting))
    whole = evaluate(changed.problem, other.solution.moves, demand=changed.fresh, rerouting=rerouting)
    before = evaluate(problem, first.solution.moves, demand=fresh, rerouting=rerouting)
    still = evaluate(changed.problem, Moves.none(), demand=changed.fresh, rerouting=rerouting)
    assert other.total_cents == pytest.approx(whole.total_cents, abs=4)
    difference = whole.path_cents + other.transfer_cents - before.path_cents - first.transfer_cents
    assert other.against_base.mean_cents == pytest.approx(difference.mean(), abs=1e-4)
    half = 1.959964 * difference.std(ddof=1) / np.sqrt(20)
    assert other.against_base.high_cents - other.against_base.mean_cents == pytest.approx(half, abs=1e-4)
    assert other.saving.mean_cents == pytest.approx(still.total_cents - whole.total_cents, abs=4)
    assert other.fill == pytest.approx(1 - whole.lost_units.sum() / whole.wanted_units.sum())


def test_only_the_items_that_changed_are_planned_and_the_others_keep_their_moves():
    problem, fresh = network(items=20)
    plan = equalise.solve(problem)
    changed = DemandTimes(2.0, skus=("S3", "S7")).apply(Situation(problem, fresh)).problem
    assert changed_items(problem, changed).tolist() == [3, 7]
    found, planned = replanned(problem, plan, changed, equalise.solve)
    assert planned == 2
    kept = [moves.only(~np.isin(moves.item, [3, 7])) for moves in (plan.moves, found.moves)]
    assert (kept[0].table(20, 6) == kept[1].table(20, 6)).all()


def test_everything_is_planned_again_where_something_shared_changed():
    problem, fresh = network(items=20)
    plan = equalise.solve(problem)
    for change in (CostTimes("freight", 1.1), Docks(("N0",), out_units=2), DemandTimes(1.1)):
        changed = change.apply(Situation(problem, fresh)).problem
        assert replanned(problem, plan, changed, equalise.solve)[1] == 20


def test_the_name_of_the_evening_itself_is_taken():
    problem, fresh = network()
    with pytest.raises(ValueError, match="name it otherwise"):
        compare_scenarios(problem, {"as it is": []}, fresh=fresh, solve=equalise.solve)
