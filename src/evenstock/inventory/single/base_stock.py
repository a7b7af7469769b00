"""The order-up-to level when unmet demand waits."""

from __future__ import annotations

from evenstock.inventory.single.demand import Demand
from evenstock.inventory.single.newsvendor import Level, newsvendor


def base_stock(demand: Demand, lead_days: float, holding: float, penalty: float, *, review_days: float = 1.0) -> Level:
    """Order-up-to level that is optimal when every unmet unit waits, and its long-run cost a day.

    What is ordered now arrives before the last of ``lead_days + review_days`` days of demand ends, and nothing ordered
    later does: so a newsvendor for the demand of all these days is exact.

    Parameters
    ----------
    demand
        Demand of one day, independent from day to day.
    lead_days
        Days from order to arrival, zero or more.
    holding, penalty
        Cost of a unit on hand, and of a unit owed, at the end of each day.
    review_days
        Days between orders; 0 is continuous review.

    References
    ----------
    Snyder and Shen (2019), section 4.3.4.

    Examples
    --------
    >>> from evenstock.inventory.single.demand import NormalDemand
    >>> round(base_stock(NormalDemand(5, 1.6), 4, holding=1, penalty=9).cost, 4)
    6.2788
    """
    if review_days < 0:
        raise ValueError(f"days between orders are zero or more, not {review_days}")
    return newsvendor(demand.over(lead_days + review_days), holding, penalty)
