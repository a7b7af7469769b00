"""Orders in imported tables: where they went becomes their area, in the table in force; older copies of it are let go.

A snapshot is never changed: the table is taken anew, its name means the new one, and every folder that still holds the order as
it was is removed, once what the books say of it is committed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol, cast

import polars as pl

from evenstock.operations.ports import Snapshots, Transaction

AREA: Final = 3
"""First characters of a postal code that stay: those by which zones and regions are known."""
_BY_ORDER: Final = ("orders", "order_history")
_BY_PARCEL: Final = ("parcels", "deliveries", "tracking_events")
TABLES: Final = (*_BY_ORDER, *_BY_PARCEL)
"""Imported tables that say where an order or a parcel went."""


class Kept(Snapshots, Protocol):
    """Snapshots that can be let go."""

    def holding(self, table: str) -> list[str]:
        """Digests of all that hold a table of this name."""

    def drop(self, digest: str) -> None:
        """Remove one for ever; nothing where it is gone."""


def kept_of(snapshots: Snapshots) -> Kept:
    return cast("Kept", snapshots)


def blank_tables(
    books: Transaction, snapshots: Snapshots, orders: Collection[str], now: datetime
) -> tuple[list[tuple[str, int]], list[str]]:
    """Blank these orders in every table that is in force, within the transaction.

    Returns
    -------
    Tables with how many rows of each were blanked, and digests to be dropped after the commit.
    """
    changed, past = [], []
    parcels = _parcels_of(books, snapshots, orders)
    for table in TABLES:
        keys = orders if table in _BY_ORDER else parcels
        meant = books.pointer(table)
        for digest in kept_of(snapshots).holding(table):
            frames = snapshots.read(digest)
            blank, rows = blanked(table, frames[table], keys)
            if not rows:
                continue
            if digest == meant:
                books.repoint(table, meant, snapshots.take({**frames, table: blank}), now)
                changed.append((table, rows))
            past.append(digest)
    return changed, past


def rows_about(books: Transaction, snapshots: Snapshots, order: str) -> dict[str, list[dict[str, object]]]:
    """Rows of the tables in force that are about the order, as they stand."""
    found: dict[str, list[dict[str, object]]] = {}
    parcels = _parcels_of(books, snapshots, [order])
    for table in TABLES:
        meant = books.pointer(table)
        frame = snapshots.read(meant)[table] if meant else None
        if frame is not None:
            rows = frame.filter(_key(table).is_in(sorted([order] if table in _BY_ORDER else parcels)))
            if rows.height:
                found[table] = [
                    {k: str(v) if v is not None else None for k, v in row.items()} for row in rows.to_dicts()
                ]
    return found


def blanked(table: str, frame: pl.DataFrame, keys: Collection[str]) -> tuple[pl.DataFrame, int]:
    """The table with these orders, or parcels, known by their area and day alone, and how many rows that changed.

    Examples
    --------
    >>> frame = pl.DataFrame({"order": ["a", "b"], "postal_code": ["19103", "75201"], "residential": [False, True]})
    >>> blank, rows = blanked("order_history", frame, ["a"])
    >>> rows, blank["postal_code"].to_list(), blank["residential"].to_list()
    (1, ['191', '75201'], [True, True])
    """
    about = _key(table).is_in(sorted(keys))
    blanks = {name: as_blank for name, as_blank in _BLANKS.items() if name in frame.columns}
    after = frame.with_columns(
        pl.when(about).then(as_blank(pl.col(name))).otherwise(pl.col(name)).alias(name)
        for name, as_blank in blanks.items()
    )
    same = pl.all_horizontal(
        after[name].eq_missing(frame[name]).alias(name) for name in blanks
    ) if blanks else pl.lit(value=True)  # fmt: skip
    return after, frame.height - int(
        frame.select(same.alias("same").cast(pl.Int64)).sum().item() if blanks else frame.height
    )


def _area(column: pl.Expr) -> pl.Expr:
    return column.str.strip_chars().str.slice(0, AREA)


_BLANKS: Final[Mapping[str, Callable[[pl.Expr], pl.Expr]]] = {
    "postal_code": _area,
    "destination_postal_code": _area,
    "residential": lambda _: pl.lit(value=True),
    "tags": lambda _: pl.lit(""),
    "placed_at": lambda column: column.dt.truncate("1d"),
    "location": lambda _: pl.lit(""),
}


def _key(table: str) -> pl.Expr:
    return pl.col("order" if table in _BY_ORDER else "parcel")


def _parcels_of(books: Transaction, snapshots: Snapshots, orders: Collection[str]) -> Sequence[str]:
    """Parcels of these orders, as shipments in force tell them."""
    shipped, sent = books.pointer("shipments"), books.pointer("parcels")
    if not shipped or not sent:
        return ()
    shipments = snapshots.read(shipped)["shipments"].filter(pl.col("order").is_in(sorted(orders)))["shipment"]
    parcels = snapshots.read(sent)["parcels"].filter(pl.col("shipment").is_in(shipments.implode()))["parcel"]
    return [str(parcel) for parcel in parcels.to_list()]
