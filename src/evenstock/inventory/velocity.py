"""How fast a shelf turns: the classes within which records lend one another strength."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

EDGES: Final = (0.3, 2.0, 12.0)
"""Units a day between the classes. Below the first, sales carry almost no signal about the shelf."""
NAMES: Final = ("under 0.3 a day", "0.3 to 2 a day", "2 to 12 a day", "12 and more a day")
SILENT_BELOW: Final = EDGES[0]


def velocity_class(units_per_day: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Class of each rate, 0 (slowest) to 3.

    Examples
    --------
    >>> velocity_class([0.0, 0.3, 5.0, 40.0]).tolist()
    [0, 1, 2, 3]
    """
    return np.searchsorted(np.asarray(EDGES), np.asarray(units_per_day, np.float64), side="right")
