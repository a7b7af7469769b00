"""The data dictionary as documentation and as JSON Schema: rendered from `tables.py`, which alone defines it."""

from __future__ import annotations

from typing import Any, Final

import dataframely as dy

from evenstock import tables
from evenstock.tables.personal import MARKS

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_INTRODUCTION: Final = (
    "A folder holds one file per table, named as the table: CSV, TSV, Parquet, or a sheet of an XLSX workbook. "
    "Required are {required}. Text is UTF-8; decimals have a point; days are `2026-11-20`; moments carry their offset, "
    "such as `2026-11-20T14:00:00Z`. Lists in a cell are separated by `;`."
)


def as_markdown() -> str:
    """Every table that can be imported and every one we give back: columns, types, units, ranges, defaults, keys."""
    parts = [
        "# Data dictionary",
        _INTRODUCTION.format(required=", ".join(f"`{t}`" for t in tables.REQUIRED)),
        "## Tables you bring",
        *(_section(name, schema) for name, schema in tables.INPUT.items()),
        "## Tables we give back",
        *(_section(name, schema) for name, schema in tables.RESULT.items()),
    ]
    return "\n\n".join(parts) + "\n"


def as_json_schema() -> dict[str, Any]:
    """JSON Schema, Draft 2020-12, of a network as JSON: one `$defs` entry per table, an object being one row.

    What JSON Schema has no word for stands under `x-unit`, `x-key`, `x-references` and `x-personal`.
    """
    every = tables.INPUT | tables.RESULT
    return {
        "$schema": _DIALECT,
        "title": "evenstock network",
        "description": "Tables of a network by name, each a list of rows",
        "type": "object",
        "properties": {
            name: {"type": "array", "items": {"$ref": f"#/$defs/{name}"}, "minItems": int(name in tables.REQUIRED)}
            for name in tables.INPUT
        },
        "required": list(tables.REQUIRED),
        "additionalProperties": False,
        "$defs": {name: _row_schema(name, schema) for name, schema in every.items()},
    }


def _section(name: str, schema: type[dy.Schema]) -> str:
    head = "| column | type | unit | range or form | default | key | meaning |\n|---|---|---|---|---|---|---|"
    rows = [_row(name, column, spec) for column, spec in schema.columns().items()]
    required = " Required." if name in tables.REQUIRED else ""
    return f"### {name}\n\n{_sentence(schema)}{required}\n\n" + "\n".join([head, *rows])


def _row(table: str, column: str, spec: dy.Column) -> str:
    metadata = spec.metadata or {}
    meaning = spec.description or ""
    if reference := tables.REFERENCES.get((table, column)):
        meaning += f" (one of `{'.'.join(reference)}`)"
    if mark := MARKS.get((table, column)):
        meaning += f" (personal: {mark})"
    cells = [
        f"`{column}`",
        _kind(spec),
        metadata.get("unit", ""),
        _form(spec),
        _default(metadata),
        "yes" if spec.primary_key else "",
        meaning,
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _kind(spec: dy.Column) -> str:
    kinds: dict[type[dy.Column], str] = {
        dy.Int64: "whole number",
        dy.Float64: "number",
        dy.Bool: "true or false",
        dy.Date: "day",
        dy.Datetime: "moment",
        dy.Enum: "choice",
        dy.String: "text",
    }
    return next(word for kind, word in kinds.items() if isinstance(spec, kind))


def _form(spec: dy.Column) -> str:
    match spec:
        case dy.Enum():
            return ", ".join(f"`{c}`" for c in spec.categories)
        case dy.Int64() | dy.Float64():
            low = "" if spec.min is None else f"{spec.min:,}"
            high = "" if spec.max is None else f"{spec.max:,}"
            return (
                f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}" if high else ""
            )
        case dy.String():
            return (
                f"`{spec.regex}`" if spec.regex else f"at most {spec.max_length} characters" if spec.max_length else ""
            )
        case _:
            return ""


def _default(metadata: dict[str, Any]) -> str:
    if "default" not in metadata:
        return "required"
    value = metadata["default"]
    return "empty" if value is None or value == "" else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _sentence(schema: type[dy.Schema]) -> str:
    return " ".join((schema.__doc__ or "").split())


def _row_schema(name: str, schema: type[dy.Schema]) -> dict[str, Any]:
    columns = schema.columns()
    return {
        "type": "object",
        "description": _sentence(schema),
        "properties": {column: _column_schema(name, column, spec) for column, spec in columns.items()},
        "required": [column for column, spec in columns.items() if "default" not in (spec.metadata or {})],
        "additionalProperties": False,
        "x-key": schema.primary_key(),
    }


def _column_schema(table: str, column: str, spec: dy.Column) -> dict[str, Any]:
    metadata = spec.metadata or {}
    schema: dict[str, Any] = _type_schema(spec)
    if spec.nullable:
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    schema["description"] = spec.description or ""
    if "default" in metadata:
        schema["default"] = metadata["default"]
    if "unit" in metadata:
        schema["x-unit"] = metadata["unit"]
    if reference := tables.REFERENCES.get((table, column)):
        schema["x-references"] = {"table": reference[0], "column": reference[1]}
    if mark := MARKS.get((table, column)):
        schema["x-personal"] = str(mark)
    return schema


def _type_schema(spec: dy.Column) -> dict[str, Any]:
    match spec:
        case dy.Enum():
            return {"type": "string", "enum": list(spec.categories)}
        case dy.Int64() | dy.Float64():
            limits = {"minimum": spec.min, "maximum": spec.max}
            kind = "integer" if isinstance(spec, dy.Int64) else "number"
            return {"type": kind} | {k: v for k, v in limits.items() if v is not None}
        case dy.Bool():
            return {"type": "boolean"}
        case dy.Date():
            return {"type": "string", "format": "date"}
        case dy.Datetime():
            return {"type": "string", "format": "date-time"}
        case dy.String():
            forms = {"pattern": spec.regex, "maxLength": spec.max_length}
            return {"type": "string"} | {k: v for k, v in forms.items() if v is not None}
        case _:
            raise TypeError(f"no JSON type for a column of type {type(spec).__name__}")
