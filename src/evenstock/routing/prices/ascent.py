r"""Prices by dual ascent through the routing decision itself.

The stock constraints of all expected orders are priced out: order :math:`o` of weight :math:`w_o` decides by itself at
prices :math:`\pi`, and

.. math:: L(\pi) = \sum_o w_o \min_p [c_o(p) + \sum_{(k,i) \in p} \pi_{ki}] - \sum_{ki} \pi_{ki} I_{ki}

is at most the cost of any routing of these orders within the stock :math:`I`, however far it saw ahead (weak duality).
What the orders take less what is there is a subgradient: a price rises where more is taken than there is. Ceilings on
shipments of a node or a service in a day are priced in the same way. A plan may only take what is there at all, which
makes the bound higher and keeps it valid.

Each step follows the running mean of subgradients, not the last one, and its length falls in a line to zero over the
sweeps: on the fair instances of Jasin and Sinha (seeds 0 to 5) sixty sweeps end 0.05 % below the best bound on average,
where a plain subgradient with harmonic steps ends 0.4 %. Steps are shares of the mean cost of a unit, so money may have
any unit.

Orders without a table (see `evenstock.routing.batch`) enter the bound by a lower bound of their cost, and what they take
by their decision at the prices of every twentieth sweep.

References
----------
Amil, Makhdoumi and Wei (2025), the LP over plans; Polyak (1964), the heavy ball.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.routing.batch import Batch, decide_one
from evenstock.routing.batch_kernel import taken
from evenstock.routing.priced import Priced, Whole
from evenstock.routing.prices.sweep_kernel import sweep
from evenstock.routing.subset_kernel import INFEASIBLE

Real = NDArray[np.float64]

SWEEPS: Final = 60
FIRST_STEP: Final = 0.7
"""Of the mean cost of a unit, or of a shipment: how far a price moves where twice its stock is wanted."""
WARM_STEP: Final = 0.3
"""The same from prices that were good before."""
KEPT: Final = 0.8
"""Share of the running mean of subgradients that the next sweep keeps."""
LEAST_STOCK: Final = 5
"""Less stock than that does not make a price move faster."""
SLOW_EVERY: Final = 20
"""Sweeps between decisions of orders without a table."""


@dataclass(frozen=True, slots=True, eq=False)
class Capacity:
    """Most shipments of several kinds in all: of a node in a day, of a service in a day."""

    ceiling: Whole
    """Number of the ceiling that a shipment by each way counts against, shape ``(kind, way)``; -1 for none."""
    most: Real
    """Shipments, shape ``(ceiling,)``."""
    start: Real | None = None
    """Prices to start from, shape ``(ceiling,)``."""

    def way_price(self, price: Real) -> Real:
        """What a shipment by each way pays, shape ``(way,)``."""
        padded = np.append(price, 0.0)
        return np.asarray(padded[self.ceiling].sum(axis=0))

    def use(self, way_use: Real) -> Real:
        """Shipments by ceiling."""
        held = self.ceiling >= 0
        shipments = np.broadcast_to(way_use, self.ceiling.shape)[held]
        return np.bincount(self.ceiling[held], weights=shipments, minlength=self.most.size).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Ascent:
    """Prices, and what they prove."""

    price: Real
    """Of a unit, shape ``(node, item)``, zero or more: the mean over the last half of the sweeps, the later ones weighing more."""
    ceiling_price: Real
    """Of a shipment, shape ``(ceiling,)``."""
    way_price: Real
    """The same by way of the batch, shape ``(way,)``; of no size without ceilings."""
    bound: float
    """No routing of these weighted orders costs less, in the batch's money. Orders that nothing covers count nothing."""
    use: Real
    """Units taken, shape ``(node, item)``: the same mean."""
    unserved: float
    """Weight of the orders that nothing in stock covers whole; zero where lines may be left out."""
    sweeps: int


def ascend(
    batch: Batch,
    weight: Real,
    stock: Whole,
    *,
    lost: Real | None = None,
    start: Real | None = None,
    sweeps: int = SWEEPS,
    contested: NDArray[np.bool_] | None = None,
    capacity: Capacity | None = None,
) -> Ascent:
    """Prices under which the orders want no more than there is, as nearly as may be.

    Parameters
    ----------
    batch : packed `by_way` if there is a `capacity`.
    weight : how often each order is expected, shape ``(order,)``.
    stock : units there, shape ``(node, item)``.
    lost : cost of leaving each line out, shape ``(line,)``; without it orders ship whole or count nothing.
    start : prices to start from, shape ``(node, item)``.
    contested : items that have a price at all, shape ``(item,)``, or node by node, shape ``(node, item)``.

    Raises
    ------
    ValueError
        If shapes do not agree, a weight is below zero, there is no sweep, or ceilings lack costs by way.
    """
    _check(batch, weight, stock, lost, sweeps, capacity)
    market = _Market.of(batch, weight, stock, lost, contested, capacity)
    price = np.zeros(stock.shape) if start is None else np.where(market.priced, np.maximum(start, 0.0), 0.0)
    ceiling = np.zeros(market.most.size)
    if capacity is not None and capacity.start is not None:
        ceiling = np.maximum(capacity.start, 0.0)
    warm = start is not None
    found = market.at(price, ceiling, decide_slow=True)
    step = (WARM_STEP if warm else FIRST_STEP) * found.unit_cost
    ceiling_step = (WARM_STEP if warm else FIRST_STEP) * found.order_cost
    pull, ceiling_pull = np.zeros(price.shape), np.zeros(ceiling.shape)
    means = [np.zeros(price.shape), np.zeros(ceiling.shape), np.zeros(price.shape)]
    best, counted = found.value, 0.0
    for n in range(sweeps):
        left = 1.0 - n / sweeps
        pull = KEPT * pull + (1.0 - KEPT) * (found.use - stock)
        ceiling_pull = KEPT * ceiling_pull + (1.0 - KEPT) * (found.ceiling_use - market.most)
        moved = np.clip(pull / np.maximum(stock, LEAST_STOCK), -1.0, 1.0)
        price = np.where(market.priced, np.maximum(0.0, price + step * left * moved), 0.0)
        moved = np.clip(ceiling_pull / np.maximum(market.most, LEAST_STOCK), -1.0, 1.0)
        ceiling = np.maximum(0.0, ceiling + ceiling_step * left * moved)
        if 2 * n >= sweeps:
            # The later the better: steps are shorter by then.
            share = (2 * n - sweeps + 1) ** 2
            counted += share
            latest = (price, ceiling, found.use)
            means = [mean + (now - mean) * share / counted for mean, now in zip(means, latest, strict=True)]
        found = market.at(price, ceiling, decide_slow=(n + 1) % SLOW_EVERY == 0)
        best = max(best, found.value)
    average = market.at(means[0], means[1], decide_slow=False)
    way_price = np.zeros(0) if capacity is None else capacity.way_price(means[1])
    return Ascent(means[0], means[1], way_price, max(best, average.value), means[2], average.unserved, sweeps + 2)


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """The orders' answer to prices."""

    value: float
    """Of the Lagrangian."""
    use: Real
    ceiling_use: Real
    unserved: float
    unit_cost: float
    """Mean over the units taken."""
    order_cost: float


@dataclass(slots=True, eq=False)
class _Market:
    """What does not change from sweep to sweep."""

    batch: Batch
    weight: Real
    stock: Whole
    lost: Real
    capacity: Capacity | None
    most: Real
    priced: NDArray[np.bool_]
    """Whether a unit may have a price, shape ``(node, item)``."""
    orders: Whole
    """Those whose decision depends on prices."""
    still: tuple[float, float, Real]
    """Cost, unserved weight and use of the others."""
    slow_use: tuple[Real, Real]
    """Units and shipments by way that orders without a table took when last decided."""

    @classmethod
    def of(
        cls,
        batch: Batch,
        weight: Real,
        stock: Whole,
        lost: Real | None,
        contested: NDArray[np.bool_] | None,
        capacity: Capacity | None,
    ) -> _Market:
        priced = np.ones(stock.shape, np.bool_)
        if contested is not None:
            priced &= contested
        moving = np.zeros(len(batch), np.bool_)
        line: NDArray[np.bool_] = np.asarray(priced.any(axis=0))[batch.item]
        order_of = np.repeat(np.arange(len(batch)), np.diff(batch.first_line))
        moving[order_of[line]] = True
        if capacity is not None:
            moving[:] = True
        tabled = np.zeros(len(batch), np.bool_)
        tabled[batch.fast] = weight[batch.fast] > 0.0  # an order of no weight neither costs nor takes
        made = cls(
            batch,
            np.ascontiguousarray(weight, np.float64),
            np.ascontiguousarray(stock, np.int64),
            np.zeros(0) if lost is None else np.ascontiguousarray(lost, np.float64),
            capacity,
            np.zeros(0) if capacity is None else capacity.most.astype(np.float64),
            priced,
            np.flatnonzero(~moving & tabled),
            (0.0, 0.0, np.zeros(stock.shape)),
            (np.zeros(stock.shape), np.zeros(batch.node.size)),
        )
        made.still = made.sweep(np.zeros(stock.shape), np.zeros(0), np.zeros(0))
        made.orders = np.flatnonzero(moving & tabled)
        return made

    def sweep(self, price: Real, way_price: Real, way_use: Real) -> tuple[float, float, Real]:
        use, way = np.zeros(self.stock.shape), np.full(self.batch.item.size, -1, np.int64)
        total, unserved = sweep(
            self.batch.arrays, self.orders, self.weight, price, way_price, self.stock, self.lost, way, use, way_use
        )
        return total, unserved, use

    def at(self, price: Real, ceiling: Real, *, decide_slow: bool) -> _Found:
        """The orders' answer to these prices."""
        way_price = np.zeros(0) if self.capacity is None else self.capacity.way_price(ceiling)
        way_use = np.zeros(way_price.size)
        total, unserved, use = self.sweep(price, way_price, way_use)
        slow_total, slow_unserved = self._slow(price, way_price, decide=decide_slow)
        use += self.still[2] + self.slow_use[0]
        total += self.still[0] + slow_total
        ceiling_use = np.zeros(0)
        if self.capacity is not None:
            ceiling_use = self.capacity.use(way_use + self.slow_use[1])
        value = total - float((price * self.stock).sum()) - float(ceiling @ self.most)
        units, orders = float(use.sum()), float(self.weight.sum())
        return _Found(
            value,
            use,
            ceiling_use,
            unserved + self.still[1] + slow_unserved,
            total / units if units else 0.0,
            total / orders if orders else 0.0,
        )

    def _slow(self, price: Real, way_price: Real, *, decide: bool) -> tuple[float, float]:
        """Lower bound on the weighted cost of orders without a table, and the weight of those that nothing covers."""
        total, unserved, batch = 0.0, 0.0, self.batch
        if decide and batch.slow.size:
            self.slow_use = (np.zeros(self.stock.shape), np.zeros(batch.node.size))
        for order, priced in zip(batch.slow.tolist(), batch.priced, strict=True):
            lines = slice(int(batch.first_line[order]), int(batch.first_line[order + 1]))
            ways = slice(int(batch.first_way[order]), int(batch.first_way[order + 1]))
            here = replace(priced, atp=np.minimum(priced.atp, self.stock[:, batch.item[lines]]))
            lost = self.lost[lines] if self.lost.size else None
            least = _at_least(here, price[:, batch.item[lines]], way_price[ways], lost)
            if least >= INFEASIBLE:
                unserved += self.weight[order]
            else:
                total += self.weight[order] * least
            if decide:
                way = np.full(batch.item.size, -1, np.int64)
                way[lines] = decide_one(batch, order, here, price, way_price)[1]
                taken(batch.arrays, np.array([order]), way, self.weight, *self.slow_use)
        return total, unserved


def _at_least(priced: Priced, price: Real, way_price: Real, lost: Real | None) -> float:
    """No plan of the order costs less: one shipment at its lightest, and every line where its units are cheapest."""
    able = priced.permitted & (priced.atp >= priced.units)[priced.node]
    each = np.where(able, (priced.unit_cents + price[priced.node]) * priced.units, float(INFEASIBLE))
    line = each.min(axis=0, initial=float(INFEASIBLE))
    steps = priced.ladders
    lightest = [steps.step_cents[steps.first_step[n] : steps.first_step[n + 1]].min() for n in priced.ladder]
    fixed = priced.shipment_cents + np.array(lightest) + (way_price if way_price.size else 0.0)
    once = float(fixed[able.any(axis=1)].min(initial=float(INFEASIBLE)))
    if lost is None:
        return min(once + float(line.sum()), float(INFEASIBLE))
    return min(float(lost.sum()), once + float(np.minimum(line, lost).sum()))


def _check(batch: Batch, weight: Real, stock: Whole, lost: Real | None, sweeps: int, capacity: Capacity | None) -> None:
    if weight.shape != (len(batch),) or (weight.size and weight.min() < 0):
        raise ValueError(f"{len(batch)} orders need as many weights, zero or more")
    if stock.ndim != 2 or stock.shape[0] < batch.nodes or stock.shape[1] < batch.items:
        raise ValueError(f"stock {stock.shape} does not cover {batch.nodes} nodes and {batch.items} items")
    if lost is not None and lost.shape != batch.item.shape:
        raise ValueError(f"{lost.size} costs of leaving a line out for {batch.item.size} lines")
    if sweeps < 1:
        raise ValueError("an ascent takes at least one sweep")
    if capacity is not None and batch.fast.size and not batch.arrays[6][-1]:
        raise ValueError("ceilings price ways, but the batch was packed without what each way costs: pack it by_way")
