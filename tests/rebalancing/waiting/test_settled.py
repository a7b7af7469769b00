"""An evening is planned again over what its plan leaves, until nothing more goes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.rebalancing import instances

from evenstock.rebalancing import Moves, settle, solve
from evenstock.rebalancing.limits import NO_LIMIT, Limits
from evenstock.rebalancing.waiting.hold_back import hold_back
from evenstock.rebalancing.waiting.settled import rest_of, until_nothing_goes


def cut(problem, found):
    return hold_back(problem, found, next_departure_days=np.full(len(problem.lanes), 1))


def first_line_only(problem, found):
    """A rule that sends one line and lets the others wait."""
    first = np.arange(len(found.moves)) == 0
    return settle(problem, found.moves.only(first), method=found.method, notes=found.notes), ()


def every_other_line(problem, found):
    odd = np.arange(len(found.moves)) % 2 == 0
    return settle(problem, found.moves.only(odd), method=found.method, notes=found.notes), ()


def evening(seed):
    return instances.random_problem(seed, items=12, nodes=5, paths=12, days=6, most=30)


@pytest.mark.parametrize(("seed", "lines_more"), [(5, 1), (14, 1), (0, 0), (1, 0), (2, 0), (3, 0)])
def test_planned_again_over_what_is_left_nothing_goes(seed, lines_more):
    problem = evening(seed)
    found = solve(problem)
    once, _ = cut(problem, found)
    goes, waits = until_nothing_goes(problem, found, cut=cut, again=solve)
    left = rest_of(problem, goes.moves)
    assert len(cut(left, solve(left))[0].moves) == 0
    assert len(goes.moves) == len(once.moves) + lines_more
    assert goes.net_cents >= once.net_cents
    assert (
        goes.notes[-1]
        == f"{len(waits)} of {len(waits) + len(goes.moves)} lines wait for a later departure of their lane"
    )


def test_what_every_round_left_behind_goes_in_the_next_until_the_solver_has_no_more():
    problem = evening(3)
    found = solve(problem)
    assert len(found.moves) > 1
    goes, _ = until_nothing_goes(problem, found, cut=every_other_line, again=solve)
    assert len(solve(rest_of(problem, goes.moves)).moves) == 0
    ways = zip(goes.moves.item, problem.lanes.origin[goes.moves.lane], problem.lanes.destination[goes.moves.lane])  # noqa: B905
    there = {(int(k), int(i), int(j)) for k, i, j in ways}
    assert not any((k, j, i) in there for k, i, j in there)


def test_a_round_that_the_docks_have_no_room_for_is_left_out_and_said():
    problem = evening(3)
    found = solve(problem)
    first, _ = first_line_only(problem, found)
    origin = int(problem.lanes.origin[first.moves.lane[0]])
    room = np.full(len(problem.nodes), NO_LIMIT)
    room[origin] = first.moves.units[0]
    tight = replace(problem, limits=replace(Limits.none(len(problem.nodes), problem.days), out_units=room))
    whole = first.moves + found.moves.only(
        (problem.lanes.origin[found.moves.lane] == origin) & (np.arange(len(found.moves)) > 0)
    )
    assert whole.units.sum() > first.moves.units.sum(), "the rest wants the same dock"

    def rest(_):
        return settle(problem, found.moves.only(np.arange(len(found.moves)) > 0), method=found.method)

    def send(asked, plan):
        return (first, ()) if asked is tight else (plan, ())

    goes, _ = until_nothing_goes(tight, found, cut=send, again=rest)
    assert goes.moves.units.tolist() == first.moves.units.tolist()
    assert "dock out" in goes.notes[-1]


def test_a_plan_that_never_settles_is_ended_and_said():
    problem = instances.problem(np.full((1, 2, 4, 4), 3), [[90, 0]], lanes=instances.lanes([(0, 1)]))

    def one_unit(asked, found):
        return settle(asked, Moves.gather([0], [0], [1]), method=found.method), ()

    goes, _ = until_nothing_goes(problem, solve(problem), cut=one_unit, again=solve)
    assert goes.moves.units.tolist() == [9]
    assert "planned 8 times over" in goes.notes[-1]


@pytest.mark.parametrize("seed", range(3))
def test_what_nobody_holds_back_is_the_plan(seed):
    problem = evening(seed)
    found = solve(problem)
    goes, waits = until_nothing_goes(problem, found, cut=lambda _, plan: (plan, ()), again=solve)
    assert goes is found
    assert waits == ()
