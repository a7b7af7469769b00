"""What was reported here teaches beliefs about stock, beside what was imported, and once."""

from datetime import timedelta
from pathlib import Path

import polars as pl
from tests.operations.exceptions.shop import A1, LATER, NETWORK, NJ, ONE, POLICY, TX, order, released, stocked
from tests.operations.stocked import opened, short_picks, stock

from evenstock.domain import CaseKind, NodeId, Order, OrderId, Sku
from evenstock.operations.exceptions.answer import Handled
from evenstock.operations.exceptions.count_shelf import ShelfCounted, count_shelf
from evenstock.operations.exceptions.evidence import keep_evidence
from evenstock.operations.exceptions.short_pick import ShortPick, short_pick
from evenstock.operations.ports import Store
from evenstock.storage.snapshots import SnapshotFolder


def test_a_short_pick_and_the_count_that_follows_stand_in_the_tables_once(store: Store, tmp_path: Path) -> None:
    snapshots = SnapshotFolder(tmp_path / "snapshots")
    stocked(store, {(ONE, TX): 5, (ONE, NJ): 5})
    released(store, order((ONE, 3)))
    assert isinstance(short_pick(store, NETWORK, POLICY, ShortPick("S-1", A1, TX, ONE, 1, LATER)), Handled)

    assert keep_evidence(store, snapshots, LATER) == {"short_picks": 1, "counts": 0}
    assert keep_evidence(store, snapshots, LATER) == {"short_picks": 0, "counts": 0}
    counted = LATER + timedelta(hours=3)
    assert isinstance(count_shelf(store, ShelfCounted("C-1", TX, ONE, 3, "Ann", counted)), Handled)
    assert keep_evidence(store, snapshots, counted) == {"short_picks": 0, "counts": 1}

    def table(name: str) -> list[dict[str, object]]:
        with store.reading() as books:
            digest = books.pointer(name)
        assert digest is not None
        return snapshots.read(digest)[name].to_dicts()

    assert table("short_picks") == [
        {"pick": "S-1", "sku": ONE, "node": TX, "picked_at": LATER, "wanted": 3, "found": 1}
    ]
    # The books had five there: two free, one found and waiting to leave, two frozen.
    assert table("counts") == [
        {"sku": ONE, "node": TX, "lot": "", "counted_at": counted, "units": 3, "booked": 5, "counter": "Ann"}
    ]


def test_what_was_imported_stays_beside_it(tmp_path: Path) -> None:
    store, snapshots, _ = opened(
        tmp_path, stock([("CUP", "TX", 5), ("CUP", "NJ", 5)]), short_picks=short_picks(("MUG", "NJ", LATER, 2, 0))
    )
    with store.transaction() as books:
        books.put_order(_cups())
        from evenstock.domain import Reservation, ReservationId, ReservationLine, Units

        line = ReservationLine(Sku("CUP"), NodeId("TX"), Units(2))
        assert (
            books.reserve(Reservation(ReservationId("r"), OrderId("A-1"), (line,), LATER, LATER + timedelta(1))) is None
        )
    report = ShortPick("S-1", OrderId("A-1"), NodeId("TX"), Sku("CUP"), 0, LATER)
    assert isinstance(short_pick(store, NETWORK, POLICY, report), Handled)
    with store.reading() as books:
        assert len(books.cases(kind=CaseKind.SHORT_PICK)) == 2

    assert keep_evidence(store, snapshots, LATER) == {"short_picks": 1, "counts": 0}

    with store.reading() as books:
        digest = books.pointer("short_picks")
    assert digest is not None
    merged: pl.DataFrame = snapshots.read(digest)["short_picks"]
    assert merged["sku"].to_list() == ["MUG", "CUP"]


def _cups() -> Order:
    return order(("CUP", 2))
