"""Large frames read by the data dictionary, column by column: every cell that cannot be right is named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import dataframely as dy
import polars as pl

from evenstock.freight.rows import SHOWN

ROW: Final = "row"
"""Number of the row as the file has it, from 1."""


def checked(frame: pl.DataFrame, schema: type[dy.Schema], name: str, problems: list[str]) -> pl.DataFrame:
    """Rows in the schema's columns and types, defaults filled in, with their number; rows with a problem are left out.

    Refused are missing columns and cells, what is no whole number, what is outside the dictionary's range or form, and
    a key that stands twice. Each becomes a sentence in `problems`.
    """
    columns = schema.columns()
    lacking = [c for c in columns if c not in frame.columns and "default" not in (columns[c].metadata or {})]
    if lacking:
        problems.append(f"{name}: column {', '.join(lacking)} is missing; the file needs {', '.join(columns)}")
        return pl.DataFrame(schema={ROW: pl.Int64} | {column: spec.dtype for column, spec in columns.items()})
    rows = frame.select(c for c in columns if c in frame.columns).with_row_index(ROW, offset=1)
    bad: set[int] = set()
    for column, spec in columns.items():
        if column not in frame.columns:
            default = (spec.metadata or {})["default"]
            rows = rows.with_columns(pl.lit(default, dtype=spec.dtype).alias(column))
            continue
        wrong = rows.filter(_wrong(column, spec, rows.schema[column]))
        problems += [
            f"{name} row {row[ROW]}, {_cell(row, columns)}{column} is {_told(row[column], spec)}"
            for row in wrong.head(SHOWN).iter_rows(named=True)
        ]
        if wrong.height > SHOWN:
            problems.append(f"{name}: {column} is wrong in {wrong.height - SHOWN} more rows")
        bad |= set(wrong[ROW].to_list())
    kept = rows.filter(~pl.col(ROW).is_in(sorted(bad))) if bad else rows
    kept = kept.with_columns(_typed(column, spec, kept.schema[column]) for column, spec in columns.items())
    return _once(kept, schema.primary_key(), name, problems)


def _wrong(column: str, spec: Any, dtype: pl.DataType) -> pl.Expr:
    """Which cells cannot be right."""
    cell = pl.col(column)
    empty = pl.lit(False) if spec.nullable else cell.is_null()
    if isinstance(spec, dy.Int64):
        if not dtype.is_numeric():
            return cell.cast(pl.String).is_not_null() | empty
        broken = cell.is_nan() | cell.is_infinite() | (cell != cell.floor()) if dtype.is_float() else pl.lit(False)
        outside = pl.lit(False)
        if spec.min is not None:
            outside |= cell < spec.min
        if spec.max is not None:
            outside |= cell > spec.max
        return empty | (broken | outside).fill_null(False)
    if isinstance(spec, dy.Date) and dtype == pl.String:
        return empty | (cell.str.to_date("%Y-%m-%d", strict=False).is_null() & cell.is_not_null())
    if isinstance(spec, dy.String) and spec.regex is not None:
        return empty | (~cell.cast(pl.String).str.contains(spec.regex)).fill_null(False)
    return empty


def _typed(column: str, spec: Any, dtype: pl.DataType) -> pl.Expr:
    if isinstance(spec, dy.Date) and dtype == pl.String:
        return pl.col(column).str.to_date("%Y-%m-%d")
    return pl.col(column).cast(spec.dtype)


def _told(value: object, spec: Any) -> str:
    """The value, and what would be right."""
    if value is None:
        return "empty; fill it in"
    if isinstance(spec, dy.Int64):
        if isinstance(value, int | float) and value == value // 1:
            return f"{value:g}; it is from {spec.min} to {spec.max}"
        return f"{value!r}; give a whole number"
    if isinstance(spec, dy.Date):
        return f"{value!r}; write days as 2026-11-26"
    return f"{value!r}; it has the form {spec.regex}"


def _cell(row: dict[str, Any], columns: dict[str, Any]) -> str:
    keys = [str(row[c]) for c, spec in columns.items() if spec.primary_key and row.get(c) is not None]
    return f"{' '.join(keys)}: " if keys else ""


def _once(rows: pl.DataFrame, keys: Sequence[str], name: str, problems: list[str]) -> pl.DataFrame:
    twice = rows.filter(~pl.struct(keys).is_first_distinct())
    problems += [
        f"{name} row {row[ROW]}, {' '.join(str(row[key]) for key in keys)}: stands twice; keep one"
        for row in twice.head(SHOWN).iter_rows(named=True)
    ]
    return rows.unique(keys, keep="first", maintain_order=True) if twice.height else rows
