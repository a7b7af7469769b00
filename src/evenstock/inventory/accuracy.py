"""How fast records go wrong, learned from every count: by node and velocity class, each leaning on the whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.inventory.assumptions import Assumptions
from evenstock.inventory.velocity import NAMES

Floats = npt.NDArray[np.float64]

STANDING: Final = 0.1
"""Exposure of a shelf on a day without sales, in units moved: things also break and wander while nobody buys."""
_LEAN_COUNTS: Final = 10.0
"""Counts that the larger group weighs as, in the variance of a cell."""
_LEAN_EXPOSURE: Final = 500.0
"""Exposure that the larger group weighs as, in the loss of a cell."""
_LEAN_FOUND: Final = 2.0
"""Empty shelves that the larger group weighs as, in the hazard of a cell."""
_FURTHEST: Final = 5.0
"""An error beyond so many standard deviations counts as that many: a typing slip must not condemn a node."""


def exposure(moved: npt.ArrayLike, days: npt.ArrayLike, assumptions: Assumptions | None = None) -> Floats:
    """What a record went through and has not been put right since: units moved, and a little for each day it stood.

    A record does not go on decaying for ever: a pick that finds too few, a receipt, a second look corrects it with the
    chance ``c`` a day (`restored_per_day`, as for an empty shelf), so that of ``d`` days ``(1 - exp(-c d)) / c`` remain.

    Parameters
    ----------
    moved, days
        Units sold and days since the last count, finite and not below zero.

    Examples
    --------
    Two a day for 10 days nearly all remain; of two a day for ten years no more than of a hundred days.

    >>> exposure([20.0, 7300.0], [10.0, 3650.0]).round(2).tolist()
    [19.98, 210.0]
    """
    told = assumptions or Assumptions()
    since = np.asarray(days, np.float64)
    remain = -np.expm1(-told.restored_per_day * since) / told.restored_per_day
    daily = np.divide(moved, since, out=np.zeros_like(since), where=since > 0)
    return np.asarray((daily + STANDING) * remain)


@dataclass(frozen=True, slots=True, eq=False)
class RecordAccuracy:
    """Loss, variance of error and hazard of an empty shelf, each ``(node, class)``; the last row is for any other node."""

    nodes: tuple[str, ...]
    loss: Floats
    """Units lost for each unit of exposure; below zero where goods turn up."""
    variance: Floats
    """Units squared for each unit of exposure."""
    hazard: Floats
    """Chance a day that a stocked shelf becomes empty unseen."""
    counts: npt.NDArray[np.int64]
    """Counts each cell was learned from."""

    def rows(self, nodes: Sequence[str]) -> npt.NDArray[np.int64]:
        """Row of each node."""
        at = {node: row for row, node in enumerate(self.nodes)}
        return np.array([at.get(node, len(self.nodes)) for node in nodes], np.int64)

    def frame(self) -> pl.DataFrame:
        """One row a node and class that was counted, for people to read."""
        row, column = np.nonzero(self.counts[: len(self.nodes)])
        return pl.DataFrame(
            {
                "node": [self.nodes[r] for r in row],
                "velocity": [NAMES[c] for c in column],
                "counts": self.counts[row, column],
                "loss_per_unit": self.loss[row, column],
                "error_variance_per_unit": self.variance[row, column],
                "phantom_per_day": self.hazard[row, column],
            },
            schema_overrides={"node": pl.String, "velocity": pl.String},
        )


def learn_accuracy(counts: pl.DataFrame | None, assumptions: Assumptions | None = None) -> RecordAccuracy:
    """Learn from counts that were held against the record of the moment.

    Parameters
    ----------
    counts
        One row a count, or None: node, velocity (class, 0 to 3), found (units), booked (units by the record), days and
        moved (days and units sold since the count before, or since the books began).

    Notes
    -----
    A shelf found empty whose record spoke of more than error explains is a phantom: it teaches the hazard (events over
    days, Gamma prior) and stays out of the variance. The rest teach loss and variance per exposure. Node cells lean on
    their class, classes on all, all on `Assumptions`. Counts made *because* of a suspicion overstate the hazard;
    regular counts do not.
    """
    told = assumptions or Assumptions()
    counts = _usable(counts)
    nodes = tuple(counts["node"].unique().sort().to_list())
    at = {node: row for row, node in enumerate(nodes)}
    cell = (
        np.array([at[n] for n in counts["node"]], np.int64),
        counts["velocity"].to_numpy().astype(np.int64),
    )
    found, booked, days = (counts[name].to_numpy().astype(np.float64) for name in ("found", "booked", "days"))
    exposed = np.maximum(exposure(counts["moved"].to_numpy(), days, told), STANDING)
    usual = np.sqrt(told.error_variance * exposed)
    phantom = (found == 0) & (booked >= np.maximum(2.0, 3.0 * usual + told.loss_per_unit * exposed))
    error = found - booked

    shape = (len(nodes), len(NAMES))
    plain = ~phantom
    spread = np.sqrt(told.error_variance + _typical_square(error[plain], exposed[plain]))
    error = np.clip(error, -_FURTHEST * spread * np.sqrt(exposed), _FURTHEST * spread * np.sqrt(exposed))
    loss = _leaning(
        _sums(cell, np.where(plain, -error, 0.0), shape),
        _sums(cell, np.where(plain, exposed, 0.0), shape),
        told.loss_per_unit,
        lambda rate: np.full_like(rate, _LEAN_EXPOSURE),
    )
    left = (error + loss[cell] * exposed) ** 2 / exposed
    variance = _leaning(
        _sums(cell, np.where(plain, left, 0.0), shape),
        _sums(cell, plain.astype(np.float64), shape),
        told.error_variance,
        lambda rate: np.full_like(rate, _LEAN_COUNTS),
    )
    hazard = _leaning(
        _sums(cell, phantom.astype(np.float64), shape),
        # A shelf found empty was so for a part of the time: half of it, not knowing since when.
        _sums(cell, np.where(phantom, 0.5, 1.0) * days, shape),
        told.phantom_per_day,
        lambda rate: _LEAN_FOUND / rate,
    )
    number = np.zeros((len(nodes) + 1, len(NAMES)), np.int64)
    number[:-1] = _sums(cell, np.ones(found.size), shape).astype(np.int64)
    return RecordAccuracy(nodes, loss, np.maximum(variance, 1e-6), np.clip(hazard, 1e-6, 0.5), number)


_COLUMNS: Final = ("node", "velocity", "found", "booked", "days", "moved")


def _usable(counts: pl.DataFrame | None) -> pl.DataFrame:
    if counts is None:
        return pl.DataFrame(schema=dict.fromkeys(_COLUMNS, pl.Float64) | {"node": pl.String})
    missing = [name for name in _COLUMNS if name not in counts.columns]
    if missing:
        raise ValueError(f"counts to learn from lack {', '.join(missing)}")
    numbers = counts.select(pl.col(_COLUMNS[1:]).cast(pl.Float64))
    if any(not column.is_finite().all() or (column < 0).any() or column.null_count() for column in numbers):
        raise ValueError("counts to learn from must be finite and not below zero; leave out those without a record")
    return counts


def _sums(cell: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]], value: Floats, shape: tuple[int, int]) -> Floats:
    out = np.zeros(shape)
    np.add.at(out, cell, value)
    return out


def _typical_square(error: Floats, exposed: Floats) -> float:
    """Squared error per exposure of the middle of the counts: what a normal with their upper quartile would have."""
    return float((np.quantile(np.abs(error) / np.sqrt(exposed), 0.75) / 1.15) ** 2) if error.size else 0.0


def _leaning(total: Floats, weight: Floats, start: float, lean: Callable[[Floats], Floats]) -> Floats:
    """Ratio ``total / weight`` of each cell, shrunk to its class, which is shrunk to all, which is shrunk to `start`.

    Returns one more row than there are nodes: the class alone, for a node never counted.
    """
    rate = np.asarray(start)
    k = lean(rate)
    everywhere = np.asarray((k * rate + total.sum()) / (k + weight.sum()))
    k = lean(everywhere)
    by_class = (k * everywhere + total.sum(axis=0)) / (k + weight.sum(axis=0))
    k = lean(by_class)
    cells = (k * by_class + total) / (k + weight)
    return np.vstack([cells, by_class])
