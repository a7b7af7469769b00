"""Many ladders packed into flat arrays, to price many parcels at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evenstock.freight.ladder import Ladder
from evenstock.freight.layout import Layout, laid_out
from evenstock.freight.marks import Marks
from evenstock.freight.parcel_kernel import TERMS, Tables, every_ladder, parcel_terms
from evenstock.freight.surcharge import NOWHERE

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """Layouts end to end, for the compiled loops."""

    tables: Tables
    """First step and limits of each ladder, its slots, and terms by step and by slot: as `parcel_kernel.add_terms` reads them."""

    @classmethod
    def of(cls, ladders: Sequence[Ladder], layouts: Sequence[Layout]) -> Packed:
        """The ladders in this order, each as laid out."""
        first_step = _starts([len(one.max_weight_g) for one in layouts])
        return cls(
            (
                first_step,
                np.concatenate([one.max_weight_g for one in layouts]),
                np.array([ladder.dim_divisor_mm3_per_g for ladder in ladders], np.int64),
                np.array([ladder.dim_above_mm3 for ladder in ladders], np.int64),
                _starts([len(one.above) for one in layouts]),
                np.concatenate([one.above for one in layouts]),
                np.concatenate([one.last_step + start for one, start in zip(layouts, first_step[:-1], strict=True)]),
                np.concatenate([one.cents.T.ravel() for one in layouts]),
                np.concatenate([one.more.T.ravel() for one in layouts]),
            )
        )

    def terms(self, which: Whole, weight_g: Whole, volume_mm3: Whole, goods: Whole) -> Whole:
        """Base, fuel, surcharges and corrections of each pair, shape ``(pair, 4)``; `goods` as `Marks` numbers them."""
        found: Whole = parcel_terms(self.tables, which, weight_g, volume_mm3, goods)
        return found

    def of_each(self, weight_g: int, volume_mm3: int, goods: int) -> Whole:
        """The same of one parcel on every ladder, shape ``(ladder, 4)``."""
        found: Whole = every_ladder(self.tables, weight_g, volume_mm3, goods)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Tariff:
    """Ladders at businesses and at homes, to price parcels one by one or many at once."""

    packed: Packed
    """Ladder ``k`` at businesses, then at homes, stands in places ``2k`` and ``2k + 1``."""
    marks: Marks

    @classmethod
    def pack(cls, ladders: Sequence[Ladder], areas: Sequence[frozenset[str]] | None = None) -> Tariff:
        """The ladders in this order, each in its lists of delivery areas; in none if left out.

        Raises
        ------
        ValueError
            If there is none.
        """
        if not ladders:
            raise ValueError("a tariff has at least one ladder")
        marks = Marks(charge for ladder in ladders for charge in ladder.surcharges)
        there = areas or [NOWHERE] * len(ladders)
        layouts = [
            laid_out(ladder, marks, residential=home, areas=lists)
            for ladder, lists in zip(ladders, there, strict=True)
            for home in (False, True)
        ]
        return cls(Packed.of([ladder for ladder in ladders for _ in range(2)], layouts), marks)

    def terms(
        self,
        ladder: ArrayLike,
        weight_g: ArrayLike,
        volume_mm3: ArrayLike = 0,
        longest_mm: ArrayLike = 0,
        residential: ArrayLike = False,
        *,
        second_mm: ArrayLike = 0,
        girth_mm: ArrayLike = 0,
        largest_mm3: ArrayLike | None = None,
        hazmat: ArrayLike = False,
    ) -> Whole:
        """Base, fuel, and surcharges with their corrections, in cents, shape ``(pair, 3)``: each pair is goods sent together.

        Equal to `RateBook.quote` to the cent. Arguments broadcast to one dimension. `largest_mm3` is the volume of the
        largest unit; left out, the goods are one unit.

        Raises
        ------
        IndexError
            If a ladder number is not in the tariff.
        ValueError
            If a weight, volume or length is below zero.
        """
        which, weight, volume, longest, home, second, girth, largest, hazard = np.broadcast_arrays(
            np.atleast_1d(np.asarray(ladder, dtype=np.int64)),
            *(np.asarray(a, dtype=np.int64) for a in (weight_g, volume_mm3, longest_mm)),
            np.asarray(residential, dtype=np.bool_),
            *(np.asarray(a, dtype=np.int64) for a in (second_mm, girth_mm)),
            np.asarray(volume_mm3 if largest_mm3 is None else largest_mm3, dtype=np.int64),
            np.asarray(hazmat, dtype=np.bool_),
        )
        count = len(self.packed.tables[2]) // 2
        if which.size and not 0 <= which.min() <= which.max() < count:
            raise IndexError(f"ladders are numbered 0 to {count - 1}")
        if which.size and min(a.min() for a in (weight, volume, longest, second, girth, largest)) < 0:
            raise ValueError("weight, volume and length cannot be below zero")
        goods = self.marks.codes(longest, second, girth, largest, hazard)
        # Copies: a view may refuse to be written.
        found = self.packed.terms(2 * which + home, np.array(weight), np.array(volume), np.array(goods))
        found[:, TERMS - 2] += found[:, TERMS - 1]
        return found[:, : TERMS - 1]


def parcel_cents(
    ladders: Sequence[Ladder],
    ladder: ArrayLike,
    billable_g: ArrayLike,
    *,
    longest_mm: ArrayLike = 0,
    residential: ArrayLike = False,
) -> Whole:
    """Whole charge in cents of each (ladder, billable weight) pair, shape ``(pair,)``."""
    terms = Tariff.pack(ladders).terms(ladder, billable_g, 0, longest_mm, residential)
    cents: Whole = terms.sum(axis=1)
    return cents


def _starts(lengths: Sequence[int]) -> Whole:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
