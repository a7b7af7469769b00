r"""Prices of a repricing moved by what was taken since.

A repricing foretells how much of the stock the orders take until stock comes again. Where more of it is gone by now than
was foretold by now, the rest is worth more, and less where less is gone:

.. math:: \pi_{ki} = \max(0, \pi^0_{ki} + \eta \cdot \mathrm{clip}(d_{ki} / \max(I_{ki}, 5), -1, 1)),
          \quad d_{ki} = I^0_{ki} - I_{ki} - \phi \min(U_{ki}, I^0_{ki})

with stock :math:`I^0` at the repricing and :math:`I` now, units :math:`U` foretold until the end and the share
:math:`\phi` of them foretold by now. The sum of what every order took beyond its share is in :math:`d`, so this is dual
mirror descent with one step a unit, from the repricing's prices instead of none; it depends on the state alone and not on
how often it is asked. It steers itself: what became dearer is taken less, and its price comes back.

`STEP` was chosen on drawn networks of seeds 0 to 9, and is the step with which an ascent from good prices begins. Three
times as long saves more after a shift of demand, but costs 0.06 % where prices are computed anew often and nothing shifts.

References
----------
Balseiro, Lu and Mirrokni (2023), dual mirror descent with the Euclidean mirror.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.routing.priced import Whole
from evenstock.routing.prices.ascent import LEAST_STOCK, WARM_STEP

Real = NDArray[np.float64]

STEP: Final = WARM_STEP
"""Of the mean cost of a unit: how far a price moves where as much too much is gone as is left."""


def correct(price: Real, foretold: Real, before: Whole, left: Whole, gone: float, unit_cost: float) -> Real:
    """Prices as of now, zero or more, in the money and the shape of `price`.

    Parameters
    ----------
    price : of the repricing.
    foretold : units that it expected to be taken until its end.
    before : units there when it was computed.
    left : units there now; whatever took or brought them counts.
    gone : share of what was foretold that was to be taken by now, 0 to 1.
    unit_cost : mean cost of shipping a unit.

    Raises
    ------
    ValueError
        If shapes differ, or the share or the cost is out of range.

    Examples
    --------
    A hundred units were to be taken, half of them by now, and 80 are gone: 30 too many with 20 left, so the price moves
    by the whole step, 0.3 of 1000. At the other node 10 too few are gone with 60 left: down by 0.3 * 10 / 60 of 1000.

    >>> price, foretold = np.array([200.0, 200.0]), np.array([100.0, 100.0])
    >>> correct(price, foretold, np.array([100, 100]), np.array([20, 60]), 0.5, 1_000.0).tolist()
    [500.0, 150.0]
    """
    if not price.shape == foretold.shape == before.shape == left.shape:
        raise ValueError("prices, units foretold, stock before and stock left have one shape")
    if not 0.0 <= gone <= 1.0 or unit_cost < 0:
        raise ValueError(f"a share of {gone} of what was foretold cannot be over, or a unit costs {unit_cost}")
    beyond = before - left - gone * np.minimum(foretold, before)
    moved = np.clip(beyond / np.maximum(left, LEAST_STOCK), -1.0, 1.0)
    return np.maximum(0.0, price + STEP * unit_cost * moved)
