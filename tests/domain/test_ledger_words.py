"""Accounts, movements, balances and reservations refuse nonsense when they are made."""

from datetime import UTC, datetime, timedelta

import pytest

from evenstock.domain import (
    Account,
    Bucket,
    Cause,
    LotId,
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

NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)
MUG, TEA, TX, PA = Sku("MUG"), Sku("TEA"), NodeId("TX"), NodeId("PA")
SUPPLIER = Account(MUG, TX, Bucket.OUTSIDE, cause=Cause.SUPPLIER)
SHELF = Account(MUG, TX, Bucket.AVAILABLE)


def receipt(units: int = 5, source: Account = SUPPLIER, destination: Account = SHELF) -> Movement:
    return Movement(MovementId("m1"), Units(units), source, destination, NOW, "po-1")


def test_a_movement_and_its_reversal_cancel_out() -> None:
    there = receipt()
    back = there.reversal(MovementId("m2"), NOW, "wrong item")

    assert (back.source, back.destination, back.units) == (SHELF, SUPPLIER, 5)
    assert back.reverses == "m1"


@pytest.mark.parametrize("units", [0, -3])
def test_a_movement_moves_at_least_one_unit(units: int) -> None:
    with pytest.raises(ValueError, match="at least one unit"):
        receipt(units)


def test_a_movement_needs_two_accounts() -> None:
    with pytest.raises(ValueError, match="from one account to another"):
        receipt(source=SHELF)


def test_a_movement_cannot_turn_mugs_into_tea() -> None:
    with pytest.raises(ValueError, match="keeps its item and lot"):
        receipt(destination=Account(TEA, TX, Bucket.AVAILABLE))


def test_a_movement_cannot_change_the_lot() -> None:
    with pytest.raises(ValueError, match="keeps its item and lot"):
        receipt(destination=Account(MUG, TX, Bucket.AVAILABLE, LotId("L1")))


def test_a_time_without_a_zone_is_refused_with_what_to_do() -> None:
    with pytest.raises(ValueError, match="has no time zone; add an offset"):
        Movement(MovementId("m1"), Units(1), SUPPLIER, SHELF, NOW.replace(tzinfo=None), "po-1")


def test_only_the_outside_has_a_cause() -> None:
    with pytest.raises(ValueError, match="only an outside account has a cause"):
        Account(MUG, TX, Bucket.HELD, cause=Cause.DAMAGE)


def test_the_buffer_is_never_promised() -> None:
    assert StockBalance(MUG, TX, available=Units(3), buffer=Units(5)).atp == 0


def test_on_hand_counts_what_is_physically_there() -> None:
    stock = StockBalance(
        MUG, TX, available=Units(1), reserved=Units(2), allocated=Units(3), held=Units(4), in_transit=Units(50)
    )

    assert stock.on_hand == 1 + 2 + 3 + 4


def test_a_balance_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="MUG at TX: available cannot be below zero"):
        StockBalance(MUG, TX, available=Units(-1))


def test_a_reservation_adds_up_and_sorts_its_lines_so_that_two_never_wait_for_each_other() -> None:
    lines = (
        ReservationLine(TEA, PA, Units(1)),
        ReservationLine(MUG, TX, Units(2)),
        ReservationLine(MUG, PA, Units(1)),
        ReservationLine(MUG, TX, Units(3)),
    )
    made = Reservation(ReservationId("r"), OrderId("o"), lines, NOW, NOW + timedelta(hours=1))

    assert [(line.sku, line.node, line.units) for line in made.lines] == [
        ("MUG", "PA", 1),
        ("MUG", "TX", 5),
        ("TEA", "PA", 1),
    ]


def test_a_reservation_expires_after_it_is_made() -> None:
    with pytest.raises(ValueError, match="expires after it is made"):
        Reservation(ReservationId("r"), OrderId("o"), (ReservationLine(MUG, TX, Units(1)),), NOW, NOW)
