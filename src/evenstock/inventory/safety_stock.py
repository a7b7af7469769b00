"""How much stock lasts until the next order arrives, for the service wanted, from paths of demand and days of lead time."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from evenstock.inventory import safety_stock_kernel as kernel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Stock to hold or have ordered, by row and day it is looked at, each ``(row, start)``."""

    level: Ints
    """Units on hand and under way that keep the service wanted until the order after this one arrives."""
    mean: Floats
    """Expected demand of that time, units."""
    sd: Floats
    """Its standard deviation: days, persistence of forecast errors, and lead time together."""
    short: Floats
    """Units of it that would go unserved, expected, if nothing but the present position were there."""

    @property
    def safety_stock(self) -> Floats:
        """Level less mean demand, units; below zero where the service wanted asks for less than the mean."""
        return self.level - self.mean


def levels(
    paths: npt.NDArray[np.integer],
    lead: Floats,
    *,
    starts: npt.ArrayLike = (0,),
    wait: npt.ArrayLike = 0,
    review: npt.ArrayLike = 1,
    cycle_service: npt.ArrayLike = 0.0,
    fill_rate: npt.ArrayLike = 0.0,
    quantity: npt.ArrayLike = 0.0,
    position: npt.ArrayLike = 0,
) -> Levels:
    r"""Least stock that keeps a service, from the paths themselves, for each day on which it is looked at.

    An order placed `wait` days after a look arrives L days later; the one after it `review` days after that. So the stock
    has to last for :math:`D(w + L + R)`, the demand of these days, over all paths and all leads. Cycle service is
    :math:`P(D(w+L+R) \le S)`. Fill rate counts what goes short between the two arrivals,

    .. math:: E[(D(w+L+R) - S)^+] - E[(D(w+L) - S)^+] \le (1 - \beta)\, E[D(w+L+R) - D(w+L)]

    or, where one order brings more than is wanted in a review, all that goes short until then against (1 - β) times the
    quantity (Silver's rule for an order point with a quantity), if that asks for less. Both wanted, the larger counts. On
    the paths given this is exact; unserved demand waits, and an order does not overtake the one before.

    Parameters
    ----------
    paths
        Units, shape ``(row, path, day)``; each path with the same weight.
    lead
        Share of refills that take 0, 1, … days, shape ``(row, day)``, each row 1 in all; see `inventory.lead_days`.
    starts
        Days on which stock is looked at, from 0.
    wait, review
        Days from the look to the order, and to the next order after that; whole, broadcast to ``(row, start)``.
    cycle_service, fill_rate
        Type 1 (α) and type 2 (β), 0 where not asked, below 1; broadcast to ``(row,)``.
    quantity, position
        Units of one order at least, and units on hand and under way; broadcast to ``(row,)``.

    Raises
    ------
    ValueError
        If a share or a day makes no sense, or the paths end before an order may arrive.

    References
    ----------
    Silver, Pyke and Thomas (2017), Inventory and Production Management in Supply Chains, sections 6.7 and 6.9 (P1 and P2
    service). Snyder and Shen (2019), section 4.3.

    Examples
    --------
    One unit a day or two, as likely, on each of four days the same; two days of lead, looked at every day: 3 or 6 units.

    >>> from evenstock.inventory.lead_days import certain
    >>> even = np.array([[[1, 1, 1, 1], [2, 2, 2, 2]]])
    >>> found = levels(even, certain([2]), cycle_service=0.9)
    >>> found.level.tolist(), found.mean.tolist(), found.safety_stock.tolist()
    ([[6]], [[4.5]], [[1.5]])

    Nine in ten units at once: of 1.5 a day 0.15 may be short. At 5, half a unit is: in half of all cycles the sixth.

    >>> levels(even, certain([2]), fill_rate=0.9).level.tolist(), levels(even, certain([2]), fill_rate=0.6).level.tolist()
    ([[6]], [[5]])
    """
    units = np.ascontiguousarray(paths, np.int32)
    rows = units.shape[0] if units.ndim == 3 else -1
    at = np.asarray(starts, np.int64).ravel()
    shares = np.ascontiguousarray(lead, np.float64)
    if rows < 0 or 0 in units.shape[1:] or shares.ndim != 2 or shares.shape[0] != rows:
        raise ValueError(f"paths are (row, path, day), lead (row, day), not {units.shape} and {shares.shape}")
    waits, reviews = (
        np.ascontiguousarray(np.broadcast_to(np.asarray(x, np.int64), (rows, at.size))) for x in (wait, review)
    )
    cycle, fill, lot = (_by_row(x, rows) for x in (cycle_service, fill_rate, quantity))
    held = np.ascontiguousarray(np.broadcast_to(np.asarray(position, np.int64), (rows,)))
    _refuse(units, shares, at, waits, reviews, cycle, fill)
    level = np.zeros((rows, at.size), np.int64)
    mean, sd, short = (np.zeros((rows, at.size)) for _ in range(3))
    kernel.levels(units, shares, at, waits, reviews, cycle, fill, lot, held, level, mean, sd, short)
    return Levels(level, mean, sd, short)


def _by_row(x: npt.ArrayLike, rows: int) -> Floats:
    return np.ascontiguousarray(np.broadcast_to(np.asarray(x, np.float64), (rows,)))


def _refuse(
    units: npt.NDArray[np.int32], lead: Floats, starts: Ints, wait: Ints, review: Ints, cycle: Floats, fill: Floats
) -> None:
    if not lead.shape[0]:
        return
    if not np.isfinite(lead).all() or lead.min() < 0 or np.abs(lead.sum(axis=1) - 1).max() > 1e-6:
        raise ValueError("shares of lead days are zero or more and sum to one in each row")
    if min(starts.min(initial=0), wait.min(initial=0)) < 0 or review.min(initial=1) < 1:
        raise ValueError("days of look and wait are zero or more, days between orders at least one")
    if not ((cycle >= 0) & (cycle < 1) & (fill >= 0) & (fill < 1)).all():
        raise ValueError("a service wanted is a share from 0 to below 1")
    last = lead.shape[1] - 1 - np.argmax(lead[:, ::-1] > 0, axis=1)
    needed = int((starts[None, :] + wait + review + last[:, None]).max())
    if needed > units.shape[2]:
        raise ValueError(
            f"an order may arrive on day {needed}, and the paths end on day {units.shape[2]}: draw longer ones"
        )


def textbook(
    mean_units: float,
    sd_units: float,
    mean_days: float,
    sd_days: float,
    *,
    cycle_service: float,
    review_days: float = 0.0,
) -> float:
    r"""Safety stock by the normal formula :math:`z \sqrt{(L + R)\, \sigma_d^2 + \mu^2 \sigma_L^2}`, to compare with.

    It takes days as independent of each other and everything as normal; `levels` takes neither.

    Parameters
    ----------
    mean_units, sd_units
        Of a day's demand.
    mean_days, sd_days
        Of the lead time.
    cycle_service
        Probability of no stock-out in a cycle (α), above 0 and below 1.

    Raises
    ------
    ValueError
        If a figure is negative or no number, or the service no share.

    References
    ----------
    Silver, Pyke and Thomas (2017), section 6.10; Snyder and Shen (2019), section 4.3.

    Examples
    --------
    20 ± 5 a day over 9 ± 2 days: 9 x 25 + 400 x 4 = 1,825, root 42.72, times 1.96 for 97.5 %:

    >>> round(textbook(20, 5, 9, 2, cycle_service=0.975), 1)
    83.7

    Were the lead time sure, 1.96 x √225:

    >>> round(textbook(20, 5, 9, 0, cycle_service=0.975), 1)
    29.4
    """
    given = (mean_units, sd_units, mean_days, sd_days, review_days)
    if not all(isfinite(x) and x >= 0 for x in given):
        raise ValueError(f"demand and lead time are figures from 0 up, not {given}")
    if not 0 < cycle_service < 1:
        raise ValueError(f"cycle service lies between 0 and 1, both left out, not {cycle_service}")
    spread = sqrt((mean_days + review_days) * sd_units**2 + (mean_units * sd_days) ** 2)
    return NormalDist().inv_cdf(cycle_service) * spread
