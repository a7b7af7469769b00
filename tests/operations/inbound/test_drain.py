"""Events take effect once, in whatever order they come; what fails is tried again and then read by a person."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.operations.exceptions.shop import LATER, NOW, ONE, TWO, shelf, stocked, whole
from tests.operations.inbound.feed import SOURCE, applied, event, handled, inbound, level, receive

from evenstock.operations.inbound import applying
from evenstock.operations.inbound.drain import MOST_TRIES, drain, wait_after
from evenstock.operations.inbound.kinds import stock_observed
from evenstock.operations.ports import Handling, Received, Store


def test_a_level_is_taken_over_and_told(store: Store) -> None:
    done = applied(store, level("e1", ONE, 12, 1))
    assert (done.done, done.dead) == (1, 0)
    assert shelf(store, ONE, "TX") == {"available": 12}
    assert handled(store, "e1") == (Handling.DONE, "12 units found")
    assert whole(store)


def test_ten_deliveries_of_one_event_have_one_effect(store: Store) -> None:
    delta = event("stock.adjusted", "d1", sku=ONE, node="TX", units=3)
    assert receive(store, *[delta] * 10) == [True] + [False] * 9
    for _ in range(3):
        applied(store, delta)
    assert shelf(store, ONE, "TX") == {"available": 3}


def test_an_event_that_comes_three_days_late_is_recorded_and_moves_no_level_back(store: Store) -> None:
    applied(store, level("new", ONE, 5, 100))
    late = event("stock.observed", "late", NOW - timedelta(days=3), sku=ONE, node="TX", units=80, version=7)
    done = applied(store, late)
    assert done.done == 1
    assert shelf(store, ONE, "TX") == {"available": 5}
    assert handled(store, "late")[1].startswith("nothing changed")


SAYS = ((ONE, "TX", (4, 0, 9)), (ONE, "NJ", (7, 2)), (TWO, "TX", (1, 6, 6)))
LOTS = itertools.count(1)
"""Each example has a lot of its own, so that one database serves them all."""


def _levels(lot: str) -> list[Received]:
    return [
        level(f"{lot}:{sku}:{node}:{version}", sku, units, version, node, lot=lot)
        for sku, node, says in SAYS
        for version, units in enumerate(says, 1)
    ]


def _of_lot(store: Store, lot: str) -> list[tuple[str, str, int]]:
    with store.reading() as books:
        return [(b.sku, b.node, b.available) for b in books.balances([ONE, TWO]) if b.lot == lot]


@pytest.fixture(scope="module")
def stores(fresh_stores: Callable[[], Any]) -> Iterator[dict[str, Store]]:
    with fresh_stores() as opened:
        yield opened


@settings(max_examples=25)
@given(data=st.data())
def test_any_order_with_duplicates_gives_the_state_of_the_newest(stores: dict[str, Store], data: st.DataObject) -> None:
    lot = f"L{next(LOTS)}"
    levels = _levels(lot)
    twice = data.draw(st.lists(st.sampled_from(levels), max_size=6))
    order: list[Received] = data.draw(st.permutations([*levels, *twice]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(order)), max_size=3)))
    for opened in stores.values():
        for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True):
            applied(opened, *order[start:end])
        assert _of_lot(opened, lot) == [(ONE, "NJ", 2), (ONE, "TX", 9), (TWO, "TX", 6)]


@settings(max_examples=15)
@given(order=st.permutations([5, 4, -3, 2, -1, -2]), limit=st.integers(1, 4))
def test_differences_count_once_each_whatever_their_order(
    stores: dict[str, Store], order: list[int], limit: int
) -> None:
    lot = f"L{next(LOTS)}"
    deltas = [event("stock.adjusted", f"{lot}:{n}", sku=ONE, node="TX", units=n, lot=lot) for n in order]
    for opened in stores.values():
        stocked(opened, {(ONE, "TX"): 10}, lot)
        receive(opened, *deltas, *deltas)
        while drain(inbound(opened), NOW, limit).tried:
            pass
        assert _of_lot(opened, lot) == [(ONE, "TX", 10 + 5)]


def test_workers_at_once_apply_each_event_once(postgres: Store) -> None:
    receive(postgres, *[event("stock.adjusted", f"d{n}", sku=ONE, node="TX", units=1) for n in range(60)])
    receive(postgres, *[level(f"l{n}", TWO, n, n) for n in range(60)])
    at = inbound(postgres)
    threads = [threading.Thread(target=lambda: [drain(at, NOW, 40) for _ in range(30)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while drain(at, NOW).tried:
        pass
    assert shelf(postgres, ONE, "TX") == {"available": 60}
    assert shelf(postgres, TWO, "TX") == {"available": 59}
    with postgres.reading() as books:
        assert len(books.received(Handling.DONE, limit=1_000)) == 120
        assert not books.received(Handling.DEAD)


@pytest.mark.parametrize(
    ("kind", "data", "place"),
    [
        ("stock.observed", {"sku": ONE, "node": "TX", "units": "5"}, "/data/units: a whole number is needed, not text"),
        ("stock.observed", {"sku": ONE, "node": "TX", "units": True}, "/data/units: a whole number is needed, not true"),
        ("stock.observed", {"sku": ONE, "node": "TX", "units": 1.0}, "/data/units: a whole number is needed"),
        ("stock.observed", {"sku": ONE, "node": "TX", "units": -1}, "/data/units: 0 to"),
        ("stock.observed", {"sku": ONE, "node": "TX", "units": 10**18}, "/data/units: 0 to"),
        ("stock.observed", {"sku": 7, "node": "TX", "units": 1}, "/data/sku: text is needed, not a number"),
        ("stock.observed", {"sku": "A\0", "node": "TX", "units": 1}, "/data/sku: U\\+0000"),
        ("stock.observed", {"node": "TX", "units": 1}, "/data/sku: it is missing"),
        ("stock.observed", {"sku": ONE, "node": "TX", "units": 1, "observed_at": "2026-11-20T14:00:00"}, "no time zone"),
        ("stock.adjusted", {"sku": ONE, "node": "TX", "units": 0}, "zero units adjust nothing"),
        ("stock.adjusted", {"sku": ONE, "node": "TX", "units": 1, "cause": "theft"}, "/data/cause: one of"),
        ("order.created", {"id": "O-1", "ship_to": {"postal_code": "94105"}, "lines": []}, "/data/lines"),
        ("order.created", {"id": "O-1", "ship_to": {"postal_code": 94105}, "lines": [{"id": "1", "sku": "A", "units": 1}]}, "/data/ship_to/postal_code"),
        ("shipment.event", {"parcel": "P", "service": "ups:ground", "status": "flying"}, "/data/status"),
        ("receipt.posted", {"receipt": "R", "node": "TX", "lines": [{"sku": ONE, "received": 0}]}, "/data/lines/0/received"),
        ("unheard.of", {}, "nothing is known of 'unheard.of'"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_dead_at_once_with_its_place(
    memory: Store, kind: str, data: dict[str, Any], place: str
) -> None:
    done = applied(memory, event(kind, "bad", **data), level("good", TWO, 4, 1))
    assert (done.done, done.again, done.dead) == (1, 0, 1)
    handling, because = handled(memory, "bad")
    assert handling is Handling.DEAD
    assert re.search(place, because), because
    assert shelf(memory, TWO, "TX") == {"available": 4}


def test_fields_nobody_asked_for_are_kept_and_left_alone(store: Store) -> None:
    done = applied(store, level("e1", ONE, 12, 1, colour="red", batch={"of": [1, 2]}))
    assert done.done == 1
    with store.reading() as books:
        kept = books.received_event(SOURCE, "e1")
    assert kept is not None
    assert b'"colour": "red"' in kept.body


def test_an_item_that_is_not_imported_is_tried_five_times_and_then_dead(store: Store) -> None:
    receive(store, level("new", "SKU-NEW", 3, 1), level("ok", ONE, 4, 1))
    now = NOW
    for tries in range(1, MOST_TRIES):
        done = drain(inbound(store), now)
        assert (done.again, done.dead) == (1, 0)
        assert drain(inbound(store), now + wait_after(tries) - timedelta(seconds=1)).tried == 0
        now += wait_after(tries)
    done = drain(inbound(store), now)
    assert (done.again, done.dead) == (0, 1)
    assert handled(store, "new")[1] == (
        "there is no item SKU-NEW in the network; import it, or correct the name, and replay"
    )
    assert shelf(store, ONE, "TX") == {"available": 4}


def test_what_comes_after_a_failed_event_about_the_same_thing_waits_behind_it(store: Store) -> None:
    receive(store, event("stock.adjusted", "out", sku=ONE, node="TX", units=-4))
    receive(store, event("stock.adjusted", "in", sku=ONE, node="TX", units=1))
    receive(store, event("stock.adjusted", "else", sku=TWO, node="TX", units=1))
    done = drain(inbound(store), NOW)
    assert (done.done, done.again) == (1, 1), "4 cannot leave a shelf of none; the item beside it goes on"
    stocked(store, {(ONE, "TX"): 10})
    assert drain(inbound(store), NOW + wait_after(1)).done == 2
    assert shelf(store, ONE, "TX") == {"available": 10 - 4 + 1}


def _crashing(_at: object, _books: object, told: applying.Told, _now: object) -> str:
    if told.data.said.get("poison"):
        raise ZeroDivisionError("nobody foresaw this")
    return "fine"


@pytest.mark.parametrize("together", [True, False])
def test_each_poison_is_dead_after_five_tries_and_the_rest_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch, together: bool
) -> None:
    kind: Any = SimpleNamespace(
        TYPE="test.kind", TOGETHER=together, subject=lambda data: str(data["sku"]), apply=_crashing
    )
    known = {**applying.kinds(), "test.kind": kind}
    monkeypatch.setattr("evenstock.operations.inbound.drain.kinds", lambda: known)
    monkeypatch.setattr("evenstock.operations.inbound.applying.kinds", lambda: known)
    poisoned = {3, 17, 40}
    receive(store, *[event("test.kind", f"e{n}", sku=f"S{n}", poison=n in poisoned) for n in range(50)])
    now = NOW
    for tries in range(1, MOST_TRIES + 1):
        drain(inbound(store), now)
        now += wait_after(tries)
    with store.reading() as books:
        dead = books.received(Handling.DEAD)
        assert {letter.id for letter in dead} == {f"e{n}" for n in poisoned}
        assert {letter.because for letter in dead} == {"ZeroDivisionError: nobody foresaw this"}
        assert len(books.received(Handling.DONE, limit=100)) == 50 - len(poisoned)
        assert not books.received(Handling.WAITING)


def test_nothing_is_left_half_done_where_marking_fails(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The effect and its mark are one commit: what is not marked had no effect."""
    real = stock_observed.apply

    def dies_after_its_effect(*arguments: Any) -> str:
        real(*arguments)
        raise SystemExit("killed")

    receive(store, level("e1", ONE, 12, 1))
    monkeypatch.setattr(stock_observed, "apply", dies_after_its_effect)
    with pytest.raises(SystemExit):
        drain(inbound(store), NOW)
    assert shelf(store, ONE, "TX") == {}
    monkeypatch.undo()
    assert drain(inbound(store), LATER).done == 1
    assert shelf(store, ONE, "TX") == {"available": 12}
