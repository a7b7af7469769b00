"""Frames as a folder of files: the inverse of reading."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import dataframely as dy
import polars as pl

from evenstock import tables
from evenstock.connectors.files.cells import read_cells

Format = Literal["csv", "parquet"]


def write_folder(frames: Mapping[str, pl.DataFrame], path: Path | str, format: Format = "csv") -> list[Path]:  # noqa: A002
    """Write each table to a file of its name, so that reading the folder gives equal frames; returns the files.

    Raises
    ------
    ValueError
        If a name is not a table, or a value could not be read back as it is: text with space at its ends, an empty
        text where the dictionary has another default, a number that is not finite. Nothing is written then.
    """
    unknown = sorted(set(frames) - set(tables.INPUT) - set(tables.RESULT))
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: not a table of the dictionary; tables are {', '.join(tables.INPUT)}")
    for table, frame in frames.items():
        _refuse_what_changes(table, frame)
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for table, frame in frames.items():
        file = folder / f"{table}.{format}"
        frame.write_parquet(file) if format == "parquet" else as_text(frame).write_csv(file)
        files.append(file)
    return files


def as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame as a text file shows it: moments in UTC with a Z, decimals with a point, nulls empty."""
    moments = [
        pl.col(c).dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
        for c, kind in frame.schema.items()
        if isinstance(kind, pl.Datetime) and kind.time_zone
    ]
    return frame.with_columns(moments)


def _refuse_what_changes(table: str, frame: pl.DataFrame) -> None:
    schema = (tables.INPUT | tables.RESULT)[table]
    for column, spec in schema.columns().items():
        if column not in frame.columns:
            if "default" not in (spec.metadata or {}):
                raise ValueError(f"{table}: column {column} is missing; add it")
            continue
        values = _typed(frame[column], spec)
        read = read_cells(column, spec, _typed_text(values), None).values
        if "default" in (spec.metadata or {}):
            read = read.fill_null(_default(spec)) if _default(spec) is not None else read
        if read.dtype != values.dtype or not read.equals(values.alias(read.name), null_equal=True):
            at = (read.cast(pl.String).ne_missing(values.cast(pl.String))).arg_true()
            shown = f"row {at[0] + 1}, value {values[at[0]]!r}" if len(at) else f"type {values.dtype}"
            raise ValueError(f"{table}, column {column}, {shown}: would not be read back as it is; correct it first")


def _typed(values: pl.Series, spec: dy.Column) -> pl.Series:
    """The column's own type where the content is the same in it: text for a choice, a shorter whole number."""
    typed = values.cast(spec.dtype, strict=False)
    return typed if typed.cast(values.dtype, strict=False).equals(values, null_equal=True) else values


def _typed_text(values: pl.Series) -> pl.Series:
    return as_text(values.to_frame()).to_series().cast(pl.String)


def _default(spec: dy.Column) -> object:
    return (spec.metadata or {}).get("default")
