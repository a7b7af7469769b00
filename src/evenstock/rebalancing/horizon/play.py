"""What a schedule would have brought on given demand: transfers, purchases, lots and waiting, lived day by day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from evenstock.rebalancing.arrays import Demand, Floats, Ints
from evenstock.rebalancing.horizon.choices import UNNAMED, lawful, spoils
from evenstock.rebalancing.horizon.play_kernel import live
from evenstock.rebalancing.horizon.question import Horizon, LotTransfers, Schedule
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth.solution import cost_terms


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Played:
    """Means over the paths; money in whole cents, each part rounded once, the total their sum."""

    wanted_units: Floats
    """``(K, W)``, as all units here."""
    served_units: Floats
    lost_units: Floats
    waiting_units: Floats
    """Still waiting after the last day."""
    left_units: Floats
    """Left after the last day, units still under way to the node included."""
    expired_units: Floats
    shortage_cents: int
    waiting_cents: int
    storing_cents: int
    expiry_cents: int
    terminal_cents: int
    """Worth of what is left beyond its unit cost; a gain."""
    transfer_cents: Mapping[str, int]
    """By cost term; whole pallets and departures, each day's by itself."""
    purchase_cents: int
    """Beyond the unit cost: price difference, freight, expediting."""
    order_cents: int
    """Fixed, once for each way and day."""
    purchase_capital_cents: int
    path_cents: Floats
    """Everything that demand decides, by path ``(S,)``."""

    @property
    def paid_cents(self) -> int:
        """What the schedule costs before it brings anything."""
        return sum(self.transfer_cents.values()) + self.purchase_cents + self.order_cents + self.purchase_capital_cents

    @property
    def total_cents(self) -> int:
        met = self.shortage_cents + self.waiting_cents + self.storing_cents + self.expiry_cents
        return met + self.paid_cents - self.terminal_cents


def play(horizon: Horizon, schedule: Schedule, demand: Demand | None = None) -> Played:
    """Live `schedule` on the horizon's own paths, on fresh ones, or on what really happened.

    Parameters
    ----------
    demand
        Whole units, ``(K, W, S, T)`` with the problem's K, W and T.

    Raises
    ------
    ValueError
        If the schedule uses a lane or a way on a day it does not run, breaks a case or a multiple, or moves what is not
        there; the message names the item.
    """
    problem = horizon.problem
    paths = problem.paths if demand is None else _checked(problem, np.asarray(demand))
    items, nodes, count, _ = paths.shape
    _refuse_unlawful(horizon, schedule)
    lots = schedule.lot_transfers if schedule.lot_transfers is not None else name_lots(horizon, schedule.transfers)
    waits = horizon.backorder_millicents
    found, money = np.zeros((items, nodes, 7), np.int64), np.zeros(count, np.int64)
    for k in range(items):
        write_off = 1000 * int(horizon.lots.write_off_cents[k]) if horizon.lots is not None else 0
        for w, (day, last, units, leaves) in enumerate(_supply(horizon, schedule, lots, k)):
            found[k, w] = live(
                paths[k, w],
                day,
                last,
                units,
                leaves,
                1000 * int(problem.shortage_cents[k, w]),
                -1 if waits is None else int(waits[k, w]),
                int(problem.holding_millicents[k, w]),
                1000 * int(problem.terminal[k, w]),
                write_off,
                money,
            )
    served, lost, owed, left, expired, stored, waited = np.moveaxis(found, 2, 0)
    off = horizon.lots.write_off_cents[:, None] if horizon.lots is not None else np.zeros((items, 1), np.int64)
    bought = schedule.purchases.sum(axis=2)
    supplies = horizon.supplies
    capital = bought * supplies.lead_days * problem.unit_cost_cents[:, None] * (problem.capital_rate / 365)
    return Played(
        wanted_units=paths.sum(axis=(2, 3), dtype=np.int64) / count,
        served_units=served / count,
        lost_units=lost / count,
        waiting_units=owed / count,
        left_units=left / count,
        expired_units=expired / count,
        shortage_cents=_mean(lost * problem.shortage_cents, count),
        waiting_cents=0 if waits is None else _mean(waited * waits, 1000 * count),
        storing_cents=_mean(stored * problem.holding_millicents, 1000 * count),
        expiry_cents=_mean(expired * off, count),
        terminal_cents=_mean(left * problem.terminal, count),
        transfer_cents=transfer_terms(horizon, schedule.transfers),
        purchase_cents=int((bought * supplies.extra_cents).sum()),
        order_cents=int((schedule.purchases.sum(axis=0) > 0).sum(axis=1) @ supplies.order_cents),
        purchase_capital_cents=int(np.rint(capital).sum()),
        path_cents=money / 1000,
    )


def transfer_terms(horizon: Horizon, transfers: Ints) -> dict[str, int]:
    """Cents of all transfers by cost term; each day's departures by themselves."""
    problem = horizon.problem
    travelling = replace(problem, lanes=replace(problem.lanes, lead_days=horizon.transit_days))
    total = dict.fromkeys(cost_terms(problem, Moves.none()), 0)
    for t in np.flatnonzero(transfers.any(axis=(0, 1))).tolist():
        for name, cents in cost_terms(travelling, Moves.from_table(transfers[:, :, t])).items():
            total[name] += int(cents.sum())
    return total


def name_lots(horizon: Horizon, transfers: Ints) -> LotTransfers:
    """Which lot each transfer of goods that spoil carries: what expires first among those that keep long enough.

    Raises
    ------
    ValueError
        If the lots that keep long enough on arrival are not enough.
    """
    problem, lots = horizon.problem, horizon.lots
    rows: list[tuple[int, int, int, int, int]] = []
    for k in range(len(problem.skus)):
        if lots is None or not spoils(horizon, k):
            continue
        mine = np.flatnonzero(lots.item == k)
        free = {int(b): int(lots.units[b]) for b in mine[np.argsort(lots.last_day[mine], kind="stable")]}
        named = np.bincount(lots.node[mine], lots.units[mine], len(problem.nodes)).astype(np.int64)
        unnamed = problem.on_hand[k] - named
        for a, t in np.argwhere(transfers[k] > 0).tolist():
            origin, lands = int(problem.lanes.origin[a]), t + int(horizon.transit_days[a])
            need, least = int(transfers[k, a, t]), max(int(lots.minimum_shelf_days[k]), 1)
            for b, there in free.items():
                keeps = int(lots.last_day[b]) - lands + 1 >= least
                taken = min(need, there) if int(lots.node[b]) == origin and keeps else 0
                if taken:
                    rows.append((k, a, t, b, taken))
                    free[b] -= taken
                    need -= taken
            if need > unnamed[origin]:
                raise ValueError(
                    f"{problem.skus[k]} from {problem.nodes[origin]}: {need - int(unnamed[origin])} units more leave than "
                    "keep long enough; name the lots or move fewer"
                )
            if need:
                rows.append((k, a, t, UNNAMED, need))
                unnamed[origin] -= need
    table = np.array(rows, np.int64).reshape(len(rows), 5)
    return LotTransfers(item=table[:, 0], lane=table[:, 1], day=table[:, 2], lot=table[:, 3], units=table[:, 4])


def _supply(horizon: Horizon, schedule: Schedule, lots: LotTransfers, k: int) -> list[tuple[Ints, Ints, Ints, Ints]]:
    """By node: day, last day and units of each line, in the order of the last day, and what leaves it ``(N, T)``."""
    problem, days, perish = horizon.problem, horizon.problem.days, spoils(horizon, k)
    known = horizon.lots
    shelf = int(known.shelf_days[k]) if known is not None else 0
    come: list[dict[tuple[int, int], int]] = [{} for _ in problem.nodes]
    gone: list[dict[tuple[int, int], Ints]] = [{} for _ in problem.nodes]

    def add(node: int, day: int, last: int, units: int) -> None:
        key = (min(last, days), min(day, days))
        come[node][key] = come[node].get(key, 0) + units

    def take(node: int, last: int, day: int, units: int) -> None:
        gone[node].setdefault((min(last, days), 0), np.zeros(days, np.int64))[day] += units

    def fresh(day: int) -> int:
        return day + shelf - 1 if shelf else days

    plain = problem.on_hand[k].copy()
    if known is not None:
        for b in np.flatnonzero(known.item == k).tolist():
            plain[known.node[b]] -= known.units[b]
            if int(known.last_day[b]) >= 0:
                add(int(known.node[b]), 0, int(known.last_day[b]), int(known.units[b]))
    for w, t in np.argwhere(problem.arrivals[k] > 0).tolist():
        add(w, t, fresh(t), int(problem.arrivals[k, w, t]))
    for v, t in np.argwhere(schedule.purchases[k] > 0).tolist():
        lands = t + int(horizon.supplies.lead_days[v])
        add(int(horizon.supplies.node[v]), lands, fresh(lands), int(schedule.purchases[k, v, t]))
    for w in range(len(problem.nodes)):
        add(w, 0, days, int(plain[w]))
    lanes = problem.lanes
    if perish:
        assert known is not None
        for n in np.flatnonzero(lots.item == k).tolist():
            a, t, b, units = int(lots.lane[n]), int(lots.day[n]), int(lots.lot[n]), int(lots.units[n])
            last = int(known.last_day[b]) if b >= 0 else days
            take(int(lanes.origin[a]), last, t, units)
            add(int(lanes.destination[a]), t + int(horizon.transit_days[a]), last, units)
    else:
        for a, t in np.argwhere(schedule.transfers[k] > 0).tolist():
            units = int(schedule.transfers[k, a, t])
            take(int(lanes.origin[a]), days, t, units)
            add(int(lanes.destination[a]), t + int(horizon.transit_days[a]), days, units)
    return [_sorted(come[w], gone[w], days, perish) for w in range(len(problem.nodes))]


def _sorted(
    come: dict[tuple[int, int], int], gone: dict[tuple[int, int], Ints], days: int, perish: bool
) -> tuple[Ints, Ints, Ints, Ints]:
    keys = sorted(set(come) | set(gone)) if perish else sorted(come)
    if not perish:
        # Goods that keep are all alike: one line each day, and what leaves is taken from whatever is there.
        table = np.zeros(days + 1, np.int64)
        for (_, day), units in come.items():
            table[day] += units
        out = np.zeros(days, np.int64)
        for leaving in gone.values():
            out += leaving
        return _one_stock(table, out, days)
    first = np.array([key[1] for key in keys], np.int64)
    last = np.array([key[0] for key in keys], np.int64)
    held = np.array([come.get(key, 0) for key in keys], np.int64)
    leaves = np.array([gone.get(key, np.zeros(days, np.int64)) for key in keys], np.int64)
    return first, last, held, leaves


def _one_stock(come: Ints, out: Ints, days: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Goods that keep, as one line a day; a line may give more than it brought, for the others stand beside it."""
    leaves = np.zeros((days + 1, days), np.int64)
    leaves[0] = out
    return np.arange(days + 1, dtype=np.int64), np.full(days + 1, days, np.int64), come, leaves


def _checked(problem: Problem, demand: Demand) -> Demand:
    items, nodes, days = len(problem.skus), len(problem.nodes), problem.days
    shape = demand.shape
    if len(shape) != 4 or (shape[0], shape[1], shape[3]) != (items, nodes, days) or shape[2] == 0:
        raise ValueError(f"demand: shape {shape}, but ({items}, {nodes}, paths, {days}) is wanted")
    return np.ascontiguousarray(demand)


def _refuse_unlawful(horizon: Horizon, schedule: Schedule) -> None:
    problem, supplies = horizon.problem, horizon.supplies
    items, lanes, days = len(problem.skus), len(problem.lanes), problem.days
    for name, table, shape in (
        ("transfers", schedule.transfers, (items, lanes, days)),
        ("purchases", schedule.purchases, (items, len(supplies), days)),
    ):
        if table.shape != shape or (table.size and int(table.min()) < 0):
            raise ValueError(f"schedule.{name}: units of shape {shape} are wanted, none below zero")
    bad = (schedule.transfers > 0) & (~lawful(horizon) | (schedule.transfers % problem.case_units[:, None, None] > 0))
    if bad.any():
        k, a, t = (int(i) for i in np.argwhere(bad)[0])
        raise ValueError(
            f"{problem.skus[k]}: lane {a} does not take {int(schedule.transfers[k, a, t])} units on day {t}"
        )
    sold = supplies.sells[:, :, None] & supplies.order_days[None]
    units = schedule.purchases
    broken = (units % np.maximum(supplies.multiple_units, 1)[:, :, None] > 0) | (
        units < supplies.minimum_units[:, :, None]
    )
    bad = (units > 0) & (~sold | broken)
    if bad.any():
        k, v, t = (int(i) for i in np.argwhere(bad)[0])
        raise ValueError(f"{problem.skus[k]}: {supplies.names[v]} does not sell {int(units[k, v, t])} units on day {t}")
    out = np.zeros((items, len(problem.nodes), days), np.int64)
    for a, origin in enumerate(problem.lanes.origin.tolist()):
        out[:, origin] += schedule.transfers[:, a]
    tonight = out[:, :, 0] > np.maximum(problem.on_hand - problem.floor, 0)
    short = tonight | ((out[:, :, 1:].any(axis=2)) & (_least_stock(horizon, schedule, out) < 0))
    if short.any():
        k, w = (int(i) for i in np.argwhere(short)[0])
        raise ValueError(
            f"{problem.skus[k]} at {problem.nodes[w]}: more units leave than are there; move fewer or later"
        )


def _least_stock(horizon: Horizon, schedule: Schedule, out: Ints) -> Ints:
    """Units free to leave after each day's departures if nothing were sold, the least over the days of departure, ``(K, W)``."""
    problem, days = horizon.problem, horizon.problem.days
    change = problem.arrivals.astype(np.int64) - out
    for a, t in np.argwhere(schedule.transfers.any(axis=0)).tolist():
        if t + int(horizon.transit_days[a]) < days:
            change[:, problem.lanes.destination[a], t + horizon.transit_days[a]] += schedule.transfers[:, a, t]
    for v, t in np.argwhere(schedule.purchases.any(axis=0)).tolist():
        if t + int(horizon.supplies.lead_days[v]) < days:
            change[:, horizon.supplies.node[v], t + horizon.supplies.lead_days[v]] += schedule.purchases[:, v, t]
    free = np.maximum(problem.on_hand - problem.floor, 0)[:, :, None] + np.cumsum(change, axis=2)
    least: Ints = np.where(out > 0, free, 0).min(axis=2)
    return least


def _mean(values: Ints, count: int) -> int:
    return int(np.rint(int(values.sum()) / count))
