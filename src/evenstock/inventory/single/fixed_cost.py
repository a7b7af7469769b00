"""When to order, and up to what, where every order costs a fixed sum and unmet demand waits."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evenstock.inventory.single.demand import CountedDemand, PoissonDemand
from evenstock.inventory.single.newsvendor import cost_of, newsvendor

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ReorderPolicy:
    """The (s, S) policy.

    Attributes
    ----------
    reorder_at
        At this many units on hand and under way, less owed, or fewer, order. [:math:`s`]
    order_up_to
        Up to this many. [:math:`S`]
    cost
        Long-run cost a day: orders, units on hand and units owed.
    """

    reorder_at: int
    order_up_to: int
    cost: float

    def order(self, position: int) -> int:
        """Units to order this morning."""
        return self.order_up_to - position if position <= self.reorder_at else 0


def reorder_policy(
    demand: PoissonDemand | CountedDemand, lead_days: int, holding: float, penalty: float, fixed: float
) -> ReorderPolicy:
    """Optimal (s, S) policy of a shelf looked at every morning.

    Parameters
    ----------
    demand
        Demand of one day in whole units, independent from day to day, not always zero.
    lead_days
        Days from order to arrival; what arrives in the morning serves that day.
    holding, penalty
        Cost of a unit on hand, and of a unit owed, in the evening.
    fixed
        Cost of each order, at or above zero. [:math:`K`]

    Raises
    ------
    ValueError
        If a rate makes no sense.

    References
    ----------
    Zheng and Federgruen (1991), Operations Research 39, section 2; Snyder and Shen (2019), algorithm 4.2.

    Examples
    --------
    Example 4.7 of the book, with its cost of 8.034:

    >>> best = reorder_policy(PoissonDemand(6), 0, holding=1, penalty=4, fixed=5)
    >>> best.reorder_at, best.order_up_to, round(best.cost, 3)
    (4, 10, 8.034)
    """
    if not (math.isfinite(fixed) and fixed >= 0):
        raise ValueError(f"the cost of an order is finite and zero or more, not {fixed}")
    if lead_days < 0 or lead_days != int(lead_days):
        raise ValueError(f"lead days are whole and zero or more, not {lead_days}")
    if not demand.mean > 0:
        raise ValueError("demand that is always zero needs no policy")
    days = demand.over(lead_days + 1)
    daily = _Costs(days, holding, penalty)
    visits = _Visits(demand.probabilities())

    def cost(s: int, up: int) -> float:
        spent = fixed + sum(visits.at(d) * daily.at(up - d) for d in range(up - s))
        return spent / visits.until(up - s)

    best_up = int(newsvendor(days, holding, penalty).level)
    s = best_up - 1
    while cost(s, best_up) > daily.at(s):
        s -= 1
    best, up = cost(s, best_up), best_up + 1
    # No larger S can pay once one day at S alone costs more than the best average.
    while daily.at(up) <= best:
        if cost(s, up) < best:
            best_up = up
            while s + 1 < best_up and cost(s, best_up) <= daily.at(s + 1):
                s += 1
            best = cost(s, best_up)
        up += 1
    return ReorderPolicy(s, best_up, best)


class _Costs:
    """Expected cost of the day that today's position decides, kept as it is asked for."""

    def __init__(self, days: PoissonDemand | CountedDemand, holding: float, penalty: float) -> None:
        self._question = (days, holding, penalty)
        self._known: dict[int, float] = {}

    def at(self, position: int) -> float:
        if position not in self._known:
            self._known[position] = cost_of(position, *self._question)
        return self._known[position]


class _Visits:
    """Mean number of days a position `d` below S lasts before the next order: a renewal density."""

    def __init__(self, chances: Floats) -> None:
        self._chances = chances
        self._mass = [1.0 / (1.0 - float(chances[0]))]
        self._sum = [0.0, self._mass[0]]

    def at(self, d: int) -> float:
        while len(self._mass) <= d:
            j = len(self._mass)
            known = min(j, self._chances.size - 1)
            new = float(self._chances[1 : known + 1] @ np.array(self._mass[j - known : j])[::-1]) * self._mass[0]
            self._mass.append(new)
            self._sum.append(self._sum[-1] + new)
        return self._mass[d]

    def until(self, depth: int) -> float:
        """Mean number of days from an order until the position has fallen by `depth`."""
        self.at(depth)
        return self._sum[depth]
