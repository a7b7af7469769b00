"""The exact Lagrangian bound of many orders: columns are plans, found by the production search.

Any prices give a bound, L(π) = Σ weight · least cost at π − Σ π · stock; the best prices are the duals of the linear
program over all plans of every order. Plans are added where the search finds one that pays at the last duals, until the
bound and the program agree. A certificate does not lean on the solver: the bound is L at the prices found.

References
----------
Dantzig and Wolfe (1960); the program over plans ("methods") is that of Amil, Makhdoumi and Wei (2025).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from evenstock.optimisation import Program, Session, Status
from evenstock.routing.batch import ANY_STOCK, Batch
from evenstock.routing.batch_kernel import Arrays, cheapest, cheapest_or_lost
from evenstock.routing.priced import Whole

TOLERANCE: float = 1e-7
ROUNDS: int = 60
DEAR: float = 100.0
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """No routing of the orders costs less than `value`; the linear program over plans costs `program`."""

    value: float
    price: Floats
    """Shape ``(node, item)``."""
    program: float
    """No prices give a higher bound than this."""


def lagrangian(
    batch: Batch, weight: Floats, stock: Whole, price: Floats, lost: Floats | None
) -> tuple[float, Whole, Floats]:
    """L at these prices, the way of each line (-1 lost), and each order's least cost with prices.

    Parameters
    ----------
    weight
        Of each order, zero or more, shape ``(order,)``.
    lost
        What a lost unit costs, shape ``(line,)``; None where every line must ship.
    """
    way, least = np.full(batch.item.size, -1, np.int64), np.zeros(len(batch))
    _least(batch.arrays, np.ascontiguousarray(price), np.zeros(0) if lost is None else lost, least, way)
    return float(weight @ least - (price * stock).sum()), way, least


class PlanProgram:
    """The linear program over the plans found so far."""

    def __init__(self, batch: Batch, weight: Floats, stock: Whole, lost: Floats | None) -> None:
        self.batch, self.weight, self.stock, self.lost = batch, weight, stock, lost
        self._order = np.repeat(np.arange(len(batch)), np.diff(batch.first_line))
        self._seen: list[set[bytes]] = [set() for _ in range(len(batch))]
        rules = Program()
        self._served = rules.rows("every order once", len(batch), lower=weight, upper=weight)
        self._there = rules.rows("only what is there", stock.shape, upper=stock)
        self._session = Session(rules)
        # HiGHS does not like money in millicents.
        least = lagrangian(batch, weight, stock, np.zeros(stock.shape), lost)[2]
        self._money = max(float(least.max(initial=0.0)), 1.0)
        # Not to serve an order costs more than any plan: it keeps the program feasible while plans are few.
        dear = np.full(len(batch), DEAR * self._money)
        left_out: Floats = dear if lost is None else np.bincount(self._order, lost, len(batch)).astype(np.float64)
        self._put(np.arange(len(batch)), np.full(batch.item.size, -1, np.int64), left_out)

    def add(self, way: Whole, price: Floats, least: Floats) -> int:
        """Add the plans found at these prices that are new; how many."""
        bounds = self.batch.first_line
        new = []
        for o in np.flatnonzero(self.weight > 0).tolist():
            plan = way[bounds[o] : bounds[o + 1]].tobytes()
            if plan not in self._seen[o]:
                self._seen[o].add(plan)
                new.append(o)
        paid = np.where(way >= 0, price[np.maximum(way, 0), self.batch.item] * self.batch.units, 0.0)
        self._put(np.array(new, np.int64), way, least - np.bincount(self._order, paid, len(self.batch)))
        return len(new)

    def solve(self) -> tuple[float, Floats]:
        """The program's value and its prices.

        Raises
        ------
        RuntimeError
            If HiGHS does not end at an optimum.
        """
        found = self._session.solve()
        if found.status is not Status.OPTIMAL:
            raise RuntimeError(f"HiGHS ended {found.status.value} over {self._session.columns_count} plans")
        return self._money * found.objective, self._money * np.maximum(-found.row_duals[self._there], 0.0)

    def _put(self, orders: Whole, way: Whole, cost: Floats) -> None:
        mine = np.isin(self._order, orders) & (way >= 0)
        place = np.full(len(self.batch), -1)
        place[orders] = np.arange(orders.size)
        rows = np.concatenate([self._served[orders], self._there[way[mine], self.batch.item[mine]]])
        plans = np.concatenate([place[orders], place[self._order[mine]]])
        entries = np.concatenate([np.ones(orders.size), self.batch.units[mine].astype(np.float64)])
        self._session.add_columns(cost[orders] / self._money, rows, plans, entries)


def tighten(
    batch: Batch,
    weight: Floats,
    stock: Whole,
    starts: Sequence[Floats],
    *,
    lost: Floats | None = None,
    rounds: int = ROUNDS,
) -> Bound:
    """The best bound to be had from these prices on, at most `rounds` programs later.

    Plans are looked for halfway between the best prices seen and the program's, which jump about, and at the program's
    own where that finds none. Lines of one item within an order are priced as if they did not share stock, which can
    only lower the bound.
    """
    program = PlanProgram(batch, weight, stock, lost)
    best, value = Bound(-np.inf, starts[0], np.inf), np.inf

    def look(price: Floats) -> int:
        nonlocal best
        reached, way, least = lagrangian(batch, weight, stock, price, lost)
        if reached > best.value:
            best = Bound(reached, price, value)
        return program.add(way, price, least)

    for start in starts:
        look(start)
    for _ in range(rounds):
        value, price = program.solve()
        if value - best.value <= TOLERANCE * abs(value):
            break
        if not (look(0.5 * (price + best.price)) or look(price)):
            break
    return replace(best, program=value)


@njit(cache=True)
def _least(arrays: Arrays, price: Floats, lost: Floats, least: Floats, way: Whole) -> None:
    first_line = arrays[0]
    for order in range(first_line.size - 1):
        begin, end = first_line[order], first_line[order + 1]
        if lost.size > 0:
            least[order] = cheapest_or_lost(
                arrays, order, lost[begin:end], price, np.zeros(0), ANY_STOCK, way[begin:end]
            )
        else:
            least[order] = cheapest(
                arrays, order, (1 << (end - begin)) - 1, price, np.zeros(0), ANY_STOCK, way[begin:end]
            )
