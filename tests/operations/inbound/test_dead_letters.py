"""What was given up is read with its reason, replayed, or dropped."""

from __future__ import annotations

import pytest
from tests.operations.exceptions.shop import NOW, ONE, shelf, stocked, told
from tests.operations.inbound.feed import applied, event, handled, inbound, level, receive

from evenstock.operations.inbound.applying import UNREADABLE
from evenstock.operations.inbound.dead_letters import dead_letter, drop, replay, replay_all
from evenstock.operations.inbound.drain import MOST_TRIES, drain, wait_after
from evenstock.operations.ports import ConflictError, Handling, Received, Store, StoreError


def _dead(store: Store) -> int:
    """An adjustment that died because the shelf was empty."""
    receive(store, event("stock.adjusted", "d1", sku=ONE, node="TX", units=-4))
    now = NOW
    for tries in range(1, MOST_TRIES + 1):
        drain(inbound(store), now)
        now += wait_after(tries)
    with store.reading() as books:
        (letter,) = books.received(Handling.DEAD)
    assert letter.tries == MOST_TRIES
    return letter.number


def test_a_replayed_event_takes_effect_once_the_books_can_take_it(store: Store) -> None:
    number = _dead(store)
    stocked(store, {(ONE, "TX"): 10})
    was = replay(store, number, "ana", NOW)
    assert was.because.startswith("4 units of SKU-001 left TX")
    assert drain(inbound(store), NOW).done == 1
    assert shelf(store, ONE, "TX") == {"available": 6}
    assert "DeadLetterReplayed" in told(store)
    with pytest.raises(StoreError, match=f"there is no dead event {number}"):
        replay(store, number, "ana", NOW)


def test_its_tries_are_counted_anew(store: Store) -> None:
    number = _dead(store)
    replay(store, number, "ana", NOW)
    assert drain(inbound(store), NOW).again == 1
    assert handled(store, "d1")[0] is Handling.WAITING


def test_a_dropped_event_stays_in_the_books_with_the_reason(store: Store) -> None:
    number = _dead(store)
    drop(store, number, "ana", "counted instead", NOW)
    assert handled(store, "d1") == (Handling.DONE, "dropped by ana: counted instead")
    assert "DeadLetterDropped" in told(store)
    with store.reading() as books:
        assert dead_letter(books, number) is None
        assert dead_letter(books, 10**6) is None


def test_all_of_a_source_or_kind_are_replayed_together(memory: Store) -> None:
    bad = [event("stock.observed", f"b{n}", sku=ONE, node="TX", units=-n) for n in (1, 2)]
    applied(memory, *bad, event("stock.adjusted", "d", sku=ONE, node="TX", units=0), level("ok", ONE, 1, 1))
    with memory.transaction() as books:
        raw = Received("wms", "x", UNREADABLE, "", NOW, b"{")
        books.receive([raw], NOW)
        books.handled(raw, Handling.DEAD, NOW, "not JSON")
    assert replay_all(memory, "ana", NOW, source="shop") == 0
    assert replay_all(memory, "ana", NOW, kind="stock.adjusted") == 1
    assert replay_all(memory, "ana", NOW) == 2
    with memory.reading() as books:
        (left,) = books.received(Handling.DEAD)
    with pytest.raises(ConflictError, match="could not be read"):
        replay(memory, left.number, "ana", NOW)
