"""A decision sees of scarce stock what its order's class may take, and a person is told what is taken from others."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.domain import (
    Account,
    Bucket,
    Candidate,
    Cause,
    LineId,
    LotId,
    Movement,
    MovementId,
    NodeId,
    OrderId,
    OrderPlan,
    OrderShipment,
    Quota,
    Reservation,
    ReservationId,
    ReservationLine,
    ServiceId,
    ShippedLine,
    Sku,
    StockBalance,
    Units,
)
from evenstock.operations.protection import beside_kept, taken_from_others
from evenstock.storage.memory import MemoryStore

NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)
MUG, TX, PA = Sku("MUG"), NodeId("TX"), NodeId("PA")


def shelf(units: int, node: NodeId = TX, buffer: int = 0) -> StockBalance:
    return StockBalance(MUG, node, available=Units(units), buffer=Units(buffer))


def kept(order_class: str, units: int, taken: int = 0, node: NodeId = TX) -> Quota:
    return Quota(MUG, node, order_class, Units(units), Units(taken))


def plan(units: int, node: NodeId = TX) -> OrderPlan:
    way = Candidate(node, ServiceId("ups:ground"), date(2026, 11, 20))
    return OrderPlan((OrderShipment(way, (ShippedLine(LineId("1"), MUG, Units(units)),), ()),))


def test_without_quotas_nothing_changes() -> None:
    balances = [shelf(5), shelf(3, PA)]
    assert beside_kept(balances, [], "standard") == balances
    assert taken_from_others(plan(5), balances, [], "standard") == ""


@pytest.mark.parametrize(("order_class", "atp"), [("standard", 9 - 3 - 2), ("vip", 9 - 2), ("club", 9 - 3)])
def test_each_class_sees_all_but_what_is_kept_for_others(order_class: str, atp: int) -> None:
    """10 there, 1 never promised; 4 kept for vip, of which 1 is taken, so 3; 2 kept for club."""
    (seen,) = beside_kept([shelf(10, buffer=1)], [kept("vip", 4, taken=1), kept("club", 2)], order_class)
    assert seen.atp == atp


def test_more_kept_than_there_is_leaves_nothing_and_nothing_below_it() -> None:
    (seen,) = beside_kept([shelf(2)], [kept("vip", 9)], "standard")
    assert (seen.available, seen.atp) == (0, 0)


def test_a_person_is_told_what_is_taken_and_from_whom() -> None:
    balances, quotas = [shelf(5), shelf(5, PA)], [kept("vip", 2), kept("club", 1), kept("gone", 3, taken=3)]

    assert taken_from_others(plan(2), balances, quotas, "standard") == ""
    assert taken_from_others(plan(4), balances, quotas, "standard") == "takes 2 × MUG at TX kept for club, vip"
    assert taken_from_others(plan(5), balances, quotas, "vip") == "takes 1 × MUG at TX kept for club"
    assert taken_from_others(plan(5, PA), balances, quotas, "standard") == ""


few = st.integers(0, 6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(few, few), min_size=1, max_size=3), few, few, st.sampled_from(["standard", "vip", "club"]))
def test_what_a_decision_sees_is_exactly_what_the_books_give(
    lots: list[tuple[int, int]], vip: int, club: int, order_class: str
) -> None:
    """For any lots, buffers and quotas: all it sees can be reserved, and not one unit more."""
    store = MemoryStore()
    with store.transaction() as t:
        for number, (units, buffer) in enumerate(lots):
            lot = LotId(f"L{number}")
            world, free = Account(MUG, TX, Bucket.OUTSIDE, lot, Cause.OPENING), Account(MUG, TX, Bucket.AVAILABLE, lot)
            if units:
                t.post([Movement(MovementId(f"m{number}"), Units(units), world, free, NOW, "opening")], NOW)
            t.set_buffer(MUG, TX, Units(buffer), lot)
        t.set_quotas([kept("vip", vip), kept("club", club)])
        books, quotas = t.balances([MUG]), t.quotas([MUG])

        def reserves(name: str, units: dict[LotId, int]) -> bool:
            lines = tuple(ReservationLine(MUG, TX, Units(n), lot) for lot, n in units.items() if n)
            if not lines:
                return True
            made = Reservation(ReservationId(name), OrderId(name), lines, NOW, NOW + timedelta(hours=1))
            return t.reserve(made, order_class=order_class) is None

        seen = {b.lot: int(b.atp) for b in beside_kept(books, quotas, order_class)}
        full = {b.lot: int(b.atp) for b in books}
        more = next((lot for lot in full if seen[lot] < full[lot]), None)
        if more is not None:
            assert not reserves("more", seen | {more: seen[more] + 1})
        assert reserves("all", seen)
