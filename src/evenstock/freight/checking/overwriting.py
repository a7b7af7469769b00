"""Nothing that served is written over: a value changes by starting later, and a version that has begun is closed."""

from __future__ import annotations

from datetime import date
from typing import Final

import polars as pl

from evenstock import tables
from evenstock.freight.checking.cells import key_of
from evenstock.freight.checking.finding import Finding

VERSIONS: Final[dict[str, tuple[str, ...]]] = {
    "rates": ("service", "valid_from"),
    "surcharges": ("service", "valid_from"),
    "discounts": ("service", "valid_from"),
    "accessorials": ("service", "valid_from"),
    "fuel_tables": ("fuel_table", "valid_from"),
    "ltl_tariffs": ("tariff", "valid_from"),
}
"""Tables of which a version is many rows; one more row in a version that serves would change what was quoted by it."""
UNDATED: Final = frozenset({"zones", "places", "delivery_areas", "fuel_rules", "transit"})
"""Tables without dates: they are replaced whole, by a person, with a reason."""
_CLOSES: Final = frozenset({"valid_to"})
"""Columns that may be filled in later: an open end that comes to be known."""
_LISTED: Final = 10


def overwrites(table: str, new: pl.DataFrame, before: pl.DataFrame | None, today: date) -> list[Finding]:
    """Rows that would change what is in force under their key, in frames with every column of the dictionary.

    The same row again is no change. A row may say the end of one that had none, and one without an end leaves that there is. In tables of versions (`VERSIONS`) a
    version with its first day on or before `today` takes no further rows.
    """
    found = _twice(table, new)
    if before is None or before.is_empty():
        return found
    key = tables.INPUT[table].primary_key()
    other = [name for name in new.columns if name not in key]
    rows = new.with_row_index("row of the table", offset=1)
    both = rows.join(before, on=key, how="inner", suffix=" before", nulls_equal=True)
    differs = [pl.col(name).ne_missing(pl.col(f"{name} before")).alias(name) for name in other]
    both = both.filter(pl.any_horizontal(differs)) if differs else both.clear()
    for row, changed in zip(both.iter_rows(named=True), both.select(differs).iter_rows(named=True), strict=True):
        names = [
            name
            for name in other
            if changed[name] and not (name in _CLOSES and None in (row[name], row[f"{name} before"]))
        ]
        if names:
            found.append(_overwrite(table, row, names[0]))
    return found + _late_rows(table, rows, before, key, today)


def _twice(table: str, new: pl.DataFrame) -> list[Finding]:
    key = tables.INPUT[table].primary_key()
    rows = new.with_row_index("row of the table", offset=1).filter(pl.struct(key).is_duplicated())
    return [
        Finding(table, f"row {row['row of the table']}, {key_of(table, row)}", "", "stands twice", "keep one")
        for row in rows.head(_LISTED).iter_rows(named=True)
    ]


def _overwrite(table: str, row: dict[str, object], column: str) -> Finding:
    fix = (
        "replace the whole table with `--replace`, saying by whom and why"
        if table in UNDATED
        else "leave it, and give the new value a later first day"
    )
    return Finding(
        table,
        f"row {row['row of the table']}, {key_of(table, row)}, {column}",
        str(row[column]),
        f"is {row[f'{column} before']} in the table that serves, and what served is never written over",
        fix,
    )


def _late_rows(table: str, rows: pl.DataFrame, before: pl.DataFrame, key: list[str], today: date) -> list[Finding]:
    if table == "delivery_areas":
        return _longer_lists(rows, before)
    version = VERSIONS.get(table)
    if version is None:
        return []
    begun = before.select(version).unique().filter(pl.col("valid_from") <= today)
    late = rows.join(before, on=key, how="anti", nulls_equal=True).join(begun, on=version, how="semi")
    named = late.group_by(version, maintain_order=True).agg(pl.len().alias("rows"), pl.first("row of the table"))
    return [
        Finding(
            table,
            f"row {row['row of the table']}, {row[version[0]]} from {row['valid_from']}",
            "",
            f"{row['rows']} rows more than the version that serves since then has, which would change what it quoted",
            "give them, and all others of that version, a later first day",
        )
        for row in named.head(_LISTED).iter_rows(named=True)
    ]


def _longer_lists(rows: pl.DataFrame, before: pl.DataFrame) -> list[Finding]:
    """A list that surcharges name already says what was charged where; a longer one is another list."""
    known = before.select("area_list").unique()
    late = rows.join(known, on="area_list", how="semi").join(before, on=["area_list", "postal_code"], how="anti")
    named = late.group_by("area_list", maintain_order=True).agg(pl.len().alias("codes"), pl.first("postal_code"))
    return [
        Finding(
            "delivery_areas",
            f"list {row['area_list']}",
            "",
            f"{row['codes']} postal codes that the list in force has not, first {row['postal_code']}",
            "give the longer list a name of its own and let the next card's surcharge name it, or replace the table",
        )
        for row in named.head(_LISTED).iter_rows(named=True)
    ]
