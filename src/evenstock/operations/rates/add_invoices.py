"""Adds a week's invoices and parcels to those that are there: nothing twice, nothing written over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import polars as pl

from evenstock import tables
from evenstock.domain import Event, refuse_naive
from evenstock.operations.ports import Snapshots, Store
from evenstock.tables import with_defaults

ADDED: Final = ("invoices", "parcels")
"""Tables that grow: each import adds to what is there."""
_NAMED: Final = 5


def add_invoices(
    store: Store, snapshots: Snapshots, frames: Mapping[str, pl.DataFrame], *, now: datetime
) -> dict[str, int]:
    """New rows by table; rows that are there already count once.

    Parameters
    ----------
    frames : invoices, parcels or both, in the columns of the dictionary.

    Raises
    ------
    ValueError
        If a row says something else than the one that is there under its key. Nothing is added then.
    """
    refuse_naive(now, "now")
    strange = sorted(set(frames) - set(ADDED))
    if strange:
        raise ValueError(f"{strange[0]}: only {' and '.join(ADDED)} are added to")
    with store.reading() as books:
        seen = {name: books.pointer(name) for name in frames}
    whole, new = {}, {}
    for name, frame in frames.items():
        schema = tables.INPUT[name]
        columns = {column: spec.dtype for column, spec in schema.columns().items()}
        rows = with_defaults(schema, frame).select(pl.col(column).cast(kind) for column, kind in columns.items())
        at = seen[name]
        there = rows.clear() if at is None else with_defaults(schema, snapshots.read(at)[name]).select(*columns)
        fresh = rows.unique(maintain_order=True).join(there, on=list(columns), how="anti", nulls_equal=True)
        _refuse_other_words(name, schema.primary_key(), fresh, there)
        whole[name], new[name] = pl.concat([there.cast(rows.schema), fresh]), fresh.height
    kept = {name: snapshots.take({name: whole[name]}) for name in whole if new[name]}
    if kept:
        with store.transaction() as books:
            for name, digest in kept.items():
                books.repoint(name, seen[name], digest, now)
            books.publish([Event(f"invoices:{'+'.join(kept.values())}", "InvoicesAdded", "invoices", now, dict(new))])
    return new


def _refuse_other_words(name: str, key: list[str], fresh: pl.DataFrame, there: pl.DataFrame) -> None:
    twice = fresh.filter(pl.struct(key).is_duplicated()).select(key)
    other = pl.concat([twice, fresh.join(there, on=key, how="semi").select(key)]).unique(maintain_order=True)
    if other.height:
        first = "; ".join(" ".join(map(str, row)) for row in other.head(_NAMED).iter_rows())
        more = f" and {other.height - _NAMED:,} more" if other.height > _NAMED else ""
        raise ValueError(
            f"{name}: {' '.join(key)} {first}{more} stand there with other values; a credit or a correction is a line of its"
            " own, under a new number"
        )
