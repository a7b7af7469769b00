"""Service to keep, as a cost so high that it is kept wherever it can be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.horizon.choices import Choices
from evenstock.rebalancing.horizon.question import Horizon
from evenstock.rebalancing.horizon.value import Cost, ItemCosts

EPSILON = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What service asks of one item.

    Cycle service bounds what has come by each day: at least the quantile of what is wanted until then (a chance
    constraint on one day is a bound on supply: Charnes and Cooper 1959, Management Science 6(1)). Before goods can
    land, and where none can, it only forbids giving away what it needs.
    """

    supply_units: Floats
    """Units that must have come by each day, ``(W, T)``; minus infinity where nothing is asked."""
    lost_units: Floats
    """Most units lost in expectation, ``(W,)``; infinite where nothing is asked."""
    penalty_cents: float
    """Cost of a unit-day below, or a unit above: more than any plan could save by it."""

    @property
    def any(self) -> bool:
        return bool(np.isfinite(self.supply_units).any() or np.isfinite(self.lost_units).any())

    def short(self, costs: ItemCosts, node: int, units: Floats) -> Floats:
        """Units missing at `node` by each day, ``(T,)``."""
        come = _come(costs, node, units)
        missing: Floats = np.maximum(self.supply_units[node] - come, 0.0)
        return missing

    def cost(self, costs: ItemCosts, node: int, units: Floats) -> Cost:
        """The node's cost with what missing service costs; convex like the cost itself."""
        plain = costs.at(node, units)
        if not (np.isfinite(self.supply_units[node]).any() or np.isfinite(self.lost_units[node])):
            return plain
        missing = self.short(costs, node, units)
        late = np.append(np.cumsum((missing > 0)[::-1])[::-1], 0)
        cents, slopes = (
            self.penalty_cents * missing.sum(),
            -self.penalty_cents * late[costs.lines.day[costs.span(node)]],
        )
        if plain.lost_units > self.lost_units[node]:
            cents += self.penalty_cents * (plain.lost_units - self.lost_units[node])
            slopes = slopes + self.penalty_cents * plain.lost_slopes
        return Cost(plain.cents + cents, plain.slopes + slopes, plain.lost_units, plain.lost_slopes)


def _come(costs: ItemCosts, node: int, units: Floats) -> Floats:
    days = costs.wanted.shape[2]
    arrives = np.bincount(costs.lines.day[costs.span(node)], weights=units, minlength=days + 1)
    come: Floats = np.cumsum(arrives[:days])
    return come


def asked(horizon: Horizon, k: int, options: Choices, costs: ItemCosts) -> Asked:
    """What `horizon.service` asks of item `k`.

    Raises
    ------
    ValueError
        If a fill rate is asked where demand waits: units served at once are not concave in supply then.
    """
    nodes, _, days = costs.wanted.shape
    supply, lost = np.full((nodes, days), -np.inf), np.full(nodes, np.inf)
    each = float(costs.shortage_cents.max(initial=0)) + float(options.cents.max(initial=0.0))
    each += days * float(max(costs.holding_cents.max(initial=0), costs.waiting_cents.max(initial=0)))
    penalty = 2 * (each * float(options.step.max(initial=1)) + float(options.order_cents.max(initial=0.0))) + 1000.0
    if horizon.service is None:
        return Asked(supply, lost, penalty)
    cumulative = np.cumsum(costs.wanted, axis=2) if costs.spoils else costs.wanted
    for w in np.flatnonzero(horizon.service.cycle[k] > 0).tolist():
        least = quantile(cumulative[w], float(horizon.service.cycle[k, w]))
        lands = options.lines.day[options.into[options.lines.node[options.into] == w]]
        base = _come(costs, w, options.lines.units[costs.span(w)].astype(np.float64))
        can = np.arange(days) >= lands.min(initial=days)
        supply[w] = np.where(can, least, np.minimum(least, base))
    for w in np.flatnonzero(horizon.service.fill[k] > 0).tolist():
        if horizon.backorder_millicents is not None:
            raise ValueError(
                f"{horizon.problem.skus[k]} at {horizon.problem.nodes[w]}: a fill rate cannot be asked where demand "
                "waits; ask for cycle service"
            )
        lost[w] = (1 - float(horizon.service.fill[k, w])) * float(cumulative[w, :, -1].mean())
    return Asked(supply, lost, penalty)


def quantile(values: Ints, level: float) -> Floats:
    """Least value that at least a share `level` of the rows does not exceed, by column.

    Examples
    --------
    >>> quantile(np.array([[1], [2], [3], [4]]), 0.75).tolist()
    [3.0]
    """
    rows = len(values)
    at = min(max(int(np.ceil(level * rows - 1e-9)) - 1, 0), rows - 1)
    found: Floats = np.sort(values, axis=0)[at].astype(np.float64)
    return found


def missed(horizon: Horizon, k: int, costs: ItemCosts, service: Asked, units: Floats) -> list[str]:
    """What is not kept when all lines hold `units`: a sentence a node."""
    problem, said = horizon.problem, []
    for w in range(len(problem.nodes)):
        here, span = f"{problem.skus[k]} at {problem.nodes[w]}", costs.span(w)
        missing = np.flatnonzero(service.short(costs, w, units[span]) > EPSILON)
        if len(missing):
            assert horizon.service is not None
            share = f"{horizon.service.cycle[k, w]:.0%}"
            day = int(missing[-1]) + 1
            when = f"from day {day} on it can" if day < problem.days else "no supply comes in time at all"
            said.append(f"{here}: cycle service of {share} cannot be kept by day {int(missing[0])}; {when}")
        lost = costs.at(w, units[span]).lost_units
        if lost > service.lost_units[w] + EPSILON:
            assert horizon.service is not None
            said.append(
                f"{here}: a fill rate of {horizon.service.fill[k, w]:.0%} allows {service.lost_units[w]:.2f} units "
                f"lost, at least {lost:.2f} are"
            )
    return said
