"""A made-up class tariff, for examples and tests.

It has the form of the tariffs that carriers share (lane, class, nine weight breaks) and rates of a plausible size, but no
number in it comes from any tariff: CzarLite and its like are licensed by SMC³ and not ours to give away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from evenstock.freight.distance import haversine_miles
from evenstock.freight.ltl.density import BY_DENSITY, CLASSES

BREAKS_LB: Final = (0, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 40_000)
"""L5C, M5C, M1M, M2M, M5M, M10M, M20M, M30M, M40M, as the trade calls them."""
OF_LIGHTEST: Final = (1.0, 0.79, 0.64, 0.54, 0.43, 0.36, 0.22, 0.17, 0.14)
"""Share of the lightest break's rate."""
BASE_CENTS_CWT: Final = 5_200.0
MILE_CENTS_CWT: Final = 11.0
"""Class 100 below 500 lb: 52.00 a hundredweight and 0.11 for each mile, before a discount of 60 to 80 %."""
LANE_SPREAD: Final = 0.06
"""Standard deviation of the logarithm of a lane's own level."""


def synthetic_tariff(
    places: Mapping[str, tuple[float, float]],
    *,
    tariff: str,
    valid_from: date,
    seed: int,
    classes: Iterable[str] = BY_DENSITY,
    increase: float = 0.0,
) -> pl.DataFrame:
    """Rates between all areas in the shape of `tables.LtlTariffs`; none of them real.

    Parameters
    ----------
    places
        Latitude and longitude in degrees by three-character postal area.
    seed
        Of what makes lanes differ by more than their distance: where trucks run home empty, how busy a terminal is.
    classes
        Classes it has; by default the thirteen of density.
    increase
        General increase over the first edition, as a fraction: the same seed and 0.059 make next year's edition.

    Examples
    --------
    >>> two = {"070": (40.8, -74.1), "606": (41.9, -87.6)}
    >>> frame = synthetic_tariff(two, tariff="synthetic", valid_from=date(2026, 1, 5), seed=1)
    >>> frame.height == 4 * 13 * 9
    True
    """
    names = sorted(places)
    latitude, longitude = (np.array([places[name][k] for name in names]) for k in (0, 1))
    miles = haversine_miles(latitude[:, None], longitude[:, None], latitude, longitude)
    # One number for an area as origin, one as destination, one for the lane: the order of areas does not matter.
    level = np.exp(LANE_SPREAD * _standard_normals(names, seed))
    chosen = [name for name in CLASSES if name in set(classes)]
    of_class = np.array([(float(name) / 100) ** 0.95 for name in chosen])
    lightest = (BASE_CENTS_CWT + MILE_CENTS_CWT * miles) * level * (1 + increase)
    cents = np.ceil(lightest[:, :, None, None] * of_class[:, None] * np.array(OF_LIGHTEST)).astype(np.int64)
    shape = cents.shape
    return pl.DataFrame(
        {
            "tariff": [tariff] * cents.size,
            "valid_from": [valid_from] * cents.size,
            "origin_zip3": np.broadcast_to(np.array(names)[:, None, None, None], shape).ravel(),
            "destination_zip3": np.broadcast_to(np.array(names)[None, :, None, None], shape).ravel(),
            "freight_class": np.broadcast_to(np.array(chosen)[:, None], shape).ravel(),
            "at_least_lb": np.broadcast_to(np.array(BREAKS_LB), shape).ravel(),
            "cents_cwt": cents.ravel(),
        }
    )


def _standard_normals(names: list[str], seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Of each lane, from the names of its areas: a lane keeps its level when others are added."""
    key = [[ord(letter) for letter in name] for name in names]
    found = np.empty((len(names), len(names)))
    for a, origin in enumerate(key):
        for b, destination in enumerate(key):
            found[a, b] = np.random.default_rng([seed, *origin, *destination]).standard_normal()
    return found
