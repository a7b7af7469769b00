"""How fast a series sells: the buckets within which slow and fast sellers lend one another strength."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

EDGES: Final = (0.1, 0.3, 0.8, 2.0, 5.0, 12.0)
"""Mean units a day between the seven buckets."""

NAMES: Final = ("under 0.1", "0.1 to 0.3", "0.3 to 0.8", "0.8 to 2", "2 to 5", "5 to 12", "12 and more")


def bucket(mean_units: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Bucket of each mean, 0 (slowest) to 6.

    Examples
    --------
    >>> bucket(np.array([0.0, 0.1, 4.0, 80.0])).tolist()
    [0, 1, 4, 6]
    """
    return np.searchsorted(np.asarray(EDGES), mean_units, side="right")
