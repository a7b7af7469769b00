"""Differences as series: by service, charge and cause, in blocks of days with enough parcels to be judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.freight.drift.parts import Cause

Floats = npt.NDArray[np.float64]

OF_THE_CHARGE: Final = frozenset({Cause.RATE.value, Cause.FUEL.value})
"""Causes told as a share of what we quoted for the charge; the others as a share of the service's whole quotes."""
BLOCK_PARCELS: Final = 20
"""Parcels from which a block is judged: a mean of fewer is far from normal."""
BLOCK_DAYS: Final = 7
"""A block is closed after so many days, however few its parcels."""
MOST: Final = 0.5
"""A charge that is off by more than this share of its quote counts as off by this much: one error is no drift."""
MOST_OF_QUOTE: Final = 3.0
"""The same for causes told by the whole quote."""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One service, charge and cause; arrays are by block, oldest first."""

    service: str
    charge: str
    cause: str
    first: tuple[date, ...]
    last: tuple[date, ...]
    known_on: tuple[date, ...]
    """Day of the last invoice that the block needed."""
    parcels: npt.NDArray[np.int64]
    quoted: Floats
    """Cents quoted: of the charge with the fuel on it, or of everything where the cause is told by that."""
    charged: Floats
    """Cents quoted of the charge alone; 0 where we never quote it."""
    off: Floats
    """Cents billed less quoted, single parcels cut at `MOST`."""
    whole: Floats
    """The same uncut."""
    spread: Floats
    """Sum of squares of what single parcels lie off the block's own share, in cents squared."""
    days: npt.NDArray[np.int64]
    """Days of shipping in it."""
    days_a_week: float
    """Days of shipping in a week, over the whole series."""
    shipped: tuple[date, ...] = ()
    """Each day of shipping, and its parcels, quotes and cents off: blocks say whether, days say when."""
    day_parcels: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    day_quoted: Floats = field(default_factory=lambda: np.zeros(0))
    day_off: Floats = field(default_factory=lambda: np.zeros(0))

    @property
    def share(self) -> Floats:
        """Cents off for each cent quoted."""
        return self.off / self.quoted


def series_of(parts: pl.DataFrame, parcels: pl.DataFrame, charges: pl.DataFrame) -> list[Series]:
    """Every series that has a difference, by service, charge and cause.

    Parameters
    ----------
    parts
        parcel, charge, cause, cents, as `parts.parts` gives them.
    parcels
        parcel, service, shipped_on, known_on (day of its last invoice line).
    charges
        What was quoted, with the weight and zone billed: parcel, charge, cents, and fuel, the part of the fuel that is
        charged on it (0 for fuel itself).
    """
    who = parcels.select("parcel", "service", "shipped_on", "known_on")
    own = charges.filter(pl.col("cents") > 0).select(
        "parcel", "charge", (pl.col("cents") + pl.col("fuel")).alias("quoted"), pl.col("cents").alias("charged")
    )
    totals = charges.group_by("parcel").agg(pl.col("cents").sum().alias("quoted")).filter(pl.col("quoted") > 0)
    of_charge = pl.col("cause").is_in(sorted(OF_THE_CHARGE))
    days = pl.concat(
        [
            _days(parts.filter(of_charge), who, own, ["charge"], own, MOST),
            _days(parts.filter(~of_charge), who, totals, [], own, MOST_OF_QUOTE),
        ]
    ).sort("service", "charge", "cause", "shipped_on")
    groups = days.partition_by("service", "charge", "cause", as_dict=True, maintain_order=True)
    return [_blocks(str(key[0]), str(key[1]), str(key[2]), rows) for key, rows in groups.items()]


_SUMS: Final = ("n", "q", "c", "d", "w", "dd", "dq", "qq")
"""By day: parcels, quoted, charged, off cut and uncut, its squares, its products with what was quoted, squares of that."""


def _days(
    parts: pl.DataFrame, who: pl.DataFrame, told_by: pl.DataFrame, by: list[str], own: pl.DataFrame, most: float
) -> pl.DataFrame:
    """Sums of each series by day of shipping, days without a difference too."""
    quoted, cents = pl.col("quoted").cast(pl.Float64), pl.col("cents").cast(pl.Float64)
    keys = ["service", "charge", "cause"]
    off = (
        parts.group_by("parcel", "charge", "cause")
        .agg(pl.col("cents").sum())
        .join(told_by.select("parcel", *by, "quoted"), on=["parcel", *by])
        .join(who, on="parcel")
        .with_columns(cents.clip(-most * quoted, most * quoted).alias("cut"))
        .group_by(*keys, "shipped_on")
        .agg(
            pl.col("cut").sum().alias("d"),
            cents.sum().alias("w"),
            (pl.col("cut") ** 2).sum().alias("dd"),
            (pl.col("cut") * quoted).sum().alias("dq"),
        )
    )
    all_parcels = (
        told_by.join(who, on="parcel")
        .group_by("service", *by, "shipped_on")
        .agg(pl.len().alias("n"), quoted.sum().alias("q"), (quoted**2).sum().alias("qq"), pl.max("known_on"))
    )
    charged = (
        own.join(who, on="parcel")
        .group_by("service", "charge", "shipped_on")
        .agg(pl.col("charged").sum().cast(pl.Float64).alias("c"))
    )
    return (
        off.select(keys)
        .unique()
        .join(all_parcels, on=["service", *by])
        .join(charged, on=["service", "charge", "shipped_on"], how="left")
        .join(off, on=[*keys, "shipped_on"], how="left")
        .with_columns(pl.col("c", "d", "w", "dd", "dq").fill_null(0.0))
        .select(*keys, "shipped_on", "known_on", *_SUMS)
    )


def _blocks(service: str, charge: str, cause: str, days: pl.DataFrame) -> Series:
    shipped, known = days["shipped_on"].to_list(), days["known_on"].to_list()
    number = np.array(_numbers(shipped, days["n"].to_list()))
    at = np.flatnonzero(np.r_[True, np.diff(number) > 0])
    ends = [*(at[1:] - 1).tolist(), len(shipped) - 1]
    n, q, c, d, w, dd, dq, qq = (np.add.reduceat(days[name].cast(pl.Float64).to_numpy(), at) for name in _SUMS)
    share = d / q
    return Series(
        service,
        charge,
        cause,
        tuple(shipped[k] for k in at.tolist()),
        tuple(shipped[k] for k in ends),
        tuple(max(known[first : last + 1]) for first, last in zip(at.tolist(), ends, strict=True)),
        n.astype(np.int64),
        q,
        c,
        d,
        w,
        np.maximum(dd - 2 * share * dq + share**2 * qq, 0.0),
        np.diff(np.r_[at, len(shipped)]),
        _days_a_week(shipped),
        tuple(shipped),
        days["n"].cast(pl.Int64).to_numpy(),
        days["q"].to_numpy(),
        days["d"].to_numpy(),
    )


def _days_a_week(days: list[date]) -> float:
    """Days of shipping in a week: no more than there are different weekdays among them.

    Examples
    --------
    Two working weeks, of which the first began on a Wednesday.

    >>> _days_a_week([date(2026, 1, d) for d in (7, 8, 9, 12, 13, 14, 15, 16)])
    5.0
    """
    weeks_long = max(1, round(((days[-1] - days[0]).days + 1) / 7))
    return min(float(len({day.weekday() for day in days})), len(days) / weeks_long)


def _numbers(days: list[date], parcels: list[int]) -> list[int]:
    """Block of each day: closed with its 20th parcel or its seventh day.

    Examples
    --------
    >>> _numbers([date(2026, 1, d) for d in (1, 2, 3, 4, 20)], [30, 12, 9, 5, 5])
    [0, 1, 1, 2, 3]
    """
    found: list[int] = []
    number, count, begun = 0, 0, days[0]
    for day, n in zip(days, parcels, strict=True):
        if count and (count >= BLOCK_PARCELS or (day - begun).days >= BLOCK_DAYS):
            number, count = number + 1, 0
        if not count:
            begun = day
        count += n
        found.append(number)
    return found


def weeks(series: Series) -> pl.DataFrame:
    """The level by week of shipping: week (its Monday), parcels, quoted, off (cents, single parcels cut), share."""
    frame = pl.DataFrame(
        {
            "week": pl.Series(series.shipped, dtype=pl.Date).dt.truncate("1w"),
            "parcels": series.day_parcels,
            "quoted": series.day_quoted,
            "off": series.day_off,
        }
    )
    sums = frame.group_by("week", maintain_order=True).agg(pl.all().sum())
    return sums.with_columns((pl.col("off") / pl.col("quoted")).alias("share"))
