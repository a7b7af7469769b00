"""What a contract takes off the base charge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

EVERY_ZONE: Final = 0


@dataclass(frozen=True, slots=True)
class Discount:
    """One tier: a share off from a weight and a weekly spend on."""

    zone: int
    """`EVERY_ZONE` for zones that have no row of their own."""
    above_g: int
    """Billable weight above which it holds, exclusive; 0 for any."""
    spend_above_cents: int
    """Average gross charges a week above which it holds, exclusive; 0 for any."""
    discount_bp: int


def reached(tiers: Iterable[Discount], zone: int, weekly_spend_cents: int) -> list[Discount]:
    """Tiers that hold in a zone at a weekly spend, the highest spend first and among these the highest weight."""
    tiers = list(tiers)
    own = [tier for tier in tiers if tier.zone == zone] or [tier for tier in tiers if tier.zone == EVERY_ZONE]
    there = [t for t in own if t.spend_above_cents < weekly_spend_cents or not t.spend_above_cents]
    return sorted(there, key=lambda tier: (tier.spend_above_cents, tier.above_g), reverse=True)


def discount_bp(reached: Iterable[Discount], billable_g: int) -> int:
    """Basis points off at a billable weight: the first of the tiers `reached` whose weight it is above; 0 where none.

    Examples
    --------
    Zone 5 has tiers of its own: 30 %, above 5 kg 35 %; with more than $10,000 a week 40 %. Other zones have 25 %.

    >>> tiers = [Discount(0, 0, 0, 2_500), Discount(5, 0, 0, 3_000), Discount(5, 5_000, 0, 3_500),
    ...          Discount(5, 0, 1_000_000, 4_000)]
    >>> [discount_bp(reached(tiers, zone, spend), g) for zone, g, spend in
    ...  ((2, 9_000, 0), (5, 5_000, 0), (5, 5_001, 1_000_000), (5, 1, 1_000_001))]
    [2500, 3000, 3500, 4000]
    """
    return next((tier.discount_bp for tier in reached if tier.above_g < billable_g or not tier.above_g), 0)
