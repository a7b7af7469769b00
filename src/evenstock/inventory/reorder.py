"""When to order, how much, and when next: order points, quantities and the calendar of orders."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NEVER: Final = 9999
"""Days until an order point that is not reached in sight."""


def economic_quantity(daily: npt.ArrayLike, order_cost: npt.ArrayLike, holding_cost: npt.ArrayLike) -> Floats:
    r"""The quantity with least cost of orders and of holding, :math:`\sqrt{2 K \lambda / h}`; zero without demand or cost.

    Parameters
    ----------
    daily
        Units a day. [:math:`\lambda`]
    order_cost
        Of one order, in any money. [:math:`K`]
    holding_cost
        Of a unit for a day, in the same money; where it is zero nothing limits the quantity, and a year's demand is taken.
        [:math:`h`]

    References
    ----------
    Harris (1913); Snyder and Shen (2019), eq. 3.4.

    Examples
    --------
    Example 3.1 of the book: 1,300 candy bars a year, 8 dollars an order, 0.225 a bar and year.

    >>> round(float(economic_quantity(1300, 8, 0.225)), 2)
    304.05
    """
    rate, fixed, holding = np.broadcast_arrays(*(np.asarray(x, np.float64) for x in (daily, order_cost, holding_cost)))
    if not all(np.isfinite(x).all() and (x >= 0).all() for x in (rate, fixed, holding)):
        raise ValueError("demand, cost of an order and cost of holding are finite and zero or more")
    free = np.where(fixed > 0, 365.0 * rate, 0.0)
    return np.where(
        holding > 0, np.sqrt(np.divide(2 * fixed * rate, holding, out=np.zeros_like(rate), where=holding > 0)), free
    )


def order_quantity(
    daily: npt.ArrayLike,
    order_cost: npt.ArrayLike,
    holding_cost: npt.ArrayLike,
    multiple: npt.ArrayLike,
    minimum: npt.ArrayLike,
) -> Ints:
    """The economic quantity as it can be bought: the cheaper of the multiples beside it, not below the minimum.

    The cost is convex in the quantity, so the best multiple is one of the two that enclose the best real number.

    Examples
    --------
    304 candy bars in cases of 144: 2 cases cost 36.11 + 32.40 = 68.51, 3 cases 24.07 + 48.60 = 72.67.

    >>> int(order_quantity(1300, 8, 0.225, 144, 0)), int(order_quantity(1300, 8, 0.225, 144, 400))
    (288, 432)
    """
    rate, fixed, holding, lot, least = np.broadcast_arrays(
        *(np.asarray(x, np.float64) for x in (daily, order_cost, holding_cost, multiple, minimum))
    )
    if (lot < 1).any() or (least < 0).any():
        raise ValueError("a multiple is at least one unit, a minimum zero or more")
    lots = economic_quantity(rate, fixed, holding) / lot
    below, above = np.maximum(np.floor(lots), 1) * lot, np.maximum(np.ceil(lots), 1) * lot
    dearer = fixed * rate / below + holding * below / 2 > fixed * rate / above + holding * above / 2
    best = np.where(dearer, above, below)
    return np.asarray(np.maximum(best, np.ceil(least / lot) * lot), np.int64)


def next_orders(order_days: Collection[int], weekday: int) -> tuple[int, int]:
    """Days until the first order from this weekday on, and from that to the next.

    Parameters
    ----------
    order_days
        Weekdays on which orders are taken, Monday 0 to Sunday 6.
    weekday
        Of today.

    Examples
    --------
    Monday to Friday: on a Monday today and again tomorrow, on a Friday again in three days, on a Saturday in two.

    >>> [next_orders(range(5), weekday) for weekday in (0, 4, 5)]
    [(0, 1), (0, 3), (2, 1)]
    """
    days = sorted(set(order_days))
    if not days or days[0] < 0 or days[-1] > 6:
        raise ValueError(f"order days are some of 0 (Monday) to 6 (Sunday), not {days}")
    waits = sorted((day - weekday) % 7 for day in days)
    return waits[0], (waits[1] if len(waits) > 1 else waits[0] + 7) - waits[0]


def order_points(level: Ints, quantity: Ints) -> tuple[Ints, Ints]:
    """The pair (s, S): at s units or fewer order, up to S, one order's quantity more; shapes as given.

    A level that must be there until the order after this one is missed as soon as one unit less is there; so s is one
    below it, and with a quantity of one unit S is the level itself: base stock.

    Examples
    --------
    >>> [x.tolist() for x in order_points(np.array([6, 6]), np.array([1, 24]))]
    [[5, 5], [6, 29]]
    """
    at = level - 1
    return at, at + np.maximum(quantity, 1)


def units_to_order(position: Ints, at: Ints, up_to: Ints, multiple: Ints, minimum: Ints, most: Ints) -> Ints:
    """Units to order now, in whole multiples: zero above the order point, and never more than `most` leaves room for.

    The most multiples that do not reach beyond the top: it lies one order's quantity, so at least one multiple, above the
    order point, and that many bring the position above it.

    Examples
    --------
    Four there of an order point of 5 and a top of 29, in twelves: 25 are wanted, 24 come; 12 where 20 is all it takes.

    >>> [int(units_to_order(*np.array([4, 5, 29, 12, 0, most]))) for most in (1000, 20)]
    [24, 12]
    """
    below = np.maximum(up_to - position, 0) // multiple * multiple
    whole = np.where(position <= at, np.maximum(below, -(-minimum // multiple) * multiple), 0)
    room = np.maximum(most - position, 0) // multiple * multiple
    return np.where(np.minimum(whole, room) >= minimum, np.minimum(whole, room), 0).astype(np.int64)


def days_until(position: Ints, at: Ints, mean: Floats) -> Ints:
    """Days until mean demand takes the position to the order point, ``(row,)``; `NEVER` where it does not in sight.

    Parameters
    ----------
    position, at
        Units, ``(row,)``.
    mean
        Expected units by day ahead, ``(row, day)``.

    Examples
    --------
    Ten above its order point and 4 a day: after three days.

    >>> days_until(np.array([15, 5]), np.array([5, 5]), np.full((2, 7), 4.0)).tolist()
    [3, 0]
    """
    reached = position[:, None] - np.cumsum(mean, axis=1) <= at[:, None] + 1e-9
    first = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, NEVER)
    return np.where(position <= at, 0, first).astype(np.int64)
