"""The price steps of one service in one zone on one day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenstock.freight.correction import Correction
from evenstock.freight.surcharge import APPLIES, Surcharge

__all__ = ["APPLIES", "Ladder", "Surcharge"]


@dataclass(frozen=True, slots=True, eq=False)
class Ladder:
    """Price steps by billable weight: a carton pays the first step whose upper end is at or above it.

    The steps are closed above and open below: with ends 500 and 1000, 500 g pays the first step and 501 g the second.
    Goods heavier than the last end travel in several cartons, see `evenstock.freight.parcel`. All cents are in the
    network's currency.
    """

    service: str
    zone: int
    max_weight_g: NDArray[np.int64]
    """Upper ends, inclusive, strictly increasing, shape ``(step,)``; the last is the heaviest billable carton."""
    base_cents: NDArray[np.int64]
    """The larger of discounted rate and minimum charge, shape ``(step,)``."""
    fuel_cents: NDArray[np.int64]
    """Fuel on `base_cents`, rounded half up once, shape ``(step,)``."""
    dim_divisor_mm3_per_g: int
    """Volume that bills as one gram; 0 where volume does not count."""
    surcharges: tuple[Surcharge, ...] = ()
    """Those that hold on the day, whatever the address and the goods."""
    stale: str = ""
    """Empty, or what is out of date: the card, an index of fuel, an exchange rate. Such a rate is used, but flagged."""
    dim_above_mm3: int = 0
    """Volume up to which volume does not bill."""
    fuel_bp: int = 0
    """Fuel on those surcharges that pay it."""
    corrections: tuple[Correction, ...] = ()
    """Those in force on the day, at most one for a charge."""

    def __post_init__(self) -> None:
        shape = self.max_weight_g.shape
        if not shape[0] or shape != self.base_cents.shape or shape != self.fuel_cents.shape:
            raise ValueError(
                f"{self.service} zone {self.zone}: a ladder has one base and one fuel charge for each step"
            )
        if self.max_weight_g[0] <= 0 or (np.diff(self.max_weight_g) <= 0).any():
            raise ValueError(f"{self.service} zone {self.zone}: upper ends of steps grow from above zero")
        if self.dim_divisor_mm3_per_g < 0 or self.dim_above_mm3 < 0:
            raise ValueError(f"{self.service}: a dimensional divisor and its threshold are above zero, or 0 for none")

    @property
    def heaviest_g(self) -> int:
        """Billable weight of a full carton."""
        return int(self.max_weight_g[-1])

    def correction(self, charge: str) -> Correction | None:
        """What is in force about a charge."""
        return next((one for one in self.corrections if one.charge == charge), None)

    def billable_g(self, weight_g: int, volume_mm3: int) -> int:
        """The larger of actual and dimensional weight, the latter rounded up to a whole gram.

        Examples
        --------
        A box of 12 x 12 x 12 in (28,316,847 mm³ rounded up) bills as 28,316,847 / 5022 = 5,638.6 g with the divisor
        of 139 in³/lb, whatever less it weighs.

        >>> one = np.array([30_000])
        >>> ladder = Ladder("ups:ground", 4, one, np.array([900]), np.array([0]), 5022)
        >>> ladder.billable_g(2_000, 28_316_847), ladder.billable_g(6_000, 28_316_847)
        (5639, 6000)

        The Postal Service bills volume only above a cubic foot.

        >>> ladder = Ladder("usps:ground", 4, one, np.array([900]), np.array([0]), 5998, dim_above_mm3=28_316_847)
        >>> ladder.billable_g(2_000, 28_316_847), ladder.billable_g(2_000, 28_316_848)
        (2000, 4722)
        """
        if not self.dim_divisor_mm3_per_g or volume_mm3 <= self.dim_above_mm3:
            return weight_g
        return max(weight_g, -(-volume_mm3 // self.dim_divisor_mm3_per_g))
