"""Puts short picks and counts that were reported here among the tables from which beliefs about stock are formed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import polars as pl

from evenstock.domain import Case, CaseKind
from evenstock.operations.ports import Snapshots, Store

_MOMENT: Final = pl.Datetime("us", "UTC")
_TABLES: Final[dict[str, tuple[dict[str, Any], list[str]]]] = {
    "short_picks": (
        {"pick": pl.String, "sku": pl.String, "node": pl.String, "picked_at": _MOMENT, "wanted": pl.Int64, "found": pl.Int64},
        ["pick"],
    ),
    "counts": (
        {"sku": pl.String, "node": pl.String, "lot": pl.String, "counted_at": _MOMENT, "units": pl.Int64,
         "booked": pl.Int64, "counter": pl.String},
        ["sku", "node", "lot", "counted_at"],
    ),
}  # fmt: skip
"""Columns and key of each table."""


def keep_evidence(store: Store, snapshots: Snapshots, now: datetime) -> dict[str, int]:
    """Merge what was reported into the current tables `short_picks` and `counts`; returns the rows that were new in each.

    Cases are the source, so it may run as often as one likes, and a later import of these tables is merged again. An
    imported row stays as it is where both tell of the same pick or count.

    Raises
    ------
    ConflictError
        If somebody else brought in a new table at the same moment; run it again.
    """
    with store.reading() as books:
        cases = [case for case in books.cases(kind=CaseKind.SHORT_PICK) if case.about.startswith("stock:")]
        seen = {name: books.pointer(name) for name in _TABLES}
    told = {"short_picks": _picks(cases), "counts": _counts(cases)}
    new = {}
    for name, (schema, key) in _TABLES.items():
        ours = pl.DataFrame(told[name], schema=schema, orient="row").unique(key, keep="first", maintain_order=True)
        digest = seen[name]
        there = snapshots.read(digest)[name] if digest else pl.DataFrame(schema=schema)
        added = ours.join(there, on=key, how="anti")
        new[name] = added.height
        if added.height:
            merged = pl.concat([there, added.select(there.columns).cast(there.schema)])
            with store.transaction() as books:
                books.repoint(name, digest, snapshots.take({name: merged}), now)
    return new


def _picks(cases: Sequence[Case]) -> list[tuple[Any, ...]]:
    return [
        (
            case.id.removesuffix(":count"), case.fact("sku"), case.fact("node"), datetime.fromisoformat(case.fact("picked_at")),
            int(case.fact("wanted")), int(case.fact("found")),
        )
        for case in cases
    ]  # fmt: skip


def _counts(cases: Sequence[Case]) -> list[tuple[Any, ...]]:
    return [
        (
            case.fact("sku"), case.fact("node"), case.fact("lot"), case.closed_at, int(case.fact("counted")),
            int(case.fact("booked")), case.closed_by,
        )
        for case in cases
        if case.fact("counted")
    ]  # fmt: skip
