"""Whether a figure that should stay where it is has moved: two detectors, and two weeks more before anyone is called.

A detector alone fires now and then by chance, and one wild week (a storm, a feed that failed) is no drift. So a detector's
word counts only when the medians of two weeks from that day on both lie away from the figure's usual value, on one side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from river.base import DriftDetector

Floats = npt.NDArray[np.float64]

REFERENCE_DAYS: Final = 28
"""Days from which the figure's usual value and scatter are learned; with fewer nothing is said."""
WINDOW_DAYS: Final = 7
AWAY: Final = 2.0
"""Standard errors of a week's median from the usual."""
_OF_MEDIAN: Final = 1.2533
"""Standard error of a median over that of a mean, for normal values."""
PAGE_HINKLEY_SLACK: Final = 0.5
"""Standard deviations of a day that a shift may have without being counted."""
PAGE_HINKLEY_LIMIT: Final = 8.0
"""Counted standard deviations at which it fires."""
ADWIN_DELTA: Final = 0.002
"""Chance of a false cut that its authors state as the default."""
_MOST_ALIKE: Final = 0.8
_SPAN: Final = 8.0
"""Standard deviations that ADWIN's range from 0 to 1 stands for: its bounds hold for such a range."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One figure that has moved and stayed."""

    detector: str
    fired_on: date
    confirmed_on: date
    usual: float
    now: float
    """Median of the two weeks."""

    @property
    def because(self) -> str:
        return (
            f"{self.now:.3f} in the two weeks to {self.confirmed_on} where {self.usual:.3f} was usual; "
            f"{self.detector} fired on {self.fired_on}"
        )


def drifts(days: Sequence[date], values: Floats) -> list[Drift]:
    """Every confirmed move in one series of daily figures, oldest first.

    After a confirmed move the usual value is learned anew from the days that follow.

    Parameters
    ----------
    days, values
        Days in order, gaps allowed, and the figure of each, shape ``(day,)``: such as the mean probability integral
        transform of a group of series, which lies near one half while the model holds.

    Raises
    ------
    ModuleNotFoundError
        If `river` is not installed.

    References
    ----------
    Page (1954), Continuous Inspection Schemes, Biometrika 41, and Hinkley (1971) for the cumulative sum; Bifet and Gavalda
    (2007), Learning from Time-Changing Data with Adaptive Windowing, for ADWIN.
    """
    if len(days) != values.size:
        raise ValueError(f"{values.size} figures want as many days, not {len(days)}")
    if not np.isfinite(values).all():
        raise ValueError("a figure is not a number: leave out days on which nothing was seen")
    if list(days) != sorted(set(days)):
        raise ValueError("days stand in order, each once")
    found: list[Drift] = []
    begin = 0
    while (move := _next(days, values, begin)) is not None:
        drift, begin = move
        found.append(drift)
    return found


def _next(days: Sequence[date], values: Floats, begin: int) -> tuple[Drift, int] | None:
    """The first confirmed move from column `begin` on, and the column after its confirmation."""
    first = begin + REFERENCE_DAYS
    if values.size < first + 2 * WINDOW_DAYS:
        return None
    reference = values[begin:first]
    scatter = _scatter(reference)
    scaled = (values - reference.mean()) / scatter
    detectors = _detectors()
    far = AWAY * _OF_MEDIAN * scatter / np.sqrt(WINDOW_DAYS)
    for at in range(begin, values.size - 2 * WINDOW_DAYS + 1):
        for name, detector in detectors.items():
            z = float(scaled[at])
            detector.update(float(np.clip(0.5 + z / _SPAN, 0.0, 1.0)) if name == "ADWIN" else z)
            if not detector.drift_detected or at < first:
                continue
            usual = float(values[begin : max(first, at - WINDOW_DAYS + 1)].mean())
            weeks = values[at : at + 2 * WINDOW_DAYS]
            off = np.median(weeks.reshape(2, WINDOW_DAYS), axis=1) - usual
            if (np.abs(off) > far).all() and off[0] * off[1] > 0:
                end = at + 2 * WINDOW_DAYS
                return Drift(name, days[at], days[end - 1], usual, float(np.median(weeks))), end
    return None


def _scatter(values: Floats) -> float:
    """Standard deviation of a day, widened where neighbouring days are alike so that a week's mean is judged fairly.

    A mean of n days with lag-one correlation r scatters as one of ``n (1 - r) / (1 + r)`` independent days.
    """
    centred = values - values.mean()
    squares = float((centred**2).sum())
    alike = float((centred[1:] * centred[:-1]).sum()) / squares if squares > 0 else 0.0
    alike = min(max(alike, 0.0), _MOST_ALIKE)
    return max(float(values.std(ddof=1)) * float(np.sqrt((1.0 + alike) / (1.0 - alike))), 1e-9)


def _detectors() -> dict[str, DriftDetector]:
    try:
        from river import drift
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError("drift needs river: pip install 'evenstock[forecasting]'") from missing
    return {
        "Page-Hinkley": drift.PageHinkley(
            min_instances=WINDOW_DAYS, delta=PAGE_HINKLEY_SLACK, threshold=PAGE_HINKLEY_LIMIT
        ),
        "ADWIN": drift.ADWIN(delta=ADWIN_DELTA, clock=1, min_window_length=WINDOW_DAYS),  # type: ignore[no-untyped-call]
    }
