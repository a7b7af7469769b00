"""What else could be done for an item that will be short at a node: each way by itself, against doing nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.horizon.choices import lane_costs
from evenstock.rebalancing.horizon.master import Item
from evenstock.rebalancing.horizon.plan_item import question
from evenstock.rebalancing.horizon.question import Horizon
from evenstock.rebalancing.horizon.whole import lawful


class Kind(StrEnum):
    BUY = "buy"
    EXPEDITE = "expedite"
    """Buy by a way that is quicker and dearer than another into this node."""
    TRANSFER = "transfer"
    WAIT = "wait"
    """For what is under way, or for a later departure."""
    ROUTE_AROUND = "route around"
    """Ship from the next node what this one cannot serve."""
    SUBSTITUTE = "substitute"
    """Offer another item instead."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One thing that could be done, in its best quantity."""

    kind: Kind
    name: str
    """Way to buy, origin, or what is waited for."""
    units: int
    acts_on: int
    """Day of order or departure, counted from today."""
    ready_on: int
    """First day on which it helps."""
    gain_cents: float
    """Expected, against doing nothing, its own cost paid; below zero where it does harm."""
    cost_cents: float
    """What is paid for it."""


def alternatives(
    horizon: Horizon,
    k: int,
    node: int,
    *,
    cents_per_unit: Floats | None = None,
    spill_cents: int | None = None,
    substitute_cents: int | None = None,
) -> tuple[Alternative, ...]:
    """Everything that could help item `k` at `node`, the most gainful first; nothing where it is never short.

    Each is weighed alone, by the cost function that plans: the best whole quantity of one order or one departure.

    Parameters
    ----------
    cents_per_unit
        Of a transfer by lane ``(A,)``; none means departures that leave full.
    spill_cents
        Extra cost of serving a unit from the next node; without, routing around is not told.
    substitute_cents
        Cost of a unit served by another item: margin given up and displeasure; without, it is not told.
    """
    cents = lane_costs(horizon)[k] if cents_per_unit is None else cents_per_unit
    item = question(horizon, k, cents)
    options, lines = item.options, item.options.lines
    held = item.units(np.zeros(len(options)))
    alone = item.costs.at(node, held[item.costs.span(node)])
    first = _first_short(horizon, k, node)
    if first is None:
        return ()
    found = [_under_way(horizon, k, node)]
    seen: set[tuple[int, int, int]] = set()
    for d in np.flatnonzero(lines.node[options.into] == node).tolist():
        lane, way, day = int(options.lane[d]), int(options.way[d]), int(options.day[d])
        later = (lane, way, -1) in seen
        # Of a lane tonight and its next departure; of a way to buy the next order.
        if (lane, way, day) in seen or (later and (way >= 0 or day == 0)):
            continue
        seen |= {(lane, way, day), (lane, way, -1)}
        found.append(_best(horizon, item, d))
    if horizon.backorder_millicents is None:
        lost, shortage = alone.lost_units, int(horizon.problem.shortage_cents[k, node])
        for kind, each in ((Kind.ROUTE_AROUND, spill_cents), (Kind.SUBSTITUTE, substitute_cents)):
            if each is not None:
                units, paid = round(lost), lost * each
                found.append(Alternative(kind, str(kind), units, first, first, lost * (shortage - each), paid))
    told = [one for one in found if one is not None]
    return tuple(sorted(told, key=lambda one: (-one.gain_cents, one.ready_on, one.name)))


def _best(horizon: Horizon, item: Item, d: int) -> Alternative | None:
    """Decision `d` in its best quantity; None where no lawful quantity exists."""
    options, problem = item.options, horizon.problem
    step, least = int(options.step[d]), int(options.least[d])
    nothing = item.cents(np.zeros(len(options)))

    def cents(steps: int) -> float:
        bought = np.zeros(len(options))
        bought[d] = steps * step
        return item.cents(bought)

    low, high = -(-least // step), int(options.most[d]) // step
    if high < low or not lawful(item, _only(options.most, d, low * step)):
        return None
    while low < high:
        middle = (low + high) // 2
        if cents(middle + 1) < cents(middle) - 1e-9:
            low = middle + 1
        else:
            high = middle
    while low * step > least and not lawful(item, _only(options.most, d, low * step)):
        low -= 1
    bought = np.zeros(len(options))
    bought[d] = low * step
    lane, way, day = int(options.lane[d]), int(options.way[d]), int(options.day[d])
    if lane >= 0:
        kind, name = Kind.TRANSFER if day == 0 else Kind.WAIT, problem.nodes[int(problem.lanes.origin[lane])]
    else:
        kind, name = _kind(horizon, item.options.way, options.lines.node[options.into], d), horizon.supplies.names[way]
    ready = int(options.lines.day[options.into[d]])
    return Alternative(kind, name, low * step, day, ready, nothing - cents(low), item.paid(bought))


def _only(most: Ints, d: int, units: int) -> Ints:
    alone = np.zeros_like(most)
    alone[d] = units
    return alone


def _kind(horizon: Horizon, ways: Ints, reaches: Ints, d: int) -> Kind:
    """Expedited where another way into the node is slower."""
    others = np.unique(ways[(reaches == reaches[d]) & (ways >= 0)])
    lead = horizon.supplies.lead_days
    return Kind.EXPEDITE if (lead[others] > lead[ways[d]]).any() else Kind.BUY


def _first_short(horizon: Horizon, k: int, node: int) -> int | None:
    """First day on which some path wants more than is there if nothing is done."""
    problem = horizon.problem
    come = problem.on_hand[k, node] + np.cumsum(problem.arrivals[k, node], dtype=np.int64)
    short = (np.cumsum(problem.paths[k, node], axis=1, dtype=np.int64) > come).any(axis=0)
    return int(short.argmax()) if short.any() else None


def _under_way(horizon: Horizon, k: int, node: int) -> Alternative | None:
    """Wait for the next arrival: doing nothing, so no gain and no cost; None where nothing is under way."""
    comes = np.flatnonzero(horizon.problem.arrivals[k, node])
    if not len(comes):
        return None
    day = int(comes[0])
    units = int(horizon.problem.arrivals[k, node, day])
    return Alternative(Kind.WAIT, "what is under way", units, 0, day, 0.0, 0.0)
