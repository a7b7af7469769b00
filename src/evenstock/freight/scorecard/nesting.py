"""Groups within groups: which broader group each narrower one lies in, and what their members add up to."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


def parents(cells: int, path: Sequence[Codes]) -> list[Codes]:
    """For each level, broad to narrow, the group of the level above that each of its groups lies in.

    The first level's groups lie in one, all; the last level are the cells themselves, which `path` does not name.

    Examples
    --------
    >>> [level.tolist() for level in parents(3, [np.array([0, 0, 1])])]
    [[0, 0], [0, 0, 1]]
    """
    levels = [np.zeros(cells, np.int64), *path, np.arange(cells)]
    found = []
    for broad, narrow in pairwise(levels):
        parent = np.zeros(int(narrow.max()) + 1 if cells else 0, dtype=np.int64)
        parent[narrow] = broad
        found.append(parent)
    return found


def totals(values: Floats, parent: Codes) -> Floats:
    """Sum of the values of each parent's children, shape ``(parent,)``."""
    return np.bincount(parent, values).astype(np.float64)
