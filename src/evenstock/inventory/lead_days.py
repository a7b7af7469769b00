"""How long a refill may take, as the share of refills that take 0, 1, 2, … days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]

LAST_DAY: Final = 150
"""Where tables of lead days end: what takes longer counts as taking this long."""
_SHIFT: Final = 3.0
"""Days added before the logarithm, so that same day and two days are alike."""


def certain(days: npt.ArrayLike) -> Floats:
    """Lead times that are always the same, shape ``(row, LAST_DAY + 1)``.

    Examples
    --------
    >>> certain([2])[0, :4].tolist()
    [0.0, 0.0, 1.0, 0.0]
    """
    whole = np.asarray(days, np.int64)
    if whole.size and whole.min() < 0:
        raise ValueError(f"lead days are zero or more, not {whole.min()}")
    share = np.zeros((whole.size, LAST_DAY + 1))
    share[np.arange(whole.size), np.minimum(whole, LAST_DAY)] = 1.0
    return share


def counted(days: Sequence[int]) -> Floats:
    """Lead times as they were seen, each as likely as the other, shape ``(LAST_DAY + 1,)``.

    Examples
    --------
    >>> counted([2, 2, 3, 3])[:5].tolist()
    [0.0, 0.0, 0.5, 0.5, 0.0]
    """
    if not len(days):
        raise ValueError("no lead time was seen: state one")
    return np.asarray(certain(days).mean(axis=0))


def from_quantiles(levels: Sequence[float], days: npt.ArrayLike) -> Floats:
    """The table behind a few upper quantiles of learned lead times, shape ``(row, LAST_DAY + 1)``.

    Between quantiles the logarithm of the days (and three) runs straight in the normal score, beyond the last it runs on;
    below the median it mirrors what is above, as in the model that learns them.

    Parameters
    ----------
    levels
        Rising, the first 0.5.
    days
        Whole days by which each share was received, shape ``(row, level)``, not falling along a row.

    Examples
    --------
    Half within 10 days, nine in ten within 14, 99 in a hundred within 18: 95 in a hundred within 16.

    >>> share = from_quantiles([0.5, 0.9, 0.99], [[10, 14, 18]])[0]
    >>> [int(np.searchsorted(np.cumsum(share), level)) for level in (0.5, 0.9, 0.95, 0.99)]
    [10, 14, 15, 18]
    """
    score = special.ndtri(np.asarray(levels, np.float64))
    given = np.asarray(days, np.float64).reshape(-1, score.size)
    if score.size < 2 or score[0] != 0 or (np.diff(score) <= 0).any():
        raise ValueError(f"levels rise from 0.5 on, not {list(levels)}")
    if not np.isfinite(given).all() or (given < 0).any() or (np.diff(given, axis=1) < 0).any():
        raise ValueError("quantiles of days are zero or more and never fall along a row")
    kinds, of = np.unique(given, axis=0, return_inverse=True)
    ends = np.log(_SHIFT + np.arange(LAST_DAY + 1) + 0.5)
    tables = np.array([_between(score, np.log(_SHIFT + row), ends) for row in kinds])
    return tables[of.ravel()]


def _between(score: Floats, upper: Floats, ends: Floats) -> Floats:
    """Shares of days from the score at each day's end."""
    # Quantiles that fall on one day differ by less than it: spread them within the day, so that scores stay a function.
    at = upper + 1e-6 * np.arange(upper.size)
    x = np.concatenate([2 * at[0] - at[:0:-1], at])
    z = np.concatenate([-score[:0:-1], score])
    slope = (z[-1] - z[-2]) / max(x[-1] - x[-2], 1e-3)
    inside = np.interp(ends, x, z)
    reached = np.where(ends > x[-1], z[-1] + slope * (ends - x[-1]), inside)
    reached = np.where(ends < x[0], z[0] - slope * (x[0] - ends), reached)
    done = np.maximum.accumulate(special.ndtr(reached))
    done[-1] = 1.0
    return np.diff(done, prepend=0.0)


def with_losses(share: Floats, lost: npt.ArrayLike, noticed_after: npt.ArrayLike) -> Floats:
    """The same refills where some never come and are ordered again once that is noticed, shape of `share`.

    Parameters
    ----------
    share
        Of those that come, shape ``(row, day)``.
    lost
        Share of what is ordered that never comes, 0 to below 1, ``(row,)``.
    noticed_after
        Days from the order after which it is ordered again, ``(row,)``.

    Examples
    --------
    Two days; one in ten never comes, is missed on day 3 and comes on day 5 (or, one in a hundred, later still).

    >>> share = with_losses(certain([2]), [0.1], [3])[0]
    >>> share[[2, 5, 8]].round(4).tolist()
    [0.9, 0.09, 0.009]
    """
    never, wait = np.asarray(lost, np.float64), np.maximum(np.asarray(noticed_after, np.int64), 1)
    if never.size and not ((never >= 0) & (never < 1)).all():
        raise ValueError("the share that never comes lies from 0 to below 1")
    found = share.copy()
    for row in np.flatnonzero(never > 0):
        left, shifted = 1.0 - never[row], share[row]
        found[row] = left * shifted
        again = left
        for _ in range(LAST_DAY):
            shifted, again = _later(shifted, int(wait[row])), again * never[row]
            found[row] += again * shifted
            if again < 1e-9:
                break
        found[row] /= found[row].sum()
    return found


def _later(share: Floats, days: int) -> Floats:
    moved = np.zeros_like(share)
    moved[days:] = share[: max(share.size - days, 0)]
    moved[-1] += share[max(share.size - days, 0) :].sum()
    return moved


def moments(share: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation in days, each ``(row,)``."""
    days = np.arange(share.shape[1], dtype=np.float64)
    mean = share @ days
    return mean, np.sqrt(np.maximum(share @ days**2 - mean**2, 0.0))


def within(share: Floats, level: float) -> npt.NDArray[np.int64]:
    """First day by which this share of refills is there, ``(row,)``."""
    return np.asarray((np.cumsum(share, axis=1) < level - 1e-9).sum(axis=1), np.int64)


def trimmed(share: Floats, beyond: float = 1e-3) -> Floats:
    """The same with its last `beyond` put on the day where it begins, so that no path need reach further."""
    last = np.minimum((np.cumsum(share, axis=1) < 1.0 - beyond).sum(axis=1), share.shape[1] - 1)
    days = np.arange(share.shape[1])
    kept = np.where(days[None, :] <= last[:, None], share, 0.0)
    kept[np.arange(len(kept)), last] += share.sum(axis=1) - kept.sum(axis=1)
    return kept
