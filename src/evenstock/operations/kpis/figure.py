"""A figure from its rows: the sum of their parts over the sum of their wholes, so that whoever adds the rows up finds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final, Protocol, cast

import polars as pl

from evenstock.operations.kpis.evidence import Evidence
from evenstock.registry import members

FAMILY: Final = "evenstock.operations.kpis.measures"
COMMON: Final[dict[str, Any]] = {"key": pl.String, "nodes": pl.List(pl.String), "part": pl.Int64, "whole": pl.Int64}
"""Columns of every row: its unique name, the nodes it concerns, and its share of the figure; others say more."""


class Measure(Protocol):
    """A member of the family."""

    NAME: str
    TITLE: str
    DEFINITION: str
    """In words that a reader can check, with its source in the field."""
    SOURCE: str
    """Which books and tables it is read from."""
    UNIT: str

    def rows(self, told: Evidence) -> pl.DataFrame:
        """One row a case, with the columns of `COMMON`; `whole` is zero throughout where the figure is a sum."""

    def scale(self, told: Evidence) -> float:
        """By what the ratio, or the sum, is multiplied."""


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A key figure of a period."""

    name: str
    title: str
    definition: str
    source: str
    unit: str
    first: date
    last: date
    value: float | None
    """None where there is nothing to reckon it from: a ratio over nothing is no perfect score."""
    part: int
    whole: int
    """0 for a figure that is a sum: the value is `scale` times `part` then."""
    scale: float
    count: int
    """Rows behind it."""
    rows: pl.DataFrame


@cache
def measures() -> Mapping[str, Measure]:
    """Every figure by its name."""
    return {module.NAME: cast("Measure", module) for module in members(FAMILY).values()}


def figure_of(told: Evidence, name: str, nodes: frozenset[str] | None = None) -> Figure:
    """A figure, of some nodes or of all.

    Raises
    ------
    KeyError
        If no figure is named so.
    """
    measure = measures()[name]
    rows = measure.rows(told)
    if nodes is not None:
        rows = rows.filter(pl.col("nodes").list.set_intersection(sorted(nodes)).list.len() > 0)
    part, whole, scale = int(rows["part"].sum()), int(rows["whole"].sum()), measure.scale(told)
    summed = not getattr(measure, "RATIO", True)
    value = value_of(part, whole, scale, summed=summed) if rows.height else (0.0 if summed else None)
    return Figure(
        measure.NAME, measure.TITLE, measure.DEFINITION, measure.SOURCE, measure.UNIT, told.first, told.last, value,
        part, whole, scale, rows.height, rows.sort("key"),
    )  # fmt: skip


def value_of(part: int, whole: int, scale: float, *, summed: bool) -> float | None:
    """What parts and wholes say together.

    Examples
    --------
    Three of four orders; two transfers in fourteen days, a week:

    >>> value_of(3, 4, 1.0, summed=False), value_of(2, 0, 0.5, summed=True)
    (0.75, 1.0)
    """
    if summed:
        return scale * part
    return scale * part / whole if whole else None


def frame(rows: list[dict[str, Any]], more: Mapping[str, Any]) -> pl.DataFrame:
    """Rows in `COMMON` columns and those of `more`."""
    return pl.DataFrame(rows, schema={**COMMON, **more}, orient="row")


def once(_told: Evidence) -> float:
    """The scale of a plain ratio or sum."""
    return 1.0
