"""The choice of service times as variables over days, with the tables and bounds that the kernels work on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from evenstock.inventory.multi_echelon.guaranteed_service.arrays import Floats, Ints
from evenstock.inventory.multi_echelon.guaranteed_service.network import Network

MOST_CELLS: Final = 250_000_000
"""Of all tables, 2 GB each."""


@dataclass(frozen=True, slots=True, eq=False)
class Promises:
    """Variable ``i`` is the inbound service time of stage i, variable ``n + i`` its outbound one.

    A stage costs ``cost[start[i] + max(0, inbound + longest[i] - outbound)]``: zero net time and less cost the same, so
    that a promise longer than needed is never better than the exact one (and is shortened to it in the answer).
    """

    stages: int
    longest: Ints
    """Whole days within which each stage is done."""
    cost: Floats
    net: Floats
    """Mean net time in days, beside `cost`."""
    units: Floats
    """Safety stock, beside `cost`."""
    start: Ints
    """Where each stage begins in these three."""
    tail: Ints
    """Of each edge: first one edge a stage, from inbound to outbound, then one a link, from outbound to inbound."""
    head: Ints
    order: Ints
    """Variables from suppliers to customers."""
    low: Ints
    high: Ints
    free: Ints
    """Stages that other stages ask: only these have a promise to choose; the rest promise what customers accept."""

    @classmethod
    def of(cls, network: Network) -> Self:
        """Service times are whole days from 0 to the longest time of the ways that lead to a stage."""
        n = len(network.stages)
        longest = np.array([stage.time.longest for stage in network.stages], np.int64)
        free = np.zeros(n, bool)
        free[network.ends[:, 0]] = True
        low, high = np.zeros((2, 2 * n), np.int64)
        low[:n] = high[:n] = [int(stage.supplied_in) for stage in network.stages]
        customers: list[list[int]] = [[] for _ in range(n)]
        for supplier, customer in network.ends.tolist():
            customers[supplier].append(customer)
        for i in network.order.tolist():
            demand = network.stages[i].demand
            accepted = high[i] + longest[i] if demand is None else int(demand.promise_at_most)
            high[n + i] = min(accepted, high[i] + longest[i]) if free[i] else accepted
            low[n + i] = 0 if free[i] else accepted
            for j in customers[i]:
                high[j] = max(high[j], high[n + i])
        most = (high[:n] + longest).tolist()
        if max(2 * n * (int(high.max()) + 1), sum(most)) > MOST_CELLS:
            raise ValueError(
                f"{n} stages with net times of up to {max(most)} days are more than the tables hold; "
                "reckon in longer periods than days, or cut the network"
            )
        tables = [exposure(network, i, np.arange(days + 1.0)) for i, days in enumerate(most)]
        start = np.concatenate([[0], np.cumsum(np.array(most) + 1)[:-1]]).astype(np.int64)
        units = np.concatenate([table[1] for table in tables])
        holding = np.array([stage.holding_cost for stage in network.stages])
        every = np.arange(n)
        return cls(
            stages=n,
            longest=longest,
            cost=np.repeat(holding, np.array(most) + 1) * units,
            net=np.concatenate([table[0] for table in tables]),
            units=units,
            start=start,
            tail=np.concatenate([every, n + network.ends[:, 0]]),
            head=np.concatenate([n + every, network.ends[:, 1]]),
            order=np.stack([network.order, n + network.order], axis=1).ravel(),
            low=low,
            high=high,
            free=np.flatnonzero(free),
        )

    @property
    def width(self) -> int:
        return int(self.high.max()) + 1


def exposure(network: Network, i: int, days: Floats) -> tuple[Floats, Floats]:
    """Mean net time, and units of safety stock, by days of inbound plus longest own time less outbound time.

    The net time is what remains of the stage's time after its promise, ``(SI + T - S)⁺``. With a fixed time, safety stock
    is ``z σ √(SI + T - S)``; with a random one ``z √(σ² E[net] + μ² Var[net])``, the lead-time formula on that remainder
    (Humair, Ruark, Tomlin and Willems 2013; their stock of early arrivals is not priced here).
    """
    stage = network.stages[i]
    mean, sd, covered = (float(x[i]) for x in network.demand)
    net, spread = stage.time.beyond(stage.time.longest - days)
    if stage.safety_stock is not None:
        return net, _checked(stage.name, np.asarray(stage.safety_stock(net), np.float64))
    z_squared = (covered / sd) ** 2 if sd > 0 else 0.0
    return net, np.sqrt(covered**2 * net + z_squared * mean**2 * spread)


def _checked(name: str, units: Floats) -> Floats:
    if not np.isfinite(units).all() or units.min() < 0 or (np.diff(units) < -1e-9 * max(units.max(), 1)).any():
        raise ValueError(f"stage {name!r}: safety_stock(net time) has to be finite, at least 0, and never fall")
    return units
