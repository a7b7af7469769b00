"""How forecasts that were really made turned out, day by day: the log that drift, promotion and roll-back read."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from evenstock.operations.ports import Snapshots, Store

DAYS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "date": pl.Date,
    "role": pl.String,
    "forecast": pl.String,
    "model": pl.String,
    "version": pl.String,
    "node": pl.String,
    "velocity": pl.String,
    "series": pl.Int64,
    "pit": pl.Float64,
    "above": pl.Float64,
    "sold": pl.Float64,
    "mean": pl.Float64,
    "loss": pl.Float64,
    "fallback_loss": pl.Float64,
}
"""One row per day, forecast, node and speed: series seen, sums over them of the expected transform, of the chance to lie above
the 97.5 % quantile, of units, of means and of pinball losses. `role` is served, challenger, or asked (a model asked for by name), `model` the id of the version."""
SUMS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "date": pl.Date,
    "days": pl.Int64,
    "role": pl.String,
    "forecast": pl.String,
    "model": pl.String,
    "version": pl.String,
    "series": pl.Int64,
    "coverage": pl.Float64,
    "error": pl.Float64,
    "fallback": pl.Float64,
}
"""One row per last day, length and forecast: coverage of the 95 % interval of the sum, its error, and the fallback's."""


def read_log(store: Store, snapshots: Snapshots, subject: str) -> tuple[pl.DataFrame, pl.DataFrame, str | None]:
    """Days and sums scored so far, and the pointer they were found under."""
    with store.transaction() as books:
        digest = books.pointer(f"watch:{subject}")
    if digest is None:
        return pl.DataFrame(schema=DAYS), pl.DataFrame(schema=SUMS), None
    kept = snapshots.read(digest)
    return kept["days"], kept["sums"], digest


def beside(
    store: Store, snapshots: Snapshots, subject: str, *, challenger: str, champion: str
) -> tuple[int, float, float]:
    """Days on which both were scored, and what challenger and champion lost on them; an empty champion is the fallback."""
    days, _, _ = read_log(store, snapshots, subject)
    per_day = days.group_by("date", "role", "model").agg(pl.sum("loss")).sort("date")
    ours = per_day.filter((pl.col("role") == "challenger") & (pl.col("model") == challenger))
    theirs = per_day.filter((pl.col("role") == "served") & (pl.col("model") == champion))
    both = ours.join(theirs, on="date")
    return both.height, float(both["loss"].sum()), float(both["loss_right"].sum())


def by_day(days: pl.DataFrame) -> pl.DataFrame:
    """Sums over nodes and speeds: one row a day."""
    return days.group_by("date").agg(pl.sum("series", "pit", "sold", "mean", "loss", "fallback_loss")).sort("date")


def daily_figures(days: pl.DataFrame) -> dict[str, np.ndarray]:
    """Figures that stay where they are while a model holds: the mean transform, near 1/2, and sold over sold and expected."""
    both = (days["sold"] + days["mean"]).to_numpy()
    share = np.divide(days["sold"].to_numpy(), both, out=np.full(both.shape, 0.5), where=both > 0)
    return {"pit": (days["pit"] / days["series"]).to_numpy(), "bias": share}
