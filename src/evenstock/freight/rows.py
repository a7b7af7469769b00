"""Rows of a frame of rates, each checked as it is read: complaints name table, row, column and value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import polars as pl

SHOWN: Final = 20
"""Problems told one by one; of the rest only how many."""


def rows(
    frame: pl.DataFrame | None, schema: Any, name: str, problems: list[str]
) -> Iterable[tuple[int, dict[str, Any]]]:
    """Rows numbered from 1, with defaults for columns that may be left out; a missing value is a problem, its row left out.

    Examples
    --------
    >>> from evenstock import tables
    >>> said: list[str] = []
    >>> zones = pl.DataFrame({"origin_zip3": ["070", "070"], "destination_zip3": ["100", None], "zone": [2, 3]})
    >>> [row for row, _ in rows(zones, tables.Zones, "zones", said)], said
    ([1], ['zones row 2: destination_zip3 is empty; fill it in'])
    """
    if frame is None:
        return
    columns = schema.columns()
    lacking = [c for c in columns if c not in frame.columns and "default" not in (columns[c].metadata or {})]
    if lacking:
        problems.append(f"{name}: column {', '.join(lacking)} is missing; the file needs {', '.join(columns)}")
        return
    given = [c for c in columns if c in frame.columns]
    defaults = {c: columns[c].metadata["default"] for c in columns if c not in frame.columns}
    for row, values in enumerate(frame.select(given).iter_rows(named=True), start=1):
        empty = [c for c in given if values[c] is None and not columns[c].nullable]
        if empty:
            problems.append(f"{name} row {row}: {', '.join(empty)} is empty; fill it in")
        else:
            yield row, defaults | values


def whole(value: Any, where: str, low: int, problems: list[str]) -> int:
    """A whole number of at least `low`; anything else is a problem and reads as `low`."""
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        if value >= low:
            return int(value)
        problems.append(f"{where} is {value:g}; it is {low} or more")
    else:
        problems.append(f"{where} is {value!r}; give a whole number")
    return low


def refuse(problems: list[str]) -> None:
    """Nothing where there are no problems.

    Raises
    ------
    ValueError
        With the problems, a line each.
    """
    if problems:
        more = [f"and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        raise ValueError("\n".join([*problems[:SHOWN], *more]))
