"""How much to buy once, before demand is known."""

from __future__ import annotations

import math
from dataclasses import dataclass

from evenstock.inventory.single.demand import Demand


@dataclass(frozen=True, slots=True)
class Level:
    """A stock level and what it costs.

    Attributes
    ----------
    level
        Units to have before demand comes.
    cost
        Expected holding and shortage cost of the period that follows, in the money of the two rates.
    """

    level: float
    cost: float


def cost_of(level: float, demand: Demand, holding: float, penalty: float) -> float:
    """``h E[(S - D)+] + p E[(D - S)+]`` (Snyder and Shen, 2019, eq. 4.3)."""
    short = float(demand.shortage(level))
    return holding * (level - demand.mean + short) + penalty * short


def newsvendor(demand: Demand, holding: float, penalty: float) -> Level:
    """Level with the least expected cost.

    Parameters
    ----------
    demand
        Demand until the next chance to buy.
    holding
        Cost of each unit left over, above zero. [:math:`h`]
    penalty
        Cost of each unit short, above zero. [:math:`p`]

    Raises
    ------
    ValueError
        If either rate is not finite and above zero.

    References
    ----------
    Snyder and Shen (2019), Fundamentals of Supply Chain Theory, 2nd ed., eq. 4.17 (normal) and 4.36 (whole units).

    Examples
    --------
    Example 4.3 of the book:

    >>> from evenstock.inventory.single.demand import NormalDemand, PoissonDemand
    >>> best = newsvendor(NormalDemand(50, 8), holding=0.18, penalty=0.70)
    >>> round(best.level, 8), round(best.cost, 10)
    (56.60395593, 1.9976051932)

    Poisson demand of five a day, one unit left over costs 1, one short 4:

    >>> newsvendor(PoissonDemand(5), holding=1, penalty=4).level
    7.0
    """
    ratio = critical_ratio(holding, penalty)
    level = demand.quantile(ratio)
    return Level(level, cost_of(level, demand, holding, penalty))


def critical_ratio(holding: float, penalty: float) -> float:
    """``p / (p + h)``: the chance to cover demand beyond which one more unit costs more than it saves."""
    if not (math.isfinite(holding) and math.isfinite(penalty) and holding > 0 and penalty > 0):
        raise ValueError(f"holding and penalty must be finite and above zero, not {holding} and {penalty}")
    return penalty / (holding + penalty)
