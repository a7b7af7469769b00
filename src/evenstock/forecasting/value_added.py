"""Whether planners' overrides made the forecast better: forecast value added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.distributions import quantile_grid
from evenstock.forecasting import scores
from evenstock.forecasting.forecast import Forecast
from evenstock.forecasting.overrides import Step

Floats = npt.NDArray[np.float64]

LEVELS: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
SCHEMA: Final = {
    "override": pl.String,
    "author": pl.String,
    "reason": pl.String,
    "days": pl.Int64,
    "units": pl.Int64,
    "error_before": pl.Float64,
    "error_after": pl.Float64,
    "wape_before": pl.Float64,
    "wape_after": pl.Float64,
    "bias_before": pl.Float64,
    "bias_after": pl.Float64,
    "pinball_before": pl.Float64,
    "pinball_after": pl.Float64,
    "value_added": pl.Float64,
}


def value_added(
    forecast: Forecast, steps: Sequence[Step], sold: npt.NDArray[np.integer], seen: npt.NDArray[np.bool_]
) -> pl.DataFrame:
    """Error of each override's own cells without it and with it, over the days that have passed.

    Parameters
    ----------
    forecast
        The forecast that the overrides were laid over (its dispersion is used).
    steps
        As `overridden` returns them: overrides made earlier are in an override's "before".
    sold
        Units of each series from the forecast's first day on, shape ``(series, days passed)``.
    seen
        Cells that count: False where a stock-out hid demand. Same shape.

    Returns
    -------
    polars.DataFrame
        One row for each override with a day that counts: cells in series-days, absolute errors in units, WAPE, bias (sum
        forecast over sum sold, less 1), pinball (units a cell), and `value_added` = WAPE before less WAPE after: above
        zero the planner knew better. WAPE and bias are null where nothing sold.

    References
    ----------
    Gilliland (2010), The Business Forecasting Deal, chapter 4: forecast value added.

    Examples
    --------
    4 a day were foretold, a planner said 6, and 5 then 7 were sold:

    >>> from datetime import date
    >>> one = np.ones(1)
    >>> keys = pl.DataFrame({"sku": ["MUG"], "node": ["TX"]})
    >>> said = Forecast(keys, date(2026, 12, 1), np.full((1, 2), 4.0), one, one, "x", date(2026, 11, 30))
    >>> step = Step("1", "dana", "fair", np.array([0]), 0, np.full((1, 2), 4.0), np.full((1, 2), 6.0))
    >>> found = value_added(said, [step], np.array([[5, 7]]), np.ones((1, 2), bool)).row(0, named=True)
    >>> found["error_before"], found["error_after"], round(found["value_added"], 3)
    (4.0, 2.0, 0.167)
    """
    rows = []
    for step in steps:
        last = min(step.first + step.before.shape[1], sold.shape[1])
        if last <= step.first:
            continue
        days = slice(step.first, last)
        counts = seen[step.rows, days]
        if not counts.any():
            continue
        actual, width = sold[step.rows, days], last - step.first
        rows.append(
            {"override": step.override, "author": step.author, "reason": step.reason}
            | _compare(actual, counts, step.before[:, :width], step.after[:, :width], forecast.alpha[step.rows])
        )
    return pl.DataFrame(rows, schema=SCHEMA)


def _compare(
    actual: npt.NDArray[np.integer], counts: npt.NDArray[np.bool_], before: Floats, after: Floats, alpha: Floats
) -> dict[str, float | int | None]:
    units = int(actual[counts].sum())
    row: dict[str, float | int | None] = {"days": int(counts.sum()), "units": units}
    for name, mean in (("before", before), ("after", after)):
        error = float(np.abs(actual - mean)[counts].sum())
        quantiles = quantile_grid(np.ascontiguousarray(mean), alpha, LEVELS)
        loss = scores.pinball(actual.reshape(-1, 1), quantiles.reshape(-1, 1, len(LEVELS)), LEVELS).mean(axis=1)
        row |= {
            f"error_{name}": error,
            f"wape_{name}": error / units if units else None,
            f"bias_{name}": float(mean[counts].sum()) / units - 1.0 if units else None,
            f"pinball_{name}": float(loss.reshape(actual.shape)[counts].mean()),
        }
    was, now = row["wape_before"], row["wape_after"]
    return row | {"value_added": None if was is None or now is None else was - now}


def by(frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """The same figures added up by author, reason or both: what a planner, or a kind of knowledge, is worth.

    Examples
    --------
    >>> told = {"override": ["1", "2"], "author": ["dana", "dana"], "reason": ["fair", "ad"], "days": [2, 8]}
    >>> told |= {"units": [12, 8], "error_before": [4.0, 6.0], "error_after": [2.0, 7.0]}
    >>> by(pl.DataFrame(told), "author").row(0)
    ('dana', 2, 10, 20, 10.0, 9.0, 0.05)
    """
    return (
        frame.group_by(columns)
        .agg(pl.len().cast(pl.Int64).alias("overrides"), pl.sum("days", "units", "error_before", "error_after"))
        .with_columns(
            value_added=pl.when(pl.col("units") > 0).then(
                (pl.col("error_before") - pl.col("error_after")) / pl.col("units")
            )
        )
        .sort(columns)
    )
