"""What got worse: the last weeks against what the weeks before foretell, with evidence and money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import betainc, betaln, gammaln, ndtri, stdtr

from evenstock.freight.scorecard.card import KEYS, PARENTS, By
from evenstock.freight.scorecard.means import nested_means
from evenstock.freight.scorecard.outcomes import CLAIM_DAYS, SETTLED_DAYS, Outcomes
from evenstock.freight.scorecard.shares import HAIR, Shares, nested_shares

RECENT_WEEKS: Final = 2
BEFORE_WEEKS: Final = 8
FALSE_SHARE: Final = 0.1
"""Of what is listed, at most about so many parts may have come by chance."""
MOST_BY_CHANCE: Final = 0.01
"""and none that chance brings more often than one week in a hundred, however few rows there are."""
LEAST_CASES: Final = 5
"""Parcels below which nothing can be told from chance, and a row is not tried."""
LEAST_INVOICED: Final = 20
"""Parcels invoiced below which a change of cost is not judged."""
PAST_CASES: Final = 10.0
"""Where things changed the past says little: beside the last weeks it is worth at most so many parcels."""
MOST_TERMS: Final = 5_000
"""Above so many cases the tail of a count is that of its share."""
Floats = npt.NDArray[np.float64]
KNOWN_ON: Final[Mapping[str, tuple[str, str, int]]] = {
    "late": ("promised_on", "late", 0),
    "damaged": ("delivered_on", "damaged", CLAIM_DAYS - 1),
    "lost": ("shipped_on", "lost", SETTLED_DAYS - 1),
}
"""What is counted: from which day (plus so many) its outcome is known, and which flag says that it was bad."""


@dataclass(frozen=True, slots=True)
class Worth:
    """What each thing costs the company, in cents."""

    late: int
    damaged: int
    lost: int


def changes(
    outcomes: Outcomes,
    worth: Worth,
    *,
    by: By = "lane",
    recent_weeks: int = RECENT_WEEKS,
    before_weeks: int = BEFORE_WEEKS,
    false_share: float = FALSE_SHARE,
) -> pl.DataFrame:
    """Rows that got worse beyond chance, by what they cost a week, dearest first.

    The weeks before say what a further week of the lane should be like, lanes' usual drift from week to week included; how
    often chance alone brings as many bad parcels as the last weeks had is a beta-binomial tail. Benjamini and Hochberg's
    rule over all rows of a measure keeps the share of false ones.

    Costs are compared like for like by service, zone and tier. Columns: measure (late, damaged, lost, cost), the keys of `by`, cases and bad (in the last weeks; for cost the parcels
    invoiced and null), expected and now (share, or cents a parcel; now is drawn to expected as if by `PAST_CASES` parcels), now_low, now_high (90 %),
    by_chance (the tail), cents_week (cost a week of the difference), cents_week_low, cents_week_high.

    References
    ----------
    Benjamini and Hochberg (1995), Controlling the false discovery rate, JRSS B 57, 289-300.
    """
    keys = list(KEYS[by])
    parts = [
        _share_change(outcomes, measure, keys, PARENTS[by], getattr(worth, measure), recent_weeks, before_weeks)
        for measure in KNOWN_ON
    ]
    parts.append(_cost_change(outcomes, keys, PARENTS[by], recent_weeks, before_weeks))
    listed = pl.concat([_beyond_chance(part, keys, false_share) for part in parts])
    return listed.sort("cents_week", "measure", *keys, descending=[True, *[False] * (len(keys) + 1)])


def _beyond_chance(found: pl.DataFrame, keys: list[str], false_share: float) -> pl.DataFrame:
    """Rows of one measure that pass Benjamini and Hochberg's rule, among those that could have passed at all."""
    ranked = found.filter(pl.col("cases") >= LEAST_CASES).sort("by_chance", *keys, nulls_last=False)
    bound = np.minimum(false_share * np.arange(1, ranked.height + 1) / max(1, ranked.height), MOST_BY_CHANCE)
    passed = np.flatnonzero(ranked["by_chance"].to_numpy() <= bound)
    return ranked.head(int(passed[-1]) + 1 if passed.size else 0)


def _weeks(known_on: pl.Expr, outcomes: Outcomes) -> pl.Expr:
    """Whole weeks that lie between the day something became known and the morning; 0 for the last seven days."""
    return ((pl.lit(outcomes.as_of) - known_on).dt.total_days() - 1) // 7


def _share_change(
    outcomes: Outcomes, measure: str, keys: list[str], levels: tuple[int, ...], cents: int, recent: int, before: int
) -> pl.DataFrame:
    day, bad, later = KNOWN_ON[measure]
    ago = _weeks(pl.col(day).dt.offset_by(f"{later}d"), outcomes)
    known = outcomes.frame.select(*keys, ago=ago, bad=pl.col(bad)).filter(
        pl.col("ago").is_between(0, recent + before - 1)
    )
    cells, now = _cells(known, keys, recent, [pl.len().alias("n"), pl.col("bad").sum().alias("k")])
    if cells.is_empty():
        return _empty(known, keys)
    n, k = (cells[name].to_numpy().astype(np.float64) for name in ("n", "k"))
    # The last weeks stand among the others without their counts: what the others say of them is what to expect.
    past: Shares = nested_shares(np.where(now, 0.0, k), np.where(now, 0.0, n), _path(cells, keys, levels))
    a, b = (x[now] for x in (past.a, past.b))
    n, k = n[now], k[now]
    weekly, expected = n / recent * cents, a / (a + b)
    past_cases = np.minimum(a + b, PAST_CASES)
    held = _posterior(expected * past_cases + k, (1.0 - expected) * past_cases + n - k)
    return cells.filter(now).select(
        pl.lit(measure).alias("measure"),
        *keys,
        pl.col("n").cast(pl.Int64).alias("cases"),
        pl.col("k").cast(pl.Int64).alias("bad"),
        expected=expected,
        now=held[0],
        now_low=held[1],
        now_high=held[2],
        by_chance=_tail(k, n, a, b),
        cents_week=(held[0] - expected) * weekly,
        cents_week_low=(held[1] - expected) * weekly,
        cents_week_high=(held[2] - expected) * weekly,
    )


def _cost_change(
    outcomes: Outcomes, keys: list[str], levels: tuple[int, ...], recent: int, before: int
) -> pl.DataFrame:
    known = (
        outcomes.frame.select(*{*keys, "service", "zone"}, "tier", "cents", ago=_weeks(pl.col("shipped_on"), outcomes))
        .filter(pl.col("cents").is_not_null() & pl.col("ago").is_between(0, recent + before - 1))
        # Like for like: what a parcel of its service, zone and size costs is taken off, else larger parcels look dearer.
        .with_columns(usual=pl.col("cents").mean().over("service", "zone", "tier"))
    )
    beyond = pl.col("cents") - pl.col("usual")
    sums = [pl.len().alias("n"), beyond.mean().alias("mean"), beyond.var().alias("variance"), pl.col("usual").mean()]
    cells, now = _cells(known, keys, recent, sums)
    # The mean of a few skewed charges has no normal tail: such rows speak for the others only.
    now &= cells["n"].to_numpy() >= LEAST_INVOICED
    if not now.any():
        return _empty(known, keys)
    n, mean = cells["n"].to_numpy().astype(np.float64), cells["mean"].to_numpy()
    free = np.maximum(n - 1.0, 0.0)
    own = cells["variance"].fill_null(0.0).to_numpy()
    within = np.full(n.size, max(1.0, float((own * free).sum() / free.sum())))
    past = nested_means(mean, np.where(cells["ago"].to_numpy() == -1, 0.0, n), within, _path(cells, keys, levels))
    expected, doubt, usual = past.mean[now], past.sd[now] ** 2, cells["usual"].to_numpy()[now]
    noise = np.maximum(own, within)[now] / n[now]
    open_to = np.maximum(doubt, noise * n[now] / PAST_CASES)
    held, sd = (
        (expected * noise + mean[now] * open_to) / (noise + open_to),
        np.sqrt(noise * open_to / (noise + open_to)),
    )
    reach, weekly = float(ndtri(0.95)) * sd, n[now] / recent
    return cells.filter(now).select(
        pl.lit("cost").alias("measure"),
        *keys,
        pl.col("n").cast(pl.Int64).alias("cases"),
        pl.lit(None, pl.Int64).alias("bad"),
        expected=usual + expected,
        now=usual + held,
        now_low=usual + held - reach,
        now_high=usual + held + reach,
        by_chance=stdtr(n[now] - 1.0, -(mean[now] - expected) / np.sqrt(noise + doubt)),
        cents_week=(held - expected) * weekly,
        cents_week_low=(held - reach - expected) * weekly,
        cents_week_high=(held + reach - expected) * weekly,
    )


def _cells(
    known: pl.DataFrame, keys: list[str], recent: int, sums: list[pl.Expr]
) -> tuple[pl.DataFrame, npt.NDArray[np.bool_]]:
    """Rows by key and week, the last weeks as one; which rows are these. Keys without last weeks speak for others only."""
    merged = known.with_columns(ago=pl.when(pl.col("ago") < recent).then(-1).otherwise("ago"))
    cells = merged.group_by(*keys, "ago").agg(sums).sort(*keys, "ago", nulls_last=False)
    return cells, (cells["ago"] == -1).to_numpy()


def _path(cells: pl.DataFrame, keys: list[str], levels: tuple[int, ...]) -> list[npt.NDArray[np.int64]]:
    return [cells.select(pl.struct(keys[:n]).rle_id())[keys[0]].to_numpy().astype(np.int64) for n in levels]


def _posterior(a: Floats, b: Floats) -> tuple[Floats, Floats, Floats]:
    found = Shares(a, b, a, b, np.zeros(0))
    return (found.mean, *found.interval(0.9))


def _tail(k: Floats, n: Floats, a: Floats, b: Floats) -> Floats:
    """P(at least k bad of n) where their share is Beta(a, b)."""
    found = np.ones(k.size)
    for row in np.flatnonzero(k > n * a / (a + b)):
        if n[row] > MOST_TERMS:
            found[row] = 1.0 - betainc(max(a[row], HAIR), max(b[row], HAIR), k[row] / n[row])
            continue
        j = np.arange(k[row], n[row] + 1)
        log = gammaln(n[row] + 1) - gammaln(j + 1) - gammaln(n[row] - j + 1)
        log += betaln(a[row] + j, b[row] + n[row] - j) - betaln(a[row], b[row])
        found[row] = min(1.0, float(np.exp(log).sum()))
    return found


def _empty(known: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    named = {"measure": pl.String} | {name: known.schema[name] for name in keys} | {"cases": pl.Int64, "bad": pl.Int64}
    figures = ("expected", "now", "now_low", "now_high", "by_chance", "cents_week", "cents_week_low", "cents_week_high")
    return pl.DataFrame(schema=named | dict.fromkeys(figures, pl.Float64))
