"""What parcels that have left should have cost by the rate book, and why some have no price in it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import polars as pl

from evenstock.freight.bulk import Bulk
from evenstock.freight.rates import RateBook


class Unpriced(StrEnum):
    """Why a parcel has no rate, in the order in which it is looked for."""

    SERVICE = "no such service"
    EARLY = "before the first card"
    PLACE = "place unknown"
    LANE = "no rate in the zone"
    HEAVY = "too heavy"
    LONG = "too long"


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """Every parcel stands in one of the two; nothing is lost."""

    priced: pl.DataFrame
    """The parcel's columns and zone, billable_g, base_cents, fuel_cents, other_cents (surcharges), cents, stale."""
    unpriced: pl.DataFrame
    """The parcel's columns and reason, because."""

    @property
    def by_reason(self) -> dict[str, int]:
        """Parcels without a price, by reason, most first."""
        counted = self.unpriced.group_by("reason").len().sort("len", "reason", descending=[True, False])
        return {str(reason): int(count) for reason, count in counted.iter_rows()}


_ASKED: Final = {
    "service": pl.String,
    "origin_postal_code": pl.String,
    "destination_postal_code": pl.String,
    "shipped_on": pl.Date,
    "weight_g": pl.Int64,
}
_OPTIONAL: Final = {
    "residential": pl.lit(value=True),
    "hazmat": pl.lit(value=False),
    "length_mm": pl.lit(0, pl.Int64),
    "width_mm": pl.lit(0, pl.Int64),
    "height_mm": pl.lit(0, pl.Int64),
}
_SAID: Final = {
    "zone": pl.Int64,
    "billable_g": pl.Int64,
    "base_cents": pl.Int64,
    "fuel_cents": pl.Int64,
    "other_cents": pl.Int64,
    "cents": pl.Int64,
    "stale": pl.String,
    "reason": pl.String,
    "because": pl.String,
}


def price_past(book: RateBook, parcels: pl.DataFrame) -> Past:
    """Each parcel by the card that was in force when it left, with the service, weight and address recorded of it.

    Parcels that are alike in everything that decides the price are quoted once. A parcel is one carton: it is never parted, so
    that one beyond what its service takes has no price here.

    Parameters
    ----------
    parcels : columns service, origin_postal_code, destination_postal_code, shipped_on, weight_g, and as far as known
        residential, hazmat, length_mm, width_mm and height_mm (see `tables.Parcels`). Columns named
        as those that are reckoned are replaced.

    Raises
    ------
    ValueError
        If a column is missing, or a cell is empty or below zero: its row, counted from 1, is named.
    """
    lacking = [name for name in _ASKED if name not in parcels.columns]
    if lacking:
        raise ValueError(f"parcels: column {', '.join(lacking)} is missing; give {', '.join(_ASKED)}")
    parcels = parcels.drop(*_SAID, strict=False)
    full = parcels.with_columns(**{name: lit for name, lit in _OPTIONAL.items() if name not in parcels.columns})
    keys = [*_ASKED, *_OPTIONAL]
    _refuse(full, keys)
    alike = full.select(keys).unique(maintain_order=True)
    said = [_say(book, row) for row in alike.iter_rows(named=True)]
    joined = full.join(
        pl.concat([alike, pl.DataFrame(said, schema=_SAID, orient="row")], how="horizontal"),
        on=keys,
        maintain_order="left",
    )
    priced = joined.filter(pl.col("reason").is_null())
    return Past(
        priced.select(*parcels.columns, *(name for name in _SAID if name not in {"reason", "because"})),
        joined.filter(pl.col("reason").is_not_null()).select(*parcels.columns, "reason", "because"),
    )


def _refuse(rows: pl.DataFrame, keys: list[str]) -> None:
    whole = [name for name in keys if name.endswith(("_g", "_mm"))]
    checks = {name: pl.col(name).is_null() for name in keys} | {
        name: pl.col(name).is_null() | (pl.col(name) < 0) for name in whole
    }
    for column, wrong in checks.items():
        found = rows.with_row_index("row", 1).filter(wrong)
        if found.height:
            row, value = found.select("row", column).row(0)
            more = f" (and {found.height - 1} more)" if found.height > 1 else ""
            raise ValueError(f"parcels row {row}: {column} is {value!r}; correct it, or leave the parcel out{more}")


def _say(book: RateBook, row: dict[str, Any]) -> tuple[Any, ...]:
    """The quote of one kind of parcel, or the first thing that is missing for one."""
    sides = row["length_mm"], row["width_mm"], row["height_mm"]
    reason, because = _lack(book, row, max(sides))
    if reason:
        return (*[None] * 7, str(reason), because)
    quote = book.quote(
        row["service"],
        row["origin_postal_code"],
        row["destination_postal_code"],
        row["weight_g"],
        sides[0] * sides[1] * sides[2],
        max(sides),
        row["residential"],
        row["shipped_on"],
        goods=Bulk.of(*sides, hazmat=row["hazmat"]),
    )
    assert quote is not None, "what has a zone and a ladder has a price"
    by_name = {term.name: int(term.cents) for term in quote.terms}
    base, fuel = by_name.get("base", 0), by_name.get("fuel", 0)
    return quote.zone, quote.billable_g, base, fuel, quote.cents - base - fuel, quote.cents, quote.stale, None, None


def _lack(book: RateBook, row: dict[str, Any], longest_mm: int) -> tuple[Unpriced | None, str]:
    service, on = row["service"], row["shipped_on"]
    if service not in book.services:
        return Unpriced.SERVICE, f"{service} has no rate card; import it, or correct the service of the parcel"
    card = book.card(service, on)
    if card is None:
        return Unpriced.EARLY, f"{service} has no card in force on {on} or before; import the one that was"
    ends = row["origin_postal_code"], row["destination_postal_code"]
    zone = book.zone(*ends)
    if zone is None:
        return Unpriced.PLACE, f"no zone from {ends[0]} to {ends[1]}: add them to zones, or to places"
    ladder = book.ladder(service, zone, on)
    if ladder is None:
        return Unpriced.LANE, f"{service} has no rate in zone {zone}"
    billable = ladder.billable_g(row["weight_g"], row["length_mm"] * row["width_mm"] * row["height_mm"])
    if billable > ladder.heaviest_g:
        return Unpriced.HEAVY, f"{billable} g billable; {service} takes {ladder.heaviest_g} g in zone {zone}"
    if card.max_longest_mm and longest_mm > card.max_longest_mm:
        return Unpriced.LONG, f"{longest_mm} mm long; {service} takes {card.max_longest_mm} mm"
    return None, ""
