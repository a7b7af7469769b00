"""Cuts moves back to what docks, room, trucks and money allow, the smallest benefit first."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from evenstock.rebalancing.arrays import Ints
from evenstock.rebalancing.limits import NO_LIMIT, Limits
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth.solution import cost_members, cost_terms, settle
from evenstock.rebalancing.worth_doing.limits_kernel import allowed_cases

PAID = ("freight", "handling")
"""Columns of cost that a budget counts."""


def within_limits(problem: Problem, moves: Moves) -> Moves:
    """The same moves, fewer units where a shared ceiling is short.

    Lines are taken by what they bring less what they cost, a unit, the largest first, each as far as it fits in whole cases; so
    what is left out is what brings least. Goods that leave tonight make no room for goods that arrive: stricter than
    counting both, never laxer. The budget cuts last, in the same order, and ends at the first line that it does not cover
    in full.
    """
    limits = problem.limits
    if len(moves) == 0 or (limits is None and not problem.lanes.most_pallets.min(initial=NO_LIMIT) < NO_LIMIT):
        return moves
    limits = limits or Limits.none(len(problem.nodes), problem.days)
    benefit = settle(problem, moves, method="asked").line_net_cents / moves.units
    order = np.lexsort((np.arange(len(moves)), -benefit)).astype(np.int64)
    cases = _fitting(problem, moves, limits, order)
    if limits.budget_cents < NO_LIMIT:
        cases = _affordable(problem, moves, cases, limits.budget_cents, order)
    return Moves.gather(moves.item, moves.lane, cases * problem.case_units[moves.item])


def paid_cents(problem: Problem, moves: Moves) -> int:
    """Freight and handling of these moves in all."""
    column = {name: member.COLUMN for name, member in cost_members().items()}
    return sum(int(cents.sum()) for name, cents in cost_terms(problem, moves).items() if column[name] in PAID)


def _fitting(problem: Problem, moves: Moves, limits: Limits, order: Ints) -> Ints:
    lanes, case = problem.lanes, problem.case_units[moves.item]
    return allowed_cases(
        order,
        moves.units // case,
        case,
        problem.pallet_share[moves.item] * case,
        lanes.origin[moves.lane],
        lanes.destination[moves.lane],
        np.minimum(lanes.lead_days[moves.lane], problem.days),
        moves.lane,
        limits.out_units.copy(),
        limits.in_units.copy(),
        limits.room_pallets.copy(),
        lanes.most_pallets.astype(np.float64),
    )


def _affordable(problem: Problem, moves: Moves, cases: Ints, budget_cents: int, order: Ints) -> Ints:
    """The longest beginning of the order that the budget covers, and as much of the next line as it still covers."""

    def cost(upto: int, of_next: int) -> int:
        taken = np.zeros_like(cases)
        taken[order[:upto]] = cases[order[:upto]]
        if of_next:
            taken[order[upto]] = of_next
        return paid_cents(problem, Moves.gather(moves.item, moves.lane, taken * problem.case_units[moves.item]))

    lines = _most(len(order), lambda n: cost(n, 0) <= budget_cents)
    kept = np.zeros_like(cases)
    kept[order[:lines]] = cases[order[:lines]]
    if lines < len(order):
        last = int(order[lines])
        kept[last] = _most(int(cases[last]), lambda n: cost(lines, n) <= budget_cents)
    return kept


def _most(top: int, holds: Callable[[int], bool]) -> int:
    """The largest n up to `top` for which it holds, given that it holds for 0 and for all below one for which it holds."""
    low, high = 0, top
    while low < high:
        middle = (low + high + 1) // 2
        if holds(middle):
            low = middle
        else:
            high = middle - 1
    return low
