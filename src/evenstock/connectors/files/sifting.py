"""A stream of rows in which each stands for itself: good rows go on, the others are set aside with their reason.

A folder is a whole and is refused as a whole; a feed of orders is not, and one bad line must not stop the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from evenstock import tables
from evenstock.connectors.files.agreement import within
from evenstock.connectors.files.problems import Found
from evenstock.connectors.files.raw import RawTable
from evenstock.connectors.files.table import read_table


@dataclass(frozen=True, slots=True)
class Sifted:
    """Every row of the stream is in exactly one of the two."""

    accepted: pl.DataFrame
    """The dictionary's columns, and `at`, the row's place in the stream from 0."""
    refused: pl.DataFrame
    """One row for each refused one: at, column, value, kind, what, fix of its first trouble, and `troubles` in all."""
    notes: list[str]


def sift(table: str, frame: pl.DataFrame, source: str) -> Sifted:
    """Read a frame of `table` row by row. `source` names the stream in messages.

    Raises
    ------
    ValueError
        If a column is missing or doubled: then no row can be read.
    """
    if table not in tables.INPUT:
        raise ValueError(f"{table}: not a table of the dictionary; tables are {', '.join(tables.INPUT)}")
    found = Found()
    raw = RawTable(table, source, frame, np.arange(frame.height, dtype=np.int64))
    checked, faulty = read_table(raw, found)
    if found.problems:
        raise ValueError("; ".join(str(problem) for problem in found.problems))
    wrong = pl.concat([faulty, within(checked)]).drop_nulls("at")
    order = pl.DataFrame({"column": checked.frame.columns}).with_row_index("place")
    first = (
        wrong.join(order, on="column", how="left", maintain_order="left")
        .sort("at", "place", maintain_order=True, nulls_last=True)
        .group_by("at", maintain_order=True)
        .agg(pl.all().exclude("place").first(), pl.len().alias("troubles"))
    )
    # Rows without any text were dropped on the way in; they are refused too, so that every row is accounted for.
    at = pl.Series("at", checked.labels)
    numbered = checked.frame.with_columns(at)
    refused = first.with_columns(at=at.gather(first["at"]))
    lost = pl.DataFrame({"at": pl.int_range(frame.height, eager=True)}).join(numbered, on="at", how="anti")
    empty = lost.select(
        "at",
        column=pl.lit(""),
        value=pl.lit(""),
        kind=pl.lit("empty row"),
        what=pl.lit("the row is empty"),
        fix=pl.lit("remove it"),
        troubles=pl.lit(1, dtype=refused.schema["troubles"]),
    )
    refused = pl.concat([refused, empty]).sort("at")
    accepted = numbered.join(refused, on="at", how="anti", maintain_order="left")
    return Sifted(accepted, refused, found.notes)
