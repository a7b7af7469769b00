"""A share of yes among few or many, with the interval it may truly lie in."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist


def wilson(times: int, of: int, *, level: float = 0.95) -> tuple[float, float]:
    """Score interval of a proportion, within [0, 1] and sensible at 0 and at all; (0, 1) where nothing was seen.

    References
    ----------
    Wilson (1927), JASA 22, 209-212; recommended by Brown, Cai and DasGupta (2001), Statistical Science 16.

    Examples
    --------
    No late parcel among ten still allows for 28 % late (z = 1.96: z² / (10 + z²)).

    >>> tuple(round(x, 4) for x in wilson(0, 10))
    (0.0, 0.2775)
    >>> tuple(round(x, 3) for x in wilson(81, 263))
    (0.255, 0.366)
    """
    if not 0 <= times <= of:
        raise ValueError(f"{times} times of {of} is no share")
    if not 0.0 < level < 1.0:
        raise ValueError(f"an interval's level lies between 0 and 1, not {level}")
    if of == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share = times / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    reach = z / (1 + z * z / of) * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, middle - reach), min(1.0, middle + reach)
