"""The least long-run cost with lost sales, by dynamic programming: the yardstick of every policy, for small cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from evenstock.inventory.single.demand import CountedDemand, PoissonDemand
from evenstock.inventory.single.lost_sales_chain import frame

MOST_PAIRS: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Optimum:
    """Bounds between which the least long-run cost a day lies."""

    lower: float
    upper: float

    @property
    def cost(self) -> float:
        return 0.5 * (self.lower + self.upper)


def lost_sales_optimum(
    demand: PoissonDemand | CountedDemand, lead_days: int, holding: float, penalty: float, *, tolerance: float = 1e-4
) -> Optimum:
    """Relative value iteration over all pipelines (Zipkin, 2008), until its two bounds are `tolerance` apart.

    Time and memory grow with the order limit to the power `lead_days`: four days of Poisson(5) take a few seconds.

    Raises
    ------
    ValueError
        If the states are too many; `lost_sales_policy` needs no such table.

    Examples
    --------
    >>> round(lost_sales_optimum(PoissonDemand(5), 1, holding=1, penalty=4).cost, 2)
    4.04
    """
    space = frame(demand.probabilities(), lead_days, holding, penalty)
    if space.size() > MOST_PAIRS:
        raise ValueError(f"{space.size():,} states and orders are too many for an exact optimum: use lost_sales_policy")
    shape = (space.stock_limit + 1, *(space.order_limit + 1,) * (lead_days - 1))
    today = space.cost.reshape(-1, *(1,) * (lead_days - 1))
    value = np.zeros(shape)
    while True:
        after = today + space.ahead(value).min(axis=-1)
        lower, upper = float((after - value).min()), float((after - value).max())
        if upper - lower < tolerance:
            return Optimum(lower, upper)
        value = after - after.flat[0]
