"""How far a whole month may lie off: the variance of the level factor that all days of a path share.

Days may each be calibrated while their sum is far too sure of itself, because the level itself is uncertain. So the
forecaster is run at earlier origins inside the history, its 28-day sums are held against what was sold, and for each
velocity bucket the variance is chosen under which those sums are most likely.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.distributions import negative_binomial as nb
from evenstock.forecasting import velocity
from evenstock.forecasting.daily import Daily
from evenstock.forecasting.history import DemandHistory

Floats = npt.NDArray[np.float64]

SUM_DAYS: Final = 28
ORIGINS: Final = 3
"""Origins 28, 56 and 84 days back."""
FIRST_ORIGIN_BACK: Final = ORIGINS * SUM_DAYS
LEAST_HISTORY: Final = 56
"""Days that an origin needs behind it."""
MOST_SERIES: Final = 12_000
"""Series that are looked at; of more, every second, third ... is taken."""
TYPICAL: Final = (0.88, 0.47, 0.22, 0.11, 0.11, 0.11, 0.07)
"""Variance by bucket found on retail sales (ten stores, 28-day sums): the prior that little data leans on."""
ROOM: Final = 0.05
"""Share by which a day's variance may grow for the sake of its month."""
_PRIOR_SPREAD: Final = 0.7
"""Standard deviation of the prior, in logarithms: a factor of two either way is usual."""
_GRID: Final = np.geomspace(0.002, 4.0, 40)


def total_dispersion(mu: Floats, alpha: Floats, path_variance: Floats) -> tuple[Floats, Floats]:
    """Mean and dispersion of the sum of days, shape ``(series,)``, with days as in `sample_paths`.

    The sum has variance ``M + (alpha - v) sum mu**2 + v M**2``; it is not exactly negative binomial, but one with these
    two moments is close.
    """
    total, squares = mu.sum(axis=1), (mu * mu).sum(axis=1)
    excess = (alpha - path_variance) * squares + path_variance * total**2
    return total, np.divide(excess, total**2, out=np.zeros_like(total), where=total > 0)


def fitted_together(mu: Floats, alpha: Floats, path_variance: Floats) -> tuple[Floats, Floats]:
    """Dispersion and path variance of each series, so that the second never exceeds the first.

    A day keeps its own variance only if ``v <= alpha``. Where they clash, alpha rises towards v as long as a day's
    variance grows by at most `ROOM` (slow sellers: their days hardly feel it, their months do), and v yields the rest.
    """
    mean = np.maximum(mu.mean(axis=1), 1e-9)
    risen = np.maximum(alpha, np.minimum(path_variance, alpha + ROOM * (1.0 + alpha * mean) / mean))
    return risen, np.minimum(path_variance, risen)


def fit_path_variance(
    history: DemandHistory, forecaster: Callable[[DemandHistory], Daily]
) -> tuple[Floats, tuple[str, ...]]:
    """Variance by velocity bucket, shape ``(bucket,)``, and notes on what it stands on.

    Parameters
    ----------
    forecaster
        Gives days ahead (at least 28) from the history before an origin, as it would have at that time.
    """
    step = -(-history.n_series // MOST_SERIES) if history.n_series else 1
    sample = history.rows(np.arange(0, history.n_series, step)) if step > 1 else history
    log_likelihood = -0.5 * (np.log(_GRID[None, :] / np.asarray(TYPICAL)[:, None]) / _PRIOR_SPREAD) ** 2
    told = 0
    for back in range(1, ORIGINS + 1):
        day = sample.n_days - back * SUM_DAYS
        if day < LEAST_HISTORY:
            break
        past = sample.before(sample.first_day + timedelta(days=day))
        log_likelihood += _evidence(sample, day, forecaster(past))
        told += 1
    if not told:
        note = f"path variance is the usual one of retail sales: {history.n_days} days leave no origin to learn it from"
        return np.asarray(TYPICAL), (note,)
    return _GRID[log_likelihood.argmax(axis=1)], ()


def _evidence(history: DemandHistory, day: int, said: Daily) -> Floats:
    """Log-likelihood of the sums that followed `day`, shape ``(bucket, grid)``; series with hidden days stay out."""
    window = slice(day, day + SUM_DAYS)
    mu = said.mu[:, :SUM_DAYS]
    whole = np.ones(history.n_series, bool) if history.hidden is None else ~history.hidden[:, window].any(axis=1)
    rows = np.flatnonzero(whole & (mu.sum(axis=1) > 0))
    sold = history.units[rows, window].sum(axis=1)
    code = velocity.bucket(mu[rows].mean(axis=1))
    evidence = np.empty((len(velocity.NAMES), _GRID.size))
    for j, v in enumerate(_GRID):
        alpha, capped = fitted_together(mu[rows], said.alpha[rows], np.full(rows.size, v))
        total, dispersion = total_dispersion(mu[rows], alpha, capped)
        evidence[:, j] = np.bincount(code, nb.log_pmf(sold, total, dispersion), minlength=evidence.shape[0])
    return evidence
