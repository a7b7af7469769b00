"""Cells that cannot be meant: zero, a billion, not a number, missing. Each is named by row, key and column."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import dataframely as dy
import polars as pl

from evenstock import tables
from evenstock.freight.checking.finding import Finding

PLAUSIBLE: Final[dict[tuple[str, str], tuple[int, int]]] = {
    ("rates", "cents"): (1, 1_000_000),
    ("surcharges", "cents"): (0, 500_000),
    ("surcharges", "share_bp"): (0, 20_000),
    ("rate_cards", "minimum_cents"): (0, 100_000),
    ("rate_cards", "fuel_bp"): (0, 10_000),
    ("discounts", "discount_bp"): (0, 9_800),
    ("fuel_tables", "at_least_mills"): (0, 30_000),
    ("fuel_tables", "fuel_bp"): (0, 10_000),
    ("fuel_overrides", "fuel_bp"): (0, 10_000),
    ("fuel_index", "mills"): (300, 30_000),
    ("exchange_rates", "micros"): (10, 10_000_000),
    ("ltl_tariffs", "cents_cwt"): (50, 1_000_000),
    ("ltl_contracts", "minimum_cents"): (0, 1_000_000),
    ("accessorials", "cents"): (0, 1_000_000),
    ("truckload_rates", "mile_cents"): (10, 5_000),
    ("truckload_rates", "minimum_cents"): (0, 10_000_000),
}
"""Least and most that a cell can plausibly be: 10,000 dollars for a parcel, 30 dollars a gallon, twice the base for a surcharge."""
DIVISORS: Final = (1_000, 20_000)
"""Plausible divisors in mm3 a gram; contracts have 5,000 to 7,000, and 0 where volume does not count."""


def cells(table: str, frame: pl.DataFrame) -> list[Finding]:
    """Every cell of a table that cannot be right, first row first; a column that is missing stands for its cells."""
    schema = tables.INPUT[table]
    columns = schema.columns()
    lacking = [c for c in columns if c not in frame.columns and "default" not in (columns[c].metadata or {})]
    found = [
        Finding(table, f"column {column}", "", "is not there", f"add it; the table has {', '.join(columns)}")
        for column in lacking
    ]
    if lacking:
        return found
    rows = frame.with_row_index("row of the table", offset=1)
    for column, spec in columns.items():
        if column in frame.columns:
            found += list(_column(table, schema, column, spec, rows))
    return found


def key_of(table: str, row: dict[str, Any]) -> str:
    """The key of a row in words, as people say it."""
    match table:
        case "rates":
            return f"{row['service']} from {row['valid_from']} zone {row['zone']} up to {row['max_weight_g']} g"
        case "surcharges":
            return f"{row['service']} from {row['valid_from']} {row['surcharge']}"
        case "rate_cards":
            return f"{row['service']} from {row['valid_from']}"
        case _:
            key = tables.INPUT[table].primary_key()
            return ", ".join(f"{name} {row[name]}" for name in key if row.get(name) not in (None, ""))


def _column(table: str, schema: type[dy.Schema], column: str, spec: dy.Column, rows: pl.DataFrame) -> Iterator[Finding]:
    values = rows[column]
    if not spec.nullable and values.null_count():
        for row in rows.filter(values.is_null()).iter_rows(named=True):
            yield _finding(table, column, row, "", "is empty", "fill it in")
    if isinstance(spec, dy.Int64):
        yield from _numbers(table, column, spec, rows, values)
    elif isinstance(spec, dy.Date) and values.dtype == pl.Date:
        odd = (values < date(1990, 1, 1)) | (values > date(2100, 1, 1))
        for row in rows.filter(odd.fill_null(value=False)).iter_rows(named=True):
            yield _finding(table, column, row, str(row[column]), "is no day of this time", "correct it")
    elif column in schema.primary_key() and values.dtype == pl.String:
        for row in rows.filter((values == "").fill_null(value=False)).iter_rows(named=True):
            yield _finding(table, column, row, "", "is empty", "fill it in")


def _numbers(table: str, column: str, spec: dy.Int64, rows: pl.DataFrame, values: pl.Series) -> Iterator[Finding]:
    if not values.dtype.is_numeric():
        yield Finding(table, f"column {column}", "", f"holds {values.dtype}, no numbers", "give whole numbers")
        return
    number = values.cast(pl.Float64)
    broken = ~number.is_finite() | (number != number.round())
    for row in rows.filter(broken.fill_null(value=False)).iter_rows(named=True):
        yield _finding(table, column, row, str(row[column]), "is no whole number", "correct it, or remove the row")
    low, high = PLAUSIBLE.get((table, column), (spec.min, spec.max))
    outside = (number < (-float("inf") if low is None else low)) | (number > (float("inf") if high is None else high))
    if (table, column) == ("rate_cards", "dim_divisor_mm3_per_g"):
        low, high = DIVISORS
        outside = ((number != 0) & (number < low)) | (number > high)
    for row in rows.filter((outside & ~broken).fill_null(value=False)).iter_rows(named=True):
        what = f"is not plausible: {low:,} to {high:,} is" if high is not None else f"is below {low}"
        yield _finding(table, column, row, f"{row[column]:,.0f}", what, "correct it, or remove the row")


def _finding(table: str, column: str, row: dict[str, Any], value: str, what: str, fix: str) -> Finding:
    return Finding(table, f"row {row['row of the table']}, {key_of(table, row)}, {column}", value, what, fix)
