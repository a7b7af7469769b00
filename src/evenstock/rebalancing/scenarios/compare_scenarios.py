"""Scenarios side by side, path by path on the same fresh demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evenstock.rebalancing.arrays import Demand, Floats, Ints
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.scenarios.replan import changed_items, replanned
from evenstock.rebalancing.scenarios.situation import Change, Situation
from evenstock.rebalancing.solve import solve as plan_tonight
from evenstock.rebalancing.worth.evaluate import Rerouting, evaluate
from evenstock.rebalancing.worth.solution import Solution
from evenstock.rebalancing.worth_doing.compare import NORMAL_95
from evenstock.rebalancing.worth_doing.part import part, part_of_moves, part_of_routes

BASE = "as it is"


@dataclass(frozen=True, slots=True)
class Paired:
    """Mean of a difference path by path, with its 95 % interval; what both sides share cancels."""

    mean_cents: float
    low_cents: float
    high_cents: float

    @classmethod
    def of(cls, cents: Floats) -> Paired:
        """From differences by path, ``(S,)``."""
        mean, count = float(cents.mean()), len(cents)
        half = NORMAL_95 * float(cents.std(ddof=1)) / count**0.5 if count > 1 else np.inf
        return cls(mean, mean - half, mean + half)


@dataclass(frozen=True, slots=True)
class Side:
    """One scenario with its own plan, played on fresh paths; money in cents, a mean over the paths."""

    name: str
    changes: tuple[str, ...]
    """What differs, a sentence each."""
    lines: int
    units: int
    lanes: int
    pallets: int
    transfer_cents: int
    total_cents: float
    """Shortage, storing and transfers of the night, less the worth of what is left."""
    fill: float
    """Share of units wanted that are served."""
    saving: Paired
    """Of the plan against doing nothing in the same scenario."""
    against_base: Paired
    """Total less the total as it is: above zero where the scenario costs more."""
    planned_items: int
    """Items planned anew; the others keep the plan of the evening as it is."""
    solution: Solution


def compare_scenarios(
    problem: Problem,
    scenarios: Mapping[str, Sequence[Change]],
    *,
    fresh: Demand,
    rerouting: Rerouting | None = None,
    solve: Callable[[Problem], Solution] = plan_tonight,
    plan: Solution | None = None,
) -> tuple[Side, ...]:
    """The evening as it is first, then each scenario, in their order.

    Changes to demand change planned and fresh paths alike, so path s stays one world in all of them and differences are
    paired. Only items that differ, or move otherwise, are played again; see `replanned` for what is planned again.

    Parameters
    ----------
    plan
        Tonight's plan, if there is one already.
    solve
        Makes plans; a faster one for a first look.
    """
    if BASE in scenarios:
        raise ValueError(f"scenarios: {BASE!r} is the evening without a change; name it otherwise")
    start = Situation(problem, fresh, rerouting)
    first = plan if plan is not None else solve(problem)
    nothing, moved = _played(start, Moves.none()), _played(start, first.moves)
    sides = [_side(BASE, (), first, moved, nothing, moved, first.total_cost_cents, len(problem.skus))]
    for name, changes in scenarios.items():
        changed = start
        for change in changes:
            changed = change.apply(changed)
        found, planned = replanned(problem, first, changed.problem, solve)
        differs = _differs(start, changed)
        still = _updated(nothing, changed, Moves.none(), differs)
        touched = np.union1d(differs, _moved_otherwise(first.moves, found.moves))
        now = _updated(moved, changed, found.moves, touched)
        told = tuple(change.sentence for change in changes)
        sides.append(_side(name, told, found, now, still, moved, first.total_cost_cents, planned))
    return tuple(sides)


@dataclass(frozen=True, slots=True, eq=False)
class _Played:
    situation: Situation
    moves: Moves
    cents: Floats
    """By path, without transfers."""
    lost: Floats
    """Units by item, as the next."""
    wanted: Floats


def _played(situation: Situation, moves: Moves) -> _Played:
    outcome = evaluate(situation.problem, moves, demand=situation.fresh, rerouting=situation.rerouting)
    return _Played(
        situation, moves, outcome.path_cents, outcome.lost_units.sum(axis=1), outcome.wanted_units.sum(axis=1)
    )


def _part(situation: Situation, items: Ints) -> Situation:
    routes = part_of_routes(situation.rerouting, items)
    return replace(situation, problem=part(situation.problem, items), fresh=situation.fresh[items], rerouting=routes)


def _updated(before: _Played, situation: Situation, moves: Moves, items: Ints) -> _Played:
    """Only these items are played, before and now; the rest of each path is as it was."""
    if len(items) == 0:
        return before
    if 2 * len(items) > len(situation.problem.skus):
        return _played(situation, moves)
    old = _played(_part(before.situation, items), part_of_moves(before.moves, items))
    new = _played(_part(situation, items), part_of_moves(moves, items))
    lost, wanted = before.lost.copy(), before.wanted.copy()
    lost[items], wanted[items] = new.lost, new.wanted
    return _Played(situation, moves, before.cents - old.cents + new.cents, lost, wanted)


def _differs(start: Situation, changed: Situation) -> Ints:
    """Items whose night differs though nothing is moved otherwise."""
    if not np.array_equal(start.problem.lanes.lead_days, changed.problem.lanes.lead_days):
        return np.arange(len(start.problem.skus), dtype=np.int64)
    items = changed_items(start.problem, changed.problem)
    if start.fresh is changed.fresh:
        return items
    other = [k for k, (a, b) in enumerate(zip(start.fresh, changed.fresh, strict=True)) if not np.array_equal(a, b)]
    return np.union1d(items, np.array(other, np.int64))


def _moved_otherwise(one: Moves, other: Moves) -> Ints:
    """Items whose moves differ."""
    both = np.concatenate([np.stack([m.item, m.lane, m.units]) for m in (one, other)], axis=1)
    rows, count = np.unique(both, axis=1, return_counts=True)
    return np.unique(rows[0][count == 1])


def _side(
    name: str,
    changes: tuple[str, ...],
    solution: Solution,
    now: _Played,
    nothing: _Played,
    base: _Played,
    base_cost: int,
    planned: int,
) -> Side:
    cost = solution.total_cost_cents
    wanted = float(now.wanted.sum())
    return Side(
        name=name,
        changes=changes,
        lines=len(solution.moves),
        units=int(solution.moves.units.sum()),
        lanes=solution.lanes_used,
        pallets=int(solution.lane_pallets.sum()),
        transfer_cents=cost,
        total_cents=float(now.cents.mean()) + cost,
        fill=1 - float(now.lost.sum()) / wanted if wanted else 1.0,
        saving=Paired.of(nothing.cents - now.cents - cost),
        against_base=Paired.of((now.cents - base.cents) + (cost - base_cost)),
        planned_items=planned,
        solution=solution,
    )
