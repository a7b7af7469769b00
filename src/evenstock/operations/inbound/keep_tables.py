"""Puts what events said of stock and parcels among the tables that beliefs, scores and transit times are learned from.

The stored events are the source, each row has its key, and a row that is there stays as it is: so it may run as often as
one likes, be cut short anywhere, and an import of these tables is merged again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from evenstock.operations.inbound.applying import Told
from evenstock.operations.inbound.cursor import move_cursor, read_cursor
from evenstock.operations.inbound.drain import told_of
from evenstock.operations.inbound.fields import WrongDataError
from evenstock.operations.inbound.kinds import shipment_event, stock_observed
from evenstock.operations.ports import Handling, Received, Snapshots, Store
from evenstock.tables import TrackingEvents
from evenstock.tables.stock import Observations

SETTLED: Final = timedelta(minutes=2)
"""An event received so recently may still have one beside it with a smaller number that is not committed yet."""
_PAGE: Final = 1_000
_DROPPED: Final = "dropped by "


@dataclass(frozen=True, slots=True)
class _Kept:
    table: str
    key: tuple[str, ...]
    schema: dict[str, Any]
    row: Callable[[Told], dict[str, object]]


def _statement(told: Told) -> dict[str, object]:
    said = stock_observed.observation_of(told)
    return {
        "source": said.source,
        "sku": said.sku,
        "node": said.node,
        "lot": said.lot,
        "observed_at": said.observed_at,
        "units": said.units,
    }


_TABLES: Final = {
    stock_observed.TYPE: _Kept(
        "observations",
        ("source", "sku", "node", "lot", "observed_at"),
        {name: column.dtype for name, column in Observations.columns().items()},
        _statement,
    ),
    shipment_event.TYPE: _Kept(
        "tracking_events",
        ("parcel", "scanned_at", "code"),
        {name: column.dtype for name, column in TrackingEvents.columns().items()},
        shipment_event.scan_of,
    ),
}


def keep_tables(store: Store, snapshots: Snapshots, now: datetime, limit: int = 50_000) -> dict[str, int]:
    """Merge what was applied since the last time, at most `limit` events; returns the rows that were new in each table.

    Raises
    ------
    ConflictError
        If somebody else brought in a new table at the same moment; run it again.
    """
    with store.transaction() as books:
        seen = read_cursor(books)
    with store.reading() as books:
        waiting = books.received(Handling.WAITING, limit=1)
        applied: list[Received] = []
        while len(applied) < limit:
            after = applied[-1].number if applied else seen
            some = books.received(Handling.DONE, after=after, limit=min(_PAGE, limit - len(applied)))
            if not some:
                break
            applied += some
        pointers = {kept.table: books.pointer(kept.table) for kept in _TABLES.values()}
    new = {
        kept.table: _merge(store, snapshots, kept, kind, applied, pointers[kept.table], now)
        for kind, kept in _TABLES.items()
    }
    # What waits comes later; what was just received may have a neighbour that is not committed yet.
    first_waiting = waiting[0].number if waiting else None
    safe = [e.number for e in applied if e.received_at is not None and e.received_at <= now - SETTLED]
    safe = [number for number in safe if first_waiting is None or number < first_waiting]
    if safe:
        with store.transaction() as books:
            move_cursor(books, max(safe), seen=seen)
    return new


def _merge(
    store: Store, snapshots: Snapshots, kept: _Kept, kind: str, applied: list[Received], digest: str | None, now: datetime
) -> int:  # fmt: skip
    rows = []
    for event in applied:
        if event.kind == kind and not event.because.startswith(_DROPPED):
            try:
                rows.append(kept.row(told_of(event)))
            except WrongDataError:
                continue  # it was taken in by an older version; what it did stands in the ledger
    if not rows:
        return 0
    ours = pl.DataFrame(rows, schema=kept.schema).unique(list(kept.key), keep="first", maintain_order=True)
    there = snapshots.read(digest)[kept.table] if digest else pl.DataFrame(schema=kept.schema)
    added = ours.join(
        there.select(pl.col(name).cast(kept.schema[name]) for name in kept.key), on=list(kept.key), how="anti"
    )
    if added.height:
        merged = pl.concat([there, added.select(there.columns).cast(there.schema)])
        taken = snapshots.take({kept.table: merged})
        with store.transaction() as books:
            books.repoint(kept.table, digest, taken, now)
    return added.height
