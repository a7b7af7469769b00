"""The queue does the same over every store, and of two who answer at once one is told that the other was first."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from tests.operations.test_route_order import NETWORK, ONE, POLICY, put, reserved, told
from tests.routing.brand import NOW, order

from evenstock.domain import CaseId, DecisionRecord, Refuse, ReservationId
from evenstock.operations.check_books import check_books
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.open_cases import open_review, open_unserved
from evenstock.operations.ports import Store
from evenstock.operations.queue import Reviewed, accept, hold, override, queue
from evenstock.operations.route_order import RESERVATION, route_order
from evenstock.operations.run_due import Done, Workplace, run_due

HOUR = timedelta(hours=1)


def waiting(store: Store, name: str) -> tuple[CaseId, DecisionRecord]:
    record = route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 2), name=name), NOW)).record
    with store.transaction() as books:
        return open_review(books, record, ReservationId(f"{record.id}{RESERVATION}"), "dear").id, record


def test_a_day_of_the_queue(store: Store) -> None:
    """Four reviews: accepted, overridden, held, left alone; and an order that nothing serves until stock comes."""
    put(store, {(ONE, "TX"): 8, (ONE, "NJ"): 4})
    (accepted, _), (overridden, dear), (held, _), _ = [waiting(store, f"A-{k}") for k in range(4)]
    lost = route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 9), name="A-9"), NOW)).record
    with store.transaction() as books:
        open_unserved(books, lost)
    assert dear.choice is not None
    at = Workplace(store, NETWORK, POLICY)

    assert isinstance(accept(store, accepted, "Ana", NOW + HOUR), Reviewed)
    moved = override(store, NETWORK, POLICY, overridden, "Ana", "TX is slow", NOW + HOUR, nodes={"NJ"})
    assert isinstance(moved, Reviewed)
    assert moved.price_cents > 0
    assert isinstance(hold(store, held, "Ana", NOW + 9 * HOUR, "asked", NOW + HOUR), Reviewed)
    done = [run_due(at, NOW + k * HOUR) for k in (1, 4)]
    put(store, {(ONE, "TX"): 20})
    done.append(run_due(at, NOW + 8 * HOUR))

    assert [[d.action for d in each] for each in done] == [["retry"], ["retry", "execute"], ["retry"]]
    assert reserved(store) == {(ONE, "TX", ""): 2 * 3 + 9, (ONE, "NJ", ""): 2}
    with store.reading() as books:
        assert [w.case.id for w in queue(books)] == [held]
        record = books.decision_of(dear.order)
    assert moved.record is not None
    assert record == moved.record.canonical()
    assert told(store).count("OrderReviewed") == 2
    assert check_books(store, NOW + 8 * HOUR) == []


@pytest.mark.parametrize("round_number", range(3))
def test_of_many_who_answer_at_once_one_decides(store: Store, round_number: int) -> None:
    put(store, {(ONE, "TX"): 8, (ONE, "NJ"): 8})
    case, _ = waiting(store, f"A-{round_number}")
    at, now = Workplace(store, NETWORK, POLICY), NOW + 4 * HOUR
    gate = threading.Barrier(4)
    answers: list[Callable[[], Reviewed | Refuse | list[Done]]] = [
        lambda: accept(store, case, "Ana", now),
        lambda: accept(store, case, "Ben", now),
        lambda: override(store, NETWORK, POLICY, case, "Eve", "closer", now, nodes={"NJ"}),
        lambda: run_due(at, now),
    ]

    def answer(number: int) -> Reviewed | Refuse | list[Done]:
        gate.wait(timeout=30)
        return answers[(number + round_number) % 4]()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(answer, range(4)))

    run_due(at, now + HOUR)  # whoever claimed the case and found it answered has left nothing open
    with store.reading() as books:
        assert queue(books, everything=True) == []
    assert sum(told(store).count(kind) for kind in ("OrderReviewed", "OrderOverridden")) == 1
    assert sum(reserved(store).values()) == 2
    assert check_books(store, now) == []
