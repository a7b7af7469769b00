"""Which items are worth looking at: the cost of doing nothing against the most that moving could bring."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from evenstock.rebalancing.arrays import Bools, Floats, Ints
from evenstock.rebalancing.cover import position
from evenstock.rebalancing.departures.slope_scaling import full_departures
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth_doing.screen_kernel import missed

AT_RISK: Final = 0.05
"""A node is at risk from the day by which this share of paths has been short."""


class Why(StrEnum):
    """Why an item is looked at or passed over."""

    LOOK = "worth a look"
    NO_RISK = "no node is expected to be short once goods could arrive, and none stands outside its band"
    NOTHING_TO_SEND = "no node has a full case above what it must keep"
    NO_LANE = "no lane that leaves today may carry it from where it is"
    TOO_LITTLE = "the most that moving could bring does not pay for the cheapest lane"


@dataclass(frozen=True, slots=True, eq=False)
class Screen:
    """For K items and W nodes."""

    nothing_cents: Floats
    """Expected cost of shortage if nothing is done, ``(K, W)``."""
    first_day: Ints
    """First day at risk, ``(K, W)``; the number of days planned where there is none."""
    most_cents: Floats
    """No plan brings this item more, cost of departures that leave full included, ``(K,)``."""
    avoided_cents: Floats
    """Shortage that the moves behind `most_cents` would avoid, ``(K,)``."""
    spent_cents: Floats
    """What they would cost at least, ``(K,)``."""
    why: tuple[Why, ...]
    """By item."""
    kept: Ints
    """Items worth a look, the most risk avoided per unit of cost first."""

    @property
    def counts(self) -> dict[Why, int]:
        """Items by reason, those that occur."""
        return {why: self.why.count(why) for why in Why if why in self.why}


def screen(problem: Problem, *, least_cents: float = 0.0) -> Screen:
    """Pass over items whose moves cannot bring more than `least_cents`, without planning them.

    The bound: on a path, n units that reach node j from day L on sell at most as many units as j loses from L on, whatever
    j itself gives away in the meantime; a unit costs at least its share of a departure that leaves full. So what j can gain is
    a newsvendor problem with the lost units as its demand, and the item gains at most the sum over its nodes. What stands
    outside a band (`Bands`) counts in full on top. One simulation of the night as it is gives all of it.
    """
    ways = _ways(problem)
    since = np.minimum(ways.lead, problem.days)
    lost, short_by, later = missed(problem.paths, problem.on_hand, problem.arrivals, since)
    later.sort(axis=2)
    sold, units, value = _newsvendor(later, ways)
    most = value.sum(axis=1) + _outside_bands(problem, ways)
    avoided = (sold * problem.shortage_cents).sum(axis=1)
    spent = (units * np.where(ways.open, ways.cost, 0.0)).sum(axis=1)
    kept = most > max(least_cents, 0.0)
    order = np.argsort(-np.divide(avoided, spent, out=np.full(len(spent), np.inf), where=spent > 0), kind="stable")
    reached = short_by >= AT_RISK * problem.path_count
    return Screen(
        nothing_cents=lost * problem.shortage_cents / problem.path_count,
        first_day=np.where(reached.any(axis=2), reached.argmax(axis=2), problem.days).astype(np.int64),
        most_cents=most,
        avoided_cents=avoided,
        spent_cents=spent,
        why=_reasons(problem, ways, kept, later),
        kept=order[kept[order]].astype(np.int64),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Ways:
    """The best that any lane into a node could do, each ``(K, W)``."""

    open: Bools
    lead: Ints
    """Earliest day of arrival."""
    most_units: Ints
    """Units that could come."""
    cost: Floats
    """Least cents a unit."""
    sold_cents: Floats
    """Most that a unit brings which sells, cost paid."""
    unsold_cents: Floats
    """Most that a unit brings which does not."""


def _ways(problem: Problem) -> _Ways:
    lanes, (items, nodes) = problem.lanes, problem.on_hand.shape
    cost, holding = full_departures(problem), problem.holding_millicents / 1000
    usable = problem.usable & (problem.movable_cases[:, lanes.origin] > 0)
    lead = np.full((items, nodes), np.iinfo(np.int64).max)
    least, sold, unsold = (np.full((items, nodes), fill) for fill in (np.inf, -np.inf, -np.inf))
    reaches = np.zeros((items, nodes, nodes), np.bool_)
    for a in range(len(lanes)):
        i, j, days = int(lanes.origin[a]), int(lanes.destination[a]), int(lanes.lead_days[a])
        ok, kept = usable[:, a], problem.terminal[:, i]
        np.minimum(lead[:, j], days, out=lead[:, j], where=ok)
        np.minimum(least[:, j], cost[:, a], out=least[:, j], where=ok)
        # At best the unit would have been stored at its origin to the end, unsold.
        freed = holding[:, i] * problem.days - kept
        brings = problem.shortage_cents[:, j] + freed - cost[:, a]
        np.maximum(sold[:, j], brings, out=sold[:, j], where=ok)
        stays = max(problem.days - days, 0)
        moved = problem.terminal[:, j] - holding[:, j] * stays + freed - cost[:, a]
        np.maximum(unsold[:, j], moved, out=unsold[:, j], where=ok)
        reaches[:, j, i] |= ok
    movable = problem.movable_cases * problem.case_units[:, None]
    most = np.einsum("kji,ki->kj", reaches, movable)
    is_open = np.asarray(reaches.any(axis=2))
    return _Ways(is_open, lead, most, least, sold, unsold)


def _newsvendor(later: Ints, ways: _Ways) -> tuple[Floats, Floats, Floats]:
    """Units sold, units sent and cents gained at the best number of units, each ``(K, W)``."""
    paths = later.shape[2]
    capped = np.minimum(later, ways.most_units[:, :, None])
    above = np.arange(paths - 1, -1, -1)
    sold = (np.cumsum(capped, axis=2) + above * capped) / paths
    # Last candidate: everything that could come.
    sold = np.concatenate([sold, sold[:, :, -1:]], axis=2)
    sent = np.concatenate([capped, ways.most_units[:, :, None]], axis=2)
    gain = (
        np.where(ways.open, ways.sold_cents, 0.0)[:, :, None],
        np.where(ways.open, ways.unsold_cents, 0.0)[:, :, None],
    )
    value = sold * gain[0] + (sent - sold) * gain[1]
    best = value.argmax(axis=2)[:, :, None]
    top = np.take_along_axis(value, best, axis=2)[:, :, 0]
    take = top > 0

    def at(values: Floats) -> Floats:
        return np.where(take, np.take_along_axis(values, best, axis=2)[:, :, 0], 0.0)

    return at(sold), at(sent.astype(np.float64)), np.maximum(top, 0.0)


def _outside_bands(problem: Problem, ways: _Ways) -> Floats:
    """Cents saved by item if every node came into its band for nothing, as far as moves could bring it there."""
    bands = problem.bands
    if bands is None:
        return np.zeros(len(problem.skus))
    units = position(problem)
    low = np.minimum(np.maximum(bands.low_units - units, 0), ways.most_units) * bands.low_cents
    high = np.where(problem.movable_cases > 0, np.maximum(units - bands.high_units, 0), 0) * bands.high_cents
    total: Floats = np.where(ways.open.any(axis=1), (low + high).sum(axis=1), 0).astype(np.float64)
    return total


def _reasons(problem: Problem, ways: _Ways, kept: Bools, later: Ints) -> tuple[Why, ...]:
    stuck = np.asarray(~(problem.movable_cases > 0).any(axis=1))
    shut = np.asarray(~ways.open.any(axis=1))
    saves = np.asarray((np.where(ways.open, later.sum(axis=2), 0) > 0).any(axis=1))
    safe = ~saves & (_outside_bands(problem, ways) == 0)
    return tuple(
        Why.LOOK
        if look
        else Why.NOTHING_TO_SEND
        if no
        else Why.NO_LANE
        if off
        else Why.NO_RISK
        if fine
        else Why.TOO_LITTLE
        for look, no, off, fine in zip(kept.tolist(), stuck.tolist(), shut.tolist(), safe.tolist(), strict=True)
    )
