"""One table of a file, read and checked on its own."""

from __future__ import annotations

from typing import Any

import dataframely as dy
import polars as pl

from evenstock import tables
from evenstock.connectors.files.agreement import Checked
from evenstock.connectors.files.cells import Cells, is_name, read_cells
from evenstock.connectors.files.faults import empty_cells, refused_cells
from evenstock.connectors.files.headers import Source, match
from evenstock.connectors.files.problems import FAULTS, Found, faults
from evenstock.connectors.files.raw import RawTable, drop_empty_rows

_EXACT_DIGITS = 15
"""Digits that a spreadsheet's number keeps."""


def read_table(raw: RawTable, found: Found) -> tuple[Checked, pl.DataFrame]:
    """The table in the dictionary's columns and types, and the faults of its cells."""
    if skipped := drop_empty_rows(raw):
        found.note(f"{raw.file}: {skipped:,} empty rows between others are left out")
    matched = match(raw.table, raw.frame.columns, raw.file, found)
    wrong = [pl.DataFrame(schema=FAULTS)]
    columns: list[pl.Series] = []
    left_out: list[str] = []
    for column, spec in tables.INPUT[raw.table].columns().items():
        source = matched.sources.get(column)
        if source is None:
            if column not in matched.missing:
                left_out.append(column)
            columns.append(_filled(column, spec, raw.frame.height))
            continue
        series, faulty = _column(raw, column, spec, source, found)
        columns.append(series)
        wrong.append(faulty)
    if left_out:
        found.note(f"{raw.file}: not there, so by default: {', '.join(map(_default_said(raw.table), left_out))}")
    frame = pl.DataFrame(columns)
    shown = {column: source.name for column, source in matched.sources.items() if source.name != column}
    return Checked(raw.table, raw.file, raw.labels, frame, frozenset(matched.missing), shown), pl.concat(wrong)


def _column(
    raw: RawTable, column: str, spec: dy.Column, source: Source, found: Found
) -> tuple[pl.Series, pl.DataFrame]:
    series = raw.frame[source.name]
    cells = read_cells(column, spec, series, source.scale)
    for note in cells.notes:
        found.note(f"{raw.file}, column {source.name}: {note}")
    floats = series.dtype.is_float()
    wrong = [
        refused_cells(column, spec, cells, source.scale, floats=floats),
        _number_cells(raw, column, spec, source, cells, found),
    ]
    if series.dtype.is_integer() and is_name(spec):
        found.note(f"{raw.file}, column {source.name}: {_ZEROS}")
    empty = cells.texts.is_null()
    values = cells.values
    if empty.any():
        metadata = spec.metadata or {}
        if "default" in metadata:
            values = values.zip_with(~empty, _filled(column, spec, len(values)))
            if metadata["default"] not in {None, ""}:
                found.note(
                    f"{raw.file}, column {column}: {empty.sum():,} empty cells take {_said(metadata['default'])}"
                )
        elif not spec.nullable:
            wrong.append(empty_cells(column, spec, empty.arg_true().cast(pl.Int64)))
    return values.alias(column), pl.concat(wrong)


_ZEROS = "the cells are numbers, not text; if its names can begin with a zero, keep the column as text"


def _number_cells(
    raw: RawTable, column: str, spec: dy.Column, source: Source, cells: Cells, found: Found
) -> pl.DataFrame:
    """Names that a workbook holds as numbers: refused where a zero or a digit surely was lost, else noted."""
    at = sorted(i for i in raw.numbers.get(source.name, ()) if is_name(spec) and cells.values[i] is not None)
    if not at or column in {"cutoff", "working_days", "dispatch_days"}:
        return pl.DataFrame(schema=FAULTS)
    numbers = pl.Series(at, dtype=pl.Int64)
    texts = cells.texts.gather(numbers)
    written = cells.texts.set(pl.Series(range(len(cells.texts))).is_in(at), None)
    zeros = written.str.contains("^0[0-9]+$").any()
    unsure = texts.str.contains(r"[^0-9]") | (texts.str.len_chars() > _EXACT_DIGITS)
    if zeros:
        unsure = unsure | True
    if not unsure.any():
        found.note(f"{raw.file}, column {source.name}: {_ZEROS}")
    what = "is a number cell in a column of names" + (", others of which begin with a zero" if zeros else "")
    fix = "format the column as text and write the name with all its digits"
    return faults(numbers.filter(unsure), column, texts.filter(unsure), "number cell", what, fix)


def _filled(column: str, spec: dy.Column, height: int) -> pl.Series:
    """The column's default in every row, or null where it has none."""
    default: Any = (spec.metadata or {}).get("default")
    return (
        pl.Series(column, [default], dtype=spec.dtype).new_from_index(0, height)
        if height
        else pl.Series(column, [], dtype=spec.dtype)
    )


def _default_said(table: str) -> Any:
    columns = tables.INPUT[table].columns()
    return lambda column: f"{column} {_said((columns[column].metadata or {})['default'])}"


def _said(default: object) -> str:
    if default is None or default == "":
        return "empty"
    return str(default).lower() if isinstance(default, bool) else str(default)
