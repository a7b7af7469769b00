"""Days on which a whole node was not heard, told from days on which it sold nothing."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

SILENT_DAYS: Final = 4
"""Fewer days of silence are never taken as not heard: a weekend with a holiday."""
CHANCE: Final = 1e-6
"""A silence that is less likely than this, by how often the node is heard on each weekday, is no chance."""
FEWEST_DAYS: Final = 14
"""A node heard on fewer days has no habit to judge by."""
FEWEST_SERIES: Final = 10
"""A node of fewer series may well have stopped selling: its items can end."""
BUSY_ROWS: Final = 20
"""Rows a day from which a node would have been heard on each of the last days, had anybody been."""
_WEEK: Final = 7
_PRIOR_WEEKS: Final = 2.0
"""Weeks at the node's usual share of silent days that each weekday's own share is mixed with."""


def silent_runs(
    node: npt.NDArray[np.int64], row: npt.NDArray[np.int64], day: npt.NDArray[np.int64], days: int
) -> list[tuple[int, int, int]]:
    """Runs (node, first day, day after the last) in which a node was not heard, by node and day.

    A shop that rests on Sundays, or a small country that orders once a month, is judged by its own habit. Also found are the
    days between the last row of all and the end, where a busy node would have been heard.

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
    heard_of_all = np.flatnonzero(said.any(axis=0))
    found = []
    for k in range(nodes):
        heard = np.flatnonzero(said[k])
        if heard.size == 0:
            continue
        busy = said[k].sum() >= BUSY_ROWS * (heard[-1] - heard[0] + 1)
        has_habit = heard.size >= FEWEST_DAYS and (busy or series[k] >= FEWEST_SERIES)
        for begin, end in _gaps(heard, days):
            nobody = busy and end == days and begin > heard_of_all[-1]
            if nobody or (has_habit and end - begin >= SILENT_DAYS and _chance(heard, begin, end) < CHANCE):
                found.append((k, begin, end))
    return found


def _chance(heard: npt.NDArray[np.int64], begin: int, end: int) -> float:
    """Probability of no row from `begin` to `end`, by the share of silent days of each weekday outside that run.

    Examples
    --------
    A year heard on five days of seven. Four silent days from a Monday on are no chance; from a Friday to a Monday, as at Easter,
    they may be.

    >>> days = np.arange(364)
    >>> heard = days[days % 7 < 5]
    >>> monday, friday = heard[heard % 7 == 0][20], heard[heard % 7 == 4][20]
    >>> without = lambda day: heard[(heard < day) | (heard >= day + 4)]
    >>> _chance(without(monday), monday, monday + 4) < CHANCE, _chance(without(friday), friday, friday + 4) < CHANCE
    (True, False)
    """
    inside = np.arange(heard[0], heard[-1] + 1)
    inside = inside[(inside < begin) | (inside >= end)]
    total = np.bincount(inside % _WEEK, minlength=_WEEK)
    silent = total - np.bincount(heard % _WEEK, minlength=_WEEK)
    usual = (silent.sum() + 1) / (total.sum() + 2)
    quiet = (silent + _PRIOR_WEEKS * usual) / (total + _PRIOR_WEEKS)
    return float(np.exp(np.log(quiet[np.arange(begin, end) % _WEEK]).sum()))


def _gaps(heard: npt.NDArray[np.int64], days: int) -> list[tuple[int, int]]:
    """Half-open runs without a day in `heard`, after its first one.

    Examples
    --------
    >>> _gaps(np.array([2, 3, 7]), 9)
    [(4, 7), (8, 9)]
    """
    after = np.append(heard[1:], days)
    return [(int(a) + 1, int(b)) for a, b in zip(heard, after, strict=True) if b - a > 1]
