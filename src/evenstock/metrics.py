"""Measures of service and stock, each with its source; always say which one is meant.

Arrays of units are whole or real numbers of one shape. A ratio over nothing is NaN, never a perfect score.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Numbers = npt.ArrayLike

NO_DEMAND_COVER_DAYS: Final = 9999.0
"""Days of cover shown where nothing sells, as in `tables.TransferLines`."""


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")


def type_1_service(demand: Numbers, stock: Numbers) -> float:
    """Share of cycles without a stock-out (alpha, cycle service level): the size of a shortage does not count.

    References
    ----------
    Snyder and Shen (2019), Fundamentals of Supply Chain Theory: type-1 service level.

    Examples
    --------
    Four cycles with 50 in stock; demand exceeds it once:

    >>> type_1_service([40, 50, 49, 60], [50, 50, 50, 50])
    0.75
    """
    d, s = np.asarray(demand), np.asarray(stock)
    return _share(float(np.count_nonzero(d <= s)), float(d.size))


def type_2_service(demand: Numbers, stock: Numbers) -> float:
    """Share of units served at once from stock (beta, fill rate).

    References
    ----------
    Snyder and Shen (2019): type-2 service level.

    Examples
    --------
    The same four cycles want 199 units, of which 10 must wait:

    >>> round(type_2_service([40, 50, 49, 60], [50, 50, 50, 50]), 4)
    0.9497
    """
    d, s = np.asarray(demand), np.asarray(stock)
    return _share(float(np.minimum(d, s).sum()), float(d.sum()))


def unit_fill_rate(ordered: Numbers, shipped: Numbers) -> float:
    """Units shipped in full over units ordered; what was shipped beyond an order counts for nothing.

    Examples
    --------
    >>> unit_fill_rate([4, 1, 5], [4, 0, 3])
    0.7
    """
    o, s = np.asarray(ordered), np.asarray(shipped)
    return _share(float(np.minimum(o, s).sum()), float(o.sum()))


def line_fill_rate(ordered: Numbers, shipped: Numbers) -> float:
    """Lines shipped whole over lines ordered.

    Examples
    --------
    >>> round(line_fill_rate([4, 1, 5], [4, 0, 3]), 4)
    0.3333
    """
    o, s = np.asarray(ordered), np.asarray(shipped)
    return _share(float(np.count_nonzero(s >= o)), float(o.size))


def order_fill_rate(order: Numbers, ordered: Numbers, shipped: Numbers) -> float:
    """Orders all of whose lines shipped whole, over orders. `order` names the order of each line.

    Examples
    --------
    Order A is whole, B lacks one of its two lines:

    >>> order_fill_rate(["A", "B", "B"], [4, 1, 5], [4, 1, 3])
    0.5
    """
    names, code = np.unique(np.asarray(order), return_inverse=True)
    short = np.bincount(code, np.asarray(shipped) < np.asarray(ordered), minlength=names.size)
    return _share(float(np.count_nonzero(short == 0)), float(names.size))


def perfect_order(in_full: Numbers, on_time: Numbers, documents: Numbers, undamaged: Numbers) -> float:
    """Share of orders that were perfect in all four ways; each argument holds one true or false an order.

    References
    ----------
    SCOR RL.1.1 Perfect Order Fulfillment: in full, on the customer's commit date, documents right, condition perfect. An
    order counts only if all four hold, so the measure is at most the least of them, and not their product.

    Examples
    --------
    >>> perfect_order([True, True, False, True], [True, False, True, True], [True] * 4, [True] * 4)
    0.5
    """
    whole = np.asarray(in_full, bool) & np.asarray(on_time, bool)
    whole &= np.asarray(documents, bool) & np.asarray(undamaged, bool)
    return _share(float(np.count_nonzero(whole)), float(whole.size))


def days_of_cover(units: Numbers, daily_mean: Numbers) -> npt.NDArray[np.float64]:
    """Days that `units` last against the forecast to come (forward cover), shape ``(series,)``.

    Demand is met day by day in the order of the forecast; past its end the mean of its days goes on. Where nothing sells
    the answer is 9999. This is the planner's forward measure, not SCOR's backward inventory days of supply by value.

    Parameters
    ----------
    units
        On hand and inbound, shape ``(series,)``.
    daily_mean
        Expected units of each day ahead, shape ``(series, day)``, not below zero.

    Examples
    --------
    Ten units against 4, 4, 4 a day last two and a half days; a hundred last beyond the forecast; nothing sells of the last:

    >>> days_of_cover([10, 100, 5], [[4, 4, 4], [4, 4, 4], [0, 0, 0]]).tolist()
    [2.5, 25.0, 9999.0]
    """
    stock = np.maximum(np.asarray(units, dtype=np.float64), 0.0)
    mean = np.asarray(daily_mean, dtype=np.float64)
    zero = np.zeros((mean.shape[0], 1))
    upto = np.concatenate([zero, np.cumsum(mean, axis=1)], axis=1)
    days = mean.shape[1]
    # The last day whose beginning the stock still reaches; flat stretches (days without demand) count as covered.
    day = np.minimum((upto <= stock[:, None]).sum(axis=1) - 1, days)
    left = stock - np.take_along_axis(upto, day[:, None], axis=1)[:, 0]
    average = mean.mean(axis=1) if days else np.zeros(stock.size)
    within = np.take_along_axis(mean, np.minimum(day, max(days - 1, 0))[:, None], axis=1)[:, 0] if days else average
    rate = np.where(day < days, within, average)
    cover = day + np.divide(left, rate, out=np.zeros_like(left), where=rate > 0)
    return np.asarray(np.where(average > 0, np.minimum(cover, NO_DEMAND_COVER_DAYS), NO_DEMAND_COVER_DAYS))


def inventory_turns(cost_of_goods_sold_cents: Numbers, inventory_value_cents: Numbers, *, days: float) -> float:
    """Times a year the stock's value is sold, at cost: annualised cost of goods sold over average inventory value.

    Parameters
    ----------
    cost_of_goods_sold_cents
        Units sold at cost over the period, one number or many that are added.
    inventory_value_cents
        Value of stock at cost, at moments spread evenly over the period.
    days
        Length of the period.

    References
    ----------
    Cachon and Terwiesch, Matching Supply with Demand, ch. 2: inventory turns = COGS / inventory (Little's law).

    Examples
    --------
    $20,000 of goods sold in a quarter from $40,000 of stock is two turns a year:

    >>> inventory_turns(2_000_000, [4_500_000, 3_500_000], days=91.25)
    2.0
    """
    value = float(np.mean(np.asarray(inventory_value_cents, dtype=np.float64)))
    sold = float(np.sum(np.asarray(cost_of_goods_sold_cents, dtype=np.float64)))
    if days <= 0:
        raise ValueError("turns want a period of more than zero days")
    return _share(sold * 365.0 / days, value)
