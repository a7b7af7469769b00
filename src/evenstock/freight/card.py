"""One rate card: a service's terms from a day on, and the ladders that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final

import numpy as np

from evenstock.freight.ladder import Ladder, Surcharge

EXPECTED_DAYS: Final = 400
"""Carriers raise rates once a year: an open card older than this probably has a successor nobody imported."""

EVERY_DAY: Final = frozenset(range(7))


def fuel_cents(base_cents: int, fuel_bp: int) -> int:
    """Fuel on a base charge in basis points, rounded half up to a whole cent.

    Examples
    --------
    18.25 % of 9.40 is 1.7155, hence 1.72; 5 % of 0.10 is half a cent, hence a whole one.

    >>> fuel_cents(940, 1825), fuel_cents(10, 500)
    (172, 1)
    """
    return (base_cents * fuel_bp + 5_000) // 10_000


@dataclass(frozen=True, slots=True)
class Card:
    """The terms of one service from `valid_from` on."""

    service: str
    valid_from: date
    valid_to: date | None
    dim_divisor_mm3_per_g: int
    minimum_cents: int
    fuel_bp: int
    max_weight_g: int
    max_longest_mm: int = 0
    """Longest side it takes; 0 for any."""
    pickup_days: frozenset[int] = EVERY_DAY
    """Weekdays on which it picks up, Monday 0 to Sunday 6."""
    pickup_holidays: frozenset[date] = frozenset()
    breaks: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    """By zone: (upper end in g, base charge in cents), lightest first."""
    surcharges: tuple[Surcharge, ...] = ()
    shipments_per_day: int | None = None
    """Most shipments a day that the service takes over from all nodes; None where unlimited."""

    def in_force(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    def picks_up(self, on: date) -> bool:
        """Whether the carrier collects on this day."""
        return on.weekday() in self.pickup_days and on not in self.pickup_holidays

    def takes(self, weight_g: int, longest_mm: int) -> bool:
        """Whether one unit of this weight and longest side may travel: no carton is lighter or shorter than what is in it.

        Examples
        --------
        >>> card = Card("ups:ground", date(2026, 1, 1), None, 0, 0, 0, 68_000, max_longest_mm=2_740)
        >>> card.takes(68_000, 2_740), card.takes(68_001, 100), card.takes(100, 2_741)
        (True, False, False)
        """
        return weight_g <= self.max_weight_g and (not self.max_longest_mm or longest_mm <= self.max_longest_mm)

    def stale(self, on: date) -> str:
        """One sentence if the card is out of date on this day, else empty."""
        if self.valid_to is not None and on > self.valid_to:
            return f"{self.service}: its rate card ended on {self.valid_to}; import the one that follows"
        age = (on - self.valid_from).days
        if self.valid_to is None and age > EXPECTED_DAYS:
            return f"{self.service}: its rate card is {age} days old; ask the carrier for this year's"
        return ""

    def ladder(self, zone: int, stale: str) -> Ladder | None:
        """The price steps of a zone, cut at the heaviest billable parcel; None where the service does not go."""
        breaks = self.breaks.get(zone)
        if not breaks:
            return None
        within = [(min(g, self.max_weight_g), max(c, self.minimum_cents)) for g, c in breaks]
        last = next((k for k, (g, _) in enumerate(within) if g == self.max_weight_g), len(within) - 1)
        ends, base = zip(*within[: last + 1], strict=True)
        return Ladder(
            self.service,
            zone,
            np.array(ends, dtype=np.int64),
            np.array(base, dtype=np.int64),
            np.array([fuel_cents(c, self.fuel_bp) for c in base], dtype=np.int64),
            self.dim_divisor_mm3_per_g,
            self.surcharges,
            stale,
        )
