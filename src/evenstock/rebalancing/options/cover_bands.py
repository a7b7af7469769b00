"""Bands of cover by class of item and node, as bands of units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.bands import NO_CEILING, Bands
from evenstock.rebalancing.cover import daily_demand
from evenstock.rebalancing.problem import Problem

ANY: Final = "*"


@dataclass(frozen=True, slots=True)
class CoverBand:
    """Days of cover at the mean daily demand, and what a unit outside costs."""

    low_days: float = 0.0
    high_days: float = float("inf")
    low_cents: int = 0
    """For each unit below; a preference that the plan weighs against freight, no guarantee."""
    high_cents: int = 0
    """For each unit above."""
    most_days: float = float("inf")
    """Nothing may arrive above; this is kept whatever it costs."""

    def __post_init__(self) -> None:
        if not 0 <= self.low_days <= min(self.high_days, self.most_days):
            raise ValueError(
                f"cover band: {self.low_days} to {self.high_days} days, at most {self.most_days}: the low end comes first"
            )


def cover_bands(problem: Problem, classes: Sequence[str], wanted: Mapping[tuple[str, str], CoverBand]) -> Bands:
    """Bands of position for every item and node.

    What it guarantees: nothing arrives above `most_days`. The low and the high end are wishes at a price: a node is brought
    into its band as long as that costs less than the units outside are charged.

    Parameters
    ----------
    classes
        Class of each item, ``(K,)``, such as ``AX``.
    wanted
        By (class, node); ``*`` stands for any. The most exact entry counts, class before node; without one there is no band.

    Raises
    ------
    ValueError
        If a class or node is named that there is none of, or the classes are not one for each item.
    """
    if len(classes) != len(problem.skus):
        raise ValueError(f"classes: one for each of {len(problem.skus)} items is wanted, not {len(classes)}")
    for kind, node in wanted:
        if kind not in (ANY, *classes):
            raise ValueError(f"cover bands: no item is of class {kind!r}")
        if node not in (ANY, *problem.nodes):
            raise ValueError(f"cover bands: there is no node {node!r}")
    daily, shape = daily_demand(problem), problem.on_hand.shape
    low, high, most = np.zeros(shape), np.full(shape, np.inf), np.full(shape, np.inf)
    low_cents, high_cents = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    members = {kind: np.array([kind in (ANY, own) for own in classes]) for kind, _ in wanted}
    for kind, node in sorted(wanted, key=lambda entry: (entry[0] != ANY, entry[1] != ANY)):
        band = wanted[kind, node]
        at = members[kind][:, None] & np.array([node in (ANY, name) for name in problem.nodes])
        for into, value in ((low, band.low_days), (high, band.high_days), (most, band.most_days)):
            # An item that sells nothing has no cover to speak of: its band is empty stock, unless there is no end.
            into[at] = value * daily[at] if np.isfinite(value) else np.inf
        low_cents[at], high_cents[at] = band.low_cents, band.high_cents
    low_units = np.ceil(low - 1e-9).astype(np.int64)
    return Bands(
        low_units=low_units,
        low_cents=low_cents,
        high_units=np.maximum(_units(high), low_units),
        high_cents=high_cents,
        most_units=np.maximum(_units(most), low_units),
    )


def _units(days: Floats) -> Ints:
    return np.minimum(np.floor(days + 1e-9), float(NO_CEILING)).astype(np.int64)
