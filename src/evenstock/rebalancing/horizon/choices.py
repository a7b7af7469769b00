"""What can be decided for one item in the coming weeks, where each unit lands and what it costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenstock.rebalancing.arrays import Bools, Floats, Ints
from evenstock.rebalancing.departures.slope_scaling import full_departures
from evenstock.rebalancing.horizon.question import Horizon

UNNAMED = -1
"""Stock that stands in no lot and keeps for ever."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Lines:
    """Goods of one item by node, day and last day: what can be sold there from that day on, N lines.

    Outflow counts against the line it is taken from. Sorted by node; within a node by last day, then day (FEFO).
    """

    node: Ints
    day: Ints
    """Morning on which it is there, ``(N,)``; the number of days planned where it comes too late."""
    last_day: Ints
    """Last day on which it can be sold; the number of days planned where it keeps beyond."""
    units: Ints
    """There whatever is decided, ``(N,)``."""
    first: Ints
    """Where each node's lines begin, ``(W + 1,)``."""

    def __len__(self) -> int:
        return len(self.node)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Choices:
    """Decisions of one item, D of them; each puts units into one line and, if a transfer, takes them out of another."""

    lines: Lines
    lane: Ints
    """``(D,)``, as all of these; -1 for a purchase."""
    way: Ints
    """-1 for a transfer."""
    day: Ints
    """Day of departure or order."""
    lot: Ints
    """Lot that is moved, by its number in `Horizon.lots`; -1 where it stands in none."""
    into: Ints
    """Line it lands in."""
    out_of: Ints
    """Line it leaves, -1 for a purchase."""
    step: Ints
    """Units come in whole multiples of."""
    least: Ints
    """Least units, if any at all."""
    most: Ints
    """Most units."""
    cents: Floats
    """Per unit."""
    order_cents: Floats
    """Once, if any unit is bought."""
    stock_units: Ints
    """What tonight's stock lets leave each node, ``(W,)``: whole cases above the floor."""
    spoils: bool

    def __len__(self) -> int:
        return len(self.lane)


def lane_costs(horizon: Horizon) -> Floats:
    """Cents per unit by item and lane ``(K, A)`` if departures left full; capital for the days in transit."""
    problem = horizon.problem
    days = horizon.transit_days - problem.lanes.lead_days
    late = np.outer(problem.unit_cost_cents, days) * (problem.capital_rate / 365)
    cents: Floats = full_departures(problem) + late
    return cents


def lawful(horizon: Horizon) -> Bools:
    """Where transfers may be planned, ``(K, A, T)``: the lane leaves that day and no rule forbids it."""
    problem = horizon.problem
    days = np.arange(problem.days) < horizon.transfer_days
    open_days = horizon.departs & days
    open_days[:, 0] &= problem.lanes.leaves
    assert problem.barred is not None
    allowed: Bools = open_days[None] & ~problem.barred[:, :, None]
    return allowed


def spoils(horizon: Horizon, k: int) -> bool:
    """Whether goods of this item expire."""
    lots = horizon.lots
    return lots is not None and (int(lots.shelf_days[k]) > 0 or bool((lots.item == k).any()))


def choices(
    horizon: Horizon, k: int, cents_per_unit: Floats, *, order_cents: Floats | None = None, transfers: bool = True
) -> Choices:
    """Everything item `k` may do.

    Parameters
    ----------
    cents_per_unit
        Of a transfer by lane, ``(A,)``, everything in it: freight, handling, capital, prices of what is shared.
    order_cents
        What opening an order costs this item, ``(V, T)``; none means all of it.
    """
    columns = _Columns(horizon, k)
    if transfers:
        _add_transfers(columns, horizon, k, cents_per_unit)
    _add_purchases(columns, horizon, k, order_cents)
    return columns.gathered(horizon, k)


class _Columns:
    """Decisions and lines while they are collected."""

    def __init__(self, horizon: Horizon, k: int) -> None:
        problem, days = horizon.problem, horizon.problem.days
        self.days = days
        self.stock: dict[tuple[int, int, int], int] = {}
        self.rows: list[tuple[tuple[int, int, int], tuple[int, int, int] | None, tuple[float, ...]]] = []
        self.lot_line: dict[int, tuple[int, int, int]] = {}
        plain = problem.on_hand[k].copy()
        lots = horizon.lots
        if lots is not None:
            for b in np.flatnonzero(lots.item == k).tolist():
                line = (int(lots.node[b]), 0, min(int(lots.last_day[b]), days))
                self.lot_line[b] = line
                plain[line[0]] -= lots.units[b]
                if line[2] >= 0:
                    self.stock[line] = self.stock.get(line, 0) + int(lots.units[b])
        if int(plain.min()) < 0:
            w = int(plain.argmin())
            raise ValueError(
                f"{problem.skus[k]} at {problem.nodes[w]}: lots name {-int(plain[w])} units more than are on hand; "
                "correct the lots or the count"
            )
        shelf = int(lots.shelf_days[k]) if lots is not None else 0
        self.shelf = shelf
        for w in range(len(problem.nodes)):
            key = (w, 0, days)
            self.stock[key] = self.stock.get(key, 0) + int(plain[w])
            for t in np.flatnonzero(problem.arrivals[k, w]).tolist():
                key = (w, t, self.keeps(t))
                self.stock[key] = self.stock.get(key, 0) + int(problem.arrivals[k, w, t])

    def keeps(self, day: int) -> int:
        """Last day of goods that come fresh from a supplier on `day`."""
        return min(day + self.shelf - 1, self.days) if self.shelf else self.days

    def add(self, into: tuple[int, int, int], out_of: tuple[int, int, int] | None, *numbers: float) -> None:
        self.rows.append((into, out_of, numbers))

    def gathered(self, horizon: Horizon, k: int) -> Choices:
        problem = horizon.problem
        keys = set(self.stock)
        for into, out_of, _ in self.rows:
            keys.add(into)
            if out_of is not None:
                keys.add(out_of)
        ordered = sorted(keys, key=lambda key: (key[0], key[2], key[1]))
        number = {key: n for n, key in enumerate(ordered)}
        table = np.array(ordered, np.int64).reshape(len(ordered), 3)
        lines = Lines(
            node=table[:, 0],
            day=table[:, 1],
            last_day=table[:, 2],
            units=np.array([self.stock.get(key, 0) for key in ordered], np.int64),
            first=np.searchsorted(table[:, 0], np.arange(len(problem.nodes) + 1)).astype(np.int64),
        )
        numbers = np.array([row[2] for row in self.rows], np.float64).reshape(len(self.rows), 9)
        whole = numbers.astype(np.int64)
        return Choices(
            lines=lines,
            into=np.array([number[row[0]] for row in self.rows], np.int64),
            out_of=np.array([-1 if row[1] is None else number[row[1]] for row in self.rows], np.int64),
            lane=whole[:, 0],
            way=whole[:, 1],
            day=whole[:, 2],
            lot=whole[:, 3],
            step=whole[:, 4],
            least=whole[:, 5],
            most=whole[:, 6],
            cents=numbers[:, 7],
            order_cents=numbers[:, 8],
            stock_units=np.maximum(problem.movable_cases[k] * problem.case_units[k], 0),
            spoils=spoils(horizon, k),
        )


def _add_transfers(columns: _Columns, horizon: Horizon, k: int, cents: Floats) -> None:
    problem, days = horizon.problem, horizon.problem.days
    lanes, lots = problem.lanes, horizon.lots
    case, perishable = int(problem.case_units[k]), spoils(horizon, k)
    movable = problem.movable_cases[k] * case
    supply = np.cumsum(problem.arrivals[k], axis=1, dtype=np.int64)
    bought = _can_grow(horizon, k)
    for a, t in np.argwhere(lawful(horizon)[k]).tolist():
        i, j, lands = int(lanes.origin[a]), int(lanes.destination[a]), min(t + int(horizon.transit_days[a]), days)
        if not perishable:
            endless = t > 0 and bought
            most = _most(horizon, k) if endless else int(movable[i] + (supply[i, t] if t else 0)) // case * case
            if most >= case:
                columns.add((j, lands, days), (i, t, days), a, -1, t, UNNAMED, case, case, most, cents[a], 0)
            continue
        if t > 0:
            # Which lot is left by then depends on what sells until then: goods that spoil are moved tonight or not at all.
            continue
        assert lots is not None
        unnamed = columns.stock.get((i, 0, days), 0) - sum(
            int(lots.units[b]) for b, line in columns.lot_line.items() if line == (i, 0, days)
        )
        for b, line in ((UNNAMED, (i, 0, days)), *columns.lot_line.items()):
            if line[0] != i:
                continue
            # A lot that the paths do not see expire is checked by its own day.
            last = int(lots.last_day[b]) if b >= 0 else None
            keeps = last is None or last - lands + 1 >= max(int(lots.minimum_shelf_days[k]), 1)
            most = min(int(lots.units[b]) if b >= 0 else unnamed, int(movable[i])) // case * case
            if keeps and most >= case:
                columns.add((j, lands, line[2]), line, a, -1, 0, b, case, case, most, cents[a], 0)


def _can_grow(horizon: Horizon, k: int) -> bool:
    return bool(horizon.supplies.sells[k].any()) or horizon.transfer_days > 1


def _most(horizon: Horizon, k: int) -> int:
    """Units nobody needs more of in the days planned: all that is wanted on the greediest path."""
    return int(horizon.problem.paths[k].sum(axis=(0, 2), dtype=np.int64).max()) + 1


def _add_purchases(columns: _Columns, horizon: Horizon, k: int, order_cents: Floats | None) -> None:
    supplies, problem = horizon.supplies, horizon.problem
    rate = problem.capital_rate / 365 * float(problem.unit_cost_cents[k])
    enough = _most(horizon, k)
    for v in np.flatnonzero(supplies.sells[k]).tolist():
        lead, step = int(supplies.lead_days[v]), int(supplies.multiple_units[k, v])
        cents = float(supplies.extra_cents[k, v]) + rate * lead
        least = -(-max(int(supplies.minimum_units[k, v]), 1) // step) * step
        most = max(-(-enough // step) * step, least)
        for t in np.flatnonzero(supplies.order_days[v]).tolist():
            if t + lead >= problem.days:
                continue
            fixed = float(supplies.order_cents[v]) if order_cents is None else float(order_cents[v, t])
            line = (int(supplies.node[v]), t + lead, columns.keeps(t + lead))
            columns.add(line, None, -1, v, t, UNNAMED, step, least, most, cents, fixed)
