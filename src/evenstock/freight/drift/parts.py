"""Where an invoice differs from our quote, parcel by parcel: weight, zone, rate, fuel, a charge nobody expected."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import polars as pl

BASE: Final = "base"
FUEL: Final = "fuel"


class Cause(StrEnum):
    """Why a charge differs."""

    WEIGHT = "weight"
    """Billed by another weight than ours: the parcel was measured anew."""
    ZONE = "zone"
    """Billed by another zone than ours."""
    RATE = "rate"
    """The same weight, zone and charge at another price."""
    FUEL = "fuel"
    """Another share of fuel on the same charges."""
    NOT_EXPECTED = "not expected"
    """A charge that our card has, on a parcel that we thought free of it."""
    NOT_BILLED = "not billed"
    """A charge that we expected and that did not come."""
    UNKNOWN = "unknown"
    """A charge that no card of ours knows."""
    TWICE = "twice"
    """The same line on a second invoice."""


PARTS: Final[dict[str, type[pl.DataType]]] = {
    "parcel": pl.String,
    "charge": pl.String,
    "cause": pl.String,
    "cents": pl.Int64,
}
"""One row for each part of a parcel's difference that is not zero: billed less quoted, in cents."""


def billed(invoices: pl.DataFrame) -> pl.DataFrame:
    """Invoice lines added up by parcel and charge: parcel, charge, cents, twice.

    `twice` are cents of `cents` that are a line repeated on another invoice and not taken back there: the same parcel,
    charge and amount. Lines repeated on one invoice are several charges.

    Parameters
    ----------
    invoices : columns of `tables.Invoices`, one currency.
    """
    once = invoices.group_by("parcel", "charge", "invoice", "cents").agg(pl.len().alias("lines"))
    amounts = once.group_by("parcel", "charge", pl.col("cents").abs().alias("amount")).agg(
        (pl.col("cents") > 0).sum().alias("bills"),
        pl.col("lines").filter(pl.col("cents") < 0).sum().alias("credits"),
    )
    extra = (pl.col("bills").cast(pl.Int64) - 1 - pl.col("credits").cast(pl.Int64)).clip(0)
    twice = amounts.group_by("parcel", "charge").agg((extra * pl.col("amount")).sum().alias("twice"))
    sums = invoices.group_by("parcel", "charge").agg(pl.col("cents").sum())
    return sums.join(twice, on=["parcel", "charge"], how="left").with_columns(pl.col("twice").fill_null(0))


def parts(bills: pl.DataFrame, quotes: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Every parcel's difference between bill and quote, split so that the parts add up to it to the cent, see `PARTS`.

    What weight and zone explain is taken out first, by pricing the parcel again as it was billed; fuel on each part goes
    with that part, at the quote's own share of fuel, and what is left of the fuel is the fuel's own.

    Parameters
    ----------
    bills
        As `billed` gives them.
    quotes
        parcel, charge, and cents three times: quoted as the parcel left, `weighed` with the weight billed, `zoned` with
        weight and zone billed; 0 where the charge is not due. Parcels that stand in only one of the two frames are left
        out of the result.
    known
        Charges that count as ours: parcel, charge (each that the parcel's card has, due or not), fuelled (whether fuel is
        charged on it).

    Examples
    --------
    Quoted 10.00 and 10 % fuel; billed 10.40 and 1.04: all of it is the rate, fuel follows.

    >>> bills = pl.DataFrame({"parcel": ["p", "p"], "charge": ["base", "fuel"], "cents": [1040, 104], "twice": [0, 0]})
    >>> quote = [1000, 100]
    >>> quotes = pl.DataFrame({"parcel": ["p", "p"], "charge": ["base", "fuel"], "quoted": quote, "weighed": quote, "zoned": quote})
    >>> known = pl.DataFrame({"parcel": ["p"], "charge": ["base"], "fuelled": [True]})
    >>> parts(bills, quotes, known).rows()
    [('p', 'base', 'rate', 44)]
    """
    both = bills.select("parcel").unique().join(quotes.select("parcel").unique(), on="parcel")
    rows = (
        bills.join(both, on="parcel", how="semi")
        .join(quotes.join(both, on="parcel", how="semi"), on=["parcel", "charge"], how="full", coalesce=True)
        .with_columns(pl.col("cents", "twice", "quoted", "weighed", "zoned").fill_null(0).cast(pl.Int64))
        .join(known.unique(["parcel", "charge"]), on=["parcel", "charge"], how="left")
        .with_columns((pl.col("fuelled").is_not_null() | pl.col("charge").is_in([BASE, FUEL])).alias("known"))
        .with_columns(
            (pl.col("fuelled").fill_null(value=False) | (pl.col("charge") == BASE)).alias("fuelled"),
            (pl.col("cents") - pl.col("twice")).alias("once"),
        )
    )
    share = rows.group_by("parcel").agg(
        (
            pl.col("zoned").filter(pl.col("charge") == FUEL).sum()
            / pl.col("zoned").filter(pl.col("fuelled") & (pl.col("charge") != FUEL)).sum()
        ).alias("share")
    )
    share = share.with_columns(pl.when(pl.col("share").is_finite()).then("share").otherwise(0.0).alias("share"))
    charges = rows.filter(pl.col("charge") != FUEL).join(share, on="parcel").with_columns(_cause())
    charges = charges.with_columns((pl.col("once") - pl.col("zoned")).alias("off"))
    followed = pl.when("fuelled").then((pl.col("share") * pl.col("off")).round().cast(pl.Int64)).otherwise(0)
    charges = charges.with_columns(followed.alias("fuel"))
    own = charges.select("parcel", "charge", "cause", (pl.col("off") + pl.col("fuel")).alias("cents"))
    fuel = (
        rows.filter(pl.col("charge") == FUEL)
        .select(
            "parcel",
            (pl.col("once") - pl.col("zoned")).alias("off"),
            ((pl.col("once") == 0) & (pl.col("zoned") > 0)).alias("missing"),
        )
        .join(charges.group_by("parcel").agg(pl.col("fuel").sum()), on="parcel", how="full", coalesce=True)
        .select(
            "parcel",
            pl.lit(FUEL).alias("charge"),
            pl.when("missing").then(pl.lit(Cause.NOT_BILLED.value)).otherwise(pl.lit(Cause.FUEL.value)).alias("cause"),
            (pl.col("off").fill_null(0) - pl.col("fuel").fill_null(0)).alias("cents"),
        )
    )
    measured = rows.group_by("parcel").agg(
        (pl.col("weighed") - pl.col("quoted")).sum().alias(Cause.WEIGHT.value),
        (pl.col("zoned") - pl.col("weighed")).sum().alias(Cause.ZONE.value),
    )
    measured = measured.unpivot(index="parcel", variable_name="cause", value_name="cents").select(
        "parcel", pl.lit(BASE).alias("charge"), "cause", "cents"
    )
    twice = rows.select("parcel", "charge", pl.lit(Cause.TWICE.value).alias("cause"), pl.col("twice").alias("cents"))
    found = pl.concat([own, fuel, measured, twice]).filter(pl.col("cents") != 0)
    return found.sort("parcel", "charge", "cause").cast(PARTS)  # type: ignore[arg-type]


def _cause() -> pl.Expr:
    due, came = pl.col("zoned") != 0, pl.col("once") != 0
    return (
        pl.when(due & came)
        .then(pl.lit(Cause.RATE.value))
        .when(due)
        .then(pl.lit(Cause.NOT_BILLED.value))
        .when(pl.col("known"))
        .then(pl.lit(Cause.NOT_EXPECTED.value))
        .otherwise(pl.lit(Cause.UNKNOWN.value))
        .alias("cause")
    )
