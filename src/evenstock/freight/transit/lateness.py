"""How likely a parcel arrives in time.

Transit times are distributions over calendar days from the ship day to the delivery scan, weekends and holidays of the
carrier included: that is what scans show, and what a customer counts. The node's own calendar has already chosen the
ship day (`evenstock.domain.Node.ship_day`).
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from numpy.typing import ArrayLike, NDArray


def late_probability(share: NDArray[np.float64], ship_on: date, deliver_by: date) -> float:
    """P(delivered after `deliver_by`) for a parcel that leaves on `ship_on`; 1 where it leaves too late itself.

    `share` is the probability of each whole number of calendar days 0, 1, …, and adds up to 1.

    Examples
    --------
    Two days on 70 % of parcels, three on 20 %, five on 10 %. Out on Friday the 20th, due on Monday the 23rd: three days
    are enough for 90 %.

    >>> share = np.array([0.0, 0.0, 0.7, 0.2, 0.0, 0.1])
    >>> round(late_probability(share, date(2026, 11, 20), date(2026, 11, 23)), 9)
    0.1
    >>> late_probability(share, date(2026, 11, 20), date(2026, 11, 19))
    1.0
    """
    return float(late_probabilities(share, (deliver_by - ship_on).days))


def late_probabilities(share: NDArray[np.float64], slack_days: ArrayLike) -> NDArray[np.float64]:
    """P(transit time > slack) for each slack, whole calendar days from ship day to promised day; shape of `slack_days`."""
    tail = np.concatenate([[1.0], 1.0 - np.cumsum(share)]).clip(0.0, 1.0)
    # The last entry is zero by meaning, not up to rounding: nothing takes longer than the longest day listed.
    tail[-1] = 0.0
    late: NDArray[np.float64] = tail[np.clip(np.asarray(slack_days) + 1, 0, len(share))]
    return late


def delivered_by(share: NDArray[np.float64], ship_on: date, probability: float) -> date:
    """The first day by which at least this share of parcels has arrived.

    Examples
    --------
    >>> delivered_by(np.array([0.0, 0.0, 0.7, 0.2, 0.0, 0.1]), date(2026, 11, 20), 0.9)
    datetime.date(2026, 11, 23)
    """
    if not 0.0 < probability <= 1.0:
        raise ValueError(f"a share of parcels lies above 0 and up to 1, not {probability}")
    # 0.7 + 0.2 is a hair below 0.9 in binary; a billionth of a parcel is no parcel.
    days = int(np.searchsorted(np.cumsum(share), probability - 1e-9, side="left"))
    return ship_on + timedelta(days=min(days, len(share) - 1))
