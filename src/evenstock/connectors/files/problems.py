"""What is wrong with a file, cell by cell, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

LISTED: Final = 20
"""Problems of one kind that are listed for one column; all of them are counted."""

FAULTS: Final = pl.Schema(
    {
        "at": pl.Int64,
        "column": pl.String,
        "value": pl.String,
        "kind": pl.String,
        "what": pl.String,
        "fix": pl.String,
    }
)
"""One row for each refused cell: `at` counts the rows of its table from 0 and is null where the whole file is meant."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One refused cell, row or file.

    Examples
    --------
    >>> print(Problem("stock.csv", 41, "on_hand", "-3", "stock is below zero", "write 0 and count the node"))
    stock.csv row 41, column on_hand, value '-3': stock is below zero; write 0 and count the node
    """

    file: str
    row: int | None
    """As the user sees it: the line of a text file (its header is line 1), the row of a sheet, the n-th row of Parquet."""
    column: str
    value: str
    what: str
    fix: str

    def __str__(self) -> str:
        where = self.file if self.row is None else f"{self.file} row {self.row}"
        column = f", column {self.column}" if self.column else ""
        value = f", value {self.value!r}" if self.value else ""
        return f"{where}{column}{value}: {self.what}; {self.fix}"


def faults(
    at: npt.NDArray[np.int64] | pl.Series | Sequence[int],
    column: str,
    value: pl.Series | Sequence[str] | str,
    kind: str,
    what: pl.Series | Sequence[str] | str,
    fix: pl.Series | Sequence[str] | str,
) -> pl.DataFrame:
    """Faults of one kind in one column; texts may be one for all or one for each."""
    rows = pl.Series("at", at, dtype=pl.Int64)

    def each(text: pl.Series | Sequence[str] | str) -> pl.Series:
        if isinstance(text, str):
            return pl.repeat(text, len(rows), dtype=pl.String, eager=True)
        return pl.Series(text, dtype=pl.String) if not isinstance(text, pl.Series) else text.cast(pl.String)

    return pl.DataFrame(
        {"at": rows, "column": each(column), "value": each(value).fill_null(""), "kind": each(kind)}
        | {"what": each(what), "fix": each(fix)},
        schema=FAULTS,
    )


def fault(column: str, value: str, kind: str, what: str, fix: str) -> pl.DataFrame:
    """One fault of a whole file."""
    return pl.DataFrame(
        {"at": [None], "column": [column], "value": [value], "kind": [kind], "what": [what], "fix": [fix]},
        schema=FAULTS,
    )


@dataclass
class Found:
    """All that was found wrong or worth knowing while reading."""

    problems: list[Problem] = field(default_factory=list)
    more: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    count: int = 0

    def note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)

    def refuse(self, file: str, what: str, fix: str, *, row: int | None = None, value: str = "") -> None:
        """A trouble of a whole file, or of one line before cells are known."""
        self.problems.append(Problem(file, row, "", value, what, fix))
        self.count += 1

    def take(self, file: str, labels: npt.NDArray[np.int64], found: pl.DataFrame) -> None:
        """List the first faults of each kind and column by row, and count them all."""
        if found.is_empty():
            return
        self.count += found.height
        ordered = found.sort("at", maintain_order=True)
        nth = pl.int_range(pl.len()).over("column", "kind")
        for at, column, value, _, what, fix in ordered.filter(nth < LISTED).iter_rows():
            row = None if at is None else int(labels[at])
            self.problems.append(Problem(file, row, column, _short(value), what, fix))
        groups = ordered.group_by("column", "kind", maintain_order=True).agg(pl.len().alias("n"))
        for column, kind, n in groups.filter(pl.col("n") > LISTED).iter_rows():
            where = f"{file}, column {column}" if column else file
            self.more.append(f"{where}: {n - LISTED:,} more of the kind '{kind}'")


def _short(value: str) -> str:
    return value if len(value) <= 60 else value[:57] + "..."
