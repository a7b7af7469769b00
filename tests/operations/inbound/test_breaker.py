"""A feed that would empty a node is not believed until a person has looked."""

from __future__ import annotations

import pytest
from tests.operations.exceptions.shop import NETWORK, NOW, shelf, stocked, told
from tests.operations.inbound.feed import SOURCE, applied, handled, inbound, level, receive

from evenstock.operations.inbound.breaker import KIND, WINDOW, discard, held_feeds, let_pass
from evenstock.operations.inbound.drain import drain
from evenstock.operations.ports import ConflictError, Entry, Handling, Store, StoreError

SKUS = [str(sku) for sku in sorted(NETWORK.items)][:40]


def _full(store: Store) -> None:
    stocked(store, {(sku, node): 5 for sku in SKUS for node in ("TX", "NJ")})


def _empty(store: Store, node: str = "TX") -> int:
    return sum(not shelf(store, sku, node) for sku in SKUS)


def test_a_feed_that_sends_zero_for_nearly_everything_changes_nothing_until_a_person_has_looked(store: Store) -> None:
    _full(store)
    zeros = [level(f"z{n}", sku, 0, 1) for n, sku in enumerate(SKUS[:36])]
    rest = [level(f"r{n}", sku, 4, 1) for n, sku in enumerate(SKUS[36:])]
    done = applied(store, *zeros, *rest)
    assert (done.done, done.dead) == (4, 36), "what it says of the others is taken over"
    assert _empty(store) == 0
    handling, because = handled(store, "z0")
    assert handling is Handling.DEAD
    assert because == (
        "held by the breaker: wms sets 36 of the 40 items that TX holds to zero within an hour, more than 50 %; "
        "let it pass, or discard it"
    )
    assert told(store).count("FeedHeld") == 1
    with store.transaction() as books:
        (held,) = held_feeds(books)
    assert (held.source, held.node, held.waiting) == (SOURCE, "TX", 36)


def test_it_holds_before_the_first_is_applied_where_they_come_one_by_one_but_wait_together(memory: Store) -> None:
    _full(memory)
    receive(memory, *[level(f"z{n}", sku, 0, 1) for n, sku in enumerate(SKUS)])
    for _ in range(10):
        drain(inbound(memory), NOW, 4)
    assert _empty(memory) == 0


def test_a_feed_that_comes_drop_by_drop_is_held_at_its_share(memory: Store) -> None:
    _full(memory)
    for n, sku in enumerate(SKUS):
        applied(memory, level(f"z{n}", sku, 0, 1))
    assert _empty(memory) == 20, "half of 40 items went to zero; the 21st is more than half"
    assert applied(memory, level("z-NJ", SKUS[0], 0, 1, "NJ")).done == 1, "another node is judged by itself"


def test_over_a_day_many_items_may_run_out(memory: Store) -> None:
    _full(memory)
    for n, sku in enumerate(SKUS):
        applied(memory, level(f"z{n}", sku, 0, 1), now=NOW + n * WINDOW / 15)
    assert _empty(memory) == 40


def test_zeros_of_what_is_empty_already_are_no_news(memory: Store) -> None:
    stocked(memory, {(sku, "TX"): 5 for sku in SKUS[:5]})
    assert applied(memory, *[level(f"z{n}", sku, 0, 1) for n, sku in enumerate(SKUS)]).done == 40
    assert _empty(memory) == 40, "5 of 5 is the whole node, but fewer than 20 are never a reason"


def test_a_source_may_have_a_limit_of_its_own(memory: Store) -> None:
    _full(memory)
    with memory.transaction() as books:
        books.enter(Entry("source", SOURCE, {"breaker": {"share_percent": 5, "least": 2}}))
    assert applied(memory, level("z0", SKUS[0], 0, 1), level("z1", SKUS[1], 0, 1)).done == 2
    assert applied(memory, level("z2", SKUS[2], 0, 1)).dead == 1


def test_a_person_lets_it_pass(store: Store) -> None:
    _full(store)
    applied(store, *[level(f"z{n}", sku, 0, 1) for n, sku in enumerate(SKUS[:30])])
    assert let_pass(store, SOURCE, "TX", "ana", NOW) == 30
    assert drain(inbound(store), NOW).done == 30
    assert applied(store, *[level(f"z{n}", sku, 0, 1) for n, sku in enumerate(SKUS[30:], 30)]).done == 10
    assert _empty(store) == 40
    with pytest.raises(ConflictError, match="somebody answered before"):
        let_pass(store, SOURCE, "TX", "ana", NOW)


def test_a_person_discards_it(memory: Store) -> None:
    _full(memory)
    zeros = [level(f"z{n}", sku, 0, 1) for n, sku in enumerate(SKUS)]
    applied(memory, *zeros)
    assert discard(memory, SOURCE, "TX", "ana", "a file cut short", NOW) == 40
    assert drain(inbound(memory), NOW).tried == 0
    assert _empty(memory) == 0
    assert handled(memory, "z0") == (Handling.DONE, "dropped by ana: a file cut short")
    assert applied(memory, level("ok", SKUS[0], 0, 2)).done == 1, "watched anew"
    with memory.transaction() as books:
        assert not held_feeds(books)
        assert books.entry(KIND, f"{SOURCE}@TX") is not None
    with pytest.raises(StoreError, match="nothing of wms about CA was ever held"):
        discard(memory, SOURCE, "CA", "ana", "?", NOW)
