"""A gate: one figure that a model must show, with the bounds it must keep and how surely that is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import polars as pl

SURE: Final = 2.0
"""Standard errors within which a figure may lie of the truth (19 times of 20)."""

_SCHEMA: Final = {
    "gate": pl.String,
    "figure": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "error": pl.Float64,
    "outcome": pl.String,
    "because": pl.String,
}


class Outcome(StrEnum):
    """What a gate says."""

    PASSED = "passed"
    FAILED = "failed"
    UNJUDGED = "unjudged"
    """Too little data to say: that is not passing."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One figure against its bounds."""

    name: str
    figure: float
    """NaN where there is none."""
    low: float
    high: float
    """Bounds, both included; infinite where there is none."""
    error: float
    """Standard error of the figure."""
    outcome: Outcome
    because: str
    """One sentence with the numbers."""

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASSED


def within(name: str, figure: float, error: float, low: float, high: float, *, spoken: str = "{:.3f}") -> Gate:
    """Judge a figure that must lie in ``[low, high]`` and is known up to `error`.

    Where two standard errors are no more than half the width of the band, the figure decides. Where they are more, only a
    figure outside by more than two of them decides, against the model: anything else is unjudged, because a wrong model
    would be let through about as often as a right one.

    Parameters
    ----------
    error
        Standard error of the figure; 0 where it is exact, NaN where nobody knows.
    spoken
        How a number is written in the sentence.

    Examples
    --------
    >>> within("cover", 0.95, 0.004, 0.93, 0.97).outcome
    <Outcome.PASSED: 'passed'>
    >>> within("cover", 0.95, 0.02, 0.93, 0.97).because
    'cover is 0.950 and must lie between 0.930 and 0.970, but is known only to 0.020: too little data to judge'
    >>> within("cover", 0.60, 0.02, 0.93, 0.97).outcome
    <Outcome.FAILED: 'failed'>
    """
    must = _must(low, high, spoken)
    if math.isnan(figure):
        return Gate(name, figure, low, high, error, Outcome.UNJUDGED, f"{name} has no figure and {must}")
    unsure = SURE * error if not math.isnan(error) else math.inf
    outside = max(low - figure, figure - high, 0.0)
    vague = unsure > (high - low) / 2.0 * (1.0 + 1e-9)
    if vague and outside <= unsure:
        known = spoken.format(error) if not math.isnan(error) else "nothing at all"
        said = f"{name} is {spoken.format(figure)} and {must}, but is known only to {known}: too little data to judge"
        return Gate(name, figure, low, high, error, Outcome.UNJUDGED, said)
    outcome = Outcome.FAILED if outside > 0 else Outcome.PASSED
    said = f"{name} is {spoken.format(figure)} and {must}"
    return Gate(name, figure, low, high, error, outcome, said)


def at_least(name: str, have: int, need: int, what: str) -> Gate:
    """Judge whether enough of something is there; too little is unjudged, not failed: it may still come.

    Examples
    --------
    >>> at_least("shadow", 3, 14, "days beside the champion").because
    '3 of 14 days beside the champion'
    """
    outcome = Outcome.PASSED if have >= need else Outcome.UNJUDGED
    return Gate(name, float(have), float(need), math.inf, 0.0, outcome, f"{have} of {need} {what}")


def _must(low: float, high: float, spoken: str) -> str:
    if math.isinf(low):
        return f"must not exceed {spoken.format(high)}"
    if math.isinf(high):
        return f"must be at least {spoken.format(low)}"
    if low == high:
        return f"must be {spoken.format(low)}"
    return f"must lie between {spoken.format(low)} and {spoken.format(high)}"


def to_frame(gates: Sequence[Gate]) -> pl.DataFrame:
    """One row a gate; `from_frame` reads it back."""
    rows = [(g.name, g.figure, g.low, g.high, g.error, g.outcome.value, g.because) for g in gates]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def from_frame(frame: pl.DataFrame) -> tuple[Gate, ...]:
    """The gates of `to_frame`, in whatever order the frame has."""
    return tuple(
        Gate(r["gate"], r["figure"], r["low"], r["high"], r["error"], Outcome(r["outcome"]), r["because"])
        for r in frame.iter_rows(named=True)
    )
