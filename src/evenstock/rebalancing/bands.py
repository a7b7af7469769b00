"""Where a company wants its stock to stand, whatever the paths say: bands of position by item and node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from evenstock.rebalancing.arrays import Ints

NO_CEILING: Final = 2**40


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Bands:
    """Position is stock and what is under way, after tonight's moves; each array ``(K, W)``.

    A unit below `low_units` costs `low_cents`, one above `high_units` costs `high_cents`: both are convex in the position,
    so a node keeps one concave function of what it gives or gets. Nothing may arrive above `most_units`.
    """

    low_units: Ints
    low_cents: Ints
    high_units: Ints
    high_cents: Ints
    most_units: Ints
    """Acceptance limit; `NO_CEILING` where there is none."""

    def __post_init__(self) -> None:
        shape = np.shape(self.low_units)
        for name in ("low_units", "low_cents", "high_units", "high_cents", "most_units"):
            values = np.asarray(getattr(self, name))
            if values.shape != shape or values.ndim != 2 or values.dtype.kind not in "iu":
                raise ValueError(f"bands.{name}: whole numbers of shape {shape} are wanted, not {values.shape}")
            if values.size and int(values.min()) < 0:
                raise ValueError(f"bands.{name}: cannot be below zero")
            object.__setattr__(self, name, np.ascontiguousarray(values, np.int64))
        crossed = self.low_units > np.minimum(self.high_units, self.most_units)
        if crossed.any():
            k, w = (int(i) for i in np.argwhere(crossed)[0])
            raise ValueError(f"bands: at {(k, w)} the low end {int(self.low_units[k, w])} is above the high end")

    def only(self, items: slice | Ints) -> Bands:
        """Of some items."""
        return Bands(**{name: getattr(self, name)[items] for name in self.__slots__})

    @classmethod
    def none(cls, items: int, nodes: int) -> Bands:
        zero, endless = np.zeros((items, nodes), np.int64), np.full((items, nodes), NO_CEILING)
        return cls(low_units=zero, low_cents=zero, high_units=endless, high_cents=zero, most_units=endless)
