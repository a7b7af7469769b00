"""Plans a changed situation, and only the items that changed where nothing else did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Final

import numpy as np

from evenstock.rebalancing.arrays import Bools, Ints
from evenstock.rebalancing.bands import Bands
from evenstock.rebalancing.limits import NO_LIMIT
from evenstock.rebalancing.problem import BY_ITEM, Lanes, Problem
from evenstock.rebalancing.worth.solution import Solution, settle
from evenstock.rebalancing.worth_doing.part import part, whole_of_moves

FEW: Final = 0.2
"""Up to this share of the items, those that changed are planned against the departures of the others."""


def replanned(
    before: Problem, plan: Solution, after: Problem, solve: Callable[[Problem], Solution]
) -> tuple[Solution, int]:
    """A plan for `after`, and how many items were planned for it.

    Where lanes, handling and shared ceilings are as they were and few items changed, only these are planned: the others keep
    their moves, and a departure that leaves for them anyway costs the changed items no fixed cost again. Otherwise, and
    wherever docks, room, trucks or money limit all items together, everything is planned anew.
    """
    changed = changed_items(before, after)
    if len(changed) == 0 and _same_shared(before, after):
        return plan, 0
    if not _same_shared(before, after) or _shared_limits(after) or len(changed) > FEW * len(after.skus):
        return solve(after), len(after.skus)
    stays = plan.moves.only(~np.isin(plan.moves.item, changed))
    leaves = np.bincount(stays.lane, minlength=len(after.lanes)) > 0
    few = part(after, changed)
    few = replace(few, lanes=replace(few.lanes, fixed_cents=np.where(leaves, 0, few.lanes.fixed_cents)))
    more = whole_of_moves(solve(few).moves, changed)
    choices = [settle(after, moves, method=plan.method) for moves in (stays + more, stays)]
    return max(choices, key=lambda choice: choice.net_cents), len(changed)


def changed_items(before: Problem, after: Problem) -> Ints:
    """Items of which anything differs."""
    differs = np.zeros(len(before.skus), np.bool_)
    for name in BY_ITEM:
        differs |= _rows_that_differ(getattr(before, name), getattr(after, name))
    if before.bands is not after.bands:
        none = Bands.none(*before.on_hand.shape)
        for field in fields(Bands):
            differs |= _rows_that_differ(
                getattr(before.bands or none, field.name), getattr(after.bands or none, field.name)
            )
    return np.flatnonzero(differs).astype(np.int64)


def _rows_that_differ(one: np.ndarray, other: np.ndarray) -> Bools:
    if one is other:
        return np.zeros(len(one), np.bool_)
    return np.array([not np.array_equal(a, b) for a, b in zip(one, other, strict=True)], np.bool_)


def _same_shared(before: Problem, after: Problem) -> bool:
    lanes = all(np.array_equal(getattr(before.lanes, f.name), getattr(after.lanes, f.name)) for f in fields(Lanes))
    handling = np.array_equal(before.handling_out_cents, after.handling_out_cents) and np.array_equal(
        before.handling_in_cents, after.handling_in_cents
    )
    return lanes and handling and before.capital_rate == after.capital_rate and before.limits is after.limits


def _shared_limits(problem: Problem) -> bool:
    return problem.limits is not None or bool(problem.lanes.most_pallets.min(initial=NO_LIMIT) < NO_LIMIT)
