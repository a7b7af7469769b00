"""One order as arrays: who may ship which line, how many are there, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
"""Whole numbers: cents, grams, units or indices."""


AT_LEAST_ONE: Final = "an order has lines of at least one unit and ships at least once"


def _least(amounts: Whole) -> int:
    return int(np.minimum.reduce(amounts, axis=None)) if amounts.size else 0


@dataclass(frozen=True, slots=True, eq=False)
class Ladders:
    """Charge of one carton by billable weight, many ladders end to end.

    The steps of ladder ``l`` stand from ``first_step[l]`` up to ``first_step[l + 1]``, its charges for unhandy goods from
    ``first_long[l]`` up to ``first_long[l + 1]``. Goods heavier than a ladder's last end travel in several cartons, all
    full but the last, by the rule of `evenstock.freight.parcel.cartons_g`.
    """

    first_step: Whole
    """Shape ``(ladder + 1,)``."""
    max_weight_g: Whole
    """Upper ends, inclusive, shape ``(step,)``; strictly increasing within a ladder."""
    step_cents: Whole
    """Everything a carton of that step pays, shape ``(step,)``."""
    divisor: Whole
    """Volume in mm³ that bills as one gram, shape ``(ladder,)``; 0 where volume does not count."""
    first_long: Whole
    """Shape ``(ladder + 1,)``."""
    long_above: Whole
    """What goods meet that pay `long_cents` for each carton, shape ``(charge,)``: a longest side in mm above which they do,
    or other marks, see `evenstock.freight.marks`."""
    long_cents: Whole
    """Charges that end before the last step may be below zero: what all together add is not, but by a correction."""
    dim_above: Whole | None = None
    """Volume in mm³ up to which volume does not bill, shape ``(ladder,)``; None for none."""
    long_last: Whole | None = None
    """Last step of a carton that pays a charge for unhandy goods, shape ``(charge,)``; None where all do."""

    def __post_init__(self) -> None:
        if self.dim_above is None:
            object.__setattr__(self, "dim_above", np.zeros_like(self.divisor))
        if self.long_above.dtype != np.int64:  # an empty list has no whole numbers, and marks are compared by bits
            object.__setattr__(self, "long_above", self.long_above.astype(np.int64))
        if self.long_last is None:
            object.__setattr__(self, "long_last", np.full(self.long_above.shape, len(self.max_weight_g), np.int64))

    def unhandy(self, which: int) -> tuple[Whole, Whole]:
        """What goods meet that pay more on a ladder, ``(mark,)``, and what it adds at each step, ``(mark, step)``."""
        charges = slice(int(self.first_long[which]), int(self.first_long[which + 1]))
        steps = np.arange(self.first_step[which], self.first_step[which + 1])
        marks, number = np.unique(self.long_above[charges], return_inverse=True)
        adds = np.zeros((len(marks), len(steps)), np.int64)
        assert self.long_last is not None
        paid = self.long_cents[charges, None] * (steps <= self.long_last[charges, None])
        np.add.at(adds, number, paid)
        return marks, adds

    @property
    def arrays(self) -> tuple[Whole, ...]:
        """For the compiled loops."""
        assert self.dim_above is not None
        assert self.long_last is not None
        return (
            self.first_step,
            self.max_weight_g,
            self.step_cents,
            self.divisor,
            self.first_long,
            self.long_above,
            self.long_cents,
            self.dim_above,
            self.long_last,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Priced:
    """Priced arrays of one order. Candidates stand in tie order: by node, within a node by service.

    Raises
    ------
    ValueError
        If shapes do not agree, candidates are not in node order, or a number that must not be below zero is.
    """

    node: Whole
    """Node of each candidate, shape ``(candidate,)``, not decreasing."""
    ladder: Whole
    """Ladder of each candidate, shape ``(candidate,)``."""
    permitted: NDArray[np.bool_]
    """Whether a candidate may carry a line, shape ``(candidate, line)``."""
    atp: Whole
    """Units of each line's item that a node can promise, shape ``(node, line)``; lines of one item share them."""
    item: Whole
    """Number of each line's item, shape ``(line,)``; equal for lines of the same item."""
    units: Whole
    """Units wanted, shape ``(line,)``, each above zero."""
    weight_g: Whole
    """Of all units of a line, shape ``(line,)``."""
    volume_mm3: Whole
    """Of all units of a line, shape ``(line,)``."""
    longest_mm: Whole
    """Longest side of the line's item, with its other marks in the bits above, shape ``(line,)``: see `evenstock.freight.marks`."""
    value_cents: Whole
    """What the customer pays for a line, shape ``(line,)``."""
    shipment_cents: Whole
    """Charge of one shipment whatever is in it, shape ``(candidate,)``."""
    unit_cents: Whole
    """Charge of each unit, shape ``(candidate, line)``; equal for lines of the same item."""
    ladders: Ladders
    extra_shipment_cents: int = 0
    """Charge of each shipment after the first."""
    max_shipments: int = 3
    min_split_value_cents: int = 0
    """Least value of goods in each shipment of a split order."""
    kit: Whole | None = None
    """Number of the kit that each line is part of, shape ``(line,)``, -1 where it stands alone; None where all do.

    Lines of one kit travel in one shipment, whole."""

    def __post_init__(self) -> None:
        lines = self.units.shape[0]
        by_line = (self.item, self.weight_g, self.volume_mm3, self.longest_mm, self.value_cents)
        by_candidate = (self.ladder, self.shipment_cents)
        if any(a.shape != (lines,) for a in by_line) or self.atp.ndim != 2 or self.atp.shape[1] != lines:
            raise ValueError(f"every array by line has {lines} lines")
        if self.kit is not None and (self.kit.shape != (lines,) or self.kit.min() < -1):
            raise ValueError(f"each of {lines} lines has a kit number, -1 where it stands alone")
        if any(a.shape != self.node.shape for a in by_candidate) or any(
            a.shape != (self.node.shape[0], lines) for a in (self.permitted, self.unit_cents)
        ):
            raise ValueError(f"every array by candidate has {self.node.shape[0]} candidates")
        if self.max_shipments < 1 or not lines or _least(self.units) <= 0:
            raise ValueError(AT_LEAST_ONE)
        if any(_least(a) < 0 for a in (self.atp, self.weight_g, self.shipment_cents, self.unit_cents)):
            raise ValueError("stock, weights and charges are zero or more")
        if self.node.size and (
            self.node[0] < 0 or self.node[-1] >= self.atp.shape[0] or (self.node[1:] < self.node[:-1]).any()
        ):
            raise ValueError("candidates stand in node order, and each node has a row of stock")

    def under(self, permitted: NDArray[np.bool_], max_shipments: int, min_split_value_cents: int) -> Priced:
        """The same order under other limits; what a service cannot take stays forbidden."""
        both = self.permitted & permitted
        if max_shipments < 1:
            raise ValueError(AT_LEAST_ONE)
        if both.shape != self.permitted.shape:
            raise ValueError(f"every array by candidate has {self.node.shape[0]} candidates")
        # Nothing else changes, so that nothing else is looked at once more.
        limited = object.__new__(Priced)
        for name in self.__slots__:
            object.__setattr__(limited, name, getattr(self, name))
        object.__setattr__(limited, "permitted", both)
        object.__setattr__(limited, "max_shipments", max_shipments)
        object.__setattr__(limited, "min_split_value_cents", min_split_value_cents)
        return limited

    @property
    def lines(self) -> int:
        return int(self.units.shape[0])

    @property
    def pieces(self) -> int:
        """Lines, each kit counted once: what the search may put apart."""
        if self.kit is None:
            return self.lines
        alone = int((self.kit < 0).sum())
        return alone + len(set(self.kit[self.kit >= 0].tolist()))

    @property
    def nodes(self) -> int:
        return int(self.atp.shape[0])
