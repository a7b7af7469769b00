"""When a champion must go: it loses to the fallback for a week, or its intervals no longer hold what they promise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from evenstock.learning.gates import Gate, Outcome

DAYS: Final = 7
WORSE: Final = 0.03
"""Share by which the champion's loss may exceed the fallback's."""
MOST_DAYS_BETTER: Final = 2
"""Days of the seven on which the champion may have been no worse: more, and one odd day has decided."""
WINDOWS: Final = 2


@dataclass(frozen=True, slots=True)
class LiveDay:
    """What champion and fallback lost on the same series of one day, in the same unit."""

    day: date
    loss: float
    fallback_loss: float


@dataclass(frozen=True, slots=True)
class LiveWindow:
    """How many of one window's sums lay in their intervals."""

    last_day: date
    days: int
    gate: Gate
    """The champion's coverage against its bounds."""
    fallback: float
    """The fallback's coverage of the same sums."""


def should_roll_back(days: Sequence[LiveDay], windows: Sequence[LiveWindow] = ()) -> str | None:
    """Why the champion must go, in one sentence; None if it may stay.

    It goes when its loss over its last seven scored days exceeds the fallback's by more than 3 %, and was above it on at
    least five of them; or when the coverage of sums failed in two consecutive windows of one length while the fallback's
    lay nearer the middle of the bounds: where both fail alike the world has changed, and another model would not help.

    Examples
    --------
    >>> from datetime import timedelta
    >>> week = [LiveDay(date(2026, 11, 1) + timedelta(days=k), 1.05, 1.0) for k in range(7)]
    >>> should_roll_back(week)
    "its loss of the 7 days to 2026-11-07 exceeds the fallback's by 5.0 %, on 7 days of 7; 3.0 % are allowed"
    >>> should_roll_back(week[:6]) is None
    True
    """
    return _loses(days) or _uncovered(windows)


def _loses(days: Sequence[LiveDay]) -> str | None:
    last = sorted(days, key=lambda scored: scored.day)[-DAYS:]
    if len(last) < DAYS:
        return None
    ours, theirs = sum(d.loss for d in last), sum(d.fallback_loss for d in last)
    worse = sum(d.loss > d.fallback_loss for d in last)
    if ours <= (1.0 + WORSE) * theirs or worse < DAYS - MOST_DAYS_BETTER:
        return None
    by = f"{ours / theirs - 1.0:.1%}".replace("%", " %") if theirs > 0 else "all of it"
    return (
        f"its loss of the {DAYS} days to {last[-1].day} exceeds the fallback's by {by}, on {worse} days of {DAYS}; "
        f"{100 * WORSE:.1f} % are allowed"
    )


def _uncovered(windows: Sequence[LiveWindow]) -> str | None:
    for length in sorted({window.days for window in windows}):
        last = sorted((w for w in windows if w.days == length), key=lambda w: w.last_day)[-WINDOWS:]
        if len(last) < WINDOWS or not all(w.gate.outcome is Outcome.FAILED for w in last):
            continue
        if all(_nearer(w) for w in last):
            return f"{last[-1].gate.because}, as in the {length} days before"
    return None


def _nearer(window: LiveWindow) -> bool:
    """Whether the fallback covers nearer to what is asked than the champion does."""
    middle = (window.gate.low + window.gate.high) / 2.0
    return abs(window.fallback - middle) < abs(window.gate.figure - middle)
