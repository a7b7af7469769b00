"""Days on which a whole node was not heard, told from days on which it sold nothing."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

SILENT_DAYS: Final = 4
"""A busy node that says nothing for this many days is taken as not heard: longer than a weekend with a holiday."""
BUSY_ROWS: Final = 20
"""Rows a day from which a node is busy: then a day without any is no chance."""
FEWEST_SERIES: Final = 10
"""A node of fewer series may well have stopped selling: its items can end."""
FEWEST_DAYS: Final = 28
CHANCE: Final = 1e-6
"""A less busy node is taken as not heard once so long a silence has a smaller chance, by how often it is heard."""


def silent_runs(
    node: npt.NDArray[np.int64], row: npt.NDArray[np.int64], day: npt.NDArray[np.int64], days: int
) -> list[tuple[int, int, int]]:
    """Runs (node, first day, day after the last) in which a node was not heard, by node and day.

    Also the days between the last row of all and the end, where a busy node would have been heard.

    Parameters
    ----------
    node
        Node of each series, shape ``(series,)``, numbered from 0.
    row, day
        Series and day of each row of demand.
    """
    nodes = int(node.max()) + 1 if node.size else 0
    said = np.bincount(node[row] * days + day, minlength=nodes * days).reshape(nodes, days)
    series = np.bincount(node, minlength=nodes)
    last = int(np.flatnonzero(said.any(axis=0))[-1]) if said.any() else -1
    found = []
    for k in range(nodes):
        heard = np.flatnonzero(said[k])
        if heard.size == 0:
            continue
        busy = said[k].sum() / heard.size >= BUSY_ROWS
        if busy:
            longest = SILENT_DAYS
        elif heard.size >= FEWEST_DAYS and series[k] >= FEWEST_SERIES:
            longest = _too_long(heard.size, int(heard[-1] - heard[0]) + 1)
        else:
            continue
        found += [(k, a, b) for a, b in _gaps(heard, days) if b - a >= longest or (busy and b == days and a > last)]
    return found


def _too_long(heard: int, span: int) -> int:
    """Days of silence that chance does not explain.

    Examples
    --------
    Heard on five days of seven, as a node that rests at weekends: twelve days. Heard every day: as a busy one.

    >>> _too_long(50, 70), _too_long(70, 70)
    (12, 4)
    """
    quiet = (span - heard + 1) / (span + 2)
    return max(SILENT_DAYS, math.ceil(math.log(CHANCE) / math.log(quiet)))


def _gaps(heard: npt.NDArray[np.int64], days: int) -> list[tuple[int, int]]:
    """Half-open runs without a day in `heard`, after its first one.

    Examples
    --------
    >>> _gaps(np.array([2, 3, 7]), 9)
    [(4, 7), (8, 9)]
    """
    after = np.append(heard[1:], days)
    return [(int(a) + 1, int(b)) for a, b in zip(heard, after, strict=True) if b - a > 1]
