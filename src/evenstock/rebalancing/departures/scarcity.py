"""What is short tonight beside the lanes' own cost, and what a plan uses of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from evenstock.rebalancing.arrays import Bools, Floats, Ints
from evenstock.rebalancing.departures.lane_costs import LeastPrices
from evenstock.rebalancing.limits import NO_LIMIT, Limits
from evenstock.rebalancing.problem import Problem

KINDS: Final = ("pallets", "out", "arriving", "stored", "budget")


@dataclass(frozen=True, slots=True, eq=False)
class Amounts:
    """A number for each thing that may be short: what there is, what a plan uses, or what more of it is worth."""

    pallets: Floats
    """Room on each lane's departure, ``(A,)``."""
    out: Floats
    """Units that leave each node, ``(W,)``."""
    arriving: Floats
    """Units that reach each node on each day, ``(W, T)``."""
    stored: Floats
    """Pallets added to each node by the end of each day, ``(W, T)``."""
    budget: Floats
    """Cents of freight and handling, ``(1,)``."""

    @classmethod
    def none(cls, problem: Problem) -> Amounts:
        nodes, days = len(problem.nodes), problem.days
        shapes = ((len(problem.lanes),), (nodes,), (nodes, days), (nodes, days), (1,))
        return cls(*(np.zeros(shape) for shape in shapes))

    @classmethod
    def there(cls, problem: Problem) -> Amounts:
        """What there is; infinite where nothing limits."""
        limits = problem.limits or Limits.none(len(problem.nodes), problem.days)

        def endless(values: Ints) -> Floats:
            return np.where(values >= NO_LIMIT, np.inf, values).astype(np.float64)

        return cls(
            endless(problem.lanes.most_pallets),
            endless(limits.out_units),
            endless(limits.in_units),
            limits.room_pallets.astype(np.float64),
            endless(np.array([limits.budget_cents])),
        )

    def each(self) -> tuple[Floats, ...]:
        return tuple(getattr(self, kind) for kind in KINDS)


def lane_amounts(problem: Problem, units: Ints) -> tuple[Floats, Floats, Floats]:
    """Units, pallets not rounded, and loads of items without a pallet size, by lane, of units by item and lane."""
    loose = np.where(problem.pallet_units > 0, 0.0, problem.load)
    return units.sum(axis=0).astype(np.float64), problem.pallet_share @ units, loose @ units


def node_amounts(problem: Problem, lane_units: Floats, lane_pallets: Floats) -> tuple[Floats, Floats, Floats]:
    """Units out ``(W,)``, units arriving ``(W, T)`` and pallets stored by then ``(W, T)``."""
    lanes, nodes, days = problem.lanes, len(problem.nodes), problem.days
    out = np.bincount(lanes.origin, weights=lane_units, minlength=nodes).astype(np.float64)
    arriving, stored = np.zeros((nodes, days)), np.zeros((nodes, days))
    seen = lanes.lead_days < days
    at = lanes.destination[seen], lanes.lead_days[seen]
    np.add.at(arriving, at, lane_units[seen])
    np.add.at(stored, at, lane_pallets[seen])
    return out, arriving, stored.cumsum(axis=1)


def unit_price(problem: Problem, price: Amounts) -> Floats:
    """Docks at both ends, cents of a unit by lane ``(A,)``."""
    lanes = problem.lanes
    day = np.minimum(lanes.lead_days, problem.days - 1)
    late = lanes.lead_days >= problem.days
    cents: Floats = price.out[lanes.origin] + np.where(late, 0.0, price.arriving[lanes.destination, day])
    return cents


def pallet_price(problem: Problem, price: Amounts) -> Floats:
    """Storage at the destination from the day of arrival on, cents of a pallet by lane ``(A,)``."""
    lanes = problem.lanes
    ahead = np.concatenate([price.stored[:, ::-1].cumsum(axis=1)[:, ::-1], np.zeros((len(problem.nodes), 1))], axis=1)
    cents: Floats = ahead[lanes.destination, np.minimum(lanes.lead_days, problem.days)]
    return cents


def lane_prices(problem: Problem, least: LeastPrices, price: Amounts) -> tuple[Floats, Floats, Floats]:
    """Cents of a unit, of a pallet and of a loose load by lane, all in."""
    dearer = 1.0 + price.budget[0]
    pallet = dearer * least.pallet + price.pallets + pallet_price(problem, price)
    return unit_price(problem, price), pallet, dearer * least.loose


def item_prices(
    problem: Problem, own: Floats, money: Floats, lane: tuple[Floats, Floats, Floats], budget: float
) -> Floats:
    """Cents of a unit by item and lane ``(K, A)`` at lane prices; `money` is the part of `own` that a budget pays."""
    unit, pallet, loose = lane
    share = problem.pallet_share
    without = np.where(problem.pallet_units > 0, 0.0, problem.load)
    cents = own + unit[None, :] + np.outer(share, pallet)
    if without.any():
        cents += np.outer(without, loose)
    if budget > 0:
        cents += budget * money
    return cents


def short(there: Amounts, most: Amounts) -> tuple[Bools, ...]:
    """Where there could be less than the night would use, by kind."""
    return tuple(has < could for has, could in zip(there.each(), most.each(), strict=True))
