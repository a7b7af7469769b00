"""Asks carriers for the scans of parcels under way, inside their quotas: those not asked for or heard of for longest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from evenstock import tables
from evenstock.domain import refuse_naive
from evenstock.freight.tracking.journeys import ENDS
from evenstock.operations.call_quota import Bucket
from evenstock.operations.carrier_ports import Message, TrackedParcel, TrackingSource, tracking_rows
from evenstock.tables import with_defaults

FOLLOW_DAYS: Final = 30
"""A parcel older than this is asked for no more: what carriers keep of it no longer changes."""
MOST_TRIES: Final = 3
"""Calls one question may cost when it is tried again."""
ASKED: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "parcel": pl.String, "service": pl.String, "silent_hours": pl.Float64, "heard": pl.Boolean,
    "asked_at": pl.Datetime("us", "UTC"),
}  # fmt: skip
LEFT_OUT: Final[dict[str, type[pl.DataType]]] = {"because": pl.String, "parcels": pl.Int64, "first": pl.String}
TOLD: Final[dict[str, type[pl.DataType]]] = {
    "carrier": pl.String, "level": pl.String, "code": pl.String, "about": pl.String, "words": pl.String,
}  # fmt: skip
ENDS_A_RUN: Final = frozenset({"quota", "not_authorised"})


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """What carriers told of parcels under way."""

    scans: pl.DataFrame
    """New rows of `tables.TrackingEvents`; those already known are left out."""
    asked: pl.DataFrame
    """See `ASKED`: the parcels asked for, in that order, and whether anything at all was `heard` of each."""
    left_out: pl.DataFrame
    """Parcels under way that were not asked for, by reason: see `LEFT_OUT`."""
    told: pl.DataFrame
    """Every message of carriers and of the line: see `TOLD`."""
    buckets: Mapping[str, Bucket]


def follow_parcels(
    parcels: pl.DataFrame,
    events: pl.DataFrame,
    sources: Mapping[str, TrackingSource],
    buckets: Mapping[str, Bucket],
    *,
    now: datetime,
    asked: pl.DataFrame | None = None,
    numbers: Mapping[str, str] | None = None,
) -> Followed:
    """Ask for the scans of parcels of the last 30 days that have not come to an end.

    What we know of a parcel is as old as its last scan, the last time it was asked for, or the day it left, whichever is
    latest; the oldest come first, so that a label that never ships does not stand before all others for ever. A carrier's refusal is a row of `told`, never an exception.

    Parameters
    ----------
    parcels, events : columns of `tables.Parcels` and `tables.TrackingEvents`.
    sources, buckets : By carrier. A source that costs no call needs no bucket.
    asked : Earlier `Followed.asked`, one below the other; None for none.
    numbers : The carrier's tracking number by our number of the parcel, where they differ.
    """
    refuse_naive(now, "now")
    waiting = _under_way(parcels, events, asked, now)
    left = dict(buckets)
    told: list[dict[str, Any]] = []
    reasons: list[tuple[str, str]] = []
    found: list[pl.DataFrame] = []
    put: list[dict[str, Any]] = []
    for carrier, rows in _by_carrier(waiting):
        source = sources.get(carrier)
        free = source is not None and source.numbers_a_call == 0
        if source is None or (not free and carrier not in left):
            reasons += [(f"nobody asks {carrier} for scans", row["parcel"]) for row in rows]
            continue
        ended = ""
        for some in _questions(rows, source.numbers_a_call):
            if not ended and not free and left[carrier].calls(now) < MOST_TRIES:
                ended = f"{carrier}'s quota is spent for now"
            if ended:
                reasons += [(ended, row["parcel"]) for row in some]
                continue
            tracked = [
                TrackedParcel(r["parcel"], (numbers or {}).get(r["parcel"], r["parcel"]), r["service"]) for r in some
            ]
            reply = source.track(tracked)
            if not free:
                left[carrier] = left[carrier].take(reply.calls, now)
            scans, strange = tracking_rows(reply, tracked)
            found.append(scans)
            heard = set(scans["parcel"])
            put += [
                {"parcel": r["parcel"], "service": r["service"], "silent_hours": r["silent_hours"], "heard": r["parcel"] in heard, "asked_at": now}
                for r in some
            ]  # fmt: skip
            told += [_said(carrier, message) for message in (*reply.messages, *strange)]
            if any(message.code in ENDS_A_RUN for message in reply.messages):
                ended = f"{carrier} takes no more questions"
    return Followed(
        _new(found, events),
        pl.DataFrame(put, schema=ASKED),
        _left_out(reasons),
        pl.DataFrame(told, schema=TOLD),
        left,
    )


def _under_way(parcels: pl.DataFrame, events: pl.DataFrame, asked: pl.DataFrame | None, now: datetime) -> pl.DataFrame:
    """Parcels without an end, with the hours since anybody heard of them; what we know least lately of comes first."""
    sent = with_defaults(tables.Parcels, parcels).filter(
        (pl.col("shipped_on") <= now.date()) & (pl.col("shipped_on") > now.date() - timedelta(days=FOLLOW_DAYS))
    )
    over = events.filter(pl.col("status").cast(pl.String).is_in(ENDS)).select("parcel").unique()
    last = events.filter(pl.col("scanned_at") <= now).group_by("parcel").agg(pl.max("scanned_at").alias("last"))
    tried = pl.DataFrame(schema=ASKED) if asked is None else asked
    tried = tried.group_by("parcel").agg(pl.max("asked_at"))
    left_at = pl.col("shipped_on").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    silent = (pl.lit(now, dtype=pl.Datetime("us", "UTC")) - pl.col("last").fill_null(left_at)).dt.total_seconds() / 3600
    return (
        sent.unique("parcel", keep="first", maintain_order=True)
        .join(over, on="parcel", how="anti")
        .join(last, on="parcel", how="left")
        .join(tried, on="parcel", how="left")
        .sort(pl.max_horizontal("last", "asked_at", left_at), "parcel")
        .select("parcel", "service", silent.alias("silent_hours"))
    )


def _by_carrier(waiting: pl.DataFrame) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in waiting.iter_rows(named=True):
        rows.setdefault(row["service"].split(":", 1)[0], []).append(row)
    yield from sorted(rows.items())


def _questions(rows: Sequence[dict[str, Any]], numbers_a_call: int) -> Iterator[Sequence[dict[str, Any]]]:
    size = numbers_a_call or max(1, len(rows))
    for first in range(0, len(rows), size):
        yield rows[first : first + size]


def _said(carrier: str, message: Message) -> dict[str, Any]:
    return {
        "carrier": carrier, "level": message.level, "code": message.code, "about": message.about, "words": message.words,
    }  # fmt: skip


def _new(found: list[pl.DataFrame], events: pl.DataFrame) -> pl.DataFrame:
    schema = {name: column.dtype for name, column in tables.TrackingEvents.columns().items()}
    scans = pl.concat([pl.DataFrame(schema=schema), *found])
    keys = ["parcel", "scanned_at", "code"]
    known = events.select(pl.col("scanned_at").cast(pl.Datetime("us", "UTC")), "parcel", "code")
    return scans.join(known, on=keys, how="anti").sort(keys)


def _left_out(reasons: list[tuple[str, str]]) -> pl.DataFrame:
    rows = pl.DataFrame(reasons, schema={"because": pl.String, "parcel": pl.String}, orient="row")
    return (
        rows.group_by("because")
        .agg(pl.len().cast(pl.Int64).alias("parcels"), pl.min("parcel").alias("first"))
        .sort("parcels", "because", descending=[True, False])
        .select(*LEFT_OUT)
    )
