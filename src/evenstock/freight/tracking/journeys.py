"""What became of a parcel, from its scans in whatever order they came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

PROGRESS: Final = (
    "unknown", "pending", "picked_up", "in_transit", "delivery_delayed", "on_hold", "out_for_delivery", "delivery_failed",
    "ready_for_pickup", "damaged", "lost", "return_to_sender", "cancelled", "delivered",
)  # fmt: skip
"""Statuses of `tables.TrackingEvents`, the furthest last: of two scans at the same moment the further one came later."""
MOVING: Final = ("picked_up", "in_transit", "out_for_delivery")
ATTEMPTS: Final = ("delivery_failed", "ready_for_pickup", "delivered")
EXCEPTIONS: Final = (
    "delivery_failed",
    "delivery_delayed",
    "on_hold",
    "damaged",
    "lost",
    "return_to_sender",
    "cancelled",
)
ENDS: Final = ("delivered", "lost", "return_to_sender", "cancelled")
MOMENT: Final = pl.Datetime("us", "UTC")
NEEDED: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {
    "parcel": pl.String,
    "scanned_at": MOMENT,
    "code": pl.String,
    "service": pl.String,
    "status": pl.String,
}


@dataclass(frozen=True, slots=True, eq=False)
class Journeys:
    """Parcels by their scans, as known at a moment."""

    as_of: datetime
    frame: pl.DataFrame
    """A row a parcel, by its number: service, state (one of the statuses), scans, first_scan_at, last_scan_at, pending_at,
    picked_up_at, moving_at (first scan that shows it on its way), out_for_delivery_at, first_attempt_at, delivered_at,
    damaged_at, lost_at, returned_at, cancelled_at, exceptions (scans that tell of one), after_end (scans of movement after
    the journey's end), longest_gap_h (between two scans that followed each other, up to the end)."""
    refused: pl.DataFrame
    """Columns parcel, scanned_at, code, reason."""
    notes: tuple[str, ...]


def journeys(events: pl.DataFrame, as_of: datetime) -> Journeys:
    """Merge scans into one row a parcel; their order and repeats do not matter, and scans after `as_of` are not known yet.

    A parcel scanned as delivered once it was on its way back has been returned, not delivered. One scanned as delivered
    after it was called lost has been found. A scan of movement after the end changes nothing and is counted.

    Raises
    ------
    ValueError
        If a column is missing or of another kind.
    """
    told = _complete(events).with_row_index("row")
    reason = (
        pl.when(pl.any_horizontal(pl.col(name).is_null() | (pl.col(name) == "") for name in ("parcel", "service")))
        .then(pl.lit("parcel or service is missing"))
        .when(pl.col("scanned_at").is_null())
        .then(pl.lit("no moment"))
        .when(~pl.col("status").is_in(PROGRESS).fill_null(value=False))
        .then(pl.format("status {} is none of ours", pl.col("status").fill_null("(empty)")))
    )
    judged = told.with_columns(reason=reason)
    refused = judged.filter(pl.col("reason").is_not_null()).select("parcel", "scanned_at", "code", "reason")
    sound = judged.filter(pl.col("reason").is_null()).drop("reason", "row")
    known = sound.filter(pl.col("scanned_at") <= as_of)
    single = known.unique(["parcel", "scanned_at", "code", "status"]).with_columns(
        furthest=pl.col("status").replace_strict({name: k for k, name in enumerate(PROGRESS)}, return_dtype=pl.Int8)
    )
    ordered = single.sort("parcel", "scanned_at", "furthest", "code", "service")
    merged = ordered.group_by("parcel", maintain_order=True).agg(_firsts()).with_columns(_ends())
    frame = _gaps(ordered, merged).with_columns(state=_state())
    return Journeys(as_of, frame, refused, _notes(sound, known, single, refused, frame))


def _complete(events: pl.DataFrame) -> pl.DataFrame:
    lacking = [name for name in NEEDED if name not in events.columns]
    if lacking:
        raise ValueError(
            f"tracking_events: column {', '.join(lacking)} is missing; the table needs {', '.join(NEEDED)}"
        )
    try:
        return events.select(pl.col(name).cast(kind) for name, kind in NEEDED.items())
    except pl.exceptions.PolarsError as wrong:
        raise ValueError(f"tracking_events: a column is not of its kind: {str(wrong).splitlines()[0]}") from wrong


def _firsts() -> list[pl.Expr]:
    at, status = pl.col("scanned_at"), pl.col("status")

    def first(*statuses: str) -> pl.Expr:
        return at.filter(status.is_in(statuses)).first()

    return [
        pl.col("service").last(),
        pl.len().alias("scans"),
        at.first().alias("first_scan_at"),
        at.last().alias("last_scan_at"),
        status.last().alias("last_status"),
        first("pending").alias("pending_at"),
        first("picked_up").alias("picked_up_at"),
        first(*MOVING).alias("moving_at"),
        first("out_for_delivery").alias("out_for_delivery_at"),
        first(*ATTEMPTS).alias("first_attempt_at"),
        first("delivered").alias("came_at"),
        at.filter(status == "delivered").last().alias("came_last_at"),
        first("damaged").alias("damaged_at"),
        at.filter(status == "lost").last().alias("lost_last_at"),
        first("return_to_sender").alias("turned_at"),
        first("cancelled").alias("cancelled_at"),
        status.is_in(EXCEPTIONS).sum().alias("exceptions"),
    ]


def _ends() -> list[pl.Expr]:
    came, turned = pl.col("came_at"), pl.col("turned_at")
    back = turned.is_not_null() & (came.is_null() | (turned <= came))
    found_again = pl.col("came_last_at") >= pl.col("lost_last_at")
    return [
        pl.when(~back).then(came).alias("delivered_at"),
        # The way back is told from where it began: the sender has it at the latest with the last scan of delivery.
        turned.alias("returned_at"),
        pl.when(~found_again.fill_null(value=False)).then("lost_last_at").alias("lost_at"),
        pl.when(~back).then("first_attempt_at").alias("first_attempt_at"),
    ]


def _state() -> pl.Expr:
    return (
        pl.when(pl.col("delivered_at").is_not_null() & pl.col("returned_at").is_null())
        .then(pl.lit("delivered"))
        .when(pl.col("returned_at").is_not_null())
        .then(pl.lit("return_to_sender"))
        .when(pl.col("lost_at").is_not_null())
        .then(pl.lit("lost"))
        .when(pl.col("cancelled_at").is_not_null())
        .then(pl.lit("cancelled"))
        .otherwise("last_status")
    )


def _gaps(ordered: pl.DataFrame, merged: pl.DataFrame) -> pl.DataFrame:
    """Add scans after the end, and the longest silence before it."""
    end = pl.min_horizontal("delivered_at", "returned_at", "lost_at", "cancelled_at")
    ends = merged.select("parcel", end=end)
    scans = ordered.select("parcel", "scanned_at", "status").join(ends, on="parcel", maintain_order="left")
    after = pl.col("scanned_at") > pl.col("end")
    gap = (pl.col("scanned_at") - pl.col("scanned_at").shift(1)).dt.total_seconds() / 3600.0
    found = scans.group_by("parcel", maintain_order=True).agg(
        (after & pl.col("status").is_in(MOVING)).sum().alias("after_end"),
        gap.filter(~after.fill_null(value=False)).max().alias("longest_gap_h"),
    )
    dropped = ("came_at", "came_last_at", "lost_last_at", "turned_at")
    return merged.drop(dropped).join(found, on="parcel", maintain_order="left").sort("parcel")


def _notes(
    sound: pl.DataFrame, known: pl.DataFrame, single: pl.DataFrame, refused: pl.DataFrame, frame: pl.DataFrame
) -> tuple[str, ...]:
    notes = [f"{single.height:,} scans of {frame.height:,} parcels"]
    if known.height > single.height:
        notes.append(f"tracking_events: {known.height - single.height:,} scans came more than once and count once")
    if sound.height > known.height:
        notes.append(
            f"tracking_events: {sound.height - known.height:,} scans lie after the moment and are not known yet"
        )
    by_reason = refused.group_by("reason").agg(pl.len(), pl.col("parcel").first()).sort("reason")
    return tuple(
        notes
        + [
            f"tracking_events: {count:,} scans are left out: {reason}; first parcel {first}"
            for reason, count, first in by_reason.iter_rows()
        ]
    )
