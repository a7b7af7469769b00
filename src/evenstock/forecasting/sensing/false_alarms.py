"""How much evidence makes an alarm: calibrated on paths of the forecast itself to a stated number of false alarms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.forecasting import velocity
from evenstock.forecasting.forecast import Forecast
from evenstock.forecasting.sensing.detector import Null, evidence, null_of

Floats = npt.NDArray[np.float64]

PERIOD_DAYS: Final = 28
FALSE_ALARMS: Final = 2.0
"""Of a thousand series that have not shifted, how many may be called shifted within 28 days."""
PATHS: Final = 8000
"""Paths drawn of each speed of series."""
LEAST_POWER_PATHS: Final = 100
"""Paths on which finding a shift is tried out; one in 25 of those above where that is more."""
SERIES: Final = 150
"""Series of each speed whose paths are drawn, evenly chosen."""
TAIL: Final = 0.01
"""Share of the paths from which the far tail is drawn on."""
TOLD_APART: Final = 0.5
"""A class of speed in which fewer shifts than this share would be found within 28 days is called blind."""
SHIFTS: Final = (4.0, 2.0, 0.5, 0.25)
"""Multiples whose finding is tried out."""
_SHIFT_DAY: Final = 7
_SPEEDS: Final = len(velocity.NAMES)


@dataclass(frozen=True, slots=True, eq=False)
class Thresholds:
    """What the statistic has to reach, by speed of the series, and what that lets one find."""

    level: Floats
    """Shape ``(speed,)``; infinite where no series has that speed."""
    found: Floats
    """Share of series found, within three weeks, that shift by each of `SHIFTS` on the eighth day, shape ``(speed, shift)``."""
    delay: Floats
    """Median days from such a shift to its alarm, shape ``(speed, shift)``; NaN where fewer than half are found."""
    false_alarms: float
    """Of 1,000 series in 28 days."""
    days: int
    """Days it was calibrated for: a series is followed no longer."""

    def of(self, forecast: Forecast) -> Floats:
        """Threshold of each series, shape ``(series,)``."""
        return self.level[speeds(forecast)]

    def frame(self) -> pl.DataFrame:
        """One row a speed: its number and name, threshold, false_alarms, days, and found and delay for each of `SHIFTS`."""
        columns: dict[str, object] = {
            "speed": list(range(_SPEEDS)),
            "velocity": velocity.NAMES,
            "threshold": self.level,
        }
        for j, ratio in enumerate(SHIFTS):
            columns |= {f"found_{ratio:g}": self.found[:, j], f"delay_{ratio:g}": self.delay[:, j]}
        return pl.DataFrame(columns).with_columns(false_alarms=pl.lit(self.false_alarms), days=pl.lit(self.days))

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> Thresholds:
        """What `frame` was made from, in whatever order its rows are."""
        frame = frame.sort("speed")
        found, delay = (
            np.stack([frame[f"{name}_{ratio:g}"].to_numpy() for ratio in SHIFTS], axis=1) for name in ("found", "delay")
        )
        level = frame["threshold"].to_numpy().astype(np.float64)
        return cls(level, found, delay, float(frame["false_alarms"][0]), int(frame["days"][0]))

    def blind(self, forecast: Forecast) -> npt.NDArray[np.bool_]:
        """Series of which not even a fall to a quarter could be told, as fewer than half of such falls would be found.

        Shape ``(series, 2)``: the same for a rise to four times as much, then for the fall.
        """
        return np.asarray(self.found[speeds(forecast)][:, [SHIFTS.index(4.0), SHIFTS.index(0.25)]] < TOLD_APART)


def speeds(forecast: Forecast) -> npt.NDArray[np.int64]:
    """Speed of each series by what is expected of it."""
    return velocity.bucket(forecast.mu[:, :PERIOD_DAYS].mean(axis=1))


def thresholds(
    forecast: Forecast, *, seed: int, false_alarms: float = FALSE_ALARMS, n_paths: int = PATHS
) -> Thresholds:
    """Draw the forecast's own paths, level and all, and take the evidence that as many of them reach as may be false alarms.

    Beyond the top hundredth the tail is drawn on as a power, no thicker than one over the threshold, and no threshold is
    above what Doob's inequality asks for without any simulation, ``days * 1000 / false_alarms``.

    Parameters
    ----------
    false_alarms
        Expected number within 28 days of 1,000 series none of which has shifted, above 0 and at most 100.

    Raises
    ------
    ValueError
        If `false_alarms` is out of range.
    """
    if not 0 < false_alarms <= 100:
        raise ValueError(f"false alarms per 1,000 series and 28 days lie above 0 and up to 100, not {false_alarms}")
    days = min(forecast.horizon, PERIOD_DAYS)
    chance = false_alarms / 1000.0 * days / PERIOD_DAYS
    speed = np.where((forecast.mu[:, :days] > 0).any(axis=1), speeds(forecast), -1)
    level = np.full(_SPEEDS, np.inf)
    found, delay = np.zeros((_SPEEDS, len(SHIFTS))), np.full((_SPEEDS, len(SHIFTS)), np.nan)
    for k in range(_SPEEDS):
        rows = np.flatnonzero(speed == k)
        if rows.size:
            sample = forecast.rows(rows[np.linspace(0, rows.size - 1, min(rows.size, SERIES)).astype(np.int64)])
            null = null_of(sample)
            level[k] = tail_threshold(_highest(sample, null, days, seed, n_paths), chance, days)
            some = max(n_paths // 25, LEAST_POWER_PATHS)
            tried = [_found(sample, null, days, seed + 1, ratio, float(level[k]), some) for ratio in SHIFTS]
            found[k], delay[k] = zip(*tried, strict=True)
    return Thresholds(level, found, delay, false_alarms, days)


def tail_threshold(highest: Floats, chance: float, days: int) -> float:
    """The value that `highest` reaches with probability `chance`, its tail a power fitted to the top hundredth.

    References
    ----------
    Hill (1975), A simple general approach to inference about the tail of a distribution; Weissman (1978) for the quantile.

    Examples
    --------
    Of a thousand paths ten reached 500, and all ten just that: nothing says that more is to be feared.

    >>> tail_threshold(np.r_[np.ones(990), np.full(10, 500.0)], 0.002, 28)
    500.0
    """
    count = max(round(max(chance, TAIL) * highest.size), 1)
    top = np.sort(highest)[-count:]
    excess = float(np.log(np.maximum(top, 1e-300) / max(top[0], 1e-300)).sum() / max(count - 1, 1))
    reached = float(top[0]) * (count / highest.size / chance) ** min(excess, 1.0)
    return float(min(reached, days / chance))


def _drawn(sample: Forecast, days: int, seed: int, n_paths: int) -> tuple[Floats, npt.NDArray[np.int64]]:
    each = -(-n_paths // sample.keys.height)
    units = replace(sample, mu=sample.mu[:, :days]).paths(each, seed)
    return units.reshape(-1, days).astype(np.float64), np.repeat(np.arange(sample.keys.height), each)


def _highest(sample: Forecast, null: Null, days: int, seed: int, n_paths: int) -> Floats:
    units, row = _drawn(sample, days, seed, n_paths)
    more, less = evidence(null, sample.mu[row, :days], units, row)
    return np.asarray((more + less).max(axis=1))


def _found(
    sample: Forecast, null: Null, days: int, seed: int, ratio: float, threshold: float, n_paths: int
) -> tuple[float, float]:
    """Share of shifts found that begin on the eighth day, and their median delay in days."""
    if days <= _SHIFT_DAY:
        return 0.0, float("nan")
    mu = sample.mu.copy()
    mu[:, _SHIFT_DAY:] *= ratio
    units, row = _drawn(replace(sample, mu=mu), days, seed, n_paths)
    more, less = evidence(null, sample.mu[row, :days], units, row)
    over = (more + less >= threshold)[:, _SHIFT_DAY:]
    found = over.any(axis=1)
    delays = np.where(found, over.argmax(axis=1) + 1.0, np.inf)
    median = float(np.median(delays))
    return float(found.mean()), median if np.isfinite(median) else float("nan")
