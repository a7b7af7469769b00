r"""One plan for each of many orders within what there is: the program, its limits, and a proof in whole numbers.

Column :math:`p` is a plan of an order and takes :math:`a_{sp}` of supply :math:`s`. What matters most comes first: tier
:math:`t` makes :math:`\sum_p c_{tp} x_p` least among the choices that are best in every tier before it, so that no weight
stands between an order served and a cent.

.. math:: \min \sum_p c_{tp} x_p, \quad \sum_{p \in o} x_p \le 1, \quad \sum_p a_{sp} x_p \le b_s,
          \quad \sum_p c_{jp} x_p \le z_j \ (j < t), \quad x \in \{0, 1\}

The relaxation is solved first. Where each plan takes one place of one kind it is a transportation problem, whose vertices
are whole: nothing is left to search. Elsewhere HiGHS branches, from the best choice its prices give. It stops after
`MOST_NODES` nodes, by no clock, on one thread and with a fixed seed. The proof does not trust the solver's tolerances:
prices :math:`\lambda, \nu \ge 0`, rounded to whole parts of a unit, bound every choice by weak duality, reckoned exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isfinite
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evenstock import optimisation
from evenstock.optimisation import Status
from evenstock.routing.priced import Whole

MOST_NODES: Final = 200
MOST_PIVOTS: Final = 2_000_000
"""Steps of the simplex for one relaxation."""
FINEST: Final = 1_000_000
"""Parts of a unit to which prices are rounded, where the numbers leave room."""
_ROOM: Final = 2.0**61
_SIMPLEX: Final = {"solver": "simplex", "simplex_iteration_limit": MOST_PIVOTS}

Real = NDArray[np.float64]
Truth = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Columns and what they share."""

    order: Whole
    """Of each column, shape ``(column,)``, not decreasing."""
    tiers: Whole
    """What counts first, what next, shape ``(tier, column)``."""
    column: Whole
    """Of each taking, shape ``(taking,)``."""
    supply: Whole
    amount: Whole
    left: Whole
    """Shape ``(supply,)``."""

    def takes(self, price: NDArray[Any]) -> NDArray[Any]:
        """What each column pays for all it takes, shape ``(column,)``."""
        paid = np.zeros(len(self.order), price.dtype)
        np.add.at(paid, self.column, self.amount * price[self.supply])
        return paid

    def allows(self, chosen: Truth, kept: list[int]) -> bool:
        """Whether a choice keeps every limit, reckoned in whole numbers."""
        used = np.zeros(len(self.left), np.int64)
        held = chosen[self.column]
        np.add.at(used, self.supply[held], self.amount[held])
        once = np.bincount(self.order[chosen], minlength=1).max(initial=0) <= 1
        best = all(int(self.tiers[j, chosen].sum()) <= z for j, z in enumerate(kept))
        return bool(once and best and (used <= self.left).all())


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """Prices of one tier's relaxation."""

    supply: Real
    """Of one more, in the tier's unit, shape ``(supply,)``, zero or more."""
    tier: Real
    """Of the tiers before it, shape ``(tier,)``, zero or more."""


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """The best choice found and, tier by tier, its value, what no choice can beat, and prices."""

    chosen: Truth
    value: tuple[int, ...]
    bound: tuple[int, ...]
    prices: tuple[Prices, ...]

    @property
    def proven(self) -> bool:
        return self.value == self.bound


def solve(program: Program, most_nodes: int = MOST_NODES) -> Solved:
    """Choose at most one column of each order, tier after tier; with no nodes, by prices alone, without a search."""
    chosen = np.zeros(len(program.order), np.bool_)
    kept: list[int] = []
    bounds, prices = [], []
    for tier in range(len(program.tiers)):
        chosen, bound, price = _tier(program, tier, kept, chosen, most_nodes)
        kept.append(int(program.tiers[tier, chosen].sum()))
        bounds.append(bound)
        prices.append(price)
    value = tuple(int(program.tiers[tier, chosen].sum()) for tier in range(len(program.tiers)))
    return Solved(chosen, value, tuple(bounds), tuple(prices))


def _tier(program: Program, tier: int, kept: list[int], start: Truth, most_nodes: int) -> tuple[Truth, int, Prices]:
    """The best choice of one tier, never worse than `start`; a bound on all; prices."""
    cost = program.tiers[tier]
    free = Prices(np.zeros(len(program.left)), np.zeros(tier))
    start = _better(program, cost, kept, start, _by_prices(program, tier, free))
    bound = lower_bound(program, tier, kept, free)
    if int(cost[start].sum()) == bound:
        return start, bound, free  # as good as if nothing were short
    posed = _tier_program(program, cost, kept)
    relaxed = posed.solve(relaxed=True, options=_SIMPLEX)
    if relaxed.status is not Status.OPTIMAL:
        return start, bound, free
    orders = int(program.order[-1]) + 1
    dual = np.maximum(0.0, -relaxed.row_duals)
    prices = Prices(dual[orders : orders + len(program.left)], dual[orders + len(program.left) :])
    bound = lower_bound(program, tier, kept, prices)
    best = _better(program, cost, kept, start, relaxed.values > 0.5)
    if int(cost[best].sum()) > bound:
        best = _better(program, cost, kept, best, _by_prices(program, tier, prices))
    if int(cost[best].sum()) > bound and most_nodes:
        # Values are whole: the next better one is a whole step away.
        found = posed.solve(start=best, gap=0.0, absolute_gap=0.9, most_nodes=most_nodes, options=_SIMPLEX)
        if found.found:
            best = _better(program, cost, kept, best, found.values > 0.5)
        if isfinite(found.bound):
            slack = 1e-6 * max(1.0, abs(found.bound))
            bound = max(bound, min(ceil(found.bound - slack), int(cost[best].sum())))
    return best, bound, prices


def lower_bound(program: Program, tier: int, kept: list[int], prices: Prices) -> int:
    """No choice that is best in the tiers before has less in this one: the Lagrangian at these prices, exactly."""
    most = np.abs(program.tiers).max(initial=1) * (1.0 + prices.tier.sum())
    most += program.takes(prices.supply).max(initial=0.0)
    parts = max(1, min(FINEST, int(_ROOM / max(float(most), 1.0))))
    supply = np.rint(prices.supply * parts).astype(np.int64)
    before = np.rint(prices.tier * parts).astype(np.int64)
    paid = program.tiers[tier] * parts + before @ program.tiers[:tier] + program.takes(supply)
    least = np.zeros(int(program.order[-1]) + 1, np.int64)
    np.minimum.at(least, program.order, paid)
    # Python's whole numbers: sums over many orders do not fit 64 bits for sure.
    value = sum(least.tolist())
    value -= sum(a * b for a, b in zip(supply.tolist(), program.left.tolist(), strict=True))
    value -= sum(a * b for a, b in zip(before.tolist(), kept, strict=True))
    return int(-(-value // parts))


def _by_prices(program: Program, tier: int, prices: Prices) -> Truth:
    """Each order takes what is best for it at the prices and fits; those with most to lose choose first."""
    paid = program.tiers[tier] + prices.tier @ program.tiers[:tier] + program.takes(prices.supply)
    ranked = np.lexsort((np.arange(len(paid)), paid, program.order))
    orders = program.order[ranked]
    begin = np.flatnonzero(np.diff(orders, prepend=-1))
    end = np.append(begin[1:], len(ranked))
    lost = np.array(
        [paid[ranked[a + 1]] - paid[ranked[a]] if b > a + 1 else np.inf for a, b in zip(begin, end, strict=True)]
    )
    by_column = np.argsort(program.column, kind="stable")
    first = np.searchsorted(program.column[by_column], np.arange(len(paid) + 1))
    left, chosen = program.left.copy(), np.zeros(len(paid), np.bool_)
    for turn in np.argsort(-lost, kind="stable").tolist():
        for column in ranked[begin[turn] : end[turn]].tolist():
            taken = by_column[first[column] : first[column + 1]]
            if (program.amount[taken] <= left[program.supply[taken]]).all():
                left[program.supply[taken]] -= program.amount[taken]
                chosen[column] = True
                break
    return chosen


def _better(program: Program, cost: Whole, kept: list[int], one: Truth, other: Truth) -> Truth:
    """The other, if it keeps every limit and counts less."""
    return other if int(cost[other].sum()) < int(cost[one].sum()) and program.allows(other, kept) else one


def _tier_program(program: Program, cost: Whole, kept: list[int]) -> optimisation.Program:
    """The program of one tier as HiGHS takes it."""
    made = optimisation.Program()
    plan = made.columns(len(program.order), cost=cost, upper=1, whole=True)
    once = made.rows("one plan for an order", int(program.order[-1]) + 1, upper=1)
    made.put(once[program.order], plan)
    there = made.rows("only what is there", len(program.left), upper=program.left)
    made.put(there[program.supply], plan[program.column], program.amount)
    for tier, best in zip(program.tiers, kept, strict=False):
        made.put(made.rows("no worse in what counts more", 1, upper=best), plan, tier)
    return made
