"""One rate card: a service's terms from a day on."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from evenstock.freight.currency import OURS
from evenstock.freight.discount import Discount, discount_bp, reached
from evenstock.freight.surcharge import Surcharge, share_cents

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
    return share_cents(base_cents, fuel_bp)


@dataclass(frozen=True, slots=True)
class Card:
    """The terms of one service from `valid_from` on, in the card's own currency."""

    service: str
    valid_from: date
    valid_to: date | None
    dim_divisor_mm3_per_g: int
    minimum_cents: int
    """Least base charge, after discount and before fuel."""
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
    fuel_rule: str = ""
    """Rule that sets the fuel surcharge; empty where `fuel_bp` does."""
    currency: str = OURS
    dim_above_mm3: int = 0
    """Volume up to which volume does not bill."""
    weekly_spend_cents: int = 0
    """Average gross charges a week, at which discount tiers are read."""
    discounts: tuple[Discount, ...] = ()
    mode: str = ""
    """How it travels, see `evenstock.freight.carbon.Mode`; empty goes by the service's name."""

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

    def base_cents(self, zone: int, billable_g: int) -> int:
        """Base charge of one parcel: its break's rate less the discount, and at least the minimum.

        Raises
        ------
        ValueError
            If the parcel is heavier than the last break, or the card does not go to the zone.

        Examples
        --------
        18.00 less 42.5 % are 10.35; a list rate of 11.00 would leave 6.325, hence 6.33, but no parcel pays less than 8.50.

        >>> card = Card("ups:ground", date(2026, 1, 1), None, 0, 850, 0, 68_000, breaks={2: [(500, 1_100), (9_000, 1_800)]},
        ...             discounts=(Discount(0, 0, 0, 4_250),))
        >>> card.base_cents(2, 9_000), card.base_cents(2, 500)
        (1035, 850)
        """
        breaks = self.breaks.get(zone, [])
        at = bisect_left(breaks, billable_g, key=lambda one: one[0])
        if at == len(breaks):
            raise ValueError(f"{self.service}: no rate in zone {zone} for {billable_g} g")
        return self._net_cents(breaks[at][1], discount_bp(self._reached(zone), billable_g))

    def _net_cents(self, rate_cents: int, off_bp: int) -> int:
        return max(rate_cents - share_cents(rate_cents, off_bp), self.minimum_cents)

    def _reached(self, zone: int) -> list[Discount]:
        return reached(self.discounts, zone, self.weekly_spend_cents)

    def steps(self, zone: int) -> list[tuple[int, int]]:
        """Upper ends in g and base charges of a zone, cut where a discount begins and at the heaviest billable parcel.

        Empty where the service does not go.
        """
        breaks = self.breaks.get(zone)
        if not breaks:
            return []
        tiers, steps, before = self._reached(zone), [], 0
        cuts = sorted({tier.above_g for tier in tiers})
        for full_end, rate in breaks:
            end = min(full_end, self.max_weight_g)
            ends = [*(cut for cut in cuts if before < cut < end), end]
            steps += [(g, self._net_cents(rate, discount_bp(tiers, g))) for g in ends]
            if end == self.max_weight_g:
                break
            before = end
        return steps
