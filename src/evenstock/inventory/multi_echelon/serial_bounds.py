"""What a planner can work out on a slip of paper for a serial chain: two newsvendors a stage, around the optimum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evenstock.inventory.multi_echelon.serial import checked_chain
from evenstock.inventory.single.demand import Demand


@dataclass(frozen=True, slots=True)
class SerialBounds:
    """Echelon levels between which each stage's optimal one lies, the customer's stage first."""

    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def heuristic(self) -> tuple[float, ...]:
        """The middle of both, which costs a fraction of a per cent more than the optimum."""
        return tuple(0.5 * (a + b) for a, b in zip(self.low, self.high, strict=True))


def serial_bounds(
    local_holding: Sequence[float],
    lead_times: Sequence[float],
    penalty: float,
    demand: Demand,
    *,
    review: float = 0.0,
) -> SerialBounds:
    """Newsvendor bounds on the optimal echelon levels; arguments as of `serial_optimum`.

    References
    ----------
    Shang and Song (2003), Management Science 49, theorem 3; Snyder and Shen (2019), eq. 6.32.

    Examples
    --------
    >>> from evenstock.inventory.single.demand import NormalDemand
    >>> bounds = serial_bounds([7, 4, 2], [1, 1, 2], 37.12, NormalDemand(5, 1))
    >>> [round(s, 2) for s in bounds.low], [round(s, 2) for s in bounds.high]
    ([6.49, 11.71, 22.0], [6.49, 12.35, 23.27])
    """
    local, echelon, waits = checked_chain(local_holding, lead_times, penalty, review)
    low, high = [], []
    for j, own in enumerate(echelon):
        days = demand.over(sum(waits[: j + 1]) + review)
        above = penalty + local[j] - own
        low.append(days.quantile(above / (penalty + local[0])))
        high.append(days.quantile(above / (penalty + local[j])))
    return SerialBounds(tuple(low), tuple(high))
