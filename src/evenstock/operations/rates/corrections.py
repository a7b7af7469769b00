"""What invoices taught about a card, as rows that decisions read: from a day on, to a day, and never past the card."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final

import polars as pl

from evenstock import tables

ADOPTED: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "correction": pl.String,
    "service": pl.String,
    "charge": pl.String,
    "about": pl.String,
    "cause": pl.String,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
    "cents": pl.Int64,
    "share_bp": pl.Int64,
    "because": pl.String,
    "by": pl.String,
    "at": pl.Datetime("us", "UTC"),
    "card_from": pl.Date,
    "fuel_from": pl.Date,
    "ended_on": pl.Date,
    "ended_because": pl.String,
}
"""One row for each correction that a person adopted. `about` is the charge that drifted, `charge` that of our quotes to which
it is added. `card_from` and `fuel_from` are the first days of the card and of
the fuel table it was learned against: under a later one it does not count."""
CORRECTED: Final = tables.RateCorrections.columns()


def correction_rows(adopted: pl.DataFrame, frames: Mapping[str, pl.DataFrame], on: date | None = None) -> pl.DataFrame:
    """Adopted corrections in the columns of `tables.RateCorrections`, each ended where its card was mended.

    Corrections of one charge that hold on the same days are one row, so that no day counts one of them twice or not at
    all. `on` leaves out what ended before that day.
    """
    found = [row | {"valid_to": _last_day(row, frames)} for row in adopted.iter_rows(named=True)]
    found = [row for row in found if row["valid_to"] >= max(row["valid_from"], on or row["valid_from"])]
    rows: list[dict[str, Any]] = []
    for service, charge in sorted({(row["service"], row["charge"]) for row in found}):
        rows += _pieces([row for row in found if (row["service"], row["charge"]) == (service, charge)])
    return pl.DataFrame(rows, schema={name: spec.dtype for name, spec in CORRECTED.items()})


def ended(row: Mapping[str, Any], frames: Mapping[str, pl.DataFrame]) -> tuple[date, str]:
    """The last day of an adopted correction and what ends it there."""
    ends = [(row["valid_to"], "its time is over; hold invoices against quotes again")]
    if row["ended_on"] is not None:
        ends.append((row["ended_on"], row["ended_because"]))
    mended = _next_card(row, frames)
    if mended is not None:
        ends.append((mended - timedelta(days=1), f"the card of {row['service']} from {mended} takes its place"))
    fuel = _next_fuel(row, frames) if row["charge"] == "fuel" else None
    if fuel is not None:
        ends.append((fuel - timedelta(days=1), f"fuel tables from {fuel} take its place"))
    return min(ends, key=lambda end: end[0])


def _last_day(row: Mapping[str, Any], frames: Mapping[str, pl.DataFrame]) -> date:
    return ended(row, frames)[0]


def _next_card(row: Mapping[str, Any], frames: Mapping[str, pl.DataFrame]) -> date | None:
    cards = frames.get("rate_cards")
    if cards is None or row["card_from"] is None:
        return None
    later = cards.filter((pl.col("service") == row["service"]) & (pl.col("valid_from") > row["card_from"]))
    first: date | None = later["valid_from"].min()  # type: ignore[assignment]
    return first


def _next_fuel(row: Mapping[str, Any], frames: Mapping[str, pl.DataFrame]) -> date | None:
    """First day of a fuel table, or of a surcharge posted, that was not there when the correction was learned."""
    rules, cards = frames.get("fuel_rules"), frames.get("rate_cards")
    if rules is None or cards is None or row["fuel_from"] is None or "fuel_rule" not in cards.columns:
        return None
    names = cards.filter(pl.col("service") == row["service"])["fuel_rule"].unique()
    books = rules.filter(pl.col("rule").is_in(names.implode()))["fuel_table"]
    days = []
    for table, column, wanted in (("fuel_tables", "fuel_table", books), ("fuel_overrides", "rule", names)):
        if table in frames:
            later = frames[table].filter(
                pl.col(column).is_in(wanted.implode()) & (pl.col("valid_from") > row["fuel_from"])
            )
            days += later["valid_from"].to_list()
    return min(days, default=None)


def _pieces(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of one charge cut at each other's first and last days, and added up piece by piece."""
    cuts = sorted({day for row in rows for day in (row["valid_from"], row["valid_to"] + timedelta(days=1))})
    pieces = []
    for first, after in pairwise(cuts):
        here = [row for row in rows if row["valid_from"] <= first < row["valid_to"] + timedelta(days=1)]
        if here:
            pieces.append(
                {
                    "service": here[0]["service"],
                    "charge": here[0]["charge"],
                    "valid_from": first,
                    "valid_to": after - timedelta(days=1),
                    "cents": sum(row["cents"] for row in here),
                    "share_bp": sum(row["share_bp"] for row in here),
                    "because": " ".join(row["because"] for row in here),
                }
            )
    return pieces
