"""What events said of stock and parcels becomes rows of the tables that are learned from."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.operations.exceptions.shop import NOW, ONE
from tests.operations.inbound.feed import applied, event, inbound, level, receive

from evenstock.operations.inbound.dead_letters import drop, replay
from evenstock.operations.inbound.drain import drain
from evenstock.operations.inbound.keep_tables import SETTLED, keep_tables
from evenstock.operations.ports import Handling, Store
from evenstock.storage.snapshots import SnapshotFolder

LATER = NOW + SETTLED


@pytest.fixture
def snapshots(tmp_path: Path) -> SnapshotFolder:
    return SnapshotFolder(tmp_path / "snapshots")


def _rows(store: Store, snapshots: SnapshotFolder, table: str) -> list[dict[str, Any]]:
    with store.reading() as books:
        digest = books.pointer(table)
    return snapshots.read(digest)[table].to_dicts() if digest else []


def _scan(name: str, status: str, minutes: int) -> Any:
    at = (NOW + timedelta(minutes=minutes)).isoformat()
    return event("shipment.event", name, parcel="1Z1", service="ups:ground", status=status, scanned_at=at, code=status)


def test_scans_and_statements_are_kept_once(store: Store, snapshots: SnapshotFolder) -> None:
    applied(store, _scan("s1", "pending", 0), _scan("s1-again", "pending", 0), _scan("s2", "in_transit", 5))
    applied(
        store,
        level("e1", ONE, 12, 1),
        level("e2", ONE, 11, 2),
        event("stock.adjusted", "d", sku=ONE, node="TX", units=1),
    )
    assert keep_tables(store, snapshots, NOW) == {"observations": 2, "tracking_events": 2}
    assert keep_tables(store, snapshots, NOW) == {"observations": 0, "tracking_events": 0}
    assert keep_tables(store, snapshots, LATER) == {"observations": 0, "tracking_events": 0}
    assert [row["status"] for row in _rows(store, snapshots, "tracking_events")] == ["pending", "in_transit"]
    statements = _rows(store, snapshots, "observations")
    assert [(row["source"], row["units"]) for row in statements] == [("wms", 12), ("wms", 11)]


def test_it_goes_on_where_it_stopped_and_waits_for_nothing(store: Store, snapshots: SnapshotFolder) -> None:
    receive(store, event("stock.adjusted", "waits", sku="SKU-NEW", node="TX", units=1))
    for n in range(5):
        applied(store, _scan(f"s{n}", "in_transit", n))
    assert sum(keep_tables(store, snapshots, LATER, limit=2)["tracking_events"] for _ in range(1)) == 2
    assert keep_tables(store, snapshots, LATER)["tracking_events"] == 3


def test_an_event_that_is_replayed_long_after_is_kept_too_and_one_that_is_dropped_is_not(
    store: Store, snapshots: SnapshotFolder
) -> None:
    dead = [event("shipment.event", f"b{n}", parcel=f"B{n}", service="ups:ground", status="in_transit", order="A-1")
            for n in (1, 2)]  # fmt: skip
    receive(store, *dead)
    with store.transaction() as books:
        for letter in books.claim_received(NOW, 10):
            books.handled(letter, Handling.DEAD, NOW, "nobody's")
        for letter in books.claim_received(NOW, 10):
            books.handled(letter, Handling.DEAD, NOW, "nobody's")
    applied(store, _scan("s1", "in_transit", 1))
    keep_tables(store, snapshots, LATER)
    with store.reading() as books:
        first, second = books.received(Handling.DEAD)
    replay(store, first.number, "ana", LATER)
    drop(store, second.number, "ana", "not ours", LATER)
    with store.transaction() as books:
        (again,) = books.claim_received(LATER, 10)
        books.handled(again, Handling.DONE, LATER, "applied")
    assert drain(inbound(store), LATER).tried == 0
    assert keep_tables(store, snapshots, LATER) == {"observations": 0, "tracking_events": 1}
    assert {row["parcel"] for row in _rows(store, snapshots, "tracking_events")} == {"1Z1", "B1"}
