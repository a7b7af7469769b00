"""Expected cost of a node for given supply over the coming weeks, exact on the paths, with its slopes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenstock.rebalancing.arrays import Demand, Floats, Ints
from evenstock.rebalancing.horizon.choices import Lines, spoils
from evenstock.rebalancing.horizon.question import Horizon
from evenstock.rebalancing.horizon.value_kernel import keeping_cost, spoiling_cost


@dataclass(frozen=True, slots=True, eq=False)
class Cost:
    """A node's cost at one supply and what it changes by with each unit of each line."""

    cents: float
    """Shortage (or waiting) and storing, less the worth of what is left; mean over the paths."""
    slopes: Floats
    """A subgradient, ``(lines of the node,)``: nowhere is the cost below `cents` + slopes × change."""
    lost_units: float
    """Expected units lost; where demand waits, units still waiting at the end."""
    lost_slopes: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ItemCosts:
    """The cost functions of one item, one a node, over the horizon's paths; each is convex in what its lines hold."""

    lines: Lines
    wanted: Ints
    """Demand ``(W, S, T)``: cumulative where goods keep, by day where they spoil."""
    shortage_cents: Ints
    waiting_cents: Floats
    """A day, ``(W,)``; below zero where unmet demand is lost."""
    holding_cents: Floats
    terminal_cents: Ints
    write_off_cents: float
    spoils: bool

    def span(self, node: int) -> slice:
        """The lines of a node."""
        return slice(int(self.lines.first[node]), int(self.lines.first[node + 1]))

    def at(self, node: int, units: Floats) -> Cost:
        """Cost of `node` when its lines hold `units`, not below zero where goods spoil."""
        span = self.span(node)
        shortage, holding = float(self.shortage_cents[node]), float(self.holding_cents[node])
        kept = float(self.terminal_cents[node])
        day: Ints = self.lines.day[span]
        if self.spoils:
            last = self.lines.last_day[span]
            held: Floats = np.maximum(units, np.float64(0.0))
            found = spoiling_cost(self.wanted[node], day, last, held, shortage, holding, kept, self.write_off_cents)
            return Cost(*found)
        arrives: Floats = np.bincount(day, weights=units, minlength=self.wanted.shape[2] + 1).astype(np.float64)
        waiting = float(self.waiting_cents[node])
        cents, slopes, lost, lost_slopes = keeping_cost(self.wanted[node], arrives, shortage, waiting, holding, kept)
        return Cost(cents, slopes[day], lost, lost_slopes[day])


def item_costs(horizon: Horizon, k: int, lines: Lines, *, demand: Demand | None = None) -> ItemCosts:
    """The cost functions of item `k`, on the problem's paths or on `demand`.

    Raises
    ------
    ValueError
        If goods spoil and demand waits: such an item is for the full program.
    """
    problem, perish = horizon.problem, spoils(horizon, k)
    if perish and horizon.backorder_millicents is not None:
        raise ValueError(
            f"{problem.skus[k]}: goods that spoil cannot be planned with demand that waits; leave out "
            "horizon.backorder_millicents (unmet demand is then lost)"
        )
    wanted = (problem.paths if demand is None else demand)[k].astype(np.int64)
    waits = horizon.backorder_millicents
    return ItemCosts(
        lines=lines,
        wanted=wanted if perish else np.cumsum(wanted, axis=2),
        shortage_cents=problem.shortage_cents[k],
        waiting_cents=np.full(len(wanted), -1.0) if waits is None else waits[k] / 1000,
        holding_cents=problem.holding_millicents[k] / 1000,
        terminal_cents=problem.terminal[k],
        write_off_cents=float(horizon.lots.write_off_cents[k]) if horizon.lots is not None else 0.0,
        spoils=perish,
    )
