"""What became of parcels, as known on a morning: what is due, late, damaged, lost, and what is not yet known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

SETTLED_DAYS: Final = 30
"""A parcel that left so long ago and was neither delivered nor brought back is lost, whatever its scans say."""
CLAIM_DAYS: Final = 7
"""Customers tell of damage within a week; younger deliveries are not yet counted as sound."""
NEEDED: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {
    "parcel": pl.String,
    "service": pl.String,
    "origin": pl.String,
    "destination": pl.String,
    "shipped_on": pl.Date,
    "delivered_on": pl.Date,
}
OPTIONAL: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {
    "zone": pl.Int64,
    "promised_on": pl.Date,
    "advertised_on": pl.Date,
    "attempted_on": pl.Date,
    "returned_on": pl.Date,
    "damaged_on": pl.Date,
    "lost_on": pl.Date,
    "cents": pl.Int64,
    "tier": pl.String,
    "score": pl.Int64,
    "propensity": pl.Float64,
}
TIERS: Final = (
    (1_000_000, "up to 1 l"),
    (5_000_000, "up to 5 l"),
    (28_316_847, "up to 1 ft3"),
    (84_950_541, "up to 3 ft3"),
)
"""Dimensional tiers by volume in mm3, upper ends inclusive; a cubic foot is where carriers begin to bill volume."""
LARGEST: Final = "above 3 ft3"
NO_TIER: Final = "unknown"


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Parcels that had left by a morning, each with what was known of it then."""

    as_of: date
    frame: pl.DataFrame
    """Columns of `NEEDED` and `OPTIONAL`, carrier, week (its Monday), weight, and flags: under_way, overdue, promise_due,
    late, days_late, advertised_due, beyond, looked_at, damaged, settled, lost."""
    refused: pl.DataFrame
    """Columns parcel, reason."""
    later: int
    """Parcels that left on the morning's day or after."""


def tier(length_mm: str, width_mm: str, height_mm: str) -> pl.Expr:
    """Dimensional tier of parcels by the names of three columns; unknown where a side is 0 or missing.

    Examples
    --------
    >>> box = pl.DataFrame({"l": [300, 300, 0], "w": [200, 300, 1], "h": [50, 400, 1]})
    >>> box.select(tier("l", "w", "h"))["tier"].to_list()
    ['up to 5 l', 'up to 3 ft3', 'unknown']
    """
    volume = pl.col(length_mm).cast(pl.Int64) * pl.col(width_mm) * pl.col(height_mm)
    found = pl.lit(LARGEST)
    for most, name in reversed(TIERS):
        found = pl.when(volume <= most).then(pl.lit(name)).otherwise(found)
    return pl.when(volume > 0).then(found).otherwise(pl.lit(NO_TIER)).alias("tier")


def read(frame: pl.DataFrame, as_of: date) -> Outcomes:
    """Parcels as known on the morning of `as_of`: what was scanned, claimed or left that day or later was not.

    A parcel is due once its promised day has passed, delivered or not: one under way past its promise is late already, and
    one promised for later is not counted even if it has come, else only the quick ones of the newest would count. Against
    what the carrier advertised a first attempt counts as done: nobody at home is not the carrier's fault. Loss is counted
    over parcels that left `SETTLED_DAYS` ago or more, damage over those that came at least `CLAIM_DAYS` ago too.

    Parameters
    ----------
    frame
        Columns of `NEEDED` and any of `OPTIONAL`, a row a parcel; dates are days on the clock of the origin. `promised_on`
        is what the customer was told, `advertised_on` what the carrier says of its service; `propensity` how likely this
        service was to be chosen for the parcel, for weights of one over it.

    Raises
    ------
    ValueError
        If a needed column is missing or of another kind.
    """
    complete = _complete(frame)
    reason = _reason()
    told = (
        complete.with_columns(reason=reason)
        if _doubtful(complete)
        else complete.with_columns(reason=pl.lit(None, pl.String))
    )
    refused = told.filter(pl.col("reason").is_not_null()).select("parcel", "reason")
    sound = told.filter(pl.col("reason").is_null()) if refused.height else told
    known = sound.filter(pl.col("shipped_on") < as_of)
    later = sound.height - known.height
    return Outcomes(as_of, _flags(known.drop("reason"), as_of), refused, later)


def _complete(frame: pl.DataFrame) -> pl.DataFrame:
    lacking = [name for name in NEEDED if name not in frame.columns]
    if lacking:
        raise ValueError(
            f"outcomes of parcels: column {', '.join(lacking)} is missing; they need {', '.join(NEEDED)}, and may have "
            f"{', '.join(OPTIONAL)}"
        )
    columns = [
        pl.col(name).cast(kind) if name in frame.columns else pl.lit(None, kind).alias(name)
        for name, kind in {**NEEDED, **OPTIONAL}.items()
    ]
    try:
        return frame.select(columns)
    except pl.exceptions.PolarsError as wrong:
        raise ValueError(f"outcomes of parcels: a column is not of its kind: {str(wrong).splitlines()[0]}") from wrong


def _reason() -> pl.Expr:
    blank = [pl.col(name).is_null() | (pl.col(name) == "") for name in ("service", "origin", "destination")]
    return (
        pl.when(pl.col("parcel").is_null() | (pl.col("parcel") == ""))
        .then(pl.lit("no number"))
        .when(pl.col("parcel").is_duplicated())
        .then(pl.lit("stands more than once; keep one row"))
        .when(pl.any_horizontal(blank))
        .then(pl.lit("service, origin or destination is missing"))
        .when(pl.col("shipped_on").is_null())
        .then(pl.lit("no day on which it left"))
        .when(pl.col("delivered_on") < pl.col("shipped_on"))
        .then(pl.lit("delivered before it left"))
        .when(pl.col("cents") < 0)
        .then(pl.lit("costs less than nothing"))
        .when(~pl.col("propensity").is_between(0.0, 1.0, closed="right"))
        .then(pl.lit("its propensity is not above 0 and up to 1"))
    )


def _doubtful(frame: pl.DataFrame) -> bool:
    """Whether any row might be refused: one pass over columns instead of a reason for each of a million rows."""
    return bool(
        frame.select(
            pl.any_horizontal(
                *(pl.col(name).has_nulls() for name in ("parcel", "service", "origin", "destination", "shipped_on")),
                *((pl.col(name) == "").any() for name in ("parcel", "service", "origin", "destination")),
                pl.col("parcel").n_unique() != pl.len(),
                (pl.col("delivered_on") < pl.col("shipped_on")).any(),
                (pl.col("cents") < 0).any(),
                (~pl.col("propensity").is_between(0.0, 1.0, closed="right")).any(),
            )
        ).item()
    )


def _flags(known: pl.DataFrame, as_of: date) -> pl.DataFrame:
    def before(name: str) -> pl.Expr:
        return pl.when(pl.col(name) < as_of).then(pl.col(name)).alias(name)

    today = pl.lit(as_of)
    came, done = pl.col("delivered_on").is_not_null(), pl.min_horizontal("delivered_on", "attempted_on")
    gone = pl.col("lost_on").is_not_null() | pl.col("returned_on").is_not_null()
    age = (today - pl.col("shipped_on")).dt.total_days()
    due, said = pl.col("promised_on") < today, pl.col("advertised_on") < today
    settled = age >= SETTLED_DAYS
    looked_at = settled | ((today - pl.col("delivered_on")).dt.total_days() >= CLAIM_DAYS)
    seen = ("delivered_on", "attempted_on", "returned_on", "damaged_on", "lost_on")
    return known.with_columns(before(name) for name in seen).with_columns(
        carrier=pl.col("service").str.split_exact(":", 1).struct.field("field_0"),
        week=pl.col("shipped_on").dt.truncate("1w"),
        weight=1.0 / pl.col("propensity").fill_null(1.0),
        under_way=~came & ~gone & ~settled,
        overdue=(~came & ~gone & due).fill_null(value=False),
        promise_due=due.fill_null(value=False),
        late=(due & (~came | (pl.col("delivered_on") > pl.col("promised_on")))).fill_null(value=False),
        days_late=pl.when(due)
        .then((pl.col("delivered_on").fill_null(as_of) - pl.col("promised_on")).dt.total_days().clip(0))
        .fill_null(0),
        advertised_due=said.fill_null(value=False),
        beyond=(said & (done.is_null() | (done > pl.col("advertised_on")))).fill_null(value=False),
        looked_at=looked_at.fill_null(value=False),
        damaged=(pl.col("damaged_on").is_not_null() & looked_at).fill_null(value=False),
        settled=settled,
        lost=settled & (pl.col("lost_on").is_not_null() | (~came & ~gone)),
    )
