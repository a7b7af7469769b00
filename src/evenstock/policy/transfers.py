"""What the rules leave open to tonight's transfers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenstock.domain import Rule
from evenstock.policy.ruling import Movement, Ruling


@dataclass(frozen=True, slots=True, eq=False)
class TransferBounds:
    """Lanes closed to items, and what each node keeps."""

    closed: NDArray[np.bool_]
    """Shape ``(lane, item)``."""
    floor_days: NDArray[np.float64]
    """Days of expected demand that stay at a node that gives, shape ``(node, item)``; 0 where no rule asks."""
    closed_by: tuple[tuple[str, int], ...]
    """Rules that close lanes, and how many (lane, item) pairs each closes."""
    because: NDArray[np.int64]
    """First rule of `closed_by` that closes it, shape ``(lane, item)``; -1 where none does."""


def transfer_bounds(rulings: Sequence[tuple[Rule, Ruling]], movement: Movement) -> TransferBounds:
    """Every rule of law together: closed by any, the longest floor of all."""
    closed = np.zeros((len(movement.lanes), len(movement.items)), dtype=np.bool_)
    floor = np.zeros((len(movement.nodes), len(movement.items)))
    because = np.full(closed.shape, -1, np.int64)
    closed_by: list[tuple[str, int]] = []
    for rule, ruling in rulings:
        closes = ruling.closes(movement)
        if closes is not None and closes.any():
            because[closes & ~closed] = len(closed_by)
            closed |= closes
            closed_by.append((rule.id, int(closes.sum())))
        days = ruling.floor_days(movement)
        if days is not None:
            np.maximum(floor, days, out=floor)
    return TransferBounds(closed, floor, tuple(closed_by), because)
