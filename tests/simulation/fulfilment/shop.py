"""Small shops whose orders can be reckoned by hand: a parcel is $10, a lost unit $30."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evenstock.simulation.fulfilment.kinds import Kinds
from evenstock.simulation.multi_item import Instance, multi_item

PLACES = [(40.0, -75.0), (41.9, -87.6), (34.1, -118.2)]
CITIES = [(40.7, -74.0, 8.0), (41.5, -90.0, 3.0), (37.8, -122.4, 4.0)]


def shop(
    types: Sequence[tuple[int, ...]],
    stock: Sequence[Sequence[int]],
    dollars: Sequence[Sequence[float]],
    rate: Sequence[Sequence[float]],
    periods: int,
) -> Instance:
    """Units cost `dollars` by centre and city, and are a hundred times as many miles away; no order never comes."""
    cost = np.array(dollars, np.float64)
    rates = np.vstack([np.zeros(cost.shape[1]), np.array(rate, np.float64)])
    return Instance(10.0, cost, ((), *types), rates, np.array(stock, np.int64), cost * 100, periods)


def came(*orders: tuple[int, int]) -> np.ndarray:
    """Types, the first 1, and cities, as they came."""
    return np.array(orders, np.int64)


def small(seed: int, periods: int = 60) -> tuple[Kinds, np.ndarray]:
    """A drawn instance of three centres and three cities, and a stream of orders for it."""
    instance = multi_item(PLACES, CITIES, seed, periods=periods)
    kinds = Kinds.of(instance)
    return kinds, kinds.arrivals(instance.arrivals(0, seed=seed))
