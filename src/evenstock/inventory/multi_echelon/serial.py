"""How much to hold at each stage of a chain, exactly, when unmet demand waits.

Clark and Scarf (1960) split the chain into one question a stage: the stage nearest the customer first, each next one
charged for what its stock-outs cost the stage below. Here each stage's cost is a curve on a fine lattice, and the next
curve is one convolution with the demand of its lead time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from evenstock.inventory.multi_echelon.serial_curve import first_curve, lattice_of, next_curve
from evenstock.inventory.single.demand import Demand

STEPS_PER_SD: Final = 40
"""Lattice steps in the smallest standard deviation of a lead time's demand; costs are then good to some six digits."""


@dataclass(frozen=True, slots=True)
class SerialPolicy:
    """The optimal echelon base-stock policy; stages are counted from the customer.

    Attributes
    ----------
    echelon_levels
        Units that each stage orders up to, counting what it and all stages below have and are sent, less what is owed.
    local_levels
        The same policy by each stage's own stock; a stage at zero passes on without holding.
    cost
        Least long-run cost a period: on hand, in transit and owed.
    in_transit
        The part of `cost` that is for units under way between stages; no policy changes it.
    """

    echelon_levels: tuple[float, ...]
    local_levels: tuple[float, ...]
    cost: float
    in_transit: float

    @property
    def cost_on_hand(self) -> float:
        """Cost a period where units in transit are not charged."""
        return self.cost - self.in_transit


def serial_optimum(
    local_holding: Sequence[float],
    lead_times: Sequence[float],
    penalty: float,
    demand: Demand,
    *,
    review: float = 0.0,
    steps_per_sd: int = STEPS_PER_SD,
) -> SerialPolicy:
    """Optimal echelon levels of a serial chain and their cost.

    Parameters
    ----------
    local_holding
        Cost of a unit at each stage for one period, **the customer's stage first**; each above the next one upstream.
    lead_times
        Periods from the stage above (for the last: from outside, which never runs out) to each stage, same order.
    penalty
        Cost of a unit owed to the customer for one period.
    demand
        Demand of one period. Lead times of `CountedDemand` are whole.
    review
        Periods between orders: 0 is continuous review (the book's section 6.2); 1 is a daily review whose costs are counted
        at the end of the day.
    steps_per_sd
        Fineness of the lattice for normal demand.

    Raises
    ------
    ValueError
        If lengths differ, a lead time is below zero, or holding does not rise towards the customer.

    References
    ----------
    Clark and Scarf (1960); Chen and Zheng (1994); Snyder and Shen (2019), section 6.2.

    Examples
    --------
    Example 6.1 of the book, which prints 6.49, 12.02, 22.71 and 47.65:

    >>> from evenstock.inventory.single.demand import NormalDemand
    >>> best = serial_optimum([7, 4, 2], [1, 1, 2], 37.12, NormalDemand(5, 1))
    >>> [round(s, 2) for s in best.echelon_levels], round(best.cost, 2)
    ([6.49, 12.02, 22.71], 47.66)
    """
    local, echelon, waits = checked_chain(local_holding, lead_times, penalty, review)
    waited = [demand.over(w) for w in (waits[0] + review, *waits[1:])]
    in_transit = demand.mean * sum(h * w for h, w in zip(local[1:], waits, strict=False))
    if all(d.sd == 0 for d in waited):
        known = np.cumsum([d.mean for d in waited]).tolist()
        return SerialPolicy(tuple(known), _local(known), in_transit, in_transit)
    short = min(echelon) / (penalty + local[0])
    lattice = lattice_of(waited, demand.over(sum(waits) + review), short, steps_per_sd)
    curve = first_curve(lattice, waited[0], echelon[0], penalty + local[0])
    levels = [curve.level]
    for days, holding in zip(waited[1:], echelon[1:], strict=True):
        curve = next_curve(lattice, curve, days, holding)
        levels.append(curve.level)
    # The curves charge stages above before the last review period's demand leaves them; they are charged after it.
    cost = curve.least - review * demand.mean * sum(echelon[1:])
    return SerialPolicy(tuple(levels), _local(levels), cost, in_transit)


def _local(echelon: Sequence[float]) -> tuple[float, ...]:
    """A stage never fills more than the stages above let it: so levels count as the least from here up (Axsäter and Rosling)."""
    capped = [min(echelon[j:]) for j in range(len(echelon))]
    return (capped[0], *(up - down for down, up in pairwise(capped)))


def checked_chain(
    local_holding: Sequence[float], lead_times: Sequence[float], penalty: float, review: float
) -> tuple[list[float], list[float], list[float]]:
    """Local and echelon holding costs and lead times, or what is wrong with them."""
    local, waits = [float(h) for h in local_holding], [float(w) for w in lead_times]
    if not local or len(local) != len(waits):
        raise ValueError(f"one holding cost and one lead time a stage, not {len(local)} and {len(waits)}")
    if not all(math.isfinite(v) and v >= 0 for v in (*local, *waits, review)):
        raise ValueError("holding costs, lead times and the review period are finite and zero or more")
    if not (math.isfinite(penalty) and penalty > 0):
        raise ValueError(f"the cost of a unit owed must be above zero, not {penalty}")
    echelon = [h - up for h, up in zip(local, [*local[1:], 0.0], strict=True)]
    worst = int(np.argmin(echelon))
    if echelon[worst] <= 0:
        raise ValueError(
            f"stage {worst + 1} from the customer holds no dearer than the stage above it: "
            "stock would never wait upstream, so leave one of the two out"
        )
    return local, echelon, waits
