"""Who was champion when: a chain of records, each naming the one before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import polars as pl

from evenstock.domain.moments import refuse_naive

_SCHEMA: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "subject": pl.String,
    "deed": pl.String,
    "version": pl.String,
    "kept": pl.String,
    "previous": pl.String,
    "by": pl.String,
    "at": pl.Datetime("us", "UTC"),
    "because": pl.String,
    "overridden": pl.Boolean,
}


class Deed(StrEnum):
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"


@dataclass(frozen=True, slots=True)
class ChampionRecord:
    """From `at` on this version serves; never changed, only followed by another."""

    subject: str
    deed: Deed
    version: str
    """Id of the version that serves from now on; empty where the fallback does."""
    kept: str
    """Snapshot of that version; empty with it."""
    previous: str
    """Snapshot of the record before this one; empty for the first."""
    by: str
    """A person, or what acted for them."""
    at: datetime
    because: str
    overridden: bool = False
    """Whether a person promoted it although the gates did not let it through."""

    def __post_init__(self) -> None:
        refuse_naive(self.at, "at")
        if not self.by.strip() or not self.because.strip():
            raise ValueError(f"{self.subject}: say by whom the champion changes and why")
        if bool(self.version) != bool(self.kept):
            raise ValueError(f"{self.subject}: a champion has both an id and the snapshot it is kept in")
        if self.deed is Deed.PROMOTED and not self.version:
            raise ValueError(f"{self.subject}: a promotion names the version promoted")

    def to_frame(self) -> pl.DataFrame:
        """One row; `from_frame` reads it back."""
        row = (
            self.subject, self.deed.value, self.version, self.kept, self.previous, self.by, self.at, self.because,
            self.overridden,
        )  # fmt: skip
        return pl.DataFrame([row], schema=_SCHEMA, orient="row")

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> ChampionRecord:
        """The record of `to_frame`; raises ValueError if the frame is not one."""
        if frame.height != 1 or set(frame.columns) != set(_SCHEMA):
            raise ValueError("a champion record is one row with the columns " + ", ".join(_SCHEMA))
        row = frame.row(0, named=True)
        return cls(**(row | {"deed": Deed(row["deed"])}))


def line_of_succession(records: Sequence[ChampionRecord]) -> tuple[ChampionRecord, ...]:
    """Promotions still standing, oldest first: the last one serves, and a roll-back returns to the one before it.

    Parameters
    ----------
    records
        The chain, oldest first.

    Examples
    --------
    A, then B, then C; C is rolled back, so B serves; rolled back again, A does, not C.

    >>> from datetime import UTC
    >>> def record(deed, name):
    ...     kept = f"snapshot of {name}" if name else ""
    ...     return ChampionRecord("demand", deed, name, kept, "", "dana", datetime(2026, 11, 20, tzinfo=UTC), "test")
    >>> up, down = Deed.PROMOTED, Deed.ROLLED_BACK
    >>> chain = [record(up, "A"), record(up, "B"), record(up, "C"), record(down, "B")]
    >>> [r.version for r in line_of_succession(chain)]
    ['A', 'B']
    >>> [r.version for r in line_of_succession([*chain, record(down, "A")])]
    ['A']
    """
    standing: list[ChampionRecord] = []
    for record in records:
        if record.deed is Deed.PROMOTED:
            standing.append(record)
        elif standing:
            standing.pop()
    return tuple(standing)
