"""The data contract of demand: what may be odd in a history, and what is done about it.

Every clause, as `described` prints it; the tests walk it line by line:

>>> print(described())
columns        refused   date, sku, node or units is missing
types          refused   a date that is no calendar day, units that are no numbers, names that are no text, flags that are no booleans
empty_key      refused   a row without date, sku or node
fraction       refused   units with a fraction
no_rows        refused   no row before the first day to forecast
copy           repaired  a day of a series stands again, alike in every column: one row is kept
added_up       repaired  a day of a series stands again with other content: added up, as is all that repeats at a node where a tenth of it differs
negative       repaired  units below zero: demand 0, and a return of as many units
spike          repaired  a day far above all others: capped at five times the fourth-largest, when a forecast is made
substitute     repaired  sold in place of an item that was missing: taken out, where a table of substitutes says so
not_a_number   hidden    units empty, NaN or infinite: the day counts as not seen
beyond         hidden    more than 10,000,000 units in a day: the day counts as not seen
stock_out      hidden    a day without stock: it does not say what was wanted
silent         hidden    a whole node says nothing for days: not heard, not zero
gap            zero      a day without a row while its node is heard
future         left out  rows on or after the first day to forecast
old            left out  rows older than three years
single         kept      one row is all there is of a series: its forecast is mostly its group's
constant       kept      the same units on each of 28 days or more: a plan or a default, rather than sales
never_sold     kept      no unit was ever wanted: forecast 0
no_category    kept      an item that the item table does not have: forecast without a category
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

MOST_LISTED: Final = 1000
"""Rows of a rule that `changes` lists; `total` counts all."""
LARGEST_DAY: Final = 10_000_000
"""Units of one series in one day beyond which a figure is no count of demand: the data dictionary's ceiling."""

Outcome = Literal["refused", "repaired", "hidden", "zero", "left out", "kept"]


@dataclass(frozen=True, slots=True)
class Clause:
    """What is found, and what is done about it."""

    rule: str
    outcome: Outcome
    """`hidden` days count as not seen; `kept` ones are only flagged."""
    found: str
    because: str
    """Why this is done and not something else."""


CONTRACT: Final = (
    Clause("columns", "refused", "date, sku, node or units is missing", "nobody can guess them"),
    Clause(
        "types",
        "refused",
        "a date that is no calendar day, units that are no numbers, names that are no text, flags that are no booleans",
        "a cast can lose leading zeros or move a day",
    ),
    Clause("empty_key", "refused", "a row without date, sku or node", "nobody can say where it belongs"),
    Clause(
        "fraction",
        "refused",
        "units with a fraction",
        "an average or a weight is no count: rounding it would change what it says",
    ),
    Clause("no_rows", "refused", "no row before the first day to forecast", "there is nothing to learn from"),
    Clause(
        "copy",
        "repaired",
        "a day of a series stands again, alike in every column: one row is kept",
        "a file that was read twice",
    ),
    Clause(
        "added_up",
        "repaired",
        "a day of a series stands again with other content: added up, as is all that repeats at a node where a tenth of it differs",
        "parts of one day, such as channels or order lines",
    ),
    Clause(
        "negative",
        "repaired",
        "units below zero: demand 0, and a return of as many units",
        "what comes back was wanted once; nobody wants less than nothing",
    ),
    Clause(
        "spike",
        "repaired",
        "a day far above all others: capped at five times the fourth-largest, when a forecast is made",
        "a typing error or a one-off, and no demand to come",
    ),
    Clause(
        "substitute",
        "repaired",
        "sold in place of an item that was missing: taken out, where a table of substitutes says so",
        "it was the other item that was wanted",
    ),
    Clause(
        "not_a_number",
        "hidden",
        "units empty, NaN or infinite: the day counts as not seen",
        "something was to be said and was not: that is no zero",
    ),
    Clause(
        "beyond",
        "hidden",
        "more than 10,000,000 units in a day: the day counts as not seen",
        "no count of demand: what was really wanted is not known",
    ),
    Clause(
        "stock_out",
        "hidden",
        "a day without stock: it does not say what was wanted",
        "nobody can buy what is not there",
    ),
    Clause(
        "silent",
        "hidden",
        "a whole node says nothing for days: not heard, not zero",
        "a feed that stopped is likelier than a node that stopped selling everything",
    ),
    Clause("gap", "zero", "a day without a row while its node is heard", "who sells nothing writes nothing"),
    Clause("future", "left out", "rows on or after the first day to forecast", "they were not known then"),
    Clause("old", "left out", "rows older than three years", "they tell nothing of next month"),
    Clause(
        "single",
        "kept",
        "one row is all there is of a series: its forecast is mostly its group's",
        "one day tells little",
    ),
    Clause(
        "constant",
        "kept",
        "the same units on each of 28 days or more: a plan or a default, rather than sales",
        "it may still be true; look at where it comes from",
    ),
    Clause("never_sold", "kept", "no unit was ever wanted: forecast 0", "zeros before a first sale tell nothing"),
    Clause(
        "no_category",
        "kept",
        "an item that the item table does not have: forecast without a category",
        "its sales are real; add the item",
    ),
)
CLAUSES: Final = {clause.rule: clause for clause in CONTRACT}

CHANGES: Final = {
    "rule": pl.String,
    "sku": pl.String,
    "node": pl.String,
    "date": pl.Date,
    "before": pl.Float64,
    "after": pl.Float64,
    "because": pl.String,
    "total": pl.Int64,
}
"""What was changed: the clause; the series and the day, as far as it concerns one (an empty name means all of them); units
before and after (empty: none, or not known; before a sum the largest part); why; and how many of this rule there are in all, also those not listed."""


def described() -> str:
    """The contract, one clause a line."""
    return "\n".join(f"{c.rule:<15}{c.outcome:<10}{c.found}" for c in CONTRACT)


def no_changes() -> pl.DataFrame:
    return pl.DataFrame(schema=CHANGES)


def changed(rule: str, rows: pl.DataFrame, *, total: int | None = None) -> pl.DataFrame:
    """`CHANGES` rows of one clause: the first `MOST_LISTED` of `rows` by series and day, with the count of all.

    Parameters
    ----------
    rows
        Some of the columns sku, node, date, before, after; those left out are empty. And because, where it is not the
        clause's own reason.
    total
        How many there are, where `rows` holds only some.
    """
    empty = {"sku": "", "node": "", "date": None, "before": None, "after": None, "because": CLAUSES[rule].because}
    rows = rows.with_columns(pl.lit(v).alias(c) for c, v in empty.items() if c not in rows.columns)
    listed = rows.sort("sku", "node", "date").head(MOST_LISTED)
    count = rows.height if total is None else total
    listed = listed.with_columns(rule=pl.lit(rule), total=pl.lit(count))
    return listed.select(pl.col(name).cast(kind) for name, kind in CHANGES.items())


def counted(rule: str, total: int) -> pl.DataFrame:
    """One row that only counts, for what is left out in bulk."""
    return changed(rule, pl.DataFrame({"sku": [""]}), total=total)


def together(changes: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """One frame, clauses in the order of the contract."""
    place = {clause.rule: k for k, clause in enumerate(CONTRACT)}
    rows = pl.concat([no_changes(), *changes])
    return rows.sort(pl.col("rule").replace_strict(place, return_dtype=pl.Int64), maintain_order=True)
