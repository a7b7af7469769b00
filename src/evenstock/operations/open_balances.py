"""Opens the books: what each node says it has becomes the first movements."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from evenstock.domain import Account, Bucket, Cause, LotId, Movement, MovementId, NodeId, Sku, Units
from evenstock.operations.ports import ConflictError, Store

_KEY = "open balances"


def open_balances(store: Store, stock: pl.DataFrame, snapshot: str, now: datetime) -> int:
    """Post opening stock from `outside(opening)`; returns the number of movements, the same when asked again.

    The books are opened once. A later file about stock is a count: see `count_stock.observations_of`.

    Parameters
    ----------
    stock : frame of `tables.Stock`; `held` is part of `on_hand`.
    snapshot : digest of the snapshot it comes from; the same snapshot again changes nothing.

    Raises
    ------
    ConflictError
        If the books were opened from another snapshot.
    ValueError
        If more is held than is on hand.
    """
    with store.transaction() as t:
        before = t.recall(_KEY)
        if before is not None:
            if before.request != snapshot:
                raise ConflictError(
                    f"the books were opened from {before.request}; a later stock file is a count: report it as one, "
                    "or start with a new database"
                )
            return int(before.response)
        movements: list[Movement] = []
        for number, row in enumerate(stock.sort("sku", "node", "lot").iter_rows(named=True)):
            movements += _opening(row, f"opening:{snapshot.removeprefix('sha256:')[:16]}:{number}", snapshot)
            if row["buffer"]:
                t.set_buffer(Sku(row["sku"]), NodeId(row["node"]), Units(row["buffer"]), LotId(row["lot"]))
        posted = t.post(movements, now)
        t.remember(_KEY, snapshot, str(posted).encode(), now)
        t.point("opening", snapshot, now)
        return posted


def _opening(row: dict[str, object], name: str, snapshot: str) -> list[Movement]:
    sku, node, lot = Sku(str(row["sku"])), NodeId(str(row["node"])), LotId(str(row["lot"]))
    on_hand, held, at = row["on_hand"], row["held"], row["observed_at"]
    assert isinstance(on_hand, int)
    assert isinstance(held, int)
    assert isinstance(at, datetime)
    if held > on_hand:
        raise ValueError(f"{sku} at {node}: {held} units held of {on_hand} on hand; held units are part of on hand")
    world = Account(sku, node, Bucket.OUTSIDE, lot, Cause.OPENING)
    return [
        Movement(MovementId(f"{name}:{bucket}"), Units(units), world, Account(sku, node, bucket, lot), at, snapshot)
        for bucket, units in ((Bucket.AVAILABLE, on_hand - held), (Bucket.HELD, held))
        if units
    ]
