"""Opening, counting, settling, telling and checking the books."""

from datetime import UTC, datetime, timedelta

import polars as pl
import psycopg
import pytest

from evenstock.domain import (
    Account,
    Bucket,
    Cause,
    Event,
    Movement,
    MovementId,
    NodeId,
    OrderId,
    Reservation,
    ReservationId,
    ReservationLine,
    Sku,
    StockBalance,
    Units,
)
from evenstock.operations.check_books import check_books
from evenstock.operations.count_stock import count_stock, observations_of
from evenstock.operations.deliver_outbox import deliver_outbox
from evenstock.operations.open_balances import open_balances
from evenstock.operations.ports import ConflictError, Store, StoreError
from evenstock.operations.reservations import expire_reservations, post_reservation, void_reservation

NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)
MUG, TEA, TX, PA = Sku("MUG"), Sku("TEA"), NodeId("TX"), NodeId("PA")
SNAPSHOT = "sha256:" + "a" * 64


def stock(*rows: tuple[str, str, int, int, int], at: datetime = NOW) -> pl.DataFrame:
    """A stock file: sku, node, on hand, held, buffer."""
    columns = {"sku": pl.String, "node": pl.String, "on_hand": pl.Int64, "held": pl.Int64, "buffer": pl.Int64}
    frame = pl.DataFrame(list(rows), schema=columns, orient="row")
    return frame.with_columns(lot=pl.lit(""), observed_at=pl.lit(at).dt.cast_time_unit("us"))


OPENING = stock(("MUG", "TX", 10, 2, 1), ("MUG", "PA", 0, 0, 0), ("TEA", "TX", 5, 5, 0))


def balances(store: Store) -> list[StockBalance]:
    with store.reading() as t:
        return t.balances([MUG, TEA])


def told(store: Store) -> list[tuple[str, str]]:
    with store.transaction() as t:
        return [(e.kind, e.aggregate) for e in t.outbox(99)]


def promise(store: Store, name: str, units: int, minutes: int = 60) -> ReservationId:
    line = ReservationLine(MUG, TX, Units(units))
    made = Reservation(ReservationId(name), OrderId(f"o-{name}"), (line,), NOW, NOW + timedelta(minutes=minutes))
    with store.transaction() as t:
        assert t.reserve(made) is None
    return made.id


# --- opening ---------------------------------------------------------------------------------------------------------
def test_opening_stock_is_on_hand_of_which_some_is_held(store: Store) -> None:
    """10 on hand of which 2 are held: 8 available; a row of nothing makes no movement."""
    assert open_balances(store, OPENING, SNAPSHOT, NOW) == 3

    assert balances(store) == [
        StockBalance(MUG, TX, available=Units(8), held=Units(2), buffer=Units(1)),
        StockBalance(TEA, TX, held=Units(5)),
    ]
    assert check_books(store, NOW) == []
    with store.reading() as t:
        assert t.pointer("opening") == SNAPSHOT
        assert t.outside_frame()["cause"].unique().to_list() == ["opening"]


def test_opening_again_from_the_same_snapshot_changes_nothing(store: Store) -> None:
    first = open_balances(store, OPENING, SNAPSHOT, NOW)

    assert open_balances(store, OPENING, SNAPSHOT, NOW + HOUR) == first == 3
    with store.reading() as t:
        assert len(t.movement_frame()) == 3


def test_books_are_opened_once(memory: Store) -> None:
    open_balances(memory, OPENING, SNAPSHOT, NOW)

    with pytest.raises(ConflictError, match=r"the books were opened from sha256:aaa.*a later stock file is a count"):
        open_balances(memory, OPENING, "sha256:" + "b" * 64, NOW)


def test_more_held_than_on_hand_is_refused_whole(memory: Store) -> None:
    with pytest.raises(ValueError, match="TEA at TX: 6 units held of 5 on hand"):
        open_balances(memory, stock(("MUG", "TX", 10, 0, 0), ("TEA", "TX", 5, 6, 0)), SNAPSHOT, NOW)
    assert balances(memory) == []


# --- counting --------------------------------------------------------------------------------------------------------
def test_a_later_stock_file_is_a_count(memory: Store) -> None:
    """MUG at TX: 10 by the books, 7 counted. TEA: 5 and 6. MUG at PA appears with 4."""
    open_balances(memory, OPENING, SNAPSHOT, NOW)
    later = stock(("MUG", "TX", 7, 0, 0), ("MUG", "PA", 4, 0, 0), ("TEA", "TX", 6, 0, 0), at=NOW + HOUR)

    counted = count_stock(memory, observations_of(later, "file"), NOW + HOUR)

    assert (counted.gained, counted.lost, counted.short) == (4 + 1, 3, 0)
    assert [b.on_hand for b in balances(memory)] == [4, 7, 6]
    assert told(memory) == [("StockCounted", f"stock:{place}") for place in ("MUG@PA", "MUG@TX", "TEA@TX")]
    assert count_stock(memory, observations_of(later, "file"), NOW + 2 * HOUR).movements == ()
    earlier = stock(("MUG", "TX", 99, 0, 0), at=NOW)
    assert count_stock(memory, observations_of(earlier, "file"), NOW + 2 * HOUR).movements == ()
    assert len(told(memory)) == 3, "nothing new was said"


def test_units_counted_missing_although_promised_are_short(store: Store) -> None:
    open_balances(store, stock(("MUG", "TX", 10, 0, 0)), SNAPSHOT, NOW)
    promise(store, "r1", 8)

    counted = count_stock(store, observations_of(stock(("MUG", "TX", 5, 0, 0), at=NOW + HOUR), "wms"), NOW + HOUR)

    assert (counted.gained, counted.lost, counted.short) == (0, 2, 3)
    (finding,) = check_books(store, NOW)
    assert (finding.rule, finding.found, finding.broken) == ("shortfall", 3, False)
    assert finding.sentence.startswith("MUG at TX: 3 units are promised and were not found")


# --- settling --------------------------------------------------------------------------------------------------------
def test_reservations_are_posted_voided_or_expire(store: Store) -> None:
    open_balances(store, stock(("MUG", "TX", 10, 0, 0)), SNAPSHOT, NOW)
    for name, minutes in (("post", 60), ("void", 60), ("late", 5), ("later", 6)):
        promise(store, name, 2, minutes)

    assert post_reservation(store, ReservationId("post"), NOW)
    assert void_reservation(store, ReservationId("void"), NOW, "the customer changed her mind")
    assert expire_reservations(store, NOW + timedelta(minutes=6)) == ["late", "later"]

    assert balances(store) == [StockBalance(MUG, TX, available=Units(8), allocated=Units(2))]
    assert told(store) == [
        ("ReservationPosted", "order:o-post"),
        ("ReservationVoided", "order:o-void"),
        ("ReservationExpired", "order:o-late"),
        ("ReservationExpired", "order:o-later"),
    ]
    assert not post_reservation(store, ReservationId("post"), NOW)
    assert not void_reservation(store, ReservationId("void"), NOW, "again")
    assert expire_reservations(store, NOW + timedelta(minutes=6)) == []
    with pytest.raises(ConflictError, match="reservation void was already voided; it cannot become posted"):
        post_reservation(store, ReservationId("void"), NOW)
    assert len(told(store)) == 4, "nothing is said twice"
    assert check_books(store, NOW) == []


def test_the_sweep_takes_the_oldest_first_up_to_its_limit(memory: Store) -> None:
    open_balances(memory, stock(("MUG", "TX", 10, 0, 0)), SNAPSHOT, NOW)
    for minutes in (3, 1, 2):
        promise(memory, f"r{minutes}", 1, minutes)

    assert expire_reservations(memory, NOW + HOUR, limit=2) == ["r1", "r2"]


# --- telling ---------------------------------------------------------------------------------------------------------
def facts(store: Store) -> None:
    with store.transaction() as t:
        t.publish([Event(name, "Sold", name[0], NOW, {}) for name in ("a1", "b1", "a2", "b2")])


def test_a_fact_whose_receiver_fails_stays_and_its_followers_wait(store: Store) -> None:
    """b1 fails: b2 must not overtake it, a1 and a2 go on; the next round delivers b1 and b2 in order."""
    facts(store)
    got: list[str] = []
    down = True

    def receiver(event: Event) -> None:
        if down and event.id == "b1":
            raise ConnectionError("shop is down")
        got.append(event.id)

    first = deliver_outbox(store, receiver, NOW)
    assert (first.delivered, first.failed) == (("a1", "a2"), (("b1", "ConnectionError: shop is down"),))
    down = False
    assert deliver_outbox(store, receiver, NOW).delivered == ("b1", "b2")
    assert got == ["a1", "a2", "b1", "b2"]
    assert deliver_outbox(store, receiver, NOW).delivered == ()


def test_a_relay_that_dies_delivers_again(memory: Store) -> None:
    facts(memory)
    got: list[str] = []

    def receiver(event: Event) -> None:
        got.append(event.id)
        if len(got) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver_outbox(memory, receiver, NOW)
    deliver_outbox(memory, lambda event: got.append(event.id), NOW, limit=3)

    assert got == ["a1", "b1", "a1", "b1", "a2"], "at least once, never lost"


# --- checking --------------------------------------------------------------------------------------------------------
def test_a_reservation_kept_beyond_its_time_is_found(memory: Store) -> None:
    open_balances(memory, stock(("MUG", "TX", 10, 0, 0)), SNAPSHOT, NOW)
    promise(memory, "r1", 2, minutes=60)

    assert check_books(memory, NOW + HOUR + timedelta(minutes=14)) == []
    (finding,) = check_books(memory, NOW + HOUR + timedelta(minutes=15))
    assert (finding.rule, finding.where, finding.broken) == ("overdue", "r1", False)


def test_units_moved_past_their_records_are_found(memory: Store) -> None:
    """Someone takes 2 reserved units by hand, and books 3 into the shortfall while 4 are free."""
    open_balances(memory, stock(("MUG", "TX", 10, 0, 0)), SNAPSHOT, NOW)
    promise(memory, "r1", 6)
    reserved = Account(MUG, TX, Bucket.RESERVED)
    with memory.transaction() as t:
        t.post([Movement(MovementId("x"), Units(2), reserved, Account(MUG, TX, Bucket.HELD), NOW, "by hand")], NOW)

    (finding,) = check_books(memory, NOW)
    assert (finding.rule, finding.expected, finding.found, finding.broken) == ("reserved", 6, 4, True)
    assert finding.sentence == "MUG at TX: 4 units reserved, pending reservations want 6"


def test_a_balance_changed_past_the_ledger_is_found(postgres: Store, postgres_url: str) -> None:
    open_balances(postgres, OPENING, SNAPSHOT, NOW)
    with psycopg.connect(postgres_url) as connection:
        connection.execute("UPDATE stock_balance SET available = available + 3 WHERE sku = 'MUG' AND node = 'TX'")

    found = check_books(postgres, NOW)

    assert [(f.rule, f.where, f.expected, f.found) for f in found] == [
        ("conservation", "MUG", 0, 3),
        ("projection", "MUG at TX", 8, 11),
    ]
    assert found[1].sentence == "MUG at TX: available says 11, its movements say 8"
    assert check_books(postgres, NOW) == found, "found, and left as it is"


def test_receipts_from_outside_need_no_transfer_to_be_in_transit(memory: Store) -> None:
    supplier = Account(TEA, PA, Bucket.OUTSIDE, cause=Cause.SUPPLIER)
    road = Account(TEA, PA, Bucket.IN_TRANSIT)
    with memory.transaction() as t:
        t.post([Movement(MovementId("asn"), Units(40), supplier, road, NOW, "po-1")], NOW)
    assert check_books(memory, NOW) == []


def test_a_receiver_may_not_use_the_store_that_tells_it(memory: Store) -> None:
    facts(memory)

    def receiver(_: Event) -> None:
        with memory.transaction():
            pass

    delivery = deliver_outbox(memory, receiver, NOW)
    assert delivery.delivered == ()
    assert all("already open in this thread" in because for _, because in delivery.failed)
    assert issubclass(ConflictError, StoreError)
