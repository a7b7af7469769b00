"""A distribution over whole days as a table of shares: day 0, 1, … to a last day that holds what is left."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def shares(done_by: Floats) -> Floats:
    """Share of each day from the share done by its end; what is not done by the last day is given to it.

    Parameters
    ----------
    done_by
        Shape ``(..., day)``; rounding that lets it fall or leave [0, 1] is mended, NaN is refused.

    Examples
    --------
    >>> shares(np.array([0.0, 0.25, 0.75, 0.9])).round(9).tolist()
    [0.0, 0.25, 0.5, 0.25]
    """
    if not np.isfinite(done_by).all():
        raise ValueError("a share that is done by a day must be a number")
    rising = np.maximum.accumulate(np.clip(done_by, 0.0, 1.0), axis=-1)
    rising[..., -1] = 1.0
    return np.diff(rising, axis=-1, prepend=0.0)


def after(share: Floats, days: int) -> Floats:
    """Shares of the days in all, once it is known that `days` days were not enough; shape of `share`.

    Where the table gives no chance beyond `days`, the last day is certain.

    Examples
    --------
    Two days on 70 %, three on 20 %, five on 10 % of parcels. Not there after two days: two in three come on day 3.

    >>> after(np.array([0.0, 0.0, 0.7, 0.2, 0.0, 0.1]), 2).round(4).tolist()
    [0.0, 0.0, 0.0, 0.6667, 0.0, 0.3333]
    """
    left = share.copy()
    left[..., : max(days + 1, 0)] = 0.0
    total = left.sum(axis=-1, keepdims=True)
    none = total[..., 0] <= 1e-12
    left = np.where(total > 1e-12, left / np.maximum(total, 1e-12), 0.0)
    left[none, -1] = 1.0
    return left


def still_under_way(share: Floats) -> Floats:
    """Table by days already under way: row k holds the shares given that k days were not enough, shape ``(day, day)``."""
    return np.stack([after(share, k) for k in range(share.size)])


def quantiles(share: Floats, levels: Sequence[float]) -> npt.NDArray[np.int64]:
    """First day by which each level is done, shape ``(..., level)``.

    Examples
    --------
    >>> quantiles(np.array([0.0, 0.0, 0.7, 0.2, 0.0, 0.1]), [0.7, 0.71, 0.9, 0.95]).tolist()
    [2, 3, 3, 5]
    """
    asked = np.asarray(levels, dtype=np.float64)
    if not ((asked > 0) & (asked <= 1)).all():
        raise ValueError("a level lies above 0 and up to 1")
    # 0.7 + 0.2 is a hair below 0.9 in binary; a billionth is nobody.
    done = np.cumsum(share, axis=-1)[..., None, :] < asked[:, None] - 1e-9
    days: npt.NDArray[np.int64] = np.minimum(done.sum(axis=-1), share.shape[-1] - 1).astype(np.int64)
    return days


def mean(share: Floats) -> Floats:
    """Mean days, shape ``(...,)``."""
    found: Floats = share @ np.arange(share.shape[-1], dtype=np.float64)
    return found


def standard_deviation(share: Floats) -> Floats:
    """Standard deviation in days, shape ``(...,)``."""
    days = np.arange(share.shape[-1], dtype=np.float64)
    found: Floats = np.sqrt(np.maximum(share @ (days * days) - mean(share) ** 2, 0.0))
    return found


def blend(share: Floats, prior: Floats, cases: float, prior_cases: float) -> Floats:
    """Both tables, each by how many cases it stands for; the longer table's days.

    Examples
    --------
    Three parcels took two days; a table worth one parcel said one day.

    >>> blend(np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0]), 3, 1).tolist()
    [0.0, 0.25, 0.75]
    """
    mixed = np.zeros(max(share.size, prior.size))
    mixed[: share.size] += cases * share
    mixed[: prior.size] += prior_cases * prior
    return mixed / (cases + prior_cases)
