"""Rows of tables as they are told: their columns, types and meaning come from the table itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

import dataframely as dy
import polars as pl
from pydantic import AwareDatetime, Field, create_model

from evenstock.service.http.bodies.out import Out


def table_row(name: str, table: type[dy.Schema], **more: Any) -> type[Out]:
    """A model of one row of a table of the data dictionary; `more` fields stand beside its columns."""
    fields: dict[str, Any] = {}
    for column, spec in table.columns().items():
        kind = _python(spec.dtype) | None if spec.nullable else _python(spec.dtype)
        unit = (spec.metadata or {}).get("unit", "")
        said = ", ".join(
            part for part in (getattr(spec, "description", "") or "", f"in {unit}" if unit else "") if part
        )
        fields[column] = (Annotated[kind, Field(description=said)], ...)
    return _model(name, table.__doc__ or name, fields | {k: (v, ...) for k, v in more.items()})


def frame_row(name: str, schema: Mapping[str, Any], doc: str, **more: Any) -> type[Out]:
    """A model of one row of a frame; every column may be null."""
    fields: dict[str, Any] = {column: (_python(kind) | None, ...) for column, kind in schema.items()}
    return _model(name, doc, fields | {k: (v, ...) for k, v in more.items()})


def page_of(row: type[Out]) -> type[Out]:
    """A model of one page of these rows."""
    name = row.__name__.removesuffix("Out") + "PageOut"
    return _model(name, "One page", {"items": (list[row], ...), "next": (str | None, ...)})  # type: ignore[valid-type]


def _model(name: str, doc: str, fields: dict[str, Any]) -> type[Out]:
    made: type[Out] = create_model(name, __base__=Out, __doc__=doc, **fields)
    return made


def _python(kind: Any) -> Any:
    if isinstance(kind, pl.List) or kind is pl.List:
        return list[_python(kind.inner)] if isinstance(kind, pl.List) else list[Any]  # type: ignore[misc]
    if kind == pl.Boolean:
        return bool
    if kind == pl.Date:
        return date
    if kind == pl.Datetime:
        return AwareDatetime
    whole = kind.is_integer() if isinstance(kind, pl.DataType) else issubclass(kind, pl.datatypes.classes.IntegerType)
    if whole:
        return int
    return float if kind in (pl.Float64, pl.Float32) else str
