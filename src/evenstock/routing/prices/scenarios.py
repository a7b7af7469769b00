"""Prices of several possible futures: what each drawn set of orders would make a unit worth.

A decision that is best under all of them is sure; one that is best under the mean future alone is not.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.routing.batch import Batch
from evenstock.routing.priced import Whole
from evenstock.routing.prices.ascent import Capacity, ascend

Real = NDArray[np.float64]

WARM_SWEEPS: Final = 30
"""Enough from the prices of the mean future."""


def scenario_prices(
    batch: Batch,
    weight: Real,
    stock: Whole,
    count: int,
    seed: int,
    *,
    seen: Real | None = None,
    lost: Real | None = None,
    start: Real | None = None,
    sweeps: int = WARM_SWEEPS,
    contested: NDArray[np.bool_] | None = None,
    capacity: Capacity | None = None,
) -> Real:
    """Prices of `count` futures, shape ``(count, node, item)``; the arguments not named here are those of `ascend`.

    Each future draws how often every order comes: a Poisson count around its weight, and where `seen` is given around a
    rate that is itself uncertain.

    Parameters
    ----------
    seen
        Times each order was seen in the sample that the weights come from, shape ``(order,)``: its rate is drawn from a
        gamma distribution of that shape around its weight. Without it the weights are taken for the true rates.
    start
        Prices of the mean future; without them they are found first.

    Raises
    ------
    ValueError
        If no future is asked for, or as `ascend` does.

    Examples
    --------
    The same seed draws the same futures, so a decision's doubt can be reckoned again.
    """
    if count < 1:
        raise ValueError("at least one future is drawn")
    if start is None:
        start = ascend(batch, weight, stock, lost=lost, contested=contested, capacity=capacity).price
    rng = np.random.default_rng(seed)
    prices = np.zeros((count, *stock.shape))
    for future in prices:
        rate = weight if seen is None else weight * rng.gamma(np.maximum(seen, 1e-9)) / np.maximum(seen, 1e-9)
        drawn = rng.poisson(rate).astype(np.float64)
        future[:] = ascend(
            batch,
            drawn,
            stock,
            lost=lost,
            start=start,
            sweeps=sweeps,
            contested=contested,
            capacity=capacity,
        ).price
    return prices
