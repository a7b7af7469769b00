"""What to buy tonight, and what perishes or is bought and moved: the coming weeks of the items that need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import numpy as np
import polars as pl

from evenstock.domain import Cents, CostTerm, LotId, NodeId, PurchaseLine, Sku, Supply, Units
from evenstock.operations.tonight.question import Tonight
from evenstock.rebalancing.arrays import Bools, Ints
from evenstock.rebalancing.departures.slope_scaling import full_departures
from evenstock.rebalancing.horizon.plan import plan_weeks
from evenstock.rebalancing.horizon.plan_item import question as item_question
from evenstock.rebalancing.horizon.question import Horizon, Lots, Schedule, Service, Supplies
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth.sharing import share_out
from evenstock.rebalancing.worth.solution import Solution

LATER_ORDERS_APART: Final = 3
"""Later orders are planned on every third day only: they are made again before they are placed, and a day's difference hardly
tells on tonight's."""


@dataclass(frozen=True, slots=True, eq=False)
class Weeks:
    """The question of the coming weeks, the ways to buy in its order, and the answer."""

    horizon: Horizon
    ways: tuple[tuple[Supply, ...], ...]
    """The supplies behind each way: one item each."""
    schedule: Schedule
    items: Ints
    """Items planned over the weeks."""

    @property
    def tonight(self) -> Ints:
        """Units transferred tonight by these items, ``(K, A)``."""
        return self.schedule.transfers[:, :, 0]


def plan_the_weeks(
    question: Tonight,
    problem: Problem,
    supplies: Sequence[Supply],
    lots: Lots | None,
    solution: Solution,
    lead_days: Mapping[tuple[str, str, str, str], int],
) -> Weeks | None:
    """Purchases of tonight, with the transfers of items that are bought as well or that spoil decided beside them.

    An item that spoils, or that tonight's plan moves and some supplier sells, is decided anew with everything it may do, on
    the lanes that leave tonight anyway; any other item that takes an order tonight is only bought. None where nothing needs it.

    Parameters
    ----------
    problem : tonight's, service included.
    solution : tonight's plan without purchases.
    lead_days : learned days from order to sale by (supplier, sku, node, mode); the supply's own where unknown.
    """
    ways, behind = _ways(question, problem, supplies, lead_days)
    perishable = _perishable(problem, lots)
    orders_tonight = (
        ways.sells[:, ways.order_days[:, 0]].any(axis=1) if len(ways) else np.zeros(len(problem.skus), np.bool_)
    )
    moved = np.zeros(len(problem.skus), np.bool_)
    moved[solution.moves.item] = True
    anew = perishable | (moved & orders_tonight)
    chosen = np.flatnonzero(anew | orders_tonight)
    if len(chosen) == 0:
        return None
    used = np.zeros(len(problem.lanes), np.bool_)
    used[solution.moves.lane] = True
    assert problem.barred is not None
    shut = problem.barred | ~anew[:, None] | (~used[None, :] & ~perishable[:, None])
    horizon = Horizon(
        problem=replace(problem, barred=shut),
        departs=_tonight_only(question),
        transit_days=question.calendar.transit_days,
        supplies=ways,
        lots=lots,
        service=_service(question, chosen),
    )
    schedule = plan_weeks(horizon, items=chosen)
    return Weeks(horizon, behind, schedule, chosen)


def cannot_wait(problem: Problem, ways: Supplies) -> Bools:
    """Ways and items for which an order tonight can be better than one on the way's next order day, ``(K, V)``.

    Goods ordered tonight help before goods ordered at the next chance only if on some path the node misses a sale between
    the two arrivals; where none does, the next chance is as good, and knows more. The last chance within the days planned
    cannot wait.
    """
    lost = _lost(problem)
    found = np.zeros(ways.sells.shape, np.bool_)
    for v in range(len(ways)):
        chances = np.flatnonzero(ways.order_days[v])
        if not ways.order_days[v, 0]:
            continue
        lead, node = int(ways.lead_days[v]), int(ways.node[v])
        until = lead + int(chances[1]) if len(chances) > 1 else problem.days
        found[:, v] = lost[:, node, lead : min(until, problem.days)].any(axis=1)
    return found


def _lost(problem: Problem) -> Bools:
    """Whether any path misses a sale, by item, node and day, if nothing is done."""
    found = np.zeros((*problem.on_hand.shape, problem.days), np.bool_)
    stock = np.repeat(problem.on_hand[:, :, None], problem.path_count, axis=2)
    for t in range(problem.days):
        stock += problem.arrivals[:, :, t, None].astype(np.int64)
        stock -= problem.paths[:, :, :, t]
        found[:, :, t] = (stock < 0).any(axis=2)
        np.maximum(stock, 0, out=stock)
    return found


def together(solution: Solution, weeks: Weeks) -> Moves:
    """Tonight's moves: of items planned over the weeks theirs, of all others the plan's."""
    moves = solution.moves
    rest = moves.only(~np.isin(moves.item, weeks.items))
    return rest + Moves.from_table(weeks.tonight)


def purchase_lines(
    question: Tonight, weeks: Weeks, late_days: Mapping[tuple[str, str, str, str], int]
) -> tuple[PurchaseLine, ...]:
    """What to buy tonight; a line is worth what the same weeks would cost without it.

    Parameters
    ----------
    late_days : learned days from order to sale that nine in ten keep, by (supplier, sku, node, mode).
    """
    bought = _bought(weeks)
    brings = np.array([worth - sum(int(c.cents) for c in own) for _, _, worth, own in bought], np.float64)
    way = np.array([v for (_, v), *_ in bought], np.int64)
    # An order is paid once for all its lines: shared by what each brings, no line of an order that pays shows a loss.
    shares = share_out(weeks.horizon.supplies.order_cents, way, np.maximum(brings, 1.0))
    found = [
        _line(
            question, weeks, place, units, worth, (*own, CostTerm("share of the order", Cents(int(share)))), late_days
        )
        for (place, units, worth, own), share in zip(bought, shares, strict=True)
    ]
    return tuple(sorted(found, key=lambda line: (line.sku, line.node, line.way)))


def _bought(weeks: Weeks) -> list[tuple[tuple[int, int], int, int, tuple[CostTerm, ...]]]:
    """Item and way, units, worth and own costs of everything bought tonight."""
    found = []
    problem, cents = weeks.horizon.problem, full_departures(weeks.horizon.problem)
    free = np.zeros((len(weeks.horizon.supplies), problem.days))
    for k in weeks.items.tolist():
        ways = np.flatnonzero(weeks.schedule.purchases[k, :, 0])
        if len(ways) == 0:
            continue
        item = item_question(weeks.horizon, k, cents[k], order_cents=free)
        units = _units(weeks, k, item.options).astype(np.float64)
        whole = item.cents(units)
        for v in ways.tolist():
            less = units.copy()
            less[(item.options.way == v) & (item.options.day == 0)] = 0
            amount = int(weeks.schedule.purchases[k, v, 0])
            own = _costs(weeks, k, v, amount)
            worth = round(item.cents(less) - whole) + sum(int(c.cents) for c in own)
            found.append(((k, v), amount, worth, own))
    return found


def _tonight_only(question: Tonight) -> Bools:
    departs = np.zeros_like(question.calendar.departs)
    departs[:, 0] = question.problem.lanes.leaves
    return departs


def _ways(
    question: Tonight, problem: Problem, supplies: Sequence[Supply], lead_days: Mapping[tuple[str, str, str, str], int]
) -> tuple[Supplies, tuple[tuple[Supply, ...], ...]]:
    """Supplies that share supplier, mode, node, days and order cost are one way."""
    at_sku = {sku: k for k, sku in enumerate(problem.skus)}
    at_node = {node: w for w, node in enumerate(problem.nodes)}
    groups: dict[tuple[str, int, int, frozenset[int], int], list[Supply]] = {}
    for s in supplies:
        if s.sku in at_sku and s.node in at_node:
            lead = lead_days.get((s.supplier, s.sku, s.node, s.mode), s.lead_days)
            groups.setdefault((s.way, at_node[s.node], lead, s.order_days, s.order_cents), []).append(s)
    keys = sorted(groups, key=lambda key: (key[0], key[1], key[2], sorted(key[3]), key[4]))
    shape, days = (len(problem.skus), len(keys)), problem.days
    if not keys:
        return Supplies.none(len(problem.skus), days), ()
    weekday = np.array([(question.on + timedelta(days=t)).weekday() for t in range(days)])
    order_days = np.array([_thinned(np.isin(weekday, sorted(key[3]))) for key in keys])
    sells = np.zeros(shape, np.bool_)
    extra, minimum = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    multiple = np.ones(shape, np.int64)
    for v, key in enumerate(keys):
        for s in groups[key]:
            k = at_sku[s.sku]
            sells[k, v] = True
            extra[k, v] = int(s.price_cents) - int(problem.unit_cost_cents[k])
            minimum[k, v], multiple[k, v] = int(s.minimum_units), int(s.multiple_units)
    ways = Supplies(
        names=tuple(key[0] for key in keys),
        node=np.array([key[1] for key in keys], np.int64),
        lead_days=np.array([key[2] for key in keys], np.int64),
        order_days=order_days,
        sells=sells,
        extra_cents=extra,
        order_cents=np.array([int(key[4]) for key in keys], np.int64),
        multiple_units=multiple,
        minimum_units=minimum,
    )
    return ways, tuple(tuple(groups[key]) for key in keys)


def _thinned(days: Bools) -> Bools:
    """Order days with tonight's and the next one as they are, and of later ones no two closer than `LATER_ORDERS_APART` days."""
    found = np.flatnonzero(days).tolist()
    kept = found[:2]
    for day in found[2:]:
        if day - kept[-1] >= LATER_ORDERS_APART:
            kept.append(day)
    thin = np.zeros_like(days)
    thin[kept] = True
    return thin


def lots_of(question: Tonight) -> tuple[Lots, tuple[LotId, ...]] | None:
    """Lots on hand with their last day, how long goods keep, and the lots' names; None where nothing spoils.

    Of a lot only what may be promised counts: the record's doubt is taken from the lot that expires last.
    """
    items, lots = question.items, question.happened.lots
    shelf = np.array([item.shelf_life_days or 0 for item in items], np.int64)
    if lots is None and not shelf.any():
        return None
    at_sku = {item.sku: k for k, item in enumerate(items)}
    at_node = {node.id: w for w, node in enumerate(question.nodes)}
    expiry = (
        {} if lots is None else {(sku, lot): on for sku, lot, on in lots.select("sku", "lot", "expires_on").iter_rows()}
    )
    rows: dict[tuple[int, int], list[tuple[int, str, int]]] = {}
    for sku, node, lot, units in question.balances.select("sku", "node", "lot", "available").iter_rows():
        on: date | None = expiry.get((sku, lot))
        if on is not None and units > 0 and sku in at_sku and node in at_node:
            rows.setdefault((at_sku[sku], at_node[node]), []).append(((on - question.on).days - 1, lot, int(units)))
    entries, names = [], []
    for (k, w), found in sorted(rows.items()):
        left = int(question.problem.on_hand[k, w])
        for last, lot, units in sorted(found):
            kept = min(units, left)
            left -= kept
            if kept and last >= 0:
                entries.append((k, w, kept, last))
                names.append(LotId(lot))
    table = np.array(entries, np.int64).reshape(-1, 4)
    made = Lots(
        item=table[:, 0],
        node=table[:, 1],
        units=table[:, 2],
        last_day=table[:, 3],
        shelf_days=shelf,
        minimum_shelf_days=np.array([item.minimum_shelf_days for item in items], np.int64),
        write_off_cents=np.array([item.unit_cost_cents for item in items], np.int64),
    )
    return made, tuple(names)


def _perishable(problem: Problem, lots: Lots | None) -> Bools:
    spoils = np.zeros(len(problem.skus), np.bool_)
    if lots is not None:
        spoils |= lots.shelf_days > 0
        spoils[lots.item] = True
    return spoils


def _service(question: Tonight, chosen: Ints) -> Service | None:
    """Service asked of the items planned over the weeks."""
    if not question.targets.asks_service:
        return None
    only = np.zeros(len(question.items), np.bool_)
    only[chosen] = True
    return Service(
        cycle=np.where(only[:, None], question.targets.cycle_service, 0.0),
        fill=np.where(only[:, None], question.targets.fill_rate, 0.0),
    )


def _units(weeks: Weeks, k: int, options: object) -> Ints:
    """The schedule's units by decision."""
    lane, way, day, lot = (getattr(options, name) for name in ("lane", "way", "day", "lot"))
    units = np.zeros(len(lane), np.int64)
    bought = way >= 0
    units[bought] = weeks.schedule.purchases[k, way[bought], day[bought]]
    by_lot = weeks.schedule.lot_transfers
    for d in np.flatnonzero(~bought).tolist():
        if by_lot is not None and lot[d] >= 0:
            same = (by_lot.lot == lot[d]) & (by_lot.lane == lane[d]) & (by_lot.day == day[d])
            units[d] = int(by_lot.units[same].sum())
        elif by_lot is None:
            units[d] = weeks.schedule.transfers[k, lane[d], day[d]]
    return units


def _costs(weeks: Weeks, k: int, v: int, units: int) -> tuple[CostTerm, ...]:
    """What the line costs by itself beyond the goods' own cost, which they keep."""
    problem, ways = weeks.horizon.problem, weeks.horizon.supplies
    bound = units * float(problem.unit_cost_cents[k]) * int(ways.lead_days[v]) * problem.capital_rate / 365
    return (
        CostTerm("price over cost", Cents(units * int(ways.extra_cents[k, v]))),
        CostTerm("capital", Cents(round(bound))),
    )


def _line(
    question: Tonight,
    weeks: Weeks,
    place: tuple[int, int],
    units: int,
    worth: int,
    costs: tuple[CostTerm, ...],
    late_days: Mapping[tuple[str, str, str, str], int],
) -> PurchaseLine:
    k, v = place
    supply = next(s for s in weeks.ways[v] if s.sku == weeks.horizon.problem.skus[k])
    problem, lead = weeks.horizon.problem, int(weeks.horizon.supplies.lead_days[v])
    w = int(weeks.horizon.supplies.node[v])
    late = late_days.get((supply.supplier, supply.sku, supply.node, supply.mode))
    daily = float(problem.paths[k, w].mean())
    position = int(problem.on_hand[k, w]) + int(problem.arrivals[k, w].sum())
    sentence = (
        f"{supply.node} has {position:,} units there or under way and sells {daily:.1f} a day; {supply.way} needs {lead} "
        f"days: {units:,} units save {worth / 100:,.2f} over the {problem.days} days planned."
    )
    return PurchaseLine(
        sku=Sku(str(problem.skus[k])),
        node=NodeId(str(supply.node)),
        way=supply.way,
        units=Units(units),
        worth_cents=Cents(worth),
        costs=costs,
        order_by=question.on,
        eta_p50=question.on + timedelta(days=lead),
        eta_p90=None if late is None else question.on + timedelta(days=max(late, lead)),
        sentence=sentence,
    )


def learned_days(lead_times: pl.DataFrame | None, column: str) -> dict[tuple[str, str, str, str], int]:
    """Days from order to receipt by (supplier, sku, node, mode), whole days upwards; of what was learned."""
    if lead_times is None:
        return {}
    rows = lead_times.select("supplier", "sku", "node", "mode", column).iter_rows()
    return {(supplier, sku, node, mode): int(np.ceil(days)) for supplier, sku, node, mode, days in rows}
