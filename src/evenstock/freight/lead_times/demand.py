"""What may be sold while a purchase is on its way."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, sqrt


@dataclass(frozen=True, slots=True)
class LeadTimeDemand:
    """Demand between order and receipt."""

    mean: float
    """Units."""
    standard_deviation: float
    """Units."""


def demand_over_lead_time(
    mean_units: float, sd_units: float, mean_days: float, sd_days: float, review_days: float = 0.0
) -> LeadTimeDemand:
    """Mean L d and variance L s_d² + d² s_L² of demand over a random lead time, days independent of each other.

    Parameters
    ----------
    mean_units, sd_units
        Of one day's demand.
    mean_days, sd_days
        Of the lead time; the days between two orders, if stock is looked at only then, come on top and are sure.

    Raises
    ------
    ValueError
        If a figure is negative or no number.

    References
    ----------
    Silver, Pyke and Peterson (1998), Inventory Management and Production Planning and Scheduling, sec. 7.10; King (2011),
    Crack the code, APICS Magazine, equation for independent variability of demand and lead time.

    Examples
    --------
    20 a day with deviation 5 over 9 ± 2 days: 180 units; 9 x 25 + 400 x 4 = 1,825, whose root is 42.7.

    >>> found = demand_over_lead_time(20, 5, 9, 2)
    >>> found.mean, round(found.standard_deviation, 1)
    (180.0, 42.7)
    """
    given = (mean_units, sd_units, mean_days, sd_days, review_days)
    if not all(isfinite(x) and x >= 0 for x in given):
        raise ValueError(f"demand and lead time are figures from 0 up, not {given}")
    days = mean_days + review_days
    return LeadTimeDemand(float(days * mean_units), sqrt(days * sd_units**2 + (mean_units * sd_days) ** 2))
