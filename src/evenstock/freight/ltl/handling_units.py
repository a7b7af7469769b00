"""What stands on the dock: pallets and crates, their weight as billed, the trailer floor they take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Final

from evenstock.freight.ltl.density import CLASSES, density_class

PALLET_LENGTH_MM: Final = 1_219
"""The usual US pallet is 48 x 40 in (GMA)."""
PALLET_WIDTH_MM: Final = 1_016
PALLET_DECK_MM: Final = 140
"""Height of the empty pallet."""
PALLET_TARE_G: Final = 20_000
"""Weight of the empty pallet; 17 to 22 kg in use."""
TRAILER_WIDTH_MM: Final = 2_489
"""Inside a 53 ft dry van, 98 in."""
TRAILER_MM: Final = 16_154
"""53 ft of floor."""
TALLEST_MM: Final = 2_743
"""Highest that goes under the door, 108 in."""
FOOT_MM: Final = 304.8


@dataclass(frozen=True, slots=True)
class HandlingUnits:
    """Pallets or crates of one kind, goods and packing together."""

    count: int
    weight_g: int
    """Of one, pallet included."""
    length_mm: int = PALLET_LENGTH_MM
    """Along the trailer."""
    width_mm: int = PALLET_WIDTH_MM
    height_mm: int = 0
    """Pallet included; 0 where unknown: then a class must be said."""
    freight_class: str = ""
    """NMFC class where the goods have one of their own; empty for class by density."""

    def __post_init__(self) -> None:
        if self.count < 1 or self.weight_g < 1:
            raise ValueError(f"{self.count} units of {self.weight_g} g: there is at least one, and it weighs something")
        if min(self.length_mm, self.width_mm) < 1 or self.height_mm < 0:
            raise ValueError("a handling unit has a length and a width above zero, and a height or 0 where unknown")
        if self.width_mm > TRAILER_WIDTH_MM or self.length_mm > TRAILER_MM or self.height_mm > TALLEST_MM:
            raise ValueError(
                f"{self.length_mm} x {self.width_mm} x {self.height_mm} mm does not go into a trailer of "
                f"{TRAILER_MM} x {TRAILER_WIDTH_MM} x {TALLEST_MM} mm"
            )
        if self.freight_class and self.freight_class not in CLASSES:
            raise ValueError(f"class {self.freight_class!r} is none of the NMFC; use one of {', '.join(CLASSES)}")

    @property
    def class_rated(self) -> str:
        """The class said, else that of the density.

        Raises
        ------
        ValueError
            If neither a class nor a height is known.
        """
        return self.freight_class or density_class(self.weight_g, self.length_mm * self.width_mm * self.height_mm)


def billed_lb(weight_g: int) -> int:
    """Whole pounds billed: a begun pound counts whole, but grams that are a rounded pound stay that pound.

    Examples
    --------
    500 lb are 226,796.185 g, in whole grams 226,796; a gram more is a pound more. One pound is 454 g as rounded.

    >>> billed_lb(226_796), billed_lb(226_797), billed_lb(454), billed_lb(0)
    (500, 501, 1, 0)
    """
    return max(0, -(-(2 * weight_g - 1) * 50_000 // 45_359_237))


def linear_feet(units: Iterable[HandlingUnits]) -> int:
    """Feet of trailer floor that these take, begun feet counting whole.

    Nothing is stacked or turned; units of one kind stand side by side as the width allows, kinds one behind the other.

    Examples
    --------
    Seven pallets of 48 x 40 in, two abreast, make four rows of 4 ft; 26 fill the floor.

    >>> linear_feet([HandlingUnits(7, 300_000)]), linear_feet([HandlingUnits(26, 300_000)])
    (16, 52)
    """
    rows = ((-(-unit.count // (TRAILER_WIDTH_MM // unit.width_mm)), unit.length_mm) for unit in units)
    return ceil(sum(count * length for count, length in rows) / FOOT_MM)
