"""Many ladders packed into flat arrays, to price many parcels at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evenstock.freight.ladder import APPLIES, Ladder
from evenstock.freight.parcel_kernel import parcel_terms


@dataclass(frozen=True, slots=True, eq=False)
class Tariff:
    """Ladders end to end: the steps of ladder ``k`` stand from ``first_step[k]`` up to ``first_step[k + 1]``."""

    first_step: NDArray[np.int64]
    max_weight_g: NDArray[np.int64]
    base_cents: NDArray[np.int64]
    fuel_cents: NDArray[np.int64]
    divisor: NDArray[np.int64]
    first_charge: NDArray[np.int64]
    charge_applies: NDArray[np.int64]
    charge_above: NDArray[np.int64]
    charge_cents: NDArray[np.int64]

    @classmethod
    def pack(cls, ladders: Sequence[Ladder]) -> Tariff:
        """The ladders in this order.

        Raises
        ------
        ValueError
            If there is none.
        """
        if not ladders:
            raise ValueError("a tariff has at least one ladder")
        charges = [charge for ladder in ladders for charge in ladder.surcharges]
        return cls(
            _starts([len(ladder.max_weight_g) for ladder in ladders]),
            np.concatenate([ladder.max_weight_g for ladder in ladders]),
            np.concatenate([ladder.base_cents for ladder in ladders]),
            np.concatenate([ladder.fuel_cents for ladder in ladders]),
            np.array([ladder.dim_divisor_mm3_per_g for ladder in ladders], dtype=np.int64),
            _starts([len(ladder.surcharges) for ladder in ladders]),
            np.array([APPLIES.index(charge.applies) for charge in charges], dtype=np.int64),
            np.array([charge.above for charge in charges], dtype=np.int64),
            np.array([charge.cents for charge in charges], dtype=np.int64),
        )

    def terms(
        self,
        ladder: ArrayLike,
        weight_g: ArrayLike,
        volume_mm3: ArrayLike = 0,
        longest_mm: ArrayLike = 0,
        residential: ArrayLike = False,
    ) -> NDArray[np.int64]:
        """Base, fuel and surcharges in cents, shape ``(pair, 3)``: each pair is goods sent together on one ladder.

        Equal to `RateBook.quote` to the cent. Arguments broadcast to one dimension.

        Raises
        ------
        IndexError
            If a ladder number is not in the tariff.
        ValueError
            If a weight, volume or length is below zero.
        """
        which, weight, volume, longest, home = np.broadcast_arrays(
            np.atleast_1d(np.asarray(ladder, dtype=np.int64)),
            np.asarray(weight_g, dtype=np.int64),
            np.asarray(volume_mm3, dtype=np.int64),
            np.asarray(longest_mm, dtype=np.int64),
            np.asarray(residential, dtype=np.bool_),
        )
        if which.size and not 0 <= which.min() <= which.max() < len(self.divisor):
            raise IndexError(f"ladders are numbered 0 to {len(self.divisor) - 1}")
        if which.size and min(weight.min(), volume.min(), longest.min()) < 0:
            raise ValueError("weight, volume and length cannot be below zero")
        priced: NDArray[np.int64] = parcel_terms(
            self.first_step,
            self.max_weight_g,
            self.base_cents,
            self.fuel_cents,
            self.divisor,
            self.first_charge,
            self.charge_applies,
            self.charge_above,
            self.charge_cents,
            *(np.array(a) for a in (which, weight, volume, longest, home)),  # copies: a view may refuse to be written
        )
        return priced


def parcel_cents(
    ladders: Sequence[Ladder],
    ladder: ArrayLike,
    billable_g: ArrayLike,
    *,
    longest_mm: ArrayLike = 0,
    residential: ArrayLike = False,
) -> NDArray[np.int64]:
    """Whole charge in cents of each (ladder, billable weight) pair, shape ``(pair,)``."""
    terms = Tariff.pack(ladders).terms(ladder, billable_g, 0, longest_mm, residential)
    cents: NDArray[np.int64] = terms.sum(axis=1)
    return cents


def _starts(lengths: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
