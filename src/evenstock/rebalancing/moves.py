"""Units of items on lanes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evenstock.rebalancing.arrays import Bools, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """One entry per item and lane, sorted by item, then lane; each moves at least one unit."""

    item: Ints
    """Item index, shape ``(line,)``, as all of these."""
    lane: Ints
    units: Ints

    def __post_init__(self) -> None:
        if not len(self.item) == len(self.lane) == len(self.units):
            raise ValueError("moves: item, lane and units are of one length")
        if len(self.units) and int(self.units.min()) < 1:
            raise ValueError("moves: a move is of at least one unit")
        if len(self.item) and min(int(self.item.min()), int(self.lane.min())) < 0:
            raise ValueError("moves: items and lanes are counted from 0")
        key = self.item * (int(self.lane.max(initial=0)) + 1) + self.lane
        if (np.diff(key) <= 0).any():
            raise ValueError("moves: sorted by item and lane, each once; use Moves.gather")

    @classmethod
    def gather(cls, item: npt.ArrayLike, lane: npt.ArrayLike, units: npt.ArrayLike) -> Moves:
        """Moves in any order, the same item and lane added up, zeros left out."""
        items, lanes, amounts = (np.asarray(part, dtype=np.int64).ravel() for part in (item, lane, units))
        pairs, at = np.unique(np.stack([items, lanes]), axis=1, return_inverse=True)
        total = np.zeros(pairs.shape[1], np.int64)
        np.add.at(total, at.ravel(), amounts)
        kept = total != 0
        return cls(pairs[0][kept], pairs[1][kept], total[kept])

    @classmethod
    def none(cls) -> Moves:
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64))

    @classmethod
    def from_table(cls, units: Ints) -> Moves:
        """From units by item and lane, shape ``(K, A)``."""
        item, lane = np.nonzero(units)
        return cls(item.astype(np.int64), lane.astype(np.int64), units[item, lane].astype(np.int64))

    def __len__(self) -> int:
        return len(self.units)

    def __add__(self, other: Moves) -> Moves:
        return Moves.gather(
            np.concatenate([self.item, other.item]),
            np.concatenate([self.lane, other.lane]),
            np.concatenate([self.units, other.units]),
        )

    def table(self, items: int, lanes: int) -> Ints:
        """Units by item and lane, shape ``(items, lanes)``."""
        out = np.zeros((items, lanes), np.int64)
        out[self.item, self.lane] = self.units
        return out

    def only(self, kept: Bools) -> Moves:
        return Moves(self.item[kept], self.lane[kept], self.units[kept])
