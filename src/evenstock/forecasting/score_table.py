"""Every score of a backtest in one long table, by class, speed, horizon, node and category; and what its pictures need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.forecasting import demand_class, scores, velocity
from evenstock.forecasting.told import Told, together

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

GROUPS: Final = ("class", "velocity", "node", "category")
"""Dimensions by which series are told apart, where the keys have them."""
_ORDER: Final = {"class": demand_class.NAMES, "velocity": velocity.NAMES}
LEVELS: Final = (0.5, 0.835, 0.975)
"""Levels whose shares are scored; the reliability of all levels stands under the dimension `level`."""
BINS: Final = 20
SCHEMA: Final = {
    "model": pl.String,
    "version": pl.String,
    "origin": pl.Date,
    "dimension": pl.String,
    "value": pl.String,
    "metric": pl.String,
    "figure": pl.Float64,
    "n": pl.Int64,
}


def score_table(outcomes: Sequence[Told], *, seed: int = 0) -> pl.DataFrame:
    """One row per model, origin, dimension, value and metric; rows without an origin pool all of the model's origins.

    Parameters
    ----------
    seed
        Draws the one day of each series on which uniformity is tested.

    Returns
    -------
    polars.DataFrame
        Columns of `SCHEMA`. `n` counts series-days, for sums and `wspl` series. A figure that has no meaning (bias where
        nothing sold) has no row. Metrics: `wspl`, `wrmsse`, `pinball` (units), `wape`, `bias`, `below_50.0`,
        `below_83.5`, `below_97.5` (`scores.share_below`), `sum7_inside`, `sum7_evenly` and so on (`told.Sums`), `pit_chi2`
        and `pit_p` (`scores.uniformity`). Dimension `level` has metric `below` at each level of the M5 quantiles, dimension
        `pit` the `share` of each of twenty bins.
    """
    rows: list[tuple[object, ...]] = []
    for model in dict.fromkeys(said.model for said in outcomes):
        own = [said for said in outcomes if said.model == model]
        pooled = together(own)
        for said, origin in [*((o, o.origin) for o in own), (pooled, None)]:
            head = (said.model, said.version, origin)
            rows += [(*head, *row) for row in _scored(said, np.random.default_rng(seed))]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _scored(said: Told, rng: np.random.Generator) -> list[tuple[object, ...]]:
    n = said.keys.height
    everything = np.zeros(n, np.int64)
    rows = _grouped(said, "all", ("all",), everything, slice(0, said.horizon))
    for name in GROUPS:
        if name in said.keys.columns:
            values, code = _coded(said.keys[name], _ORDER.get(name, ()))
            rows += _grouped(said, name, values, code, slice(0, said.horizon))
    for value, part in horizon_parts(said.horizon):
        rows += _grouped(said, "horizon", (value,), everything, part, sums=False)
    if np.isfinite(said.wrmsse):
        rows.append(("all", "all", "wrmsse", said.wrmsse, n))
    return rows + _distribution(said, rng)


def _coded(column: pl.Series, order: Sequence[str]) -> tuple[list[str], Codes]:
    """The values that occur, in the order given and then by name, and the place of each row among them."""
    names, code = np.unique(column.to_numpy().astype(str), return_inverse=True)
    place = {name: k for k, name in enumerate(order)}
    values = sorted(names.tolist(), key=lambda name: (place.get(name, len(place)), name))
    rank = {name: k for k, name in enumerate(values)}
    return values, np.array([rank[name] for name in names.tolist()], np.int64)[code]


def horizon_parts(horizon: int) -> list[tuple[str, slice]]:
    """Day 1, then weeks.

    Examples
    --------
    >>> horizon_parts(10)
    [('day 1', slice(0, 1, None)), ('week 1', slice(0, 7, None)), ('week 2', slice(7, 10, None))]
    """
    weeks = [(f"week {d // 7 + 1}", slice(d, min(d + 7, horizon))) for d in range(0, horizon, 7)]
    return [("day 1", slice(0, 1)), *weeks]


def _grouped(
    said: Told, dimension: str, values: Sequence[str], code: Codes, part: slice, *, sums: bool = True
) -> list[tuple[object, ...]]:
    """Figures of each group of series over some of the days."""
    groups = len(values)

    def added(of_series: Floats | npt.NDArray[np.bool_]) -> Floats:
        return np.bincount(code, of_series, minlength=groups).astype(np.float64)

    seen = said.seen[:, part]
    days = seen.sum(axis=1).astype(np.float64)
    sold, mean = np.where(seen, said.sold[:, part], 0), np.where(seen, said.mean[:, part], 0.0)
    loss = np.where(seen, said.loss[:, part], 0.0).sum(axis=1, dtype=np.float64)
    counted = (said.weight > 0) & (days > 0)
    scaled = np.divide(loss, days * said.scale, out=np.zeros_like(loss), where=counted)
    all_days, all_sold = added(days), added(sold.sum(axis=1, dtype=np.float64))
    found = [
        ("wspl", added(said.weight * scaled), added(np.where(counted, said.weight, 0.0)), added(counted)),
        ("pinball", added(loss), all_days, all_days),
        ("wape", added(np.abs(sold - mean).sum(axis=1, dtype=np.float64)), all_sold, all_days),
        ("bias", added((mean - sold).sum(axis=1, dtype=np.float64)), all_sold, all_days),
    ]
    for level in LEVELS:
        share = np.where(seen, scores.share_below(said.below[:, part], said.upto[:, part], level), 0.0).sum(axis=1)
        found.append((f"below_{100 * level:.1f}", added(share), all_days, all_days))
    for d, total in said.sums.items() if sums else ():
        whole = added(total.whole)
        found.append((f"sum{d}_inside", added(total.whole & total.inside), whole, whole))
        found.append((f"sum{d}_evenly", added(np.where(total.whole, total.evenly, 0.0)), whole, whole))
    return [
        (dimension, value, metric, float(top[k] / bottom[k]), int(n[k]))
        for metric, top, bottom, n in found
        for k, value in enumerate(values)
        if bottom[k] > 0
    ]


def _distribution(said: Told, rng: np.random.Generator) -> list[tuple[object, ...]]:
    """Reliability of each level, the histogram of transforms, and the test of its flatness."""
    n = int(said.seen.sum())
    if not n:
        return []
    below, upto = said.below[said.seen].astype(np.float64), said.upto[said.seen].astype(np.float64)
    rows: list[tuple[object, ...]] = [
        ("level", f"{level:.3f}", "below", float(scores.share_below(below, upto, level).mean()), n)
        for level in scores.M5_LEVELS
    ]
    edges = np.linspace(0.0, 1.0, BINS + 1)
    under = np.array([scores.share_below(below, upto, edge).mean() for edge in edges])
    rows += [
        ("pit", f"{low:.2f} to {high:.2f}", "share", float(share), n)
        for low, high, share in zip(edges[:-1], edges[1:], np.diff(under), strict=True)
    ]
    drawn = one_day_each(said, rng)
    chi, p = scores.uniformity(drawn, BINS)
    if np.isfinite(chi):
        rows += [("all", "all", "pit_chi2", chi, drawn.size), ("all", "all", "pit_p", p, drawn.size)]
    return rows


def one_day_each(said: Told, rng: np.random.Generator) -> Floats:
    """A randomised transform of one seen day of each series, drawn by chance."""
    chance = np.where(said.seen, rng.random(said.seen.shape), -1.0)
    day = chance.argmax(axis=1)
    row = np.flatnonzero(said.seen.any(axis=1))
    low, high = said.below[row, day[row]].astype(np.float64), said.upto[row, day[row]].astype(np.float64)
    return np.asarray(low + rng.random(row.size) * (high - low))


def wide(table: pl.DataFrame, dimension: str = "all", *, pooled: bool = True) -> pl.DataFrame:
    """The long table as a reader wants it: one row per model and value (and origin), one column a metric."""
    part = table.filter((pl.col("dimension") == dimension) & (pl.col("origin").is_null() == pooled))
    index = ["model", "value"] if pooled else ["model", "origin", "value"]
    return part.pivot("metric", index=index, values="figure", maintain_order=True)


def reliability(table: pl.DataFrame) -> tuple[list[float], dict[str, list[float]]]:
    """Levels, and for each model the share of days at or under each: on the diagonal a forecast is honest."""
    part = table.filter((pl.col("dimension") == "level") & pl.col("origin").is_null())
    levels = [float(value) for value in part["value"].unique(maintain_order=True)]
    return levels, {
        str(model): rows["figure"].to_list() for (model,), rows in part.group_by("model", maintain_order=True)
    }


def pit_histogram(table: pl.DataFrame, model: str) -> Floats:
    """Share of days in each twentieth of their own forecast, shape ``(20,)``: flat is honest."""
    chosen = (pl.col("dimension") == "pit") & pl.col("origin").is_null() & (pl.col("model") == model)
    return table.filter(chosen)["figure"].to_numpy()


def by_horizon(table: pl.DataFrame, metric: str = "wspl") -> tuple[list[str], dict[str, list[float]]]:
    """Parts of the horizon, and for each model the metric over each."""
    chosen = (pl.col("dimension") == "horizon") & pl.col("origin").is_null() & (pl.col("metric") == metric)
    part = table.filter(chosen)
    parts = part["value"].unique(maintain_order=True).to_list()
    return parts, {
        str(model): rows["figure"].to_list() for (model,), rows in part.group_by("model", maintain_order=True)
    }


def coverage(table: pl.DataFrame, model: str, days: int = 28, dimension: str = "velocity") -> tuple[list[str], Floats]:
    """Values of a dimension, and the share of their sums within the 95 % interval."""
    chosen = (pl.col("dimension") == dimension) & pl.col("origin").is_null() & (pl.col("model") == model)
    part = table.filter(chosen & (pl.col("metric") == f"sum{days}_inside"))
    return part["value"].to_list(), part["figure"].to_numpy()
