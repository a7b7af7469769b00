"""How carriers did: on time, damage, loss, cost and customers' scores by service, lane and week, each with its interval."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.freight.scorecard.means import nested_means
from evenstock.freight.scorecard.outcomes import Outcomes
from evenstock.freight.scorecard.shares import nested_shares

Floats = npt.NDArray[np.float64]
By = Literal["carrier", "service", "origin", "zone", "lane"]

KEYS: Final[dict[By, tuple[str, ...]]] = {
    "carrier": ("carrier",),
    "service": ("carrier", "service"),
    "origin": ("carrier", "service", "origin"),
    "zone": ("carrier", "service", "zone", "origin"),
    "lane": ("carrier", "service", "zone", "origin", "destination"),
}
"""What a row is about; a zone is that from an origin, so that a lane lies in it."""
PARENTS: Final[dict[By, tuple[int, ...]]] = {
    "carrier": (1,),
    "service": (1, 2),
    "origin": (1, 2, 3),
    "zone": (1, 2, 3, 4),
    "lane": (1, 2, 3, 5),
}
"""How many of the keys name each level, broad to narrow; the last is the row itself unless weeks part it."""
SHARES: Final = {
    "on_time": ("promise_due", "late"),
    "as_advertised": ("advertised_due", "beyond"),
    "damage": ("looked_at", "damaged"),
    "loss": ("settled", "lost"),
}
"""Each share's cases and its bad ones; the first two are told as the share that was good."""
GOOD: Final = frozenset({"on_time", "as_advertised"})
MEANS: Final = ("cents", "score")
LEAST_DUE: Final = 10
"""Parcels due below which a row says too little to be ranked."""
LEVEL: Final = 0.9


def scorecard(outcomes: Outcomes, *, by: By = "lane", weekly: bool = True, level: float = LEVEL) -> pl.DataFrame:
    """A row for each carrier, service, zone from an origin, or lane (and week of shipping), in the order of its keys.

    Columns beside the keys (carrier, service, zone, origin, destination, week as far as `by` and `weekly` say):

    - parcels (left), under_way, overdue (under way past their promise), enough (at least `LEAST_DUE` due);
    - promise_due, late, days_late (mean of the late ones, those under way counted so far);
    - advertised_due, beyond; looked_at, damaged; settled, lost; invoiced; scored: the counts behind
    - on_time, as_advertised, damage, loss (shares), cents (a parcel), score (1 to 5), each with _low and _high: the mean and
      the ends of the central credible interval at `level`, drawn to lane, zone, service and carrier where cases are few;
    - rank: 1 is the best on-time share among the services of a lane, or of all (in the week); null where too few are due.

    Where parcels carry propensities, shares and means are weighted by one over them (self-normalised), and the cases that
    intervals rest on are Kish's effective number.

    References
    ----------
    Hájek (1971), comment in Foundations of Statistical Inference, 236, for the weighted share; Kish (1965), Survey
    Sampling, sec. 11.7, for the effective number.
    """
    keys = list(KEYS[by]) + (["week"] if weekly else [])
    cells = _cells(outcomes, keys)
    path = _path(cells, keys, PARENTS[by], weekly=weekly)
    told = [pl.Series("enough", cells["promise_due"].to_numpy() >= LEAST_DUE)]
    for name, (cases, bad) in SHARES.items():
        told += _share(cells, name, cases, bad, path, level)
    for name in MEANS:
        told += _mean(cells, name, keys, path, level)
    counts = ["parcels", "under_way", "overdue", "days_late", *(c for pair in SHARES.values() for c in pair)]
    card = cells.select(*keys, *counts, pl.col("cents_n").alias("invoiced"), pl.col("score_n").alias("scored"))
    return _ranked(card.with_columns(told), by, weekly=weekly)


def _cells(outcomes: Outcomes, keys: list[str]) -> pl.DataFrame:
    """Sums by key, in the order of the keys."""
    names = [name for name in keys if outcomes.frame.schema[name] == pl.String]
    # Numbers of names in their order group and sort in half the time that the names do.
    numbered = [pl.col(name).cast(pl.Enum(outcomes.frame[name].unique().sort())) for name in names]
    grouped = outcomes.frame.lazy().with_columns(numbered).group_by(keys).agg(_sums(outcomes))
    return grouped.sort(keys, nulls_last=False).with_columns(pl.col(names).cast(pl.String)).collect()


def _sums(outcomes: Outcomes) -> list[pl.Expr]:
    """Counts of each cell, and the weighted sums behind its shares and means."""
    late = pl.col("days_late").filter("late")
    found = [pl.len().alias("parcels"), late.mean().fill_null(0.0).alias("days_late")]
    found += [pl.col(name).sum() for name in ("under_way", "overdue")]
    weighted = outcomes.frame["propensity"].null_count() < outcomes.frame.height
    w = pl.col("weight")
    for cases, bad in SHARES.values():
        found += [pl.col(cases).sum(), pl.col(bad).sum()]
        if weighted:
            of = w.filter(cases)
            found += [of.sum().alias(f"{cases}_w"), (of * of).sum().alias(f"{cases}_w2")]
            found += [w.filter(pl.col(cases) & pl.col(bad)).sum().alias(f"{bad}_w")]
    for name in MEANS:
        y = pl.col(name).cast(pl.Float64)
        found += [pl.col(name).count().alias(f"{name}_n"), (y * y).sum().alias(f"{name}_y2")]
        found += [y.sum().alias(f"{name}_y")]
        if weighted:
            of = w.filter(pl.col(name).is_not_null())
            found += [
                (y * w).sum().alias(f"{name}_wy"),
                of.sum().alias(f"{name}_w"),
                (of * of).sum().alias(f"{name}_w2"),
            ]
    return found


def _path(
    cells: pl.DataFrame, keys: list[str], levels: tuple[int, ...], *, weekly: bool
) -> list[npt.NDArray[np.int64]]:
    named = levels if weekly else levels[:-1]
    return [cells.select(pl.struct(keys[:n]).rle_id())[keys[0]].to_numpy().astype(np.int64) for n in named]


def _effective(cells: pl.DataFrame, cases: str, total: str) -> Floats:
    n = cells[cases].to_numpy().astype(np.float64)
    if f"{total}_w2" not in cells.columns:
        return n
    w, w2 = (cells[f"{total}_{kind}"].to_numpy() for kind in ("w", "w2"))
    effective: Floats = np.divide(w * w, w2, out=np.zeros_like(n), where=w2 > 0)
    return effective


def _share(
    cells: pl.DataFrame, name: str, cases: str, bad: str, path: list[npt.NDArray[np.int64]], level: float
) -> list[pl.Series]:
    n = _effective(cells, cases, cases)
    k = cells[bad].to_numpy().astype(np.float64)
    if f"{bad}_w" in cells.columns:
        k = n * np.divide(
            cells[f"{bad}_w"].to_numpy(), cells[f"{cases}_w"].to_numpy(), out=np.zeros_like(n), where=n > 0
        )
    if not n.any():
        return _nothing(name, cells.height)
    found = nested_shares(np.minimum(k, n), n, path)
    low, high = found.interval(level)
    ends = (found.mean, low, high) if name not in GOOD else (1.0 - found.mean, 1.0 - high, 1.0 - low)
    return [pl.Series(f"{name}{part}", values) for part, values in zip(("", "_low", "_high"), ends, strict=True)]


def _mean(
    cells: pl.DataFrame, name: str, keys: list[str], path: list[npt.NDArray[np.int64]], level: float
) -> list[pl.Series]:
    count = cells[f"{name}_n"].to_numpy().astype(np.float64)
    if not count.any():
        return _nothing(name, cells.height)
    total = cells[f"{name}_y"].to_numpy()
    plain = np.divide(total, count, out=np.zeros_like(count), where=count > 0)
    n, mean = _effective(cells, f"{name}_n", name), plain
    if f"{name}_wy" in cells.columns:
        mean = np.divide(
            cells[f"{name}_wy"].to_numpy(), cells[f"{name}_w"].to_numpy(), out=np.zeros_like(n), where=n > 0
        )
    within = _variance(
        cells[f"{name}_y2"].to_numpy() - count * plain * plain, count, cells[keys[0]].rle_id().to_numpy()
    )
    found = nested_means(mean, n, within, path)
    low, high = found.interval(level)
    return [
        pl.Series(f"{name}{part}", v) for part, v in zip(("", "_low", "_high"), (found.mean, low, high), strict=True)
    ]


def _variance(squares: Floats, count: Floats, group: npt.NDArray[np.uint32]) -> Floats:
    """Variance of one case within its cell, pooled over each carrier's cells; of all where a carrier has no two in one."""
    free = np.bincount(group, np.maximum(count - 1.0, 0.0))
    spread = np.bincount(group, np.maximum(squares, 0.0))
    everyone = spread.sum() / free.sum() if free.sum() > 0 else 1.0
    of_group = np.divide(spread, free, out=np.full_like(spread, everyone), where=free > 0)
    pooled: Floats = np.maximum(of_group, 1e-6)[group]
    return pooled


def _nothing(name: str, height: int) -> list[pl.Series]:
    return [pl.Series(f"{name}{part}", [None] * height, dtype=pl.Float64) for part in ("", "_low", "_high")]


def _ranked(card: pl.DataFrame, by: By, *, weekly: bool) -> pl.DataFrame:
    """The best on-time share first among the services that could stand in for one another."""
    place = {"origin": ["origin"], "zone": ["origin", "zone"], "lane": ["origin", "destination"]}.get(by, [])
    among = place + (["week"] if weekly else [])
    best = pl.when("enough").then(pl.col("on_time")).rank("min", descending=True)
    return card.with_columns(rank=best.over(among) if among else best)
