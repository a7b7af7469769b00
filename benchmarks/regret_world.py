"""Worlds in which the regret of every decision can be told afterwards: multi-item instances, repriced as time goes on.

The orders of an instance are its (type, city) pairs, packed once. At each of `EPOCHS` equal steps the stock that is left
and the orders expected until the end give the prices that decide, `SCENARIOS` possible futures give the lists that foretell
regret, and the orders that really come until the end give the hindsight prices. All three by the same ascent.

Hindsight regret of a decision: the cost of its plan under those hindsight prices, less the least cost of the same lines
from the same stock under them, in thousandths of a cent. Foretold regret: the mean of the same difference over the scenario
lists. A unit that no centre has is lost whoever decides, and is no part of either.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from evenstock.routing.batch import Batch
from evenstock.routing.batch_kernel import cheapest
from evenstock.routing.priced import Ladders, Priced
from evenstock.routing.prices.ascent import ascend
from evenstock.routing.prices.scenarios import scenario_prices
from evenstock.simulation.multi_item import Instance

MILLICENTS: Final = 100_000
"""In a dollar."""
EPOCHS, SCENARIOS = 20, 8
HINDSIGHT_SWEEPS: Final = 150
PLENTY: Final = 1_000_000


@dataclass(frozen=True)
class World:
    """An instance as orders that can be decided."""

    instance: Instance
    batch: Batch
    """Order ``type * cities + city`` for types from 1 on, in thousandths of a cent."""
    lost: NDArray[np.float64]
    """What a lost unit of each order line costs."""

    def orders(self, arrivals: NDArray[np.int64]) -> NDArray[np.int64]:
        """Order of each arrival; -1 where nobody came."""
        cities = self.instance.rate.shape[1]
        return np.where(arrivals[:, 0] > 0, (arrivals[:, 0] - 1) * cities + arrivals[:, 1], -1)


def world(instance: Instance) -> World:
    centres, cities = instance.unit_cost.shape
    flat = Ladders(*(np.array(a, np.int64) for a in ([0, 1], [PLENTY], [0], [0], [0, 0], [], [])))
    unit = np.rint(instance.unit_cost * MILLICENTS).astype(np.int64)
    priced, items = [], []
    for wants in instance.types[1:]:
        lines = len(wants)
        ones, none = np.ones(lines, np.int64), np.zeros(lines, np.int64)
        for city in range(cities):
            priced.append(
                Priced(
                    node=np.arange(centres),
                    ladder=np.zeros(centres, np.int64),
                    permitted=np.ones((centres, lines), np.bool_),
                    atp=np.full((centres, lines), PLENTY),
                    item=np.arange(lines),
                    units=ones,
                    weight_g=ones,
                    volume_mm3=none,
                    longest_mm=none,
                    value_cents=none,
                    shipment_cents=np.full(centres, round(instance.fixed * MILLICENTS)),
                    unit_cents=np.repeat(unit[:, city][:, None], lines, axis=1),
                    ladders=flat,
                    max_shipments=centres,
                )
            )
            items.append(np.array(wants, np.int64))
    batch = Batch.pack(priced, items)
    return World(instance, batch, np.full(batch.item.size, instance.lost_unit * MILLICENTS))


@dataclass(frozen=True)
class Told:
    """Every decision of one path, in the order made; shape ``(decision,)`` each."""

    epoch: NDArray[np.int64]
    lines: NDArray[np.int64]
    foretold: NDArray[np.float64]
    """Expected regret, thousandths of a cent."""
    margin: NDArray[np.float64]
    """How much the best plan of another set of nodes costs more under the prices of the decision."""
    regret: NDArray[np.float64]
    """Hindsight regret."""


def decisions(of: World, path: int, *, seed: int, epochs: int = EPOCHS, scenarios: int = SCENARIOS) -> Told:
    """Decide one path of arrivals, repricing at each epoch."""
    instance, batch = of.instance, of.batch
    came = of.orders(instance.arrivals(path))
    stock = instance.stock.copy()
    rate = instance.rate[1:].ravel()
    starts = np.linspace(0, instance.periods, epochs + 1).astype(int)
    out = np.zeros((came.size, 5))
    start: Any = None
    for n, (begin, end) in enumerate(pairwise(starts)):
        weight = rate * (instance.periods - begin)
        ascent = ascend(batch, weight, stock, lost=of.lost, start=start)
        start = ascent.price
        futures = scenario_prices(batch, weight, stock, scenarios, seed * 1_000 + n, lost=of.lost, start=start)
        real = np.bincount(came[begin:][came[begin:] >= 0], minlength=len(batch)).astype(np.float64)
        # From nothing and at length: no likeness with the foretold that comes of a common start.
        hindsight = ascend(batch, real, stock, lost=of.lost, sweeps=HINDSIGHT_SWEEPS).price
        run_epoch(batch.arrays, came[begin:end], ascent.price, np.asarray(futures), hindsight, stock, out[begin:end])
        out[begin:end, 0] = n
    made = out[:, 1] > 0
    columns = out[made].T
    return Told(columns[0].astype(np.int64), columns[1].astype(np.int64), columns[2], columns[3], columns[4])


@njit(cache=True)
def run_epoch(
    arrays: Any, came: Any, price: Any, futures: Any, hindsight: Any, stock: Any, out: Any
) -> None:  # pragma: no cover
    """Decide these arrivals one by one, each from what the ones before left; columns 1 to 4 as `Told` after its epoch."""
    way, other = np.empty(16, np.int64), np.empty(16, np.int64)
    none, less = np.zeros(0), np.empty_like(stock)
    for t in range(came.size):
        order = came[t]
        if order < 0:
            continue
        begin, end = arrays[0][order], arrays[0][order + 1]
        wanted = 0
        for line in range(begin, end):
            for k in range(stock.shape[0]):
                if stock[k, arrays[1][line]] >= arrays[2][line]:
                    wanted |= 1 << (line - begin)
                    break
        if wanted == 0:
            continue
        cost = cheapest(arrays, order, wanted, price, none, stock, way)
        bare = cost - worth(arrays, order, way, price)
        foretold = 0.0
        for e in range(futures.shape[0]):
            least = cheapest(arrays, order, wanted, futures[e], none, stock, other)
            foretold += bare + worth(arrays, order, way, futures[e]) - least
        least = cheapest(arrays, order, wanted, hindsight, none, stock, other)
        out[t, 1] = end - begin
        out[t, 2] = max(0.0, foretold / futures.shape[0])
        out[t, 3] = margin(arrays, order, wanted, price, none, stock, way, cost, less, other)
        out[t, 4] = max(0.0, bare + worth(arrays, order, way, hindsight) - least)
        for i in range(end - begin):
            if way[i] >= 0:
                stock[arrays[4][arrays[3][order] + way[i]], arrays[1][begin + i]] -= arrays[2][begin + i]


@njit(cache=True)
def worth(arrays: Any, order: int, way: Any, price: Any) -> float:  # pragma: no cover
    """What the units of a plan are worth where they are taken."""
    begin, total = arrays[0][order], 0.0
    for i in range(arrays[0][order + 1] - begin):
        if way[i] >= 0:
            total += price[arrays[4][arrays[3][order] + way[i]], arrays[1][begin + i]] * arrays[2][begin + i]
    return total


@njit(cache=True)
def margin(
    arrays: Any,
    order: int,
    wanted: int,
    price: Any,
    none: Any,
    stock: Any,
    way: Any,
    cost: float,
    less: Any,
    other: Any,
) -> float:  # pragma: no cover
    """What the cheapest plan without one of the chosen nodes costs more; a very large number where there is none."""
    best = 1e17
    for i in range(arrays[0][order + 1] - arrays[0][order]):
        if way[i] < 0:
            continue
        less[:] = stock
        less[arrays[4][arrays[3][order] + way[i]]] = 0
        best = min(best, cheapest(arrays, order, wanted, price, none, less, other) - cost)
    return best
