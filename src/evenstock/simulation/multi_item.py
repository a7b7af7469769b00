"""Multi-item fulfilment instances of the literature: centres, cities, order types, stock and arrivals from one seed.

Jasin and Sinha (2015), as parametrised by Ma (2023, arXiv 2207.04774), made fair: a lost unit costs the same whoever
loses it, and is lost only when no centre has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

EARTH_KM: Final = 6371.0
KM_A_MILE: Final = 1.61
FIXED: Final = 8.759
"""Dollars of a parcel."""
UNIT: Final = 0.423
"""Dollars of a unit in it."""
UNIT_MILE: Final = 0.000541
"""Dollars of a unit and mile."""
LOST_UNIT: Final = 30.0
"""Dollars of a unit that no centre has."""
LARGE: Final = 20
"""More places than that and the large network's sizes hold: 100 items, ten types of each size from 1 to 10."""


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """One instance; order type 0 stands for no order. A type wants one unit of each of its items."""

    fixed: float
    """Dollars of a parcel."""
    unit_cost: NDArray[np.float64]
    """Dollars of a unit from centre to city, shape ``(centre, city)``."""
    types: tuple[tuple[int, ...], ...]
    """Items of each order type, sorted; the first is empty."""
    rate: NDArray[np.float64]
    """Probability of (type, city) in a period, shape ``(type, city)``; adds up to 1."""
    stock: NDArray[np.int64]
    """Units at the start, shape ``(centre, item)``."""
    miles: NDArray[np.float64]
    """Shape ``(centre, city)``."""
    periods: int
    lost_unit: float = LOST_UNIT

    def arrivals(self, path: int = 0, *, seed: int = 0) -> NDArray[np.int64]:
        """One order type and city each period, shape ``(period, 2)``; the same seed and path give the same customers."""
        rng = np.random.default_rng([seed, 1, path])
        flat = rng.choice(self.rate.size, size=self.periods, p=self.rate.ravel() / self.rate.sum())
        return np.stack(np.unravel_index(flat, self.rate.shape), axis=1).astype(np.int64)

    def believed(self, sigma: float, *, seed: int = 0) -> NDArray[np.float64]:
        """Rates as a biased forecaster sees them: each (type, city) off by a lognormal factor that never heals."""
        rng = np.random.default_rng([seed, 2])
        off = self.rate * np.exp(rng.normal(0.0, sigma, self.rate.shape))
        off[1:] *= self.rate[1:].sum() / off[1:].sum()
        off[0] = self.rate[0]
        return off

    def misplaced(self, sigma: float = 0.6, *, seed: int = 0) -> Instance:
        """The same with stock in the wrong places: each centre's units times a lognormal factor."""
        rng = np.random.default_rng([seed, 3])
        return replace(
            self, stock=np.rint(self.stock * np.exp(rng.normal(0.0, sigma, self.stock.shape))).astype(np.int64)
        )

    def scaled(self, share: float) -> Instance:
        """The same with this share of the stock."""
        return replace(self, stock=np.rint(self.stock * share).astype(np.int64))


def multi_item(
    centres: Sequence[tuple[float, float]],
    cities: Sequence[tuple[float, float, float]],
    seed: int,
    *,
    periods: int = 10_000,
    carried: float = 0.75,
    unit_mile: float = UNIT_MILE,
) -> Instance:
    """Draw an instance.

    Parameters
    ----------
    centres
        Latitude and longitude of each.
    cities
        Latitude, longitude and population of each.
    periods
        Periods of at most one order each.
    carried
        Probability that a centre carries an item.
    unit_mile
        Dollars of a unit and mile; 0.004 is near a carrier's zones.

    References
    ----------
    Ma (2023), arXiv 2207.04774, section 5; stock follows the newsvendor level of Jasin and Sinha (2015).
    """
    rng = np.random.default_rng(seed)
    miles = _miles(np.array(centres, np.float64), np.array([c[:2] for c in cities], np.float64))
    items, sizes, each = (100, 10, 10) if len(cities) > LARGE else (20, 5, 5)
    types: list[tuple[int, ...]] = [()]
    for size in range(1, sizes + 1):
        types += [tuple(sorted(rng.permutation(items)[:size].tolist())) for _ in range(each)]
    of_size = rng.random(sizes + 1)
    of_size /= of_size.sum()
    probability = [of_size[0]]
    for size in range(1, sizes + 1):
        within = rng.random(each)
        probability += (of_size[size] * within / within.sum()).tolist()
    people = np.array([c[2] for c in cities], np.float64)
    rate = np.outer(probability, people / people.sum())
    return Instance(
        FIXED, UNIT + unit_mile * miles, tuple(types), rate, _stock(rng, rate, types, miles, items, carried, periods),
        miles, periods,
    )  # fmt: skip


def _stock(
    rng: np.random.Generator,
    rate: NDArray[np.float64],
    types: Sequence[tuple[int, ...]],
    miles: NDArray[np.float64],
    items: int,
    carried: float,
    periods: int,
) -> NDArray[np.int64]:
    has = rng.random((items, miles.shape[0])) < carried
    wanted = np.zeros((items, rate.shape[1]))
    for kind, wants in enumerate(types):
        wanted[list(wants)] += rate[kind]
    share = np.zeros((miles.shape[0], items))
    for item in range(items):
        if has[item].any():
            nearest = np.where(has[item][:, None], miles, np.inf).argmin(axis=0)
            np.add.at(share[:, item], nearest, wanted[item])
    return np.rint(periods * share + 0.5 * np.sqrt(periods * share * (1.0 - share))).astype(np.int64)


def _miles(here: NDArray[np.float64], there: NDArray[np.float64]) -> NDArray[np.float64]:
    """Great circle distances (haversine), shape ``(here, there)``."""
    a, b = np.radians(here)[:, None], np.radians(there)[None]
    half = np.sin((a - b) / 2) ** 2
    h = half[..., 0] + np.cos(a[..., 0]) * np.cos(b[..., 0]) * half[..., 1]
    miles: NDArray[np.float64] = 2 * EARTH_KM * np.arcsin(np.sqrt(h)) / KM_A_MILE
    return miles
