"""Carrier scans as parcels whose days are counted, or refused row by row with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock import tables

LONGEST_SCAN_DAYS: Final = 365
"""A parcel that took longer was found again, not carried."""


@dataclass(frozen=True, slots=True, eq=False)
class Scans:
    """Parcels as known on a morning, in the order of the frame."""

    as_of: date
    parcel: tuple[str, ...]
    service: tuple[str, ...]
    origin: tuple[str, ...]
    """Postal code."""
    destination: tuple[str, ...]
    """Postal code."""
    handed_over: npt.NDArray[np.int64]
    """Day the carrier took it over, counted from 1970-01-01."""
    days: npt.NDArray[np.int64]
    """Calendar days to the delivery scan; for one under way, whole days that were not enough."""
    delivered: npt.NDArray[np.bool_]
    promised_days: npt.NDArray[np.int64]
    """Days from hand-over to the promised day; -1 where there is no promise."""
    refused: pl.DataFrame
    """Columns parcel, reason."""
    notes: tuple[str, ...]

    @property
    def weekday(self) -> npt.NDArray[np.int64]:
        """Of the hand-over, Monday 0."""
        # 1970-01-01 was a Thursday.
        return (self.handed_over + 3) % 7

    @property
    def age_days(self) -> npt.NDArray[np.int64]:
        """Days from hand-over to the morning."""
        return (self.as_of - date(1970, 1, 1)).days - self.handed_over


def read(
    deliveries: pl.DataFrame, as_of: date, *, timezones: Mapping[str, str] | None = None, timezone: str = "UTC"
) -> Scans:
    """Read `tables.Deliveries` as it was known on the morning of `as_of`.

    What was delivered later, or on that day itself, was still under way; what was handed over that day or later was not
    known. Days are counted on the clock of the origin.

    Parameters
    ----------
    timezones
        IANA time zone by origin node.
    timezone
        Of origins that are not named there.

    Raises
    ------
    ValueError
        If a column is missing or two rows cannot be told apart.
    """
    frame = _complete(deliveries)
    days = frame.with_columns(
        handed_over=local_day("shipped_at", timezones or {}, timezone),
        done=local_day("delivered_at", timezones or {}, timezone),
    )
    reason = (
        pl.when(pl.col("parcel").is_null() | (pl.col("parcel") == ""))
        .then(pl.lit("no number"))
        .when(pl.col("parcel").is_duplicated())
        .then(pl.lit("stands more than once; keep one row"))
        .when(pl.any_horizontal(_blank("service"), _blank("origin_postal_code"), _blank("destination_postal_code")))
        .then(pl.lit("service or postal code is missing"))
        .when(pl.col("handed_over").is_null())
        .then(pl.lit("no scan of hand-over"))
        .when(pl.col("done") < pl.col("handed_over"))
        .then(pl.lit("delivered before it was handed over"))
        .when(pl.col("done") - pl.col("handed_over") > LONGEST_SCAN_DAYS)
        .then(pl.lit(f"took more than {LONGEST_SCAN_DAYS} days"))
    )
    days = days.with_columns(reason=reason)
    refused = days.filter(pl.col("reason").is_not_null()).select("parcel", "reason")
    morning = (as_of - date(1970, 1, 1)).days
    known = days.filter(pl.col("reason").is_null() & (pl.col("handed_over") < morning))
    done = known["done"].fill_null(morning + 1).to_numpy()
    handed = known["handed_over"].to_numpy()
    delivered = done < morning
    spent = np.where(delivered, done - handed, np.minimum(morning - 1 - handed, LONGEST_SCAN_DAYS))
    promised = (known["promised_on"].cast(pl.Int32).cast(pl.Int64) - known["handed_over"]).fill_null(-1).to_numpy()
    return Scans(
        as_of,
        tuple(known["parcel"]),
        tuple(known["service"]),
        tuple(known["origin_postal_code"]),
        tuple(known["destination_postal_code"]),
        handed,
        spent,
        delivered,
        np.maximum(promised, -1),
        refused,
        _notes(frame.height, known.height, int((~delivered).sum()), refused),
    )


def _complete(deliveries: pl.DataFrame) -> pl.DataFrame:
    columns: dict[str, Any] = tables.Deliveries.columns()
    lacking = [c for c, spec in columns.items() if c not in deliveries.columns and "default" not in spec.metadata]
    if lacking:
        raise ValueError(f"deliveries: column {', '.join(lacking)} is missing; the table needs {', '.join(columns)}")
    return deliveries.with_columns(
        pl.lit(spec.metadata["default"], dtype=spec.dtype).alias(c)
        for c, spec in columns.items()
        if c not in deliveries.columns
    )


def local_day(column: str, timezones: Mapping[str, str], timezone: str) -> pl.Expr:
    """Days since 1970-01-01 on the clock of the node in column origin; `timezone` for those that are not named."""

    def on(zone: str) -> pl.Expr:
        return pl.col(column).dt.convert_time_zone(zone).dt.date().cast(pl.Int32).cast(pl.Int64)

    day = on(timezone)
    for zone in sorted(set(timezones.values())):
        nodes = sorted(node for node, said in timezones.items() if said == zone)
        day = pl.when(pl.col("origin").is_in(nodes)).then(on(zone)).otherwise(day)
    return day


def _blank(column: str) -> pl.Expr:
    return pl.col(column).is_null() | (pl.col(column).str.strip_chars() == "")


def _notes(rows: int, known: int, under_way: int, refused: pl.DataFrame) -> tuple[str, ...]:
    notes = [f"{known:,} of {rows:,} parcels are learned from, {under_way:,} of them still under way"]
    notes += [
        f"deliveries: {count:,} rows are left out: {reason}; first {first}"
        for reason, count, first in refused.group_by("reason")
        .agg(pl.len(), pl.col("parcel").first())
        .sort("reason")
        .iter_rows()
    ]
    later = rows - known - refused.height
    return tuple(notes) + ((f"deliveries: {later:,} parcels were handed over later",) if later else ())
