"""Whether a series has left where it should be: sequential evidence at a stated rate of false alarms, and the day it moved.

The evidence is a Shiryaev-Roberts statistic: the sum over all days on which a shift may have begun of the likelihood ratio
of what came since. While nothing has shifted it grows by at most one a block on average, so that an alarm at a level A comes
at most once in A blocks; A is chosen from all series together, which is how many of them are looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.freight.drift.series import Series

Floats = npt.NDArray[np.float64]

FALSE_ALARMS: Final = 1.0
"""False alarms a year, over all series together."""
BAND: Final = 0.005
"""A share of the quote within which no difference counts: rounding, and what nobody would act on."""
SHIFTS: Final = np.array([0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32])
"""Shares beyond the band that are tried, up and down, each as likely."""
LEARN_BLOCKS: Final = 10
"""Blocks from which a series' scatter is learned before it is judged."""
PRIOR_BLOCKS: Final = 7.0
"""Blocks that the scatter assumed before counts for."""
PRIOR_SPREAD: Final = 0.004
"""Standard deviation of a block's share assumed before."""
LEAST_SPREAD: Final = 0.002
MOST_EVIDENCE: Final = 4.0
"""Natural logarithm of what one block can say at most: one wild day raises no alarm by itself."""
_WINSOR: Final = 9.0
_BLOCKS_A_YEAR: Final = 365.0
_COVER: Final = 0.9


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of blocks on one level, from a shift to the next."""

    start: int
    """First block."""
    earliest: int
    latest: int
    """Blocks between which the shift lies with probability 0.9."""
    fired: int
    """Block with which the evidence was enough."""
    stop: int
    """Block after the last."""
    level: float
    """Share of the quote, beyond what corrections in force had added."""
    error: float
    """Its standard error."""


def threshold(series: int, false_alarms: float = FALSE_ALARMS) -> float:
    """Evidence that makes an alarm, so that so many series raise at most so many false ones a year together.

    Examples
    --------
    >>> threshold(200, 1.0)
    73000.0
    """
    if false_alarms <= 0:
        raise ValueError(f"{false_alarms} false alarms a year: say a number above zero")
    return max(series, 1) * _BLOCKS_A_YEAR / false_alarms


def segments(series: Series, corrected: Floats, limit: float) -> list[Segment]:
    """Every shift of one series, oldest first; none while it stays within the band.

    Parameters
    ----------
    corrected
        Share of the quote that corrections in force already added, shape ``(block,)``.
    limit
        Evidence that makes an alarm, from `threshold`.

    References
    ----------
    Shiryaev (1963), On optimum methods in quickest detection problems; Roberts (1966); Pollak (1987), Average run lengths
    of an optimal method of detecting a change in distribution, Annals of Statistics 15: the statistic less the number of
    blocks is a martingale before the change.
    """
    off = series.share - corrected
    spread = spreads(series, off)
    found: list[Segment] = []
    begin, level, error = 0, 0.0, 0.0
    while True:
        fired = _alarm(off - level, np.hypot(spread, error), max(begin, LEARN_BLOCKS), limit)
        if fired is None:
            return _closed(found, off, spread)
        start, earliest, latest = _change(off, spread, begin, fired)
        # The level is learned for a while before the next shift is looked for.
        begin = min(fired + LEARN_BLOCKS, off.size)
        level, error = _level(off[start:begin], spread[start:begin])
        found.append(Segment(start, earliest, latest, fired, off.size, level, error))


def spreads(series: Series, off: Floats) -> Floats:
    """Standard deviation of each block's share, from what was seen before it, shape ``(block,)``.

    Within a block parcels scatter, between blocks more may: both are learned, the latter from neighbouring blocks so that a
    shift counts once only; widened while few blocks were seen.
    """
    within = series.spread / series.quoted**2
    each = within * series.parcels
    found = np.empty(off.size)
    squares, blocks = PRIOR_BLOCKS * 2 * PRIOR_SPREAD**2, PRIOR_BLOCKS
    parcel, inner = 0.0, 0.0
    for k in range(off.size):
        between = max(squares / blocks - inner / blocks, 0.0) / 2
        of_parcels = parcel / max(k, 1) / series.parcels[k]
        widened = 1 + 2 * np.sqrt(2 / blocks)
        found[k] = np.sqrt(max((between + of_parcels) * widened, LEAST_SPREAD**2))
        if k:
            step = (off[k] - off[k - 1]) ** 2
            squares += min(step, _WINSOR * squares / blocks)
            inner += within[k] + within[k - 1]
            blocks += 1
        parcel += each[k]
    return found


def _alarm(off: Floats, spread: Floats, begin: int, limit: float) -> int | None:
    """The first block with which the evidence for a shift, up or down, reaches the limit."""
    evidence = np.zeros((2, SHIFTS.size))
    for k in range(begin, off.size):
        beyond = np.array([off[k] - BAND, -off[k] - BAND])[:, None]
        said = (beyond * SHIFTS - SHIFTS**2 / 2) / spread[k] ** 2
        evidence = np.minimum((1 + evidence) * np.exp(np.minimum(said, MOST_EVIDENCE)), 1e300)
        if evidence.mean() >= limit:
            return k
    return None


def _change(off: Floats, spread: Floats, begin: int, fired: int) -> tuple[int, int, int]:
    """The likeliest block of the shift, and the earliest and latest of those that make 90 %.

    Any block is as likely before; levels on both sides are their weighted means.
    """
    first = max(0, begin - LEARN_BLOCKS) if begin else 0
    y, w = off[first : fired + 1], spread[first : fired + 1] ** -2.0
    weight, moment = np.cumsum(w), np.cumsum(w * y)
    before_w, before_m = np.r_[0.0, weight[:-1]], np.r_[0.0, moment[:-1]]
    after_w, after_m = weight[-1] - before_w, moment[-1] - before_m
    gain = np.divide(before_m**2, before_w, out=np.zeros_like(before_w), where=before_w > 0) + after_m**2 / after_w
    likely = np.exp((gain - gain.max()) / 2)
    likely /= likely.sum()
    order = np.argsort(-likely, kind="stable")
    inside = order[: int(np.searchsorted(np.cumsum(likely[order]), _COVER)) + 1]
    return first + int(order[0]), first + int(inside.min()), first + int(inside.max())


def _level(off: Floats, spread: Floats) -> tuple[float, float]:
    """Weighted mean, blocks far off their fellows counted less, and its standard error.

    References
    ----------
    Huber (1964), Robust estimation of a location parameter: weights fall beyond 2 standard deviations.
    """
    level = float(np.median(off))
    weight = spread**-2.0
    for _ in range(5):
        away = np.abs(off - level) / spread
        robust = weight * np.minimum(1.0, 2.0 / np.maximum(away, 1e-12))
        level = float((robust * off).sum() / robust.sum())
    return level, float(np.sqrt(1.0 / robust.sum()))


def _closed(found: Sequence[Segment], off: Floats, spread: Floats) -> list[Segment]:
    """Segments that end where the next begins, each with the level of all its blocks."""
    stops = [*(segment.start for segment in found[1:]), off.size][: len(found)] if found else []
    closed = []
    for segment, stop in zip(found, stops, strict=True):
        end = max(stop, segment.start + 1)
        level, error = _level(off[segment.start : end], spread[segment.start : end])
        closed.append(Segment(segment.start, segment.earliest, segment.latest, segment.fired, end, level, error))
    return closed
