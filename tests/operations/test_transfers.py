"""From an approved plan to the shelf at the other end, each step safe to repeat."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from evenstock.domain import (
    Account,
    Bucket,
    Cause,
    CostTerm,
    Movement,
    MovementId,
    NodeId,
    PlanId,
    PlanState,
    Sku,
    StockBalance,
    TransferId,
    TransferLine,
    TransferOrder,
    TransferPlan,
    TransferState,
    Units,
)
from evenstock.operations.access.add_person import AddPerson, add_person
from evenstock.operations.access.grants import grant_of
from evenstock.operations.access.limits import Limits, OverLimitError
from evenstock.operations.check_books import check_books
from evenstock.operations.ports import ConflictError, Store, StoreError
from evenstock.operations.transfers import (
    ReceivedLine,
    approve_plan,
    cancel_transfer,
    dispatch_transfer,
    receive_transfer,
    reject_plan,
)

NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)
FRIDAY = date(2026, 11, 20)
MUG, TEA = Sku("MUG"), Sku("TEA")
PA, TX, CA = NodeId("PA"), NodeId("TX"), NodeId("CA")


def line(sku: Sku, origin: NodeId, destination: NodeId, units: int) -> TransferLine:
    costs = (CostTerm("freight", 100),)
    return TransferLine(sku, origin, destination, Units(units), 900, costs, 40, 20, 2, 12, "runs out")


PLAN = TransferPlan(
    PlanId("p1"),
    NOW,
    (),
    7,
    (line(TEA, PA, TX, 6), line(MUG, PA, TX, 24), line(MUG, PA, CA, 12), line(MUG, PA, TX, 12)),
)
FIRST, SECOND = TransferId("p1:001"), TransferId("p1:002")


def planned(store: Store, **on_hand: int) -> None:
    with store.transaction() as t:
        for name, units in on_hand.items():
            sku = Sku(name)
            world, shelf = Account(sku, PA, Bucket.OUTSIDE, cause=Cause.OPENING), Account(sku, PA, Bucket.AVAILABLE)
            t.post([Movement(MovementId(f"open-{sku}"), Units(units), world, shelf, NOW, "opening")], NOW)
        t.put_plan(PLAN)


def at(store: Store, node: NodeId) -> dict[str, tuple[int, int]]:
    """Available and in transit by item."""
    with store.reading() as t:
        return {b.sku: (b.available, b.in_transit) for b in t.balances([MUG, TEA]) if b.node == node}


def told(store: Store) -> list[str]:
    with store.transaction() as t:
        return [event.kind for event in t.outbox(99)]


def test_a_plan_becomes_one_transfer_a_lane(store: Store) -> None:
    """MUG from PA to TX stands twice in the plan: 24 + 12 = 36 units on one line."""
    planned(store)

    transfers = approve_plan(store, PLAN.id, FRIDAY, "dana", NOW)

    assert [(t.id, t.origin, t.destination, t.state) for t in transfers] == [
        (FIRST, PA, CA, TransferState.RELEASED),
        (SECOND, PA, TX, TransferState.RELEASED),
    ]
    assert [(each.sku, each.units) for each in transfers[1].lines] == [(MUG, 36), (TEA, 6)]
    assert approve_plan(store, PLAN.id, FRIDAY, "dana", NOW) == transfers, "approved once"
    assert told(store) == ["TransferPlanApproved", "TransferReleased", "TransferReleased"]
    with store.reading() as t:
        found = t.plan(PLAN.id)
    assert found is not None
    assert found.state is PlanState.APPROVED


def test_a_plan_is_approved_up_to_a_limit_whoever_asks(store: Store) -> None:
    """What its lines cost together counts; refused, it stays proposed, and nothing is released."""
    planned(store)
    cents = PLAN.cost_cents
    assert cents > 0
    with pytest.raises(OverLimitError, match="plan p1 is worth"):
        approve_plan(store, PLAN.id, FRIDAY, "ben", NOW, limits=Limits((grant_of(f"approver<={cents - 1}"),)))
    assert told(store) == []
    add_person(store, AddPerson("dana", "Dana", (grant_of(f"approver<={cents - 1}"),), "", "a test"))
    with pytest.raises(OverLimitError):
        approve_plan(store, PLAN.id, FRIDAY, "dana", NOW)

    assert approve_plan(store, PLAN.id, FRIDAY, "dana", NOW, limits=Limits((grant_of(f"approver<={cents}"),)))


def test_a_rejected_plan_cannot_be_approved_nor_the_other_way(memory: Store) -> None:
    planned(memory)

    assert reject_plan(memory, PLAN.id, "dana", "too dear", NOW)
    assert not reject_plan(memory, PLAN.id, "dana", "too dear", NOW)
    with pytest.raises(ConflictError, match="plan p1 is rejected, not proposed"):
        approve_plan(memory, PLAN.id, FRIDAY, "dana", NOW)
    with pytest.raises(StoreError, match="there is no plan p9"):
        approve_plan(memory, PlanId("p9"), FRIDAY, "dana", NOW)


def test_a_transfer_goes_from_shelf_to_shelf(store: Store) -> None:
    planned(store, MUG=100, TEA=10)
    approve_plan(store, PLAN.id, FRIDAY, "dana", NOW)

    sent = dispatch_transfer(store, SECOND, NOW)
    assert sent.short == ()
    assert (at(store, PA), at(store, TX)) == ({"MUG": (64, 0), "TEA": (4, 0)}, {"MUG": (0, 36), "TEA": (0, 6)})
    assert dispatch_transfer(store, SECOND, NOW) == sent, "dispatched once"
    assert check_books(store, NOW) == []

    part = receive_transfer(store, SECOND, "dock-1", [ReceivedLine(MUG, Units(30), lost=Units(1))], NOW)
    assert part.state is TransferState.RECEIVED
    assert at(store, TX) == {"MUG": (30, 5), "TEA": (0, 6)}, "36 - 30 - 1 = 5"
    again = receive_transfer(store, SECOND, "dock-1", [ReceivedLine(MUG, Units(30), lost=Units(1))], NOW)
    assert again == part, "received once"

    rest = [ReceivedLine(MUG, Units(5)), ReceivedLine(TEA, Units(6))]
    assert receive_transfer(store, SECOND, "dock-2", rest, NOW).state is TransferState.CLOSED
    assert at(store, TX) == {"MUG": (35, 0), "TEA": (6, 0)}
    with store.reading() as t:
        assert ("MUG", "", "TX", "lost", 1) in t.outside_frame().rows()
        closed = t.transfer(SECOND)
    assert closed is not None
    assert [(each.dispatched, each.received, each.lost) for each in closed.lines] == [(36, 35, 1), (6, 6, 0)]
    assert told(store)[3:] == ["TransferDispatched", "TransferReceived", "TransferClosed"]
    assert check_books(store, NOW) == []


def test_short_stock_dispatches_what_is_there_and_says_so(store: Store) -> None:
    planned(store, MUG=20)
    approve_plan(store, PLAN.id, FRIDAY, "dana", NOW)

    sent = dispatch_transfer(store, SECOND, NOW)

    assert [(each.sku, each.ordered, each.dispatched) for each in sent.short] == [(MUG, 36, 20), (TEA, 6, 0)]
    assert at(store, PA) == {}
    assert at(store, TX) == {"MUG": (0, 20)}
    assert receive_transfer(store, SECOND, "d", [ReceivedLine(MUG, Units(20))], NOW).state is TransferState.CLOSED


def test_a_transfer_that_finds_nothing_is_cancelled(memory: Store) -> None:
    planned(memory)
    approve_plan(memory, PLAN.id, FRIDAY, "dana", NOW)

    assert dispatch_transfer(memory, FIRST, NOW).transfer.state is TransferState.CANCELLED
    with pytest.raises(ConflictError, match="p1:001 is cancelled; only a released one can be dispatched"):
        dispatch_transfer(memory, FIRST, NOW)


def test_what_was_really_loaded_counts(memory: Store) -> None:
    planned(memory, MUG=100, TEA=10)
    approve_plan(memory, PLAN.id, FRIDAY, "dana", NOW)

    with pytest.raises(StoreError, match="37 units of MUG loaded, 36 ordered"):
        dispatch_transfer(memory, SECOND, NOW, {(MUG, ""): Units(37)})  # type: ignore[dict-item]
    sent = dispatch_transfer(memory, SECOND, NOW, {(MUG, ""): Units(30)})  # type: ignore[dict-item]

    assert [each.dispatched for each in sent.transfer.lines] == [30, 0]
    assert at(memory, PA) == {"MUG": (70, 0), "TEA": (10, 0)}


def test_more_than_was_sent_is_taken_in_and_the_origin_is_to_be_counted(store: Store) -> None:
    """36 mugs were sent by PA's word, 40 came out of the truck: 36 from the road, 4 as a count would find them."""
    planned(store, MUG=100, TEA=10)
    approve_plan(store, PLAN.id, FRIDAY, "dana", NOW)
    dispatch_transfer(store, SECOND, NOW)

    got = receive_transfer(store, SECOND, "dock-1", [ReceivedLine(MUG, Units(40)), ReceivedLine(TEA, Units(6))], NOW)

    assert got.state is TransferState.CLOSED
    assert [(each.received, each.over) for each in got.lines] == [(36, 4), (6, 0)]
    assert at(store, TX) == {"MUG": (40, 0), "TEA": (6, 0)}
    with store.reading() as t:
        assert ("MUG", "", "TX", "count", -4) in t.outside_frame().rows()
    assert "TransferReceivedOver" in told(store)
    assert check_books(store, NOW) == []


def test_a_plan_that_breaks_a_limit_cannot_be_approved(memory: Store) -> None:
    with memory.transaction() as t:
        t.put_plan(replace(PLAN, violations=("dock of PA out: 42 units, 40 can leave",)))
    with pytest.raises(ConflictError, match="breaks what it must keep: dock of PA out: 42 units, 40 can leave"):
        approve_plan(memory, PLAN.id, FRIDAY, "dana", NOW)


def test_two_modes_of_one_lane_are_two_transfers_each_on_its_day(memory: Store) -> None:
    slow = replace(line(MUG, PA, TX, 12), mode="ltl", ship_by=date(2026, 11, 23))
    fast = replace(line(MUG, PA, TX, 12), mode="parcel", ship_by=date(2026, 11, 20))
    with memory.transaction() as t:
        t.put_plan(replace(PLAN, lines=(slow, fast)))

    transfers = approve_plan(memory, PLAN.id, FRIDAY, "dana", NOW)

    assert [(t.mode, t.ship_by) for t in transfers] == [("ltl", date(2026, 11, 23)), ("parcel", date(2026, 11, 20))]


@pytest.mark.parametrize(
    ("deed", "error", "says"),
    [
        (
            lambda s: receive_transfer(s, SECOND, "r2", [ReceivedLine(MUG, Units(0), lost=Units(37))], NOW),
            StoreError,
            "37 units of MUG reported, 36 under way",
        ),
        (
            lambda s: receive_transfer(s, SECOND, "r2", [ReceivedLine(Sku("CUP"), Units(1))], NOW),
            StoreError,
            "1 units of CUP reported, 0 under way",
        ),
        (
            lambda s: receive_transfer(s, FIRST, "r2", [ReceivedLine(MUG, Units(1))], NOW),
            ConflictError,
            "p1:001 is released; only one under way can be received",
        ),
        (lambda s: cancel_transfer(s, SECOND, "truck broke down", NOW), ConflictError, "dispatched cannot become"),
        (lambda s: dispatch_transfer(s, TransferId("p9:001"), NOW), StoreError, "there is no transfer p9:001"),
    ],
)
def test_a_step_that_cannot_be_is_refused_and_changes_nothing(
    memory: Store, deed: Callable[[Store], object], error: type[StoreError], says: str
) -> None:
    planned(memory, MUG=100, TEA=10)
    approve_plan(memory, PLAN.id, FRIDAY, "dana", NOW)
    dispatch_transfer(memory, SECOND, NOW)
    before, said = at(memory, TX), told(memory)

    with pytest.raises(error, match=says):
        deed(memory)
    assert (at(memory, TX), told(memory)) == (before, said)


def test_a_receipt_id_with_other_lines_is_refused(memory: Store) -> None:
    planned(memory, MUG=100, TEA=10)
    approve_plan(memory, PLAN.id, FRIDAY, "dana", NOW)
    dispatch_transfer(memory, SECOND, NOW)
    receive_transfer(memory, SECOND, "r1", [ReceivedLine(MUG, Units(3))], NOW)

    with pytest.raises(ConflictError, match="receipt r1 of transfer p1:002 came before with other lines"):
        receive_transfer(memory, SECOND, "r1", [ReceivedLine(MUG, Units(4))], NOW)


def test_a_released_transfer_can_be_called_off_once(memory: Store) -> None:
    planned(memory, MUG=100)
    approve_plan(memory, PLAN.id, FRIDAY, "dana", NOW)

    assert cancel_transfer(memory, FIRST, "no truck", NOW)
    assert not cancel_transfer(memory, FIRST, "no truck", NOW)
    assert told(memory).count("TransferCancelled") == 1


def test_goods_that_arrive_where_a_shortfall_is_open_repay_it(store: Store) -> None:
    """TX owes 4 units to orders: of 36 received, 32 are free."""
    planned(store, MUG=100, TEA=10)
    with store.transaction() as t:
        owed = Account(MUG, TX, Bucket.SHORTFALL)
        reserved = Account(MUG, TX, Bucket.HELD)
        t.post([Movement(MovementId("owed"), Units(4), owed, reserved, NOW, "found missing")], NOW)
    approve_plan(store, PLAN.id, FRIDAY, "dana", NOW)
    dispatch_transfer(store, SECOND, NOW)

    receive_transfer(store, SECOND, "r1", [ReceivedLine(MUG, Units(36)), ReceivedLine(TEA, Units(6))], NOW)

    with store.reading() as t:
        (there,) = (b for b in t.balances([MUG]) if b.node == TX)
    assert there == StockBalance(MUG, TX, available=Units(32), held=Units(4))


def test_two_docks_receive_the_same_transfer_at_once(postgres: Store) -> None:
    """Each of 12 receipts of 3 mugs counts: no update of the lines is lost."""
    planned(postgres, MUG=100, TEA=10)
    approve_plan(postgres, PLAN.id, FRIDAY, "dana", NOW)
    dispatch_transfer(postgres, SECOND, NOW)

    def dock(number: int) -> TransferOrder:
        return receive_transfer(postgres, SECOND, f"r{number % 12}", [ReceivedLine(MUG, Units(3))], NOW)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(dock, range(24)))
    assert at(postgres, TX)["MUG"] == (36, 0)
    assert check_books(postgres, NOW + timedelta(hours=1)) == []


def test_two_trucks_cannot_take_the_same_stock(postgres: Store) -> None:
    """CA wants 12, TX wants 36, 40 are there: whoever comes second takes the rest."""
    planned(postgres, MUG=40)
    approve_plan(postgres, PLAN.id, FRIDAY, "dana", NOW)

    with ThreadPoolExecutor(2) as pool:
        sent = list(pool.map(lambda name: dispatch_transfer(postgres, name, NOW), [FIRST, SECOND]))

    assert sum(each.dispatched for s in sent for each in s.transfer.lines) == 40
    assert at(postgres, PA) == {}
    assert check_books(postgres, NOW) == []
