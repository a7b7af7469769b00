"""What carriers advertise against the days that parcels took, those still under way included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.freight.scorecard.outcomes import Outcomes
from evenstock.freight.scorecard.shares import nested_shares

LONGEST: Final = 365
"""Days after which a parcel no longer tells how long its service takes."""
KEPT: Final = 0.9
"""A service keeps what it advertises if so many parcels are there by then."""
Floats = npt.NDArray[np.float64]


def advertised_against_actual(
    outcomes: Outcomes, *, by: Sequence[str] = ("service", "zone"), level: float = 0.9
) -> pl.DataFrame:
    """A row for each group, sorted by its names: what was said, what came, and the days one would have to say.

    Columns beside `by`: parcels, under_way, advertised_days (median of what was said; null where nothing was), median_days,
    days_kept (first day by which `KEPT` of parcels have come, by the product-limit estimate; null where so many have not
    yet), advertised_due, beyond (later than advertised), as_advertised with _low and _high (credible interval at `level`,
    drawn to the service), keeps: True or False where the interval lies above or below `KEPT`, null where it is too wide to
    say.

    References
    ----------
    Kaplan and Meier (1958), Nonparametric estimation from incomplete observations, JASA 53, 457-481.
    """
    keys = list(by)
    frame = outcomes.frame.select(
        *keys,
        "under_way",
        "advertised_due",
        "beyond",
        said=(pl.col("advertised_on") - pl.col("shipped_on")).dt.total_days(),
        came=pl.col("delivered_on").is_not_null(),
        days=(pl.col("delivered_on").fill_null(outcomes.as_of) - pl.col("shipped_on")).dt.total_days(),
    )
    rows = (
        frame.group_by(keys)
        .agg(
            pl.len().alias("parcels"),
            pl.col("under_way").sum(),
            pl.col("said").median().alias("advertised_days"),
            pl.col("advertised_due").sum(),
            pl.col("beyond").sum(),
        )
        .sort(keys, nulls_last=False)
        .with_row_index("row")
    )
    placed = frame.select(*keys, "days", "came").join(rows.select(*keys, "row"), on=keys, nulls_equal=True)
    arrived = _arrived(placed["row"].to_numpy(), placed["days"].to_numpy(), placed["came"].to_numpy(), rows.height)
    n, k = (rows[name].to_numpy().astype(np.float64) for name in ("advertised_due", "beyond"))
    found = nested_shares(k, n, [rows[keys[0]].rle_id().to_numpy().astype(np.int64)] if len(keys) > 1 else [])
    low, high = found.interval(level)
    told = rows.with_columns(
        median_days=_first(arrived, 0.5),
        days_kept=_first(arrived, KEPT),
        as_advertised=1.0 - found.mean,
        as_advertised_low=1.0 - high,
        as_advertised_high=1.0 - low,
    ).drop("row")
    nothing = pl.col("advertised_days").is_null()
    shares = ["as_advertised", "as_advertised_low", "as_advertised_high"]
    return told.with_columns(pl.when(~nothing).then(pl.col(name)).alias(name) for name in shares).with_columns(
        keeps=pl.when(pl.col("as_advertised_low") >= KEPT)
        .then(pl.lit(value=True))
        .when(pl.col("as_advertised_high") < KEPT)
        .then(pl.lit(value=False))
    )


def _arrived(
    row: npt.NDArray[np.uint32], days: npt.NDArray[np.int64], came: npt.NDArray[np.bool_], rows: int
) -> Floats:
    """Share that has come by the end of each day, shape ``(row, day)``, up to the last on which one came."""
    longest = min(LONGEST, int(days[came].max())) if came.any() else 0
    # A parcel under way has outlasted the days before the morning; one that came has been at risk on its own day too.
    last = np.clip(np.where(came, days, days - 1), -1, longest)
    place = row.astype(np.int64) * (longest + 2)
    shape = (rows, longest + 2)
    ended = (
        np.bincount(place + last + 1, minlength=rows * (longest + 2)).reshape(shape)[:, ::-1].cumsum(axis=1)[:, ::-1]
    )
    events = np.bincount((place + last + 1)[came & (days <= longest)], minlength=rows * (longest + 2)).reshape(shape)
    hazard = np.divide(events, ended, out=np.zeros(shape), where=ended > 0)
    arrived: Floats = 1.0 - np.cumprod(1.0 - hazard[:, 1:], axis=1)
    return arrived


def _first(arrived: Floats, share: float) -> pl.Series:
    enough = arrived >= share - 1e-9
    return pl.Series(np.argmax(enough, axis=1), dtype=pl.Int64).set(pl.Series(~enough.any(axis=1)), None)
