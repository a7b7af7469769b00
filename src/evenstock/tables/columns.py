"""Kinds of columns that tables share."""

from __future__ import annotations

from typing import Any, Final

import dataframely as dy
import polars as pl

MAX_UNITS: Final = 1_000_000_000
MAX_CENTS: Final = 100_000_000_000
REQUIRED: Final = object()


def metadata_of(unit: str, default: object) -> dict[str, Any]:
    return ({"unit": unit} if unit else {}) | ({} if default is REQUIRED else {"default": default})


def text(
    description: str, *, regex: str | None = None, unit: str = "", key: bool = False, default: object = REQUIRED
) -> dy.String:
    return dy.String(
        primary_key=key,
        regex=regex,
        max_length=None if regex else 2000,
        description=description,
        metadata=metadata_of(unit, default),
    )


def name_of(description: str, *, key: bool = False, default: object = REQUIRED) -> dy.String:
    """A name without space at its ends; not empty."""
    return dy.String(
        primary_key=key, regex=r"^\S(.{0,198}\S)?$", description=description, metadata=metadata_of("", default)
    )


def whole(
    description: str,
    unit: str,
    *,
    low: int = 0,
    high: int = MAX_UNITS,
    key: bool = False,
    nullable: bool = False,
    default: object = REQUIRED,
) -> dy.Int64:
    return dy.Int64(
        min=low,
        max=high,
        primary_key=key,
        nullable=nullable,
        description=description,
        metadata=metadata_of(unit, default),
    )


def cents(description: str, *, default: object = REQUIRED) -> dy.Int64:
    return whole(description, "cents", high=MAX_CENTS, default=default)


def day(description: str, *, key: bool = False, nullable: bool = False, default: object = REQUIRED) -> dy.Date:
    return dy.Date(primary_key=key, nullable=nullable, description=description, metadata=metadata_of("", default))


def moment(description: str, *, key: bool = False, nullable: bool = False, default: object = REQUIRED) -> dy.Datetime:
    return dy.Datetime(
        time_unit="us",
        time_zone="UTC",
        primary_key=key,
        nullable=nullable,
        description=description,
        metadata=metadata_of("UTC", default),
    )


def node_or_everywhere(description: str) -> dy.String:
    """A node, or empty for every node."""
    return dy.String(primary_key=True, max_length=200, description=description, metadata={"default": ""})


def zip3(description: str) -> dy.String:
    return dy.String(primary_key=True, regex=r"^\w{3}$", description=description)


def lot() -> dy.String:
    return dy.String(
        primary_key=True, max_length=200, description="Lot; empty where not tracked", metadata={"default": ""}
    )


def with_defaults(schema: type[dy.Schema], frame: pl.DataFrame) -> pl.DataFrame:
    """The same rows with every column that may be left out at its default."""
    absent = {
        column: (spec.metadata or {})["default"]
        for column, spec in schema.columns().items()
        if column not in frame.columns and "default" in (spec.metadata or {})
    }
    dtypes = {column: schema.columns()[column].dtype for column in absent}
    return frame.with_columns(pl.lit(value, dtype=dtypes[column]).alias(column) for column, value in absent.items())
