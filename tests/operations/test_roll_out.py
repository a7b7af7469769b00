"""New decisions act for few first, and one step back is always there."""

import datetime as dt
from pathlib import Path

import pytest

from evenstock.domain import (
    Candidate,
    Cents,
    LineId,
    NodeId,
    Order,
    OrderId,
    OrderLine,
    OrderPlan,
    OrderShipment,
    ServiceId,
    ShippedLine,
    ShipTo,
    Sku,
    Units,
)
from evenstock.operations.ports import StoreError
from evenstock.operations.roll_out import RollOut, lot, roll_back, roll_out_in_force, set_roll_out
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

NOW = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)


def order(name: str = "A-1001", order_class: str = "standard") -> Order:
    line = OrderLine(LineId("1"), Sku("MUG"), Units(1), Cents(999))
    return Order(OrderId(name), (line,), ShipTo("10001"), NOW, order_class=order_class)


def plan(*nodes: str) -> OrderPlan:
    goods = (ShippedLine(LineId("1"), Sku("MUG"), Units(1)),)
    return OrderPlan(
        tuple(OrderShipment(Candidate(NodeId(n), ServiceId("ups:ground"), NOW.date()), goods, ()) for n in nodes)
    )


def test_without_a_stage_every_order_acts(tmp_path: Path) -> None:
    with MemoryStore().reading() as books:
        stage = roll_out_in_force(books, SnapshotFolder(tmp_path))

    assert stage.takes(order())
    assert stage.lets(plan("TX", "NJ"))
    assert str(stage) == "live for every order"


def test_a_share_takes_that_share_of_many_orders_and_a_larger_one_keeps_them() -> None:
    names = [f"A-{n}" for n in range(4_000)]
    tenth = {n for n in names if RollOut(share_bp=1_000).takes(order(n))}
    third = {n for n in names if RollOut(share_bp=3_000).takes(order(n))}

    assert tenth < third
    assert 340 <= len(tenth) <= 460  # 400 expected, a deviation of 19 each way is usual
    assert lot("A-1") == lot("A-1")


def test_a_stage_names_classes_and_nodes() -> None:
    stage = RollOut(order_classes=frozenset({"vip"}), nodes=frozenset({NodeId("TX"), NodeId("NJ")}))

    assert stage.takes(order(order_class="vip"))
    assert not stage.takes(order())
    assert stage.lets(plan("TX"))
    assert not stage.lets(plan("TX", "CA"))


def test_one_step_back_brings_the_stage_before_and_then_shadow(tmp_path: Path) -> None:
    store, snapshots = MemoryStore(), SnapshotFolder(tmp_path)
    with pytest.raises(StoreError, match="no roll-out was ever set"):
        roll_back(store, snapshots, by="Ana", because="late parcels", now=NOW)
    set_roll_out(store, snapshots, live=True, share_bp=500, by="Ana", because="begin small", now=NOW)
    set_roll_out(store, snapshots, live=True, by="Ana", because="went well", now=NOW + dt.timedelta(days=7))

    back = roll_back(store, snapshots, by="Ana", because="late parcels", now=NOW + dt.timedelta(days=8))
    assert (back.live, back.share_bp, back.because) == (True, 500, "rolled back: late parcels")
    again = roll_back(store, snapshots, by="Ana", because="worse", now=NOW + dt.timedelta(days=9))
    assert not again.live
    with store.reading() as books:
        assert roll_out_in_force(books, snapshots) == again


def test_a_stage_says_who_and_why(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="who decided it and why"):
        set_roll_out(MemoryStore(), SnapshotFolder(tmp_path), live=True, by="", because="", now=NOW)
    with pytest.raises(ValueError, match="share is 0 to 10000"):
        RollOut(share_bp=10_001)
