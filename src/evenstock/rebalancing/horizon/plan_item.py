"""The best transfers and purchases of one item over the coming weeks, at given lane costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.horizon.choices import Choices, choices
from evenstock.rebalancing.horizon.master import Item, Tangents, relaxed, spread
from evenstock.rebalancing.horizon.question import Horizon
from evenstock.rebalancing.horizon.service import asked, missed
from evenstock.rebalancing.horizon.value import item_costs
from evenstock.rebalancing.horizon.whole import best_whole

GAP = 1e-3


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ItemPlan:
    """What one item should do, in whole cases and multiples."""

    item: int
    options: Choices
    units: Ints
    """By decision of `options`, ``(D,)``."""
    cost_cents: float
    """Expected cost on the paths: decisions, shortage (or waiting), storing, expiry, less the worth of what is left.

    Service that cannot be kept counts at its penalty. What expires is stored, in here, until the first day anything
    expires at its node; `play` stores it until its own."""
    nothing_cents: float
    """The same with no decision at all."""
    relaxed_units: Floats
    """The optimum in parts of units, ``(D,)``."""
    relaxed_cents: float
    bound_cents: float
    """No plan of whole units costs less."""
    rounds: int
    notes: tuple[str, ...] = ()

    @property
    def gap(self) -> float:
        """Distance from the bound, as a share of the cost."""
        return max(self.cost_cents - self.bound_cents, 0.0) / max(abs(self.cost_cents), 1.0)

    def transfers(self, lanes: int, days: int) -> Ints:
        """Units by lane and day, ``(A, T)``."""
        return _table(self.options.lane, self.options.day, self.units, (lanes, days))

    def purchases(self, ways: int, days: int) -> Ints:
        """Units by way to buy and day, ``(V, T)``."""
        return _table(self.options.way, self.options.day, self.units, (ways, days))


def _table(row: Ints, day: Ints, units: Ints, shape: tuple[int, int]) -> Ints:
    table = np.zeros(shape, np.int64)
    mine = row >= 0
    np.add.at(table, (row[mine], day[mine]), units[mine])
    return table


def question(
    horizon: Horizon, k: int, cents_per_unit: Floats, *, order_cents: Floats | None = None, transfers: bool = True
) -> Item:
    """One item's decisions with the exact function of what they cost."""
    options = choices(horizon, k, cents_per_unit, order_cents=order_cents, transfers=transfers)
    costs = item_costs(horizon, k, options.lines)
    arrivals = horizon.problem.arrivals[k].astype(np.int64)
    return Item(options, costs, asked(horizon, k, options, costs), arrivals)


def plan_item(
    horizon: Horizon,
    k: int,
    *,
    cents_per_unit: Floats,
    order_cents: Floats | None = None,
    whole: bool = True,
    hard: bool = False,
    gap: float = GAP,
    programs: int = 4,
    exact: bool = False,
) -> ItemPlan:
    """Plan item `k` alone.

    The relaxed optimum by cutting planes; then whole cases, multiples, least quantities and orders by rounding, exact
    mending and, while the gap is wider than asked, whole-number programs over all tangents known.

    Parameters
    ----------
    cents_per_unit
        Of a transfer by lane, ``(A,)``: everything in it, such as `choices.lane_costs` plus prices of shared departures.
    order_cents
        What opening an order costs this item, ``(V, T)``; none means the whole order cost.
    whole
        Whole units; without, the relaxed optimum is the plan and `units` are its floor.
    hard
        Refuse a plan that does not keep the service asked; without, the best there is comes with a note.
    gap
        Share of the cost by which the plan may miss the bound before more work is done.
    programs
        Most whole-number programs to solve where rounding and mending leave a wider gap.
    exact
        Let them run until nothing is left to prove (small cases).

    Raises
    ------
    ValueError
        If goods spoil and demand waits, lots do not match the stock, or `hard` service cannot be kept: item, node and
        from which day it can.
    """
    item = question(horizon, k, cents_per_unit, order_cents=order_cents)
    tangents = Tangents()
    ideal = relaxed(item, tangents, gap=min(gap / 10, 1e-4) if whole else 1e-9)
    said = missed(horizon, k, item.costs, item.service, item.units(ideal.units)) if item.service.any else []
    if said and hard:
        raise ValueError("; ".join(said))
    nothing = item.cents(np.zeros(len(item.options)))
    if whole:
        start = spread(item, tangents, ideal, gap=gap) if len(item.opens) else ideal.units
        found = best_whole(item, tangents, start, ideal.bound_cents, gap=gap, programs=programs, exact=exact)
        units, cents, bound = found.units, found.cents, found.bound_cents
    else:
        units, cents, bound = np.floor(ideal.units + 1e-9).astype(np.int64), ideal.cents, ideal.bound_cents
    return ItemPlan(
        item=k,
        options=item.options,
        units=units,
        cost_cents=cents,
        nothing_cents=nothing,
        relaxed_units=ideal.units,
        relaxed_cents=ideal.cents,
        bound_cents=bound,
        rounds=ideal.rounds,
        notes=tuple(said),
    )
