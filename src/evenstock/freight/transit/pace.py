"""How fast a carrier works on each day of the week: days of its clock instead of the calendar's."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FIRST_DAY: Final = 0.5
"""What is left of the day of hand-over, in days of the clock."""
FLOOR: Final = 0.02
"""Even a day on which nothing was ever delivered moves the clock a little, so that it never runs backwards or stands."""
ROUNDS: Final = 3
LEAN: Final = 30.0
"""Deliveries by which a service's pace leans on that of all."""
OLDEST: Final = 60
"""Days after hand-over beyond which a parcel tells nothing about weekdays."""


def weekday_pace(weekday: Ints, days: Ints, delivered: npt.NDArray[np.bool_], weight: Floats, service: Ints) -> Floats:
    """Deliveries on each day of the week per delivery expected were all days alike, shape ``(service, 7)``, mean 1.

    A parcel that was at the door on a Sunday k days out and was not delivered speaks about Sundays as much as one that
    was delivered on a Monday: indirect standardisation by the days a parcel has been out.

    References
    ----------
    Breslow and Day (1987), Statistical Methods in Cancer Research II, sec. 2.3 (standardised ratios), for days of the
    week in place of populations.
    """
    n_services = int(service.max()) + 1 if service.size else 0
    at_risk = np.zeros((n_services, 7, OLDEST + 1))
    events = np.zeros_like(at_risk)
    for k in range(1, OLDEST + 1):
        out = np.flatnonzero(days >= k)
        if not out.size:
            break
        # A parcel under way is known not to have come on each of its days.
        slot = service[out] * 7 + (weekday[out] + k) % 7
        at_risk[:, :, k] = np.bincount(slot, weight[out], n_services * 7).reshape(n_services, 7)
        came = delivered[out] & (days[out] == k)
        events[:, :, k] = np.bincount(slot[came], weight[out][came], n_services * 7).reshape(n_services, 7)
    everyone = _ratio(events.sum(axis=0), at_risk.sum(axis=0), np.ones(7))
    return np.stack([_ratio(events[s], at_risk[s], everyone) for s in range(n_services)])


def _ratio(events: Floats, at_risk: Floats, prior: Floats) -> Floats:
    """Ratio by weekday that explains the events, leaning on `prior`; arrays are ``(weekday, days out)``."""
    pace = prior.copy()
    for _ in range(ROUNDS):
        exposed = (pace[:, None] * at_risk).sum(axis=0)
        hazard = np.divide(events.sum(axis=0), exposed, out=np.zeros_like(exposed), where=exposed > 0)
        expected = np.minimum(hazard[None, :], 1.0) * at_risk
        pace = (events.sum(axis=1) + LEAN * prior) / (expected.sum(axis=1) + LEAN)
        pace = np.maximum(pace / pace.mean(), FLOOR)
    scaled: Floats = pace / pace.mean()
    return scaled


def clock(pace: Floats, longest: int) -> Floats:
    """Clock at the end of each calendar day, by service and weekday of hand-over, shape ``(service, 7, longest + 2)``.

    Place 0 is the hand-over, place k + 1 the end of the k-th day after it.

    Examples
    --------
    A service that rests on Sundays, handed over on a Saturday (5): the clock stands on the day after.

    >>> pace = np.array([[7 / 6] * 6 + [0.0]])
    >>> clock(pace, 2)[0, 5].round(2).tolist()
    [0.0, 0.5, 0.5, 1.67]
    """
    day = (np.arange(7)[:, None] + np.arange(1, longest + 1)) % 7
    steps = np.concatenate([np.full((pace.shape[0], 7, 1), FIRST_DAY), pace[:, day]], axis=2)
    return np.concatenate([np.zeros((pace.shape[0], 7, 1)), np.cumsum(steps, axis=2)], axis=2)
