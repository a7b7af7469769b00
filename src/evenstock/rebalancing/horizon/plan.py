"""The coming weeks of all items that need more than tonight's flow: purchases, later transfers, waiting demand, lots."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evenstock.rebalancing.arrays import Bools, Floats, Ints
from evenstock.rebalancing.horizon.choices import lane_costs
from evenstock.rebalancing.horizon.plan_item import GAP, ItemPlan, plan_item
from evenstock.rebalancing.horizon.question import Horizon, LotTransfers, Schedule

Map = Callable[..., Iterable[Any]]
SWEEPS: Final = 2


def needs_weeks(horizon: Horizon) -> Bools:
    """Items that tonight's flow cannot plan, ``(K,)``: bought, spoiling, waiting, with service to keep or later transfers."""
    items = len(horizon.problem.skus)
    needs: Bools = np.asarray(horizon.supplies.sells.any(axis=1), np.bool_)
    if horizon.lots is not None:
        needs = needs | (horizon.lots.shelf_days > 0) | np.isin(np.arange(items), horizon.lots.item)
    if horizon.service is not None:
        needs = needs | (horizon.service.cycle > 0).any(axis=1) | (horizon.service.fill > 0).any(axis=1)
    if horizon.backorder_millicents is not None or horizon.transfer_days > 1:
        needs = np.ones(items, np.bool_)
    return needs


def plan_weeks(
    horizon: Horizon,
    *,
    lane_cents: Floats | None = None,
    map: Map = map,  # noqa: A002
    items: npt.ArrayLike | None = None,
    hard: bool = False,
    gap: float = GAP,
) -> Schedule:
    """Plan every item that needs it, each by itself, at linear lane costs.

    Items share orders: at first each pays an equal share of an order's fixed cost (which is a bound: any split of it is),
    then what the others have opened already is free, and an item that would open an order alone pays it whole.

    Parameters
    ----------
    lane_cents
        Cents per unit by item and lane ``(K, A)``, everything in it; none means departures that leave full.
    map
        `map`, or one that runs elsewhere.
    items
        Which items; none means those that `needs_weeks` names. The others get nothing here.
    hard
        Refuse where asked service cannot be kept; without, a note says so.

    Notes
    -----
    Only tonight's decisions are for execution. Fear of the tail (`Tail`) is about the network's total and is left to the
    full program, as are docks, room and budget, which prices in `lane_cents` stand for.
    """
    problem, ways = horizon.problem, horizon.supplies
    cents = lane_costs(horizon) if lane_cents is None else lane_cents
    chosen = np.flatnonzero(needs_weeks(horizon)) if items is None else np.asarray(items, np.int64)
    sharing = np.maximum(ways.sells[chosen].sum(axis=0), 1)
    share = np.repeat((ways.order_cents / sharing)[:, None], problem.days, axis=1)
    one = partial(_one, horizon, cents, share, hard, gap)
    plans: list[ItemPlan] = list(map(one, chosen.tolist()))
    bound = float(sum(plan.bound_cents for plan in plans))
    if (ways.order_cents > 0).any() and len(chosen) > 1:
        plans = _share_orders(horizon, cents, plans, hard, gap)
    notes = [note for plan in plans for note in plan.notes]
    if horizon.tail.weight > 0:
        notes.append("fear of the tail is about the network's total: not planned item by item")
    transfers = np.zeros((len(problem.skus), len(problem.lanes), problem.days), np.int64)
    purchases = np.zeros((len(problem.skus), len(ways), problem.days), np.int64)
    for plan in plans:
        transfers[plan.item] = plan.transfers(len(problem.lanes), problem.days)
        purchases[plan.item] = plan.purchases(len(ways), problem.days)
    return Schedule(
        transfers=transfers,
        purchases=purchases,
        cost_cents=_total(horizon, plans),
        bound_cents=bound,
        notes=tuple(notes),
        lot_transfers=None if horizon.lots is None else _lots(plans),
    )


def _one(horizon: Horizon, cents: Floats, order_cents: Floats, hard: bool, gap: float, k: int) -> ItemPlan:
    return plan_item(horizon, k, cents_per_unit=cents[k], order_cents=order_cents, hard=hard, gap=gap)


def _total(horizon: Horizon, plans: list[ItemPlan]) -> float:
    """Every item's cost, each order paid once."""
    ways, days = len(horizon.supplies), horizon.problem.days
    opened, total = np.zeros((ways, days), np.int64), 0.0
    for plan in plans:
        bought = plan.units > 0
        total += plan.cost_cents - float(plan.options.order_cents[bought].sum())
        opened += plan.purchases(ways, days)
    return total + float((opened > 0).sum(axis=1) @ horizon.supplies.order_cents)


def _share_orders(horizon: Horizon, cents: Floats, plans: list[ItemPlan], hard: bool, gap: float) -> list[ItemPlan]:
    """Sweeps in which an item sees free the orders that others have opened; the cheapest list of plans met."""
    fixed = horizon.supplies.order_cents
    joint = np.flatnonzero(horizon.supplies.sells[:, fixed > 0].sum(axis=1))
    shape = len(fixed), horizon.problem.days
    best, least, plans = list(plans), _total(horizon, plans), list(plans)
    count: Ints = np.sum([plan.purchases(*shape) > 0 for plan in plans], axis=0, dtype=np.int64)
    for _ in range(SWEEPS):
        for n, plan in enumerate(plans):
            if plan.item not in joint:
                continue
            others = count - (plan.purchases(*shape) > 0)
            mine = np.where(others > 0, 0, fixed[:, None]).astype(np.float64)
            plans[n] = _one(horizon, cents, mine, hard, gap, plan.item)
            count = others + (plans[n].purchases(*shape) > 0)
        total = _total(horizon, plans)
        if total >= least - 1e-6:
            break
        best, least = list(plans), total
    return best


def _lots(plans: list[ItemPlan]) -> LotTransfers:
    rows = [
        (plan.item, plan.options.lane[d], plan.options.day[d], plan.options.lot[d], plan.units[d])
        for plan in plans
        if plan.options.spoils
        for d in np.flatnonzero((plan.units > 0) & (plan.options.lane >= 0)).tolist()
    ]
    table = np.array(rows, np.int64).reshape(len(rows), 5)
    return LotTransfers(item=table[:, 0], lane=table[:, 1], day=table[:, 2], lot=table[:, 3], units=table[:, 4])
