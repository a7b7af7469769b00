"""What was sent on which night, and how much of it was sent back."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from evenstock.rebalancing import Lanes, Moves
from evenstock.rebalancing.arrays import Ints


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """Transfers carried out, in the order of nights; each array ``(line,)``."""

    night: Ints
    item: Ints
    lane: Ints
    units: Ints

    @classmethod
    def nothing(cls) -> Sent:
        empty = np.zeros(0, np.int64)
        return cls(empty, empty, empty, empty)

    def and_then(self, night: int, moves: Moves) -> Sent:
        return Sent(
            np.append(self.night, np.full(len(moves), night)),
            np.append(self.item, moves.item),
            np.append(self.lane, moves.lane),
            np.append(self.units, moves.units),
        )

    def units_by_night(self, days: int) -> Ints:
        return np.bincount(self.night, weights=self.units, minlength=days).astype(np.int64)

    def lines_by_night(self, days: int) -> Ints:
        return np.bincount(self.night, minlength=days).astype(np.int64)


def moved_back_units(sent: Sent, lanes: Lanes, within_days: int) -> int:
    """Units sent from one node to another and sent back within so many days (ping-pong).

    A unit sent back is matched with the earliest one sent there that is not yet matched; by another way round, or through
    a third node, is not counted.

    Examples
    --------
    >>> there_and_back = Lanes(*(np.array(part) for part in ([0, 1], [1, 0], [0, 0], [0, 0], [0, 0], [1, 1])), np.ones(2, bool))
    >>> moved_back_units(Sent(*(np.array(part) for part in ([0, 3], [0, 0], [0, 1], [5, 2]))), there_and_back, 7)
    2
    """
    waiting: dict[tuple[int, int, int], deque[list[int]]] = {}
    back = 0
    order = np.argsort(sent.night, kind="stable")
    for n in order.tolist():
        night, item, left = int(sent.night[n]), int(sent.item[n]), int(sent.units[n])
        i, j = int(lanes.origin[sent.lane[n]]), int(lanes.destination[sent.lane[n]])
        came = waiting.get((item, j, i), deque())
        while came and left:
            if night - came[0][0] > within_days:
                came.popleft()
                continue
            taken = min(left, came[0][1])
            back, left = back + taken, left - taken
            came[0][1] -= taken
            if came[0][1] == 0:
                came.popleft()
        if left:
            waiting.setdefault((item, i, j), deque()).append([night, left])
    return back
