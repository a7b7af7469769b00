"""What every store must keep: one suite over memory, SQLite and PostgreSQL."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from evenstock.domain import (
    Account,
    Bucket,
    Cause,
    CostTerm,
    DecisionId,
    DecisionRecord,
    Event,
    Inputs,
    LotId,
    Movement,
    MovementId,
    NodeId,
    OrderId,
    Outcome,
    PlanId,
    PlanState,
    Price,
    Refuse,
    Reservation,
    ReservationId,
    ReservationLine,
    ReservationState,
    Sku,
    StockBalance,
    StockObservation,
    TransferId,
    TransferLine,
    TransferOrder,
    TransferOrderLine,
    TransferPlan,
    TransferState,
    Units,
)
from evenstock.operations.ports import ConflictError, Remembered, Slot, Store, StoreError, Transaction
from evenstock.storage.ledger_frames import BALANCES, MOVEMENTS

NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)
TODAY = date(2026, 11, 20)
MUG, TEA = Sku("MUG"), Sku("TEA")
TX, PA = NodeId("TX"), NodeId("PA")


def account(bucket: Bucket, sku: Sku = MUG, node: NodeId = TX, lot: str = "", cause: Cause = Cause.NONE) -> Account:
    return Account(sku, node, bucket, LotId(lot), cause)


def receipt(name: str, units: int, sku: Sku = MUG, node: NodeId = TX, lot: str = "") -> Movement:
    supplier = account(Bucket.OUTSIDE, sku, node, lot, Cause.SUPPLIER)
    return Movement(MovementId(name), Units(units), supplier, account(Bucket.AVAILABLE, sku, node, lot), NOW, "po-1")


def move(name: str, units: int, source: Bucket, destination: Bucket) -> Movement:
    def end(bucket: Bucket) -> Account:
        return account(bucket, cause=Cause.CUSTOMER if bucket is Bucket.OUTSIDE else Cause.NONE)

    return Movement(MovementId(name), Units(units), end(source), end(destination), NOW, "by hand")


def promise(name: str, *lines: tuple[Sku, NodeId, int], order: str = "", at: datetime = NOW) -> Reservation:
    wanted = tuple(ReservationLine(sku, node, Units(units)) for sku, node, units in lines)
    return Reservation(ReservationId(name), OrderId(order or f"order-{name}"), wanted, at, at + HOUR)


def count(units: int, version: int, source: str = "wms", at: datetime | None = None) -> StockObservation:
    return StockObservation(source, MUG, TX, Units(units), at or NOW + timedelta(minutes=version), version)


def stocked(store: Store, *movements: Movement) -> None:
    with store.transaction() as t:
        t.post(movements, NOW)


def mugs(store: Store) -> StockBalance:
    with store.transaction() as t:
        found = t.balances([MUG])
    return found[0] if found else StockBalance(MUG, TX)


def assert_whole(store: Store) -> None:
    """Cached balances equal the sum of their movements, and all accounts of an item sum to zero."""
    with store.reading() as t:
        assert t.balance_frame().equals(t.recompute_balances())
        inside = t.recompute_balances().select(
            "sku",
            units=pl.sum_horizontal("available", "reserved", "allocated", "held", "in_transit") - pl.col("shortfall"),
        )
        whole = pl.concat([inside, t.outside_frame().select("sku", "units")]).group_by("sku").agg(pl.col("units").sum())
    assert whole["units"].to_list() == [0] * len(whole)


# --- movements and balances ------------------------------------------------------------------------------------------
def test_a_receipt_is_available(store: Store) -> None:
    with store.transaction() as t:
        assert t.post([receipt("m1", 10)], NOW) == 1

    assert mugs(store) == StockBalance(MUG, TX, available=Units(10))
    assert_whole(store)


def test_a_movement_delivered_twice_counts_once(store: Store) -> None:
    with store.transaction() as t:
        assert t.post([receipt("m1", 10), receipt("m1", 10)], NOW) == 1
    with store.transaction() as t:
        assert t.post([receipt("m1", 10), receipt("m2", 5)], NOW + HOUR) == 1

    assert mugs(store).available == 15


@pytest.mark.parametrize("again", [receipt("m1", 11), receipt("m1", 10, node=PA), receipt("m1", 10, lot="L")])
def test_a_movement_id_with_other_content_is_refused_and_leaves_no_trace(store: Store, again: Movement) -> None:
    stocked(store, receipt("m1", 10))

    with store.transaction() as t:
        with pytest.raises(ConflictError, match="movement m1 is already recorded with other content"):
            t.post([receipt("m2", 5), again], NOW)
        t.post([receipt("m3", 1)], NOW)

    assert mugs(store).available == 11, "m3 counts, m2 went with the refused posting"
    assert_whole(store)


def test_the_same_id_twice_in_one_posting_with_other_content_is_refused(store: Store) -> None:
    with store.transaction() as t, pytest.raises(ConflictError, match="m1"):
        t.post([receipt("m1", 10), receipt("m1", 4)], NOW)
    assert mugs(store).available == 0


def test_nothing_falls_below_zero(store: Store) -> None:
    stocked(store, receipt("m1", 3))

    with (
        store.transaction() as t,
        pytest.raises(StoreError, match="MUG at TX: available holds 3 units, 5 cannot leave"),
    ):
        t.post([move("m2", 5, Bucket.AVAILABLE, Bucket.HELD)], NOW)

    assert mugs(store) == StockBalance(MUG, TX, available=Units(3))
    with store.transaction() as t:
        assert t.movement_frame()["id"].to_list() == ["m1"]


def test_movements_of_one_posting_count_together(store: Store) -> None:
    """Only the net result of a posting may not fall below zero: -5 + 5 = 0."""
    stocked(store, move("m1", 5, Bucket.AVAILABLE, Bucket.HELD), receipt("m2", 5))

    assert mugs(store) == StockBalance(MUG, TX, held=Units(5))


def test_a_failed_transaction_leaves_no_trace(store: Store) -> None:
    stocked(store, receipt("m1", 10))

    def do_everything(t: Transaction) -> None:
        t.post([receipt("m2", 5), receipt("m3", 5, TEA)], NOW)
        t.reserve(promise("r1", (MUG, TX, 2)), [Slot(TX, TODAY, 9)])
        t.publish([Event("e1", "Sold", "order-1", NOW, {})])
        t.remember("k", "d", b"x", NOW)
        t.set_buffer(MUG, TX, Units(3))
        t.accept("shop", "1", NOW)
        t.point("network", "sha256:1", NOW)
        t.put_prices([Price(MUG, TX, NOW, "nightly", 5)])
        t.put_transfer(TRANSFER)
        t.put_plan(PLAN)
        t.record(decision("d1"))
        raise RuntimeError("power failed")

    with pytest.raises(RuntimeError, match="power"), store.transaction() as t:
        do_everything(t)

    assert mugs(store) == StockBalance(MUG, TX, available=Units(10))
    with store.transaction() as t:
        assert t.balances([TEA]) == []
        assert t.reservation(ReservationId("r1")) is None
        assert t.reservations_of(OrderId("order-r1")) == []
        assert t.pending() == []
        assert dict(t.slots_taken([TODAY])) == {}
        assert t.outbox(9) == []
        assert t.recall("k") is None
        assert t.pointer("network") is None
        assert t.prices([MUG], NOW) == []
        assert t.transfers() == []
        assert t.plans(9) == []
        assert t.decisions(9) == []
        assert t.accept("shop", "1", NOW)
        assert len(t.movement_frame()) == 1
    assert_whole(store)


def test_a_thread_has_one_transaction_at_a_time(store: Store) -> None:
    with store.transaction(), pytest.raises(StoreError, match="already open in this thread"), store.transaction():
        pass
    with store.reading():
        pass


def test_a_reading_changes_nothing(store: Store) -> None:
    stocked(store, receipt("m1", 10))

    with pytest.raises(StoreError), store.reading() as t:
        t.set_buffer(MUG, TX, Units(3))

    with store.reading() as t:
        assert t.balances([MUG]) == [StockBalance(MUG, TX, available=Units(10))]
        assert t.transfer(TRANSFER.id) is None
        assert t.plan(PLAN.id) is None


def test_balances_come_in_key_order_whatever_was_asked(store: Store) -> None:
    stocked(
        store,
        receipt("1", 1, TEA, TX),
        receipt("2", 2, MUG, TX, "b"),
        receipt("3", 3, MUG, TX, "B"),
        receipt("4", 4, MUG, PA),
        receipt("5", 5, Sku("mug"), PA),
    )

    with store.transaction() as t:
        found = t.balances([TEA, MUG, Sku("mug"), Sku("none"), MUG])
        assert t.balances([]) == []
    assert [(b.sku, b.node, b.lot, b.available) for b in found] == [
        ("MUG", "PA", "", 4),
        ("MUG", "TX", "B", 3),
        ("MUG", "TX", "b", 2),
        ("TEA", "TX", "", 1),
        ("mug", "PA", "", 5),
    ]


def test_rows_of_zeros_say_nothing(store: Store) -> None:
    stocked(store, receipt("m1", 4), move("m2", 4, Bucket.AVAILABLE, Bucket.OUTSIDE))

    with store.transaction() as t:
        assert t.balances([MUG]) == []
        assert len(t.balance_frame()) == len(t.recompute_balances()) == 0


def test_the_frames_have_the_columns_they_say(store: Store) -> None:
    with store.transaction() as t:
        assert t.balance_frame().schema == t.recompute_balances().schema == pl.Schema(BALANCES)
        assert t.movement_frame().schema == pl.Schema(MOVEMENTS)
    reversal = receipt("m1", 10).reversal(MovementId("m2"), NOW + HOUR, "wrong item")
    stocked(store, receipt("m1", 10), reversal, receipt("m3", 7))
    with store.transaction() as t:
        t.set_buffer(TEA, PA, Units(2))
        frame = t.movement_frame()
        assert t.balance_frame().rows() == [
            ("MUG", "TX", "", 7, 0, 0, 0, 0, 0, 0),
            ("TEA", "PA", "", 0, 0, 0, 0, 0, 0, 2),
        ]
        assert t.outside_frame().rows() == [("MUG", "", "TX", "supplier", -7)]
    assert frame["id"].to_list() == ["m1", "m2", "m3"], "in the order recorded"
    assert frame.row(1, named=True) == {
        "id": "m2",
        "sku": "MUG",
        "lot": "",
        "units": 10,
        "source_node": "TX",
        "source_bucket": "available",
        "source_cause": "",
        "destination_node": "TX",
        "destination_bucket": "outside",
        "destination_cause": "supplier",
        "occurred_at": NOW + HOUR,
        "recorded_at": NOW,
        "because": "wrong item",
        "reverses": "m1",
    }
    assert_whole(store)


# --- counts and shortfall --------------------------------------------------------------------------------------------
def counted(store: Store, *observations: StockObservation) -> list[Movement]:
    moves = []
    for observation in observations:
        with store.transaction() as t:
            moves += t.adjust_on_hand(observation, "cycle count", NOW)
    return moves


def test_a_count_brings_on_hand_to_what_is_there(store: Store) -> None:
    stocked(store, receipt("m1", 10))

    (lost,) = counted(store, count(7, 1))
    assert (lost.units, lost.source.bucket, lost.destination.cause) == (3, Bucket.AVAILABLE, Cause.COUNT)
    (found,) = counted(store, count(12, 2))
    assert (found.units, found.source.cause, found.destination.bucket) == (5, Cause.COUNT, Bucket.AVAILABLE)

    assert mugs(store).on_hand == 12
    assert_whole(store)


def test_an_older_or_repeated_count_changes_nothing(store: Store) -> None:
    counted(store, count(7, 3))

    assert counted(store, count(7, 3), count(9, 2), count(1, 1)) == []
    assert mugs(store).on_hand == 7


def test_two_counts_under_one_version_are_refused(store: Store) -> None:
    counted(store, count(7, 3))

    with (
        store.transaction() as t,
        pytest.raises(ConflictError, match="version 3 of MUG at TX said 7 units before and 8"),
    ):
        t.adjust_on_hand(count(8, 3), "cycle count", NOW)


def test_a_count_overtaken_by_another_system_moves_nothing(store: Store) -> None:
    """The shop's feed of 14:01 arrives after the warehouse's count of 14:05."""
    counted(store, count(7, 1, "wms", NOW + timedelta(minutes=5)))

    assert counted(store, count(9, 1, "shop", NOW + timedelta(minutes=1))) == []
    assert mugs(store).on_hand == 7
    counted(store, count(9, 2, "shop", NOW + timedelta(minutes=6)))
    assert mugs(store).on_hand == 9


def test_a_count_below_what_is_promised_opens_a_shortfall(store: Store) -> None:
    """10 there, 8 promised; counted 5: the 2 free go first, the other 3 missing are promised."""
    stocked(store, receipt("m1", 10))
    with store.transaction() as t:
        assert t.reserve(promise("r1", (MUG, TX, 8))) is None

    moves = counted(store, count(5, 1))

    assert [(m.source.bucket, m.units) for m in moves] == [(Bucket.AVAILABLE, 2), (Bucket.SHORTFALL, 3)]
    assert mugs(store) == StockBalance(MUG, TX, reserved=Units(8), shortfall=Units(3))
    assert mugs(store).on_hand - mugs(store).shortfall == 5, "what was counted"
    assert_whole(store)
    assert counted(store, count(5, 2)) == [], "the same count again finds nothing missing"


def shortage_of_three(store: Store) -> None:
    stocked(store, receipt("m1", 10))
    with store.transaction() as t:
        t.reserve(promise("r1", (MUG, TX, 6)))
        t.reserve(promise("r2", (MUG, TX, 2)))
    counted(store, count(5, 1))


def test_what_is_given_back_repays_the_shortfall_first(store: Store) -> None:
    shortage_of_three(store)

    with store.transaction() as t:
        t.settle(ReservationId("r2"), ReservationState.VOIDED, NOW)
    assert mugs(store) == StockBalance(MUG, TX, reserved=Units(6), shortfall=Units(1)), "3 - 2 = 1"

    stocked(store, receipt("m2", 4))
    assert mugs(store) == StockBalance(MUG, TX, available=Units(3), reserved=Units(6)), "4 - 1 = 3"
    with store.transaction() as t:
        names = t.movement_frame().filter(pl.col("destination_bucket") == "shortfall")["id"].to_list()
    assert names == ["r2:voided:1:repays", "m2:repays"], "explicit movements, named after what repaid"
    assert_whole(store)


def test_a_later_count_that_finds_the_units_repays_too(store: Store) -> None:
    shortage_of_three(store)

    moves = counted(store, count(9, 2))

    assert [(m.source.bucket, m.destination.bucket, m.units) for m in moves] == [
        (Bucket.OUTSIDE, Bucket.AVAILABLE, 4),
        (Bucket.AVAILABLE, Bucket.SHORTFALL, 3),
    ]
    assert mugs(store) == StockBalance(MUG, TX, available=Units(1), reserved=Units(8)), "9 - 8 = 1"


def test_nothing_is_promised_while_a_shortfall_is_open(store: Store) -> None:
    shortage_of_three(store)

    with store.transaction() as t:
        assert t.reserve(promise("r3", (MUG, TX, 1))) is not None


def test_a_posted_reservation_keeps_its_shortfall_until_a_count(store: Store) -> None:
    shortage_of_three(store)
    with store.transaction() as t:
        t.settle(ReservationId("r1"), ReservationState.POSTED, NOW)
        t.post([move("ship", 6, Bucket.ALLOCATED, Bucket.OUTSIDE)], NOW)

    assert mugs(store) == StockBalance(MUG, TX, reserved=Units(2), shortfall=Units(3))
    assert_whole(store)
    counted(store, count(2, 2))
    assert mugs(store) == StockBalance(MUG, TX, reserved=Units(2)), "six left the dock, so the count of 5 was wrong"


# --- reservations ----------------------------------------------------------------------------------------------------
def test_a_reservation_moves_available_to_reserved(store: Store) -> None:
    stocked(store, receipt("m1", 10), receipt("m2", 4, TEA, PA))
    wanted = promise("r1", (TEA, PA, 1), (MUG, TX, 2), (MUG, TX, 3))

    with store.transaction() as t:
        assert t.reserve(wanted) is None
        assert t.reservation(wanted.id) == wanted
        assert [line.units for line in wanted.lines] == [5, 1], "the same stock is asked for once"
        assert t.reservations_of(wanted.order) == [wanted] == t.pending()
        assert t.movement_frame()["id"].to_list()[2:] == ["r1:reserved:1", "r1:reserved:2"]

    assert mugs(store) == StockBalance(MUG, TX, available=Units(5), reserved=Units(5))
    assert_whole(store)


def test_the_buffer_is_never_promised(store: Store) -> None:
    stocked(store, receipt("m1", 10))
    with store.transaction() as t:
        t.set_buffer(MUG, TX, Units(3))
        assert t.reserve(promise("r1", (MUG, TX, 8))) is not None
        assert t.reserve(promise("r2", (MUG, TX, 7))) is None
        t.set_buffer(MUG, TX, Units(5))

    assert mugs(store) == StockBalance(MUG, TX, available=Units(3), reserved=Units(7), buffer=Units(5))
    with store.transaction() as t, pytest.raises(ValueError, match="zero or more"):
        t.set_buffer(MUG, TX, Units(-1))


def test_all_lines_or_none_and_the_caller_may_go_on(store: Store) -> None:
    """TEA is short at TX: nothing stays reserved there, and the same transaction reserves at PA."""
    stocked(store, receipt("1", 10), receipt("2", 10, MUG, PA), receipt("3", 10, TEA, PA), receipt("4", 1, TEA, TX))

    with store.transaction() as t:
        short = t.reserve(promise("r1", (MUG, TX, 2), (TEA, TX, 2)), [Slot(TX, TODAY, 5)])
        assert short is not None
        assert (short.sku, short.node, short.wanted) == (TEA, TX, 2)
        assert short.because == "TEA at TX: fewer than 2 units are left to promise"
        assert t.reserve(promise("r1", (MUG, PA, 2), (TEA, PA, 2)), [Slot(PA, TODAY, 5)]) is None

    with store.transaction() as t:
        assert [(b.node, b.reserved) for b in t.balances([MUG])] == [("PA", 2), ("TX", 0)]
        assert dict(t.slots_taken([TODAY])) == {(PA, TODAY): 1}
        assert len(t.movement_frame()) == 4 + 2
    assert_whole(store)


def test_the_first_short_line_in_key_order_is_named(store: Store) -> None:
    with store.transaction() as t:
        short = t.reserve(promise("r1", (TEA, TX, 1), (MUG, TX, 1)))
    assert short is not None
    assert short.sku == MUG


def test_the_same_reservation_again_is_made_once(store: Store) -> None:
    stocked(store, receipt("m1", 10))
    with store.transaction() as t:
        assert t.reserve(promise("r1", (MUG, TX, 2)), [Slot(TX, TODAY, 1)]) is None
    with store.transaction() as t:
        assert t.reserve(promise("r1", (MUG, TX, 2), at=NOW + HOUR), [Slot(TX, TODAY, 1)]) is None

    assert mugs(store).reserved == 2
    for other in (promise("r1", (MUG, TX, 3)), promise("r1", (MUG, TX, 2), order="other")):
        with store.transaction() as t, pytest.raises(ConflictError, match="r1 was already made with other lines"):
            t.reserve(other)


@pytest.mark.parametrize(
    ("state", "bucket"),
    [
        (ReservationState.POSTED, {"available": 7, "allocated": 3}),
        (ReservationState.VOIDED, {"available": 10}),
        (ReservationState.EXPIRED, {"available": 10}),
    ],
)
def test_a_reservation_is_settled_once(store: Store, state: ReservationState, bucket: dict[str, int]) -> None:
    stocked(store, receipt("m1", 10))
    with store.transaction() as t:
        t.reserve(promise("r1", (MUG, TX, 3)))
    with store.transaction() as t:
        assert t.settle(ReservationId("r1"), state, NOW)
        assert not t.settle(ReservationId("r1"), state, NOW + HOUR)
        found = t.reservation(ReservationId("r1"))
        assert found is not None
        assert found.state is state
        assert t.pending() == []

    expected: dict[str, Units] = {name: Units(units) for name, units in bucket.items()}
    assert mugs(store) == StockBalance(MUG, TX, **expected)  # type: ignore[arg-type]
    others = {ReservationState.POSTED, ReservationState.VOIDED, ReservationState.EXPIRED} - {state}
    for other in sorted(others):
        with store.transaction() as t, pytest.raises(ConflictError, match=f"already {state}; it cannot become {other}"):
            t.settle(ReservationId("r1"), other, NOW)
    assert_whole(store)


def test_settling_what_does_not_exist_is_refused(store: Store) -> None:
    with store.transaction() as t:
        with pytest.raises(ConflictError, match="reservation r9 does not exist"):
            t.settle(ReservationId("r9"), ReservationState.VOIDED, NOW)
        with pytest.raises(ValueError, match="posted, voided or expired"):
            t.settle(ReservationId("r9"), ReservationState.PENDING, NOW)


def test_reservations_that_ran_out_are_due_oldest_first(store: Store) -> None:
    stocked(store, receipt("m1", 10))
    with store.transaction() as t:
        for minutes, name in ((3, "late"), (1, "b"), (1, "a"), (90, "not yet")):
            t.reserve(promise(name, (MUG, TX, 1), at=NOW + timedelta(minutes=minutes)))
        t.reserve(promise("gone", (MUG, TX, 1)))
        t.settle(ReservationId("gone"), ReservationState.POSTED, NOW)

        later = NOW + HOUR + timedelta(minutes=3)
        assert t.due(later, 10) == ["a", "b", "late"]
        assert t.due(later, 2) == ["a", "b"]
        assert t.due(NOW, 10) == []


def test_reservations_of_an_order_are_found_in_the_order_made(store: Store) -> None:
    stocked(store, receipt("m1", 10))
    with store.transaction() as t:
        t.reserve(promise("z", (MUG, TX, 1), order="o"))
        t.reserve(promise("a", (MUG, TX, 1), order="o", at=NOW + HOUR))
        t.settle(ReservationId("z"), ReservationState.VOIDED, NOW)
        assert [(r.id, r.state) for r in t.reservations_of(OrderId("o"))] == [("z", "voided"), ("a", "pending")]


# --- slots -----------------------------------------------------------------------------------------------------------
def test_a_ceiling_holds_and_its_loser_leaves_no_trace(store: Store) -> None:
    stocked(store, receipt("m1", 10))
    with store.transaction() as t:
        assert t.reserve(promise("r1", (MUG, TX, 1)), [Slot(TX, TODAY, 2)]) is None
        assert t.reserve(promise("r2", (MUG, TX, 1)), [Slot(TX, TODAY, 2)]) is None
        short = t.reserve(promise("r3", (MUG, TX, 1)), [Slot(PA, TODAY, 2), Slot(TX, TODAY, 2)])
        assert short is not None
        assert (short.node, short.because) == (TX, "TX: the ceiling of 2 for 2026-11-20 is reached")
        assert dict(t.slots_taken([TODAY, TODAY + timedelta(days=1)])) == {(TX, TODAY): 2}
    assert mugs(store).reserved == 2


def test_places_come_back_when_a_reservation_is_given_back_and_stay_taken_when_posted(store: Store) -> None:
    stocked(store, receipt("m1", 10))
    tomorrow = TODAY + timedelta(days=1)
    with store.transaction() as t:
        for name in ("void", "expire", "post"):
            assert t.reserve(promise(name, (MUG, TX, 1)), [Slot(TX, TODAY, 9), Slot(PA, tomorrow, 9)]) is None
        t.settle(ReservationId("void"), ReservationState.VOIDED, NOW)
        t.settle(ReservationId("expire"), ReservationState.EXPIRED, NOW)
        t.settle(ReservationId("post"), ReservationState.POSTED, NOW)
        assert dict(t.slots_taken([TODAY, tomorrow])) == {(TX, TODAY): 1, (PA, tomorrow): 1}
        t.reserve(promise("more", (MUG, TX, 1)), [Slot(TX, TODAY, 9)])
        t.settle(ReservationId("more"), ReservationState.VOIDED, NOW)
        assert t.slots_taken([TODAY])[TX, TODAY] == 1
        assert dict(t.slots_taken([])) == {}


def test_two_parcels_from_one_node_take_two_places(store: Store) -> None:
    stocked(store, receipt("m1", 10))
    with store.transaction() as t:
        assert t.reserve(promise("r1", (MUG, TX, 1)), [Slot(TX, TODAY, 1), Slot(TX, TODAY, 1)]) is not None
        assert t.reserve(promise("r2", (MUG, TX, 1)), [Slot(TX, TODAY, 2), Slot(TX, TODAY, 2)]) is None
        assert t.slots_taken([TODAY])[TX, TODAY] == 2


def test_a_lowered_ceiling_holds_for_the_next_and_takes_nothing_back(store: Store) -> None:
    stocked(store, receipt("m1", 10))
    with store.transaction() as t:
        t.reserve(promise("r1", (MUG, TX, 1)), [Slot(TX, TODAY, 5)])
        t.reserve(promise("r2", (MUG, TX, 1)), [Slot(TX, TODAY, 5)])
        assert t.reserve(promise("r3", (MUG, TX, 1)), [Slot(TX, TODAY, 1)]) is not None
        assert t.reserve(promise("r4", (MUG, TX, 1)), [Slot(TX, TODAY, 0)]) is not None
        assert t.reserve(promise("r5", (MUG, TX, 1)), [Slot(TX, TODAY, 3)]) is None


# --- commands, inbox, outbox, decisions ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "answer", [b"", b"\x00answer", b"\x00decision:", b"\x00decision:none", b"\x00decision:\xff\x00"]
)
def test_a_command_is_answered_once(store: Store, answer: bytes) -> None:
    with store.transaction() as t:
        assert t.recall("k") is None
        t.remember("k", "digest", answer, NOW)
    with store.transaction() as t:
        assert t.recall("k") == Remembered("k", "digest", answer)
        with pytest.raises(ConflictError, match="command k already has its answer"):
            t.remember("k", "digest", b"other", NOW)
        assert t.recall("k") == Remembered("k", "digest", answer)
        assert t.recall_and_look(["k", "j"], [], (), NOW)[0] == {"k": Remembered("k", "digest", answer)}


def test_an_event_of_another_system_is_accepted_once(store: Store) -> None:
    with store.transaction() as t:
        assert t.accept("shop", "1", NOW)
        assert t.accept("shop", "2", NOW)
        assert t.accept("erp", "1", NOW)
    with store.transaction() as t:
        assert not t.accept("shop", "1", NOW + HOUR)


def fact(name: str, aggregate: str = "order-1") -> Event:
    return Event(name, "OrderRouted", aggregate, NOW, {"node": "TX", "cents": 940, "ship_on": "2026-11-20", "né": [1]})


def test_facts_leave_in_the_order_recorded_until_delivered(store: Store) -> None:
    with store.transaction() as t:
        t.publish([fact("e2"), fact("e1")])
        t.publish([fact("e3", "order-2")])
    with store.transaction() as t:
        assert t.outbox(9) == [fact("e2"), fact("e1"), fact("e3", "order-2")]
        assert [e.id for e in t.outbox(2)] == ["e2", "e1"]
        t.delivered(["e2", "e3", "e2"], NOW)
        t.delivered([], NOW)
    with store.transaction() as t:
        assert [e.id for e in t.outbox(9)] == ["e1"]
        t.delivered(["e2"], NOW)
        with pytest.raises(StoreError, match="event e9 was never published"):
            t.delivered(["e1", "e9"], NOW)
        assert [e.id for e in t.outbox(9)] == ["e1"]


def test_a_fact_is_published_once(store: Store) -> None:
    with store.transaction() as t:
        t.publish([fact("e1"), fact("e1")])
        t.delivered(["e1"], NOW)
        t.publish([fact("e1")])
        assert t.outbox(9) == []
        with pytest.raises(ConflictError, match="event e1 is already published with other content"):
            t.publish([fact("e2"), fact("e1", "order-2")])
        assert t.outbox(9) == [], "e2 went with the refused call"


def decision(name: str, order: str = "order-1", sentence: str = "no node has it") -> DecisionRecord:
    return DecisionRecord(
        DecisionId(name),
        OrderId(order),
        NOW,
        Inputs("sha256:n", "sha256:s", "sha256:p", "sha256:c", "0.1.0"),
        Outcome.UNSERVED,
        Refuse("sold out"),
        sentence,
        None,
        (),
        (),
    )


def test_decisions_are_kept_byte_for_byte_in_the_order_recorded(store: Store) -> None:
    first, second, third = decision("d2"), decision("d1"), decision("d3", "order-2", "é")
    with store.transaction() as t:
        for record in (first, second, third, first):
            t.record(record)
    with store.transaction() as t:
        assert t.decision(DecisionId("d3")) == third.canonical()
        assert t.decision(DecisionId("d9")) is None
        assert t.decision_of(OrderId("order-1")) == second.canonical(), "the latest"
        assert t.decision_of(OrderId("order-9")) is None
        assert t.decisions(2) == [first.canonical(), second.canonical()]
        assert t.decisions(9, after="d2") == [second.canonical(), third.canonical()]
        with pytest.raises(StoreError, match="decision d9 is not recorded"):
            t.decisions(9, after="d9")
        with pytest.raises(ConflictError, match="decision d1 is already recorded with other content"):
            t.record(decision("d1", sentence="rewritten"))


# --- plans and transfers ---------------------------------------------------------------------------------------------
LINE = TransferLine(
    MUG, PA, TX, Units(24), 9_000, (CostTerm("freight", 1_200), CostTerm("handling", 240)), 40, 28, 3, 15, "TX runs out"
)
PLAN = TransferPlan(PlanId("p1"), NOW, (("network", "sha256:n"), ("stock", "sha256:s")), 7, (LINE,), ("MCF left out",))
TRANSFER = TransferOrder(
    TransferId("t1"),
    PlanId("p1"),
    PA,
    TX,
    (TransferOrderLine(MUG, Units(24)), TransferOrderLine(TEA, Units(6), LotId("L1"))),
    TODAY,
    TransferState.RELEASED,
)


def with_state(transfer: TransferOrder, state: TransferState, **done: int) -> TransferOrder:
    return replace(transfer, state=state, lines=tuple(replace(line, **done) for line in transfer.lines))


def test_a_plan_is_kept_as_it_was_made(store: Store) -> None:
    with store.transaction() as t:
        t.put_plan(PLAN)
        t.put_plan(PLAN)
    with store.transaction() as t:
        assert t.plan(PLAN.id) == PLAN
        assert t.plan(PlanId("p9")) is None
        with pytest.raises(ConflictError, match="plan p1 is already kept with other content"):
            t.put_plan(TransferPlan(PLAN.id, NOW, PLAN.inputs, 8, PLAN.lines, PLAN.notes))


def test_plans_come_newest_first_and_move_from_the_state_seen(store: Store) -> None:
    newer = TransferPlan(PlanId("p0"), NOW + HOUR, (), 7, ())
    with store.transaction() as t:
        t.put_plan(PLAN)
        t.put_plan(newer)
        assert t.plans(9) == [newer, PLAN]
        assert t.plans(1) == [newer]
        t.move_plan(PLAN.id, PlanState.PROPOSED, PlanState.APPROVED)
        found = t.plan(PLAN.id)
        assert found is not None
        assert found.state is PlanState.APPROVED
        t.put_plan(PLAN)
        with pytest.raises(ConflictError, match="plan p1 is approved, not proposed"):
            t.move_plan(PLAN.id, PlanState.PROPOSED, PlanState.REJECTED)
        with pytest.raises(ConflictError, match="plan p9 is not kept"):
            t.move_plan(PlanId("p9"), PlanState.PROPOSED, PlanState.REJECTED)


def test_a_transfer_takes_its_steps(store: Store) -> None:
    under_way = with_state(TRANSFER, TransferState.DISPATCHED, dispatched=6)
    with store.transaction() as t:
        t.put_transfer(TRANSFER)
        t.put_transfer(TRANSFER)
        assert t.transfer(TRANSFER.id) == TRANSFER
        t.change_transfer(TransferState.RELEASED, under_way)
        t.put_transfer(TRANSFER)
    with store.transaction() as t:
        assert t.transfer(TRANSFER.id) == under_way
        assert t.transfers() == [under_way] == t.transfers(TransferState.DISPATCHED)
        assert t.transfers(TransferState.RELEASED) == []
        with pytest.raises(ConflictError, match="transfer t1 is dispatched, not released"):
            t.change_transfer(TransferState.RELEASED, under_way)
        with pytest.raises(ConflictError, match="dispatched cannot become released"):
            t.change_transfer(TransferState.DISPATCHED, TRANSFER)
        with pytest.raises(ConflictError, match="other content"):
            t.change_transfer(
                TransferState.DISPATCHED, TransferOrder(TRANSFER.id, PLAN.id, PA, TX, (), TODAY, TransferState.CLOSED)
            )
        with pytest.raises(ConflictError, match="other content"):
            t.put_transfer(TransferOrder(TRANSFER.id, PLAN.id, TX, PA, TRANSFER.lines, TODAY))


# --- prices and pointers ---------------------------------------------------------------------------------------------
def prices_at(store: Store, at: datetime, *skus: Sku) -> list[tuple[str, str, str, int]]:
    with store.transaction() as t:
        return [(p.sku, p.node, p.source, p.cents) for p in t.prices(skus, at)]


def test_the_latest_price_not_in_the_future_is_read(store: Store) -> None:
    rows: Sequence[tuple[Sku, NodeId, datetime, str, int]] = [
        (MUG, TX, NOW, "nightly", 100),
        (MUG, TX, NOW + HOUR, "nightly", 200),
        (MUG, PA, NOW + HOUR, "nightly", 300),
        (TEA, TX, NOW, "nightly", 400),
    ]
    with store.transaction() as t:
        t.put_prices([Price(*row) for row in rows])
        t.put_prices([])

    assert prices_at(store, NOW - HOUR, MUG) == []
    assert prices_at(store, NOW, MUG) == [("MUG", "TX", "nightly", 100)]
    assert prices_at(store, NOW + HOUR, TEA, MUG) == [
        ("MUG", "PA", "nightly", 300),
        ("MUG", "TX", "nightly", 200),
        ("TEA", "TX", "nightly", 400),
    ]
    assert prices_at(store, NOW) == []


def test_repricing_supersedes_nightly_of_the_same_moment_but_not_a_later_one(store: Store) -> None:
    with store.transaction() as t:
        t.put_prices(
            [Price(MUG, TX, NOW, source, cents) for source, cents in (("repricing", 5), ("nightly", 9), ("z", 1))]
        )
    assert prices_at(store, NOW, MUG) == [("MUG", "TX", "repricing", 5)]
    with store.transaction() as t:
        t.put_prices([Price(MUG, TX, NOW + HOUR, "nightly", 8)])
    assert prices_at(store, NOW + HOUR, MUG) == [("MUG", "TX", "nightly", 8)]


def test_a_price_computed_again_replaces_the_one_under_its_key(store: Store) -> None:
    with store.transaction() as t:
        t.put_prices([Price(MUG, TX, NOW, "nightly", 1), Price(MUG, TX, NOW, "nightly", 2)])
        t.put_prices([Price(MUG, TX, NOW, "nightly", 3)])
    assert prices_at(store, NOW, MUG) == [("MUG", "TX", "nightly", 3)]


def test_a_name_means_the_snapshot_it_was_last_pointed_at(store: Store) -> None:
    with store.transaction() as t:
        assert t.pointer("network") is None
        t.point("network", "sha256:1", NOW)
        t.point("network", "sha256:2", NOW + HOUR)
        t.point("demand", "sha256:3", NOW)
    with store.transaction() as t:
        assert (t.pointer("network"), t.pointer("demand")) == ("sha256:2", "sha256:3")


def test_a_pointer_moves_only_from_what_the_caller_saw(store: Store) -> None:
    with store.transaction() as t:
        t.repoint("champion:demand", None, "sha256:1", NOW)
        t.repoint("champion:demand", "sha256:1", "sha256:2", NOW + HOUR)
    with store.transaction() as t:
        for seen in (None, "sha256:1"):
            with pytest.raises(ConflictError, match="champion:demand means sha256:2, not"):
                t.repoint("champion:demand", seen, "sha256:9", NOW)
        with pytest.raises(ConflictError, match="challenger:demand means nothing, not sha256:2"):
            t.repoint("challenger:demand", "sha256:2", "sha256:9", NOW)
        t.point("network", "sha256:3", NOW)  # a refusal leaves no trace, and the transaction goes on
    with store.transaction() as t:
        assert (t.pointer("champion:demand"), t.pointer("challenger:demand")) == ("sha256:2", None)
        assert t.pointer("network") == "sha256:3"


@pytest.mark.parametrize("seen", [None, "sha256:0"])
def test_of_many_who_saw_the_same_pointer_one_moves_it(store: Store, seen: str | None) -> None:
    if seen:
        with store.transaction() as t:
            t.point("champion:demand", seen, NOW)
    gate = threading.Barrier(8)

    def promote(number: int) -> bool:
        gate.wait(timeout=30)
        try:
            with store.transaction() as t:
                t.repoint("champion:demand", seen, f"sha256:{number}", NOW)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(promote, range(1, 9)))

    assert won.count(True) == 1
    with store.transaction() as t:
        assert t.pointer("champion:demand") == f"sha256:{won.index(True) + 1}"


def test_moments_come_back_in_utc_whatever_zone_they_came_in(store: Store) -> None:
    texan = datetime.fromisoformat("2026-11-20T08:00:00.123456-06:00")
    stocked(store, receipt("m1", 10))
    with store.transaction() as t:
        t.reserve(promise("r1", (MUG, TX, 1), at=texan))
        found = t.reservation(ReservationId("r1"))
        assert found is not None
        assert found.made_at == texan
        assert t.movement_frame()["occurred_at"].to_list()[1] == texan
        t.put_prices([Price(MUG, TX, texan, "nightly", 1)])
        assert [p.valid_from for p in t.prices([MUG], texan)] == [texan]
        assert t.prices([MUG], texan - timedelta(microseconds=1)) == []


def test_what_pending_reservations_want_is_summed_by_stock(store: Store) -> None:
    stocked(store, receipt("1", 10), receipt("2", 10, TEA))
    with store.transaction() as t:
        t.reserve(promise("r1", (MUG, TX, 2), (TEA, TX, 1)))
        t.reserve(promise("r2", (MUG, TX, 3)))
        t.reserve(promise("r3", (TEA, TX, 4)))
        t.settle(ReservationId("r3"), ReservationState.POSTED, NOW)
        assert t.promised_frame().rows() == [("MUG", "TX", "", 5), ("TEA", "TX", "", 1)]
        assert t.promised_frame().columns == ["sku", "node", "lot", "units"]


@pytest.mark.parametrize("name", ['a "b"', "c\\d", "{e,f}", "NULL", "g'h", "né 漢", "%s :x", " ", "i,j"])
def test_any_name_a_company_gives_its_items_is_kept(store: Store, name: str) -> None:
    sku, node = Sku(name), NodeId(f"at {name}")
    stocked(store, receipt("m1", 5, sku, node, lot=name))
    line = ReservationLine(sku, node, Units(2), LotId(name))
    made = Reservation(ReservationId(name), OrderId(name), (line,), NOW, NOW + HOUR)
    with store.transaction() as t:
        assert t.reserve(made, [Slot(node, TODAY, 1)]) is None
        assert t.reservations_of(OrderId(name)) == [made]
        assert [(b.sku, b.node, b.lot, b.available) for b in t.balances([sku])] == [(name, f"at {name}", name, 3)]
        t.settle(made.id, ReservationState.VOIDED, NOW)
    assert_whole(store)
