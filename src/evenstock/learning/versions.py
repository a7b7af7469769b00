"""A version of a model: what it was made from, so that any decision it made can be traced and made again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import polars as pl

from evenstock.domain.canonical import digest
from evenstock.domain.moments import refuse_naive

_SCHEMA: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "id": pl.String,
    "subject": pl.String,
    "model": pl.String,
    "version": pl.String,
    "parameters": pl.String,
    "data": pl.String,
    "features": pl.String,
    "code": pl.String,
    "seed": pl.Int64,
    "cut_off": pl.Date,
    "made_at": pl.Datetime("us", "UTC"),
}


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """Immutable. Two versions made from the same things at different moments are one: they share their `id`."""

    subject: str
    """What it speaks of, such as `demand` or `transit:ups`: versions of one subject compete."""
    model: str
    """Member of the subject's family."""
    version: str
    """Name and number that the model gives itself."""
    parameters: str
    """Digest of what it learned."""
    data: tuple[tuple[str, str], ...]
    """Snapshot of each table it learned from, by name: `(table, digest)` in name order."""
    features: tuple[str, ...]
    """What it looks at."""
    code: str
    """Version of the program that trained it."""
    seed: int
    cut_off: date
    """Last day it has seen."""
    made_at: datetime

    def __post_init__(self) -> None:
        refuse_naive(self.made_at, "made_at")
        if not (self.subject and self.model and self.parameters):
            raise ValueError("a model version names its subject, its model and the digest of its parameters")
        if list(self.data) != sorted(set(self.data)):
            raise ValueError(f"{self.subject}: name each table once, in name order")

    @property
    def id(self) -> str:
        """Digest of all but `made_at`."""
        made_from = (self.subject, self.model, self.version, self.parameters, self.data, self.features)
        return digest([*made_from, self.code, self.seed, self.cut_off])

    def to_frame(self) -> pl.DataFrame:
        """One row; `from_frame` reads it back."""
        row = (
            self.id, self.subject, self.model, self.version, self.parameters, json.dumps(dict(self.data)),
            json.dumps(self.features), self.code, self.seed, self.cut_off, self.made_at,
        )  # fmt: skip
        return pl.DataFrame([row], schema=_SCHEMA, orient="row")

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> ModelVersion:
        """The version of `to_frame`. Raises ValueError if the row is not one, or no longer matches its id."""
        if frame.height != 1 or set(frame.columns) != set(_SCHEMA):
            raise ValueError("a model version is one row with the columns " + ", ".join(_SCHEMA))
        row = frame.row(0, named=True)
        told = row.pop("id")
        row["data"] = tuple(sorted(json.loads(row["data"]).items()))
        row["features"] = tuple(json.loads(row["features"]))
        found = cls(**row)
        if found.id != told:
            raise ValueError(f"model version {told} was changed after it was made: its content has the id {found.id}")
        return found
