"""How long something takes: a level that groups share in, and recent residuals around it; what is not over is not left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.distributions.censoring import product_limit
from evenstock.distributions.conformal import Residuals, recent_half_life, residuals
from evenstock.distributions.shrinkage import Effects, own_influence, shrunk_effects

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

LEVEL_HALF_LIFE_DAYS: Final = 200.0
"""How fast what is known of groups fades. On Olist's earlier windows 100 to 400 days differ by half a percent."""
IMPUTATIONS: Final = 3


@dataclass(frozen=True, slots=True)
class DurationModel:
    """log duration = effects of groups and covariates + residual of the row's residual group."""

    effects: Effects
    residuals: Residuals
    half_life_days: float
    """Of the residuals."""
    cases: int
    under_way: int

    def share_by(self, log_time: Floats, codes: Codes, covariates: Floats, group: Codes) -> Floats:
        """Share that is over at each time, never falling along a row; shape of `log_time`, ``(row, time)``."""
        return self.residuals.share_up_to(log_time - self.effects(codes, covariates)[:, None], group)


def learn(
    log_time: Floats,
    ended: Flags,
    age_days: Floats,
    codes: Codes,
    sizes: Sequence[int],
    covariates: Floats,
    group: Codes,
    *,
    count: Floats | None = None,
    level_half_life_days: float = LEVEL_HALF_LIFE_DAYS,
    residual_half_life_days: float | None = None,
) -> DurationModel:
    """Learn from cases that ended and cases that go on.

    Parameters
    ----------
    log_time
        Logarithm of the duration so far, shape ``(case,)``.
    ended
        Whether it is over.
    age_days
        Days since the case began; older cases weigh less.
    codes, sizes, covariates
        As in `shrinkage.shrunk_effects`.
    group
        Whose residuals a case is one of, numbers from 0, shape ``(case,)``.
    count
        How many cases each row stands for, above zero; None for one each.
    residual_half_life_days
        None takes the shortest that leaves enough cases.

    Raises
    ------
    ValueError
        If no case has ended.

    References
    ----------
    Buckley and James (1979), Linear regression with censored data, Biometrika 66, eq. 2.2: what goes on is put at the
    mean of the residuals that outlast it, then the level is fitted again. Here residuals are weighted by recency.
    """
    times = np.ones(log_time.shape) if count is None else count
    recent = residual_half_life_days or recent_half_life(age_days, ended, times)
    # Weights of very old cases underflow to nothing; they may not vanish from the sums they are divided by.
    weight = times * np.maximum(0.5 ** (age_days / level_half_life_days), 1e-12)
    lately = times * np.maximum(0.5 ** (age_days / recent), 1e-12)
    y, effects = log_time.copy(), None
    for _ in range(IMPUTATIONS if not ended.all() else 1):
        effects = shrunk_effects(y, codes, sizes, covariates, weight, effects)
        level = effects(codes, covariates)
        rest = log_time - level
        beyond = product_limit(rest, ended, lately, doubt=1.0).mean_beyond(rest[~ended])
        y[~ended] = level[~ended] + beyond
    effects = shrunk_effects(y, codes, sizes, covariates, weight, effects)
    rest = log_time - effects(codes, covariates)
    # A case drew the level to itself; the next one will not have done so.
    rest[ended] /= 1.0 - own_influence(codes, sizes, weight, effects.strength)[ended]
    return DurationModel(
        effects, residuals(rest, ended, lately, group), recent, int(log_time.size), int((~ended).sum())
    )
