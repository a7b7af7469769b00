"""What a departure from node to node costs: fixed, by begun pallet, by unit."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

PALLET_G: Final = 700_000
"""Goods on one pallet by weight, where an item does not say how many units fit: a US 48 x 40 in pallet as usually loaded."""
PALLET_MM3: Final = 1_440_000_000
"""and by volume: 1.2 m x 1.0 m x 1.2 m."""

_HAIR: Final = 1e-9
"""Three thirds of a pallet are one pallet, whatever binary fractions say."""


def pallet_shares(pallet_units: ArrayLike, weight_g: ArrayLike, volume_mm3: ArrayLike) -> NDArray[np.float64]:
    """Share of a pallet that one unit of each item takes, shape ``(item,)``.

    One over `pallet_units` where known (above 0), else by the tighter of weight and volume.

    Examples
    --------
    >>> pallet_shares([40, 0, 0], [500, 7_000, 7_000], [0, 0, 144_000_000]).tolist()
    [0.025, 0.01, 0.1]
    """
    units = np.asarray(pallet_units, dtype=np.float64)
    guess = np.maximum(np.asarray(weight_g) / PALLET_G, np.asarray(volume_mm3) / PALLET_MM3)
    share: NDArray[np.float64] = np.where(units > 0, 1.0 / np.where(units > 0, units, 1.0), guess)
    return share


def pallets(units: ArrayLike, share: ArrayLike) -> NDArray[np.int64]:
    """Begun pallets of each departure: items share pallets. `units` has shape ``(..., item)``, `share` ``(item,)``.

    Examples
    --------
    30 units at 40 a pallet and 20 units at 80 a pallet fill exactly one; one unit more begins a second.

    >>> pallets([[30, 20], [30, 21], [0, 0]], [1 / 40, 1 / 80]).tolist()
    [1, 2, 0]
    """
    filled = np.asarray(units, dtype=np.float64) @ np.asarray(share, dtype=np.float64)
    return np.ceil(filled - _HAIR).clip(0).astype(np.int64)


def lane_cents(
    units: ArrayLike, share: ArrayLike, fixed_cents: ArrayLike, pallet_cents: ArrayLike, unit_cents: ArrayLike
) -> NDArray[np.int64]:
    """Freight of each departure in cents, shape ``(lane,)``; an empty departure does not leave and costs nothing.

    Parameters
    ----------
    units
        Whole units of each item on each lane, shape ``(lane, item)``.
    share
        Share of a pallet that one unit takes, shape ``(item,)``, see `pallet_shares`.
    fixed_cents, pallet_cents, unit_cents
        Per departure, per begun pallet, per unit; shape ``(lane,)``.

    Examples
    --------
    A hundred units at 40 a pallet are 2.5, hence 3 pallets: 150.00 + 3 x 45.00 + 100 x 0.10 = 295.00.

    >>> lane_cents([[100], [0]], [1 / 40], [15_000, 15_000], [4_500, 4_500], [10, 10]).tolist()
    [29500, 0]
    """
    load = np.asarray(units, dtype=np.int64)
    total = load.sum(axis=-1)
    cents = (
        np.asarray(fixed_cents, dtype=np.int64)
        + pallets(load, share) * np.asarray(pallet_cents, dtype=np.int64)
        + total * np.asarray(unit_cents, dtype=np.int64)
    )
    return np.where(total > 0, cents, 0)
