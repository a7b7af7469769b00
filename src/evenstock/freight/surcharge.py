"""A named charge on top of the base: when it is due, and how much."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from evenstock.freight.bulk import HANDY, Bulk

BULKY: Final = ("longest_over", "second_longest_over", "girth_over", "volume_over", "hazmat")
"""Due by what the goods are: above a longest or second side (mm), length plus girth (mm), a unit's volume (mm³), or hazardous."""
APPLIES: Final = ("always", "residential", "weight_over", "delivery_area", *BULKY)
"""When a surcharge is due: to every carton, to homes, above a billable weight (g), in a list of postal codes, or as `BULKY` says."""
HOMES: Final = ("any", "residential", "commercial")
NOWHERE: Final[frozenset[str]] = frozenset()
"""In no list of delivery areas."""
WHOLE_BP: Final = 10_000


def share_cents(cents: int, share_bp: int) -> int:
    """A share of a charge in basis points, rounded half up to a whole cent.

    Examples
    --------
    18.25 % of 9.40 is 1.7155, hence 1.72; 5 % of 0.10 is half a cent, hence a whole one.

    >>> share_cents(940, 1825), share_cents(10, 500), share_cents(10, -500)
    (172, 1, 0)
    """
    return (cents * share_bp + WHOLE_BP // 2) // WHOLE_BP


@dataclass(frozen=True, slots=True)
class Surcharge:
    """A named charge per carton on top of the base.

    `above` is exclusive: a carton of exactly that weight or length does not pay. A weight is the carton's billable
    weight, so that the charge is a step of the same ladder; other measures are those of the largest unit.
    """

    name: str
    applies: str
    above: int = 0
    cents: int = 0
    share_bp: int = 0
    """And this share of the base charge."""
    area_list: str = ""
    """List of postal codes, of a charge for a delivery area."""
    homes: str = "any"
    """Whether it is due at homes, at businesses or at any."""
    first_day: date | None = None
    """First day it is due; None as long as the card."""
    last_day: date | None = None
    fuel_applies: bool = False
    """Whether fuel is charged on it."""
    dearest_of: str = ""
    """Of all charges with this word only the dearest is due, fuel on it included; of equal ones the first of the card."""

    def __post_init__(self) -> None:
        if self.applies not in APPLIES:
            raise ValueError(f"surcharge {self.name}: applies is one of {', '.join(APPLIES)}, not {self.applies!r}")
        if self.homes not in HOMES:
            raise ValueError(f"surcharge {self.name}: homes is one of {', '.join(HOMES)}, not {self.homes!r}")
        if self.above < 0 or self.cents < 0 or self.share_bp < 0:
            raise ValueError(f"surcharge {self.name}: threshold and charge cannot be below zero")
        if self.applies == "weight_over" and not self.above:
            raise ValueError(f"surcharge {self.name}: above 0 g every carton pays; let it apply always")
        if (self.applies == "delivery_area") != bool(self.area_list):
            raise ValueError(f"surcharge {self.name}: a charge for a delivery area names its area_list, no other does")
        if self.applies == "residential" and self.homes == "commercial":
            raise ValueError(f"surcharge {self.name}: applies to homes, but homes is commercial: it is never due")
        if self.first_day is not None and self.last_day is not None and self.last_day < self.first_day:
            raise ValueError(f"surcharge {self.name}: ends on {self.last_day}, before it begins")

    def holds_on(self, day: date) -> bool:
        """Whether the day lies within its window.

        Examples
        --------
        >>> peak = Surcharge("peak", "residential", cents=80, first_day=date(2026, 11, 23), last_day=date(2026, 12, 27))
        >>> peak.holds_on(date(2026, 11, 22)), peak.holds_on(date(2026, 12, 27))
        (False, True)
        """
        return (self.first_day is None or self.first_day <= day) and (self.last_day is None or day <= self.last_day)

    def reaches(self, *, residential: bool, areas: frozenset[str] = NOWHERE) -> bool:
        """Whether it can be due at such an address, in these lists of delivery areas."""
        if self.applies == "delivery_area" and self.area_list not in areas:
            return False
        if self.applies == "residential" or self.homes == "residential":
            return residential
        return self.homes == "any" or not residential

    def met_by(self, goods: Bulk) -> bool:
        """Whether the goods are what it is charged on; of a kind that does not look at them, always."""
        match self.applies:
            case "longest_over":
                return goods.longest_mm > self.above
            case "second_longest_over":
                return goods.second_mm > self.above
            case "girth_over":
                return goods.girth_mm > self.above
            case "volume_over":
                return goods.volume_mm3 > self.above
            case "hazmat":
                return goods.hazmat
            case _:
                return True

    def due(
        self,
        carton_g: int,
        longest_mm: int,
        residential: bool,
        *,
        goods: Bulk = HANDY,
        areas: frozenset[str] = NOWHERE,
    ) -> bool:
        """Whether a carton of this billable weight pays it, on a day when it holds."""
        if self.applies == "weight_over" and carton_g <= self.above:
            return False
        return self.reaches(residential=residential, areas=areas) and self.met_by(goods.beside(Bulk(longest_mm)))
