"""Prices invoiced parcels anew: as they left, with the weight billed, and with weight and zone billed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from evenstock import tables
from evenstock.freight.bulk import Bulk
from evenstock.freight.carton import charged
from evenstock.freight.drift import BASE, FUEL, billed
from evenstock.freight.ladder import Ladder
from evenstock.freight.rates import RateBook
from evenstock.tables import with_defaults

OURS: Final = "USD"
_QUOTES: Final[dict[str, type[pl.DataType]]] = {
    "parcel": pl.String, "charge": pl.String, "quoted": pl.Int64, "weighed": pl.Int64, "zoned": pl.Int64,
    "fuel": pl.Int64, "fuelled": pl.Boolean, "named": pl.Boolean,
}  # fmt: skip
LEFT_OUT: Final[dict[str, type[pl.DataType]]] = {
    "because": pl.String,
    "parcels": pl.Int64,
    "cents": pl.Int64,
    "first": pl.String,
}


@dataclass(frozen=True, slots=True, eq=False)
class QuotedInvoices:
    """Invoices and quotes side by side, in the shapes that `evenstock.freight.drift` takes."""

    bills: pl.DataFrame
    """parcel, charge, cents, twice: in the words of our cards where they say the same."""
    quotes: pl.DataFrame
    """parcel, charge, quoted, weighed, zoned."""
    known: pl.DataFrame
    """parcel, charge, fuelled."""
    parcels: pl.DataFrame
    """parcel, service, shipped_on, known_on."""
    charges: pl.DataFrame
    """parcel, charge, cents, fuel."""
    left_out: pl.DataFrame
    """What could not be compared: because, parcels, cents billed, the first parcel; dearest first."""


def quote_invoices(invoices: pl.DataFrame, parcels: pl.DataFrame, book: RateBook, *, as_of: date) -> QuotedInvoices:
    """Hold every parcel that was invoiced by `as_of` against the card of the day it left.

    Corrections of the book are left out: the card itself is judged. Nothing is lost: parcels that cannot be compared are
    counted by reason, with what they cost.

    Parameters
    ----------
    invoices, parcels : columns of `tables.Invoices` and `tables.Parcels`; those with a default may be left out.
    """
    lines = with_defaults(tables.Invoices, invoices).filter(pl.col("invoiced_on") <= as_of)
    sent = with_defaults(tables.Parcels, parcels).unique("parcel", keep="first", maintain_order=True)
    told = _told(lines).join(sent, on="parcel", how="left", suffix=" ours")
    reasons: dict[str, str] = {}
    rows: list[tuple[Any, ...]] = []
    cards: dict[tuple[str, date], dict[str, bool]] = {}
    for parcel in told.iter_rows(named=True):
        because = _cannot(parcel)
        if not because:
            because = _quote(book, parcel, cards, rows)
        if because:
            reasons[parcel["parcel"]] = because
    quotes = pl.DataFrame(rows, schema=_QUOTES, orient="row")
    compared = quotes.select("parcel").unique(maintain_order=True)
    names = quotes.filter("named").select("parcel", "charge", "fuelled")
    kept = lines.join(compared, on="parcel", how="semi")
    return QuotedInvoices(
        billed(_in_our_words(kept, names)),
        quotes.select("parcel", "charge", "quoted", "weighed", "zoned").filter(
            (pl.col("quoted") != 0) | (pl.col("weighed") != 0) | (pl.col("zoned") != 0)
        ),
        names,
        told.join(compared, on="parcel", how="semi").select(
            "parcel", pl.col("service ours").alias("service"), pl.col("shipped_on ours").alias("shipped_on"), "known_on"
        ),
        quotes.filter(pl.col("zoned") > 0).select("parcel", "charge", pl.col("zoned").alias("cents"), "fuel"),
        _left_out(told, reasons),
    )


def quote_parcels(sent: pl.DataFrame, book: RateBook) -> pl.DataFrame:
    """What parcels are quoted by the card of the day they left, charge by charge: parcel, charge, zoned, and the fuel on it.

    Fuel stands as a charge of its own besides. Parcels without a rate of ours are left out.

    Parameters
    ----------
    sent : every column of `tables.Parcels`.
    """
    rows: list[tuple[Any, ...]] = []
    cards: dict[tuple[str, date], dict[str, bool]] = {}
    for parcel in sent.iter_rows(named=True):
        as_left = {
            "service ours": parcel["service"],
            "shipped_on ours": parcel["shipped_on"],
            "zone": None,
            "billed_g": None,
        }
        _quote(book, parcel | as_left, cards, rows)
    return pl.DataFrame(rows, schema=_QUOTES, orient="row").select("parcel", "charge", "zoned", "fuel")


def _told(lines: pl.DataFrame) -> pl.DataFrame:
    """One row a parcel: what its invoices say of it, the latest word where they differ."""
    ordered = lines.sort("invoiced_on", "invoice", "line")
    return ordered.group_by("parcel", maintain_order=True).agg(
        pl.first("service"),
        pl.first("shipped_on"),
        pl.max("invoiced_on").alias("known_on"),
        pl.col("zone").drop_nulls().last(),
        pl.col("billed_g").drop_nulls().last(),
        pl.col("cents").sum(),
        (pl.col("currency") != OURS).any().alias("foreign"),
        ((pl.col("charge") == BASE) & (pl.col("cents") > 0)).any().alias("has base"),
    )


def _cannot(parcel: Mapping[str, Any]) -> str:
    if parcel["service ours"] is None:
        return "billed, but not among our parcels: ask the carrier what it was"
    if parcel["foreign"]:
        return f"billed in another currency than {OURS}: not compared"
    if parcel["service"] != parcel["service ours"]:
        return "billed by another service than it was sent by"
    if not parcel["has base"]:
        return "its base is not billed yet"
    return ""


def _quote(
    book: RateBook,
    parcel: Mapping[str, Any],
    cards: dict[tuple[str, date], dict[str, bool]],
    rows: list[tuple[Any, ...]],
) -> str:
    """Adds a row for each charge of the parcel's card; the reason where it cannot be priced."""
    service, on = parcel["service ours"], parcel["shipped_on ours"]
    zone = book.zone(parcel["origin_postal_code"], parcel["destination_postal_code"])
    ladder = None if zone is None else book.ladder(service, zone, on)
    if ladder is None:
        return "no rate of ours: its service has no card that day, or does not go to its zone"
    sides = parcel["length_mm"], parcel["width_mm"], parcel["height_mm"]
    where = {"residential": parcel["residential"], "areas": book.areas(parcel["destination_postal_code"])}
    goods = Bulk.of(*sides, hazmat=parcel["hazmat"])
    ours_g = ladder.billable_g(parcel["weight_g"], sides[0] * sides[1] * sides[2])
    theirs_g = parcel["billed_g"] or ours_g
    quoted = _terms(ladder, ours_g, goods, where)
    weighed = quoted if theirs_g == ours_g else _terms(ladder, theirs_g, goods, where)
    zoned, there = weighed, ladder
    if parcel["zone"] is not None and parcel["zone"] != zone:
        billed_by = book.ladder(service, parcel["zone"], on)
        if billed_by is not None:
            zoned, there = _terms(billed_by, theirs_g, goods, where), billed_by
    if (service, on) not in cards:
        cards[service, on] = {BASE: there.fuel_bp > 0, FUEL: False} | {
            charge.name: charge.fuel_applies for charge in there.surcharges
        }
    nothing = (0, 0)
    for name, fuelled in cards[service, on].items():
        three = (quoted.get(name, nothing), weighed.get(name, nothing), zoned.get(name, nothing))
        rows.append((parcel["parcel"], name, three[0][0], three[1][0], three[2][0], three[2][1], fuelled, True))
    return ""


def _terms(ladder: Ladder, billable_g: int, goods: Bulk, where: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """Cents of each charge and the fuel on it, all cartons together; all fuel as a charge of its own."""
    found: dict[str, tuple[int, int]] = {}
    total = 0
    for carton_g in _cartons(billable_g, ladder.heaviest_g):
        for charge in charged(ladder, carton_g, goods, **where):
            cents, fuel = found.get(charge.name, (0, 0))
            found[charge.name] = cents + charge.cents, fuel + charge.fuel_cents
            total += charge.fuel_cents
    return found | {FUEL: (total, 0)}


def _cartons(billable_g: int, heaviest_g: int) -> Iterator[int]:
    left = billable_g
    while left > heaviest_g:
        yield heaviest_g
        left -= heaviest_g
    yield left


def _in_our_words(lines: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Lines whose charge differs from one of the cards' in case, spaces or signs alone bear the card's name."""
    ours = {_bare(name): name for name in sorted(names["charge"].unique().to_list(), reverse=True)}
    words = {said: ours[_bare(said)] for said in lines["charge"].unique().to_list() if _bare(said) in ours}
    return lines.with_columns(pl.col("charge").replace(words)) if words else lines


def _bare(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _left_out(told: pl.DataFrame, reasons: Mapping[str, str]) -> pl.DataFrame:
    named = pl.DataFrame(
        {"parcel": list(reasons), "because": list(reasons.values())}, schema={"parcel": pl.String, "because": pl.String}
    )
    return (
        told.select("parcel", "cents")
        .join(named, on="parcel")
        .group_by("because")
        .agg(pl.len().cast(pl.Int64).alias("parcels"), pl.col("cents").sum(), pl.min("parcel").alias("first"))
        .sort("cents", "because", descending=[True, False])
        .select(*LEFT_OUT)
    )
