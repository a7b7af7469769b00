"""Rate files that were refused: kept with their reasons until a good one of the same source comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from evenstock.domain import digest
from evenstock.operations.ports import Snapshots, Transaction

POINTER: Final = "rates refused"
_KEPT: Final = 200
"""Refusals kept; the oldest mended ones go first."""
_REFUSALS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "refusal": pl.String,
    "at": pl.Datetime("us", "UTC"),
    "source": pl.String,
    "tables": pl.String,
    "wrong": pl.String,
    "doubtful": pl.String,
    "mended_at": pl.Datetime("us", "UTC"),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that did not come to serve; what served before still does."""

    id: str
    at: datetime
    source: str
    tables: tuple[str, ...]
    wrong: tuple[str, ...]
    """Sentences that nobody can accept."""
    doubtful: tuple[str, ...]
    """Sentences that a person may accept with a reason."""
    mended_at: datetime | None = None

    @property
    def sentence(self) -> str:
        first = (*self.wrong, *self.doubtful)[0]
        more = len(self.wrong) + len(self.doubtful) - 1
        return f"{self.source} of {self.at:%Y-%m-%d %H:%M} UTC was refused: {first}" + (
            f", and {more} more" if more else ""
        )


def refused(
    books: Transaction,
    snapshots: Snapshots,
    *,
    source: str,
    tables: Sequence[str],
    wrong: Sequence[str],
    doubtful: Sequence[str],
    now: datetime,
) -> Refusal:
    """Keep a refusal; the same file refused again is the one refusal, told anew."""
    name = digest([source, sorted(tables), list(wrong), list(doubtful)]).removeprefix("sha256:")[:12]
    told = Refusal(name, now, source, tuple(sorted(tables)), tuple(wrong), tuple(doubtful))
    others = [one for one in refusals(books, snapshots) if one.id != name]
    _put(books, snapshots, [*others, told], now)
    return told


def mend(books: Transaction, snapshots: Snapshots, source: str, tables: Sequence[str], now: datetime) -> None:
    """Close refusals that a good import answers: of the same source, or of the same tables."""
    before = refusals(books, snapshots)
    after = [
        Refusal(one.id, one.at, one.source, one.tables, one.wrong, one.doubtful, now)
        if one.mended_at is None and (one.source == source or set(one.tables) <= set(tables))
        else one
        for one in before
    ]
    if after != before:
        _put(books, snapshots, after, now)


def refusals(books: Transaction, snapshots: Snapshots) -> list[Refusal]:
    """Every refusal kept, oldest first."""
    seen = books.pointer(POINTER)
    if seen is None:
        return []
    return [
        Refusal(
            row["refusal"], row["at"], row["source"], _lines(row["tables"]), _lines(row["wrong"]),
            _lines(row["doubtful"]), row["mended_at"],
        )
        for row in snapshots.read(seen)["refusals"].sort("at", "refusal").iter_rows(named=True)
    ]  # fmt: skip


def standing(books: Transaction, snapshots: Snapshots) -> list[Refusal]:
    """Refusals that nothing has mended yet, oldest first."""
    return [one for one in refusals(books, snapshots) if one.mended_at is None]


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for line in text.split("\n") if line)


def _put(books: Transaction, snapshots: Snapshots, every: Sequence[Refusal], now: datetime) -> None:
    kept = [one for one in every if one.mended_at is None]
    kept += [one for one in every if one.mended_at is not None][-max(_KEPT - len(kept), 0) :]
    rows = [
        {"refusal": one.id, "at": one.at, "source": one.source, "tables": "\n".join(one.tables), "wrong": "\n".join(one.wrong),
         "doubtful": "\n".join(one.doubtful), "mended_at": one.mended_at}
        for one in kept
    ]  # fmt: skip
    seen = books.pointer(POINTER)
    books.repoint(POINTER, seen, snapshots.take({"refusals": pl.DataFrame(rows, schema=_REFUSALS)}), now)
