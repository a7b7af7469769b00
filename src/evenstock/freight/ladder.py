"""The price steps of one service in one zone on one day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

APPLIES = ("always", "residential", "weight_over", "longest_over")
"""When a surcharge is due: to every carton, to homes, above a billable weight (g), above a longest side (mm)."""


@dataclass(frozen=True, slots=True)
class Surcharge:
    """A named charge per carton on top of the base; fuel is not charged on it.

    `above` is exclusive: a carton of exactly that weight or length does not pay. A weight is the carton's billable
    weight, so that the charge is a step of the same ladder.
    """

    name: str
    applies: str
    above: int
    cents: int

    def __post_init__(self) -> None:
        if self.applies not in APPLIES:
            raise ValueError(f"surcharge {self.name}: applies is one of {', '.join(APPLIES)}, not {self.applies!r}")
        if self.above < 0 or self.cents < 0:
            raise ValueError(f"surcharge {self.name}: threshold and charge cannot be below zero")
        if self.applies == "weight_over" and not self.above:
            raise ValueError(f"surcharge {self.name}: above 0 g every carton pays; let it apply always")

    def due(self, carton_g: int, longest_mm: int, residential: bool) -> bool:
        """Whether a carton of this billable weight pays it."""
        match self.applies:
            case "always":
                return True
            case "residential":
                return residential
            case "weight_over":
                return carton_g > self.above
            case _:
                return longest_mm > self.above


@dataclass(frozen=True, slots=True, eq=False)
class Ladder:
    """Price steps by billable weight: a carton pays the first step whose upper end is at or above it.

    The steps are closed above and open below: with ends 500 and 1000, 500 g pays the first step and 501 g the second.
    Goods heavier than the last end travel in several cartons, see `evenstock.freight.parcel`.
    """

    service: str
    zone: int
    max_weight_g: NDArray[np.int64]
    """Upper ends, inclusive, strictly increasing, shape ``(step,)``; the last is the heaviest billable carton."""
    base_cents: NDArray[np.int64]
    """The larger of rate and minimum charge, shape ``(step,)``."""
    fuel_cents: NDArray[np.int64]
    """Fuel on `base_cents`, rounded half up once, shape ``(step,)``."""
    dim_divisor_mm3_per_g: int
    """Volume that bills as one gram; 0 where volume does not count."""
    surcharges: tuple[Surcharge, ...] = ()
    stale: str = ""
    """Empty, or one sentence: the card ended, or a newer one is expected. Such a rate is used, but flagged."""

    def __post_init__(self) -> None:
        shape = self.max_weight_g.shape
        if not shape[0] or shape != self.base_cents.shape or shape != self.fuel_cents.shape:
            raise ValueError(
                f"{self.service} zone {self.zone}: a ladder has one base and one fuel charge for each step"
            )
        if self.max_weight_g[0] <= 0 or (np.diff(self.max_weight_g) <= 0).any():
            raise ValueError(f"{self.service} zone {self.zone}: upper ends of steps grow from above zero")
        if self.dim_divisor_mm3_per_g < 0:
            raise ValueError(f"{self.service}: a dimensional divisor is above zero, or 0 for none")

    @property
    def heaviest_g(self) -> int:
        """Billable weight of a full carton."""
        return int(self.max_weight_g[-1])

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
        """
        if not self.dim_divisor_mm3_per_g:
            return weight_g
        return max(weight_g, -(-volume_mm3 // self.dim_divisor_mm3_per_g))
