"""The check of the books finds the same whichever way a store compares them: every item, or only those in doubt."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from evenstock.domain import (
    Account,
    Bucket,
    Cause,
    LotId,
    Movement,
    MovementId,
    NodeId,
    OrderId,
    PlanId,
    Reservation,
    ReservationId,
    ReservationLine,
    ReservationState,
    Sku,
    StockObservation,
    TransferId,
    TransferOrder,
    TransferOrderLine,
    TransferState,
    Units,
)
from evenstock.operations.check_books import Finding, check_books
from evenstock.operations.ports import Store
from evenstock.storage import plainly
from evenstock.storage.postgres import PostgresTransaction
from evenstock.storage.sql import SqlStore

NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)
SKUS = [Sku(name) for name in ("CUP", "MUG", "TEA", 'é "{,}\\')]
PA, TX = NodeId("PA"), NodeId("TX")


@pytest.fixture
def lived(store: Store) -> Iterator[Store]:
    """Stock with lots and buffers at two nodes, promised, released, voided, held, on the road, broken, and counted short."""
    with store.transaction() as t:
        for number, sku in enumerate(SKUS):
            for node, lot in ((PA, ""), (TX, ""), (TX, "b")):
                world = Account(sku, node, Bucket.OUTSIDE, LotId(lot), Cause.SUPPLIER)
                shelf = Account(sku, node, Bucket.AVAILABLE, LotId(lot))
                t.post([Movement(MovementId(f"{sku}{node}{lot}"), Units(20 + number), world, shelf, NOW, "po")], NOW)
            t.set_buffer(sku, PA, Units(number))
            for k, state in enumerate([None, ReservationState.POSTED, ReservationState.VOIDED, None]):
                lines = (ReservationLine(sku, TX, Units(1 + k)), ReservationLine(sku, PA, Units(2)))
                name = f"{sku}-{k}"
                held = Reservation(ReservationId(name), OrderId(name), lines, NOW, NOW + HOUR)
                assert t.reserve(held) is None
                if state:
                    t.settle(held.id, state, NOW)
            road = Account(sku, TX, Bucket.IN_TRANSIT)
            t.post(
                [Movement(MovementId(f"{sku}-road"), Units(3), Account(sku, PA, Bucket.AVAILABLE), road, NOW, "t")], NOW
            )
            broken = Account(sku, TX, Bucket.OUTSIDE, cause=Cause.DAMAGE)
            t.post(
                [Movement(MovementId(f"{sku}-x"), Units(1), Account(sku, TX, Bucket.AVAILABLE), broken, NOW, "d")], NOW
            )
        line = TransferOrderLine(SKUS[2], Units(3), LotId(""))
        made = TransferOrder(TransferId("t"), PlanId("p"), PA, TX, (line,), date(2026, 11, 20), TransferState.RELEASED)
        t.put_transfer(made)
        t.change_transfer(
            TransferState.RELEASED,
            replace(made, state=TransferState.DISPATCHED, lines=(replace(line, dispatched=Units(3)),)),
        )
        t.adjust_on_hand(StockObservation("wms", SKUS[1], PA, Units(1), NOW, 1), "count", NOW)
    yield store
    store.close()


def plain(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    """What the check finds by the frames of every item."""
    with monkeypatch.context() as patched:
        patched.setattr(PostgresTransaction, "compared", lambda self, _also=(): plainly.compared(self))
        return check_books(store, NOW + 2 * HOUR)


def test_whole_books_have_only_what_waits_for_a_person(lived: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    found = check_books(lived, NOW + 2 * HOUR)

    assert found == plain(lived, monkeypatch)
    assert {finding.rule for finding in found} == {"shortfall", "overdue"}


BREAKS: list[tuple[str, set[str]]] = [
    ("UPDATE stock_balance SET reserved = reserved + 1 WHERE sku = 'CUP' AND node = 'PA'", {"projection", "reserved", "conservation"}),
    ("UPDATE stock_balance SET available = available - 1, held = held + 1 WHERE sku = 'CUP' AND node = 'TX' AND lot = ''", {"projection"}),
    ("UPDATE stock_balance SET allocated = 0 WHERE sku = 'CUP'", {"projection", "conservation"}),
    ("UPDATE stock_balance SET in_transit = 0, available = available + 3 WHERE sku = 'TEA' AND node = 'TX' AND lot = ''", {"projection", "transit"}),
    ("UPDATE stock_balance SET available = available + 5, shortfall = shortfall + 5 WHERE sku = 'CUP' AND node = 'PA'", {"projection", "repayment"}),
    ("DELETE FROM stock_balance WHERE sku = 'CUP' AND node = 'TX' AND lot = 'b'", {"projection", "conservation"}),
    ("INSERT INTO stock_balance (sku, node, lot, held) VALUES ('NEW', 'TX', '', 4)", {"projection", "conservation"}),
    ("UPDATE reservation SET state = 'voided' WHERE id = 'CUP-0'", {"reserved"}),
    ("INSERT INTO reservation_line VALUES ('CUP-3', 'MUG', 'TX', 'b', 2)", {"reserved"}),
    ("INSERT INTO reservation_line VALUES ('CUP-3', 'NEW', 'TX', '', 2)", {"reserved"}),
    (
        ("INSERT INTO movement (id, sku, lot, units, source_node, source_bucket, source_cause, destination_node, "
        "destination_bucket, destination_cause, occurred_at, recorded_at, because) VALUES ('m', 'CUP', '', 2, 'PA', "
        "'available', '', 'TX', 'held', '', '2026-11-20T14:00:00.000000Z', '2026-11-20T14:00:00.000000Z', '')"),
        {"projection"},
    ),
]  # fmt: skip


@pytest.mark.parametrize("store", ["sqlite", "postgres"], indirect=True)
@pytest.mark.parametrize(("statement", "rules"), BREAKS)
def test_what_is_broken_is_found_with_the_same_words(
    lived: Store, statement: str, rules: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(lived, SqlStore)
    with lived._engine.begin() as connection:
        connection.execute(sa.text(statement))

    found = check_books(lived, NOW + 2 * HOUR)

    assert found == plain(lived, monkeypatch)
    assert {finding.rule for finding in found if finding.broken} == rules


@pytest.mark.parametrize("also", [[], SKUS[:1], SKUS])
def test_items_named_are_compared_whatever_is_said_of_them(lived: Store, also: list[Sku]) -> None:
    with lived.reading() as t:
        some, every = t.compared(also), plainly.compared(t)
    skus = set(some.balances["sku"])

    assert skus >= {*also, SKUS[1]}, "the one with a shortfall too"
    for name in ("balances", "resummed", "promised", "outside"):
        one, other = getattr(some, name), getattr(every, name)
        assert one.equals(other.filter(other["sku"].is_in(skus))), name


def test_empty_books_are_whole(store: Store) -> None:
    assert check_books(store, NOW) == []
