"""How well zones agree with a carrier's on pairs that no fit has seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from evenstock.freight.zone_fit.search import Ints

_WAYS: Final = ("pairs", "origins", "places")


@dataclass(frozen=True, slots=True)
class Agreement:
    """Shares of pairs, from 0 to 1; a pair whose place is unknown agrees in nothing."""

    pairs: int
    equal: float
    within_one: float


def hold_out(
    chart: pl.DataFrame, *, share: float = 0.2, by: str = "pairs", seed: int = 0
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows to fit and rows to score; a pair is never in one and its way back, which has the same zone, in the other.

    Parameters
    ----------
    chart : rows of `tables.Zones`.
    share : about how much is kept apart.
    by : ``pairs`` at random; ``origins``, all rows from some origins, known to the fit only as destinations of others;
        ``places``, all rows from or to some places, of which the fit sees nothing at all.
    seed : of the draw.

    Examples
    --------
    >>> chart = pl.DataFrame({"origin_zip3": ["001", "002", "001", "003"], "destination_zip3": ["002", "001", "003", "002"],
    ...                       "zone": [2, 2, 3, 4]})
    >>> [part.height for part in hold_out(chart, share=0.5, by="pairs", seed=1)]
    [3, 1]
    """
    if by not in _WAYS:
        raise ValueError(f"hold out by one of {', '.join(_WAYS)}, not by {by!r}")
    rng = np.random.default_rng(seed)
    here, there = chart["origin_zip3"].to_list(), chart["destination_zip3"].to_list()
    both = [(a, b) if a <= b else (b, a) for a, b in zip(here, there, strict=True)]
    if by == "pairs":
        known = sorted(set(both))
        kept = {pair for pair, draw in zip(known, rng.random(len(known)).tolist(), strict=True) if draw < share}
        apart_pair = pl.Series([pair in kept for pair in both])
        return chart.filter(~apart_pair), chart.filter(apart_pair)
    names = sorted(set(here) if by == "origins" else {*here, *there})
    apart = {name for name, draw in zip(names, rng.random(len(names)).tolist(), strict=True) if draw < share}
    if by == "places":
        hidden = pl.Series([a in apart or b in apart for a, b in zip(here, there, strict=True)])
        return chart.filter(~hidden), chart.filter(hidden)
    hidden = pl.Series([a in apart for a in here])
    seen = {pair for pair, out in zip(both, hidden.to_list(), strict=True) if not out}
    scored = pl.Series([out and pair not in seen for pair, out in zip(both, hidden.to_list(), strict=True)])
    return chart.filter(~hidden), chart.filter(scored)


def agreement(reckoned: Ints, chart: pl.DataFrame) -> Agreement:
    """Reckoned zones, shape ``(row,)``, -1 where unknown, against those of the chart.

    Examples
    --------
    >>> agreement(np.array([2, 3, 9, -1]), pl.DataFrame({"zone": [2, 4, 4, 1]}))
    Agreement(pairs=4, equal=0.25, within_one=0.5)
    """
    off = np.abs(reckoned - chart["zone"].to_numpy())
    off[reckoned < 0] = 99
    return Agreement(len(off), float((off == 0).mean()), float((off <= 1).mean()))
