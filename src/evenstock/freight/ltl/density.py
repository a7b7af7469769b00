"""What class freight has by its density: pounds for a cubic foot, as carriers measure it."""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

CLASSES: Final = (
    "50", "55", "60", "65", "70", "77.5", "85", "92.5", "100", "110", "125", "150", "175", "200", "250", "300", "400",
    "500",
)  # fmt: skip
"""All eighteen classes of the NMFC, cheapest first. Density alone gives thirteen of them."""

EDGES_PCF: Final = tuple(map(Fraction, ("1", "2", "4", "6", "8", "10", "12", "15", "22.5", "30", "35", "50")))
"""Densities at which the class changes; each belongs to the denser step."""
BY_DENSITY: Final = ("400", "300", "250", "175", "125", "100", "92.5", "85", "70", "65", "60", "55", "50")
"""Class of each of the thirteen steps between them, lightest first."""

POUND_G: Final = Fraction("453.59237")
FOOT3_MM3: Final = Fraction("304.8") ** 3

_TIE: Final = 1e-9
"""Relative distance from an edge below which binary fractions are not trusted."""


def density_pcf(weight_g: int, volume_mm3: int) -> Fraction:
    """Pounds for a cubic foot, exactly.

    Raises
    ------
    ValueError
        If the freight weighs nothing or has no size: then it has no density.

    Examples
    --------
    A pallet of 48 x 40 x 48 in is 53.33 cubic feet; with 500 lb on it, 9.375 pounds for each.

    >>> float(round(density_pcf(226_796, 1_510_231_818), 3))
    9.375
    """
    if weight_g <= 0 or volume_mm3 <= 0:
        raise ValueError(f"{weight_g} g in {volume_mm3} mm3 have no density; give weight and size, or a class")
    return Fraction(weight_g) / POUND_G * FOOT3_MM3 / volume_mm3


def density_class(weight_g: int, volume_mm3: int) -> str:
    """NMFC class of freight with no handling, stowing or liability of its own, by density alone.

    Steps are half open: freight of exactly 8 pounds for a cubic foot is class 100, anything less 125.

    References
    ----------
    National Motor Freight Classification, Docket 2025-1: thirteen sub-provisions, in force from 19 July 2025.

    Examples
    --------
    The pallet above has 9.375 pounds for a cubic foot: class 100.

    >>> density_class(226_796, 1_510_231_818)
    '100'
    """
    return BY_DENSITY[bisect_right(EDGES_PCF, density_pcf(weight_g, volume_mm3))]


def density_classes(weight_g: ArrayLike, volume_mm3: ArrayLike) -> NDArray[np.int64]:
    """The same for arrays, as places in `CLASSES`; -1 where weight or size is not above zero.

    Examples
    --------
    >>> [CLASSES[k] for k in density_classes([226_796, 1_000_000], [1_510_231_818] * 2)]
    ['100', '55']
    """
    grams, cubic = np.broadcast_arrays(np.asarray(weight_g, np.int64), np.asarray(volume_mm3, np.int64))
    known = (grams > 0) & (cubic > 0)
    pcf = np.divide(grams * float(FOOT3_MM3 / POUND_G), cubic, out=np.zeros(grams.shape), where=known)
    edges = np.array([float(edge) for edge in EDGES_PCF])
    step = np.searchsorted(edges, pcf, side="right")
    nearest = edges[np.clip(step, 0, len(edges) - 1)]
    below = edges[np.clip(step - 1, 0, len(edges) - 1)]
    close = known & (np.minimum(np.abs(pcf - nearest), np.abs(pcf - below)) < _TIE * np.maximum(pcf, 1.0))
    for at in zip(*np.nonzero(close), strict=True):
        step[at] = bisect_right(EDGES_PCF, density_pcf(int(grams[at]), int(cubic[at])))
    place = np.array([CLASSES.index(name) for name in BY_DENSITY], np.int64)
    return np.where(known, place[step], -1)
