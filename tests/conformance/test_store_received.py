"""Events of others are stored once and applied in order: one suite over memory, SQLite and PostgreSQL."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.operations.ports import ConflictError, Handling, Received, Store, StoreError
from evenstock.storage import open_store

NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def told(name: str, subject: str = "MUG@TX", source: str = "wms", body: bytes = b"{}") -> Received:
    return Received(source, name, "stock.observed", subject, NOW - MINUTE, body)


def receive(store: Store, *events: Received, now: datetime = NOW) -> list[bool]:
    with store.transaction() as t:
        return t.receive(events, now)


def waiting(store: Store) -> list[str]:
    with store.reading() as t:
        return [event.id for event in t.received(Handling.WAITING)]


# --- receiving -------------------------------------------------------------------------------------------------------
def test_an_event_is_kept_as_it_came(store: Store) -> None:
    body = bytes(range(256)) + b'"\\{}'
    event = replace(
        told('é, "a" {b}\\', "", body=body), occurred_at=datetime.fromisoformat("2026-11-20T08:00:00.000001-06:00")
    )

    assert receive(store, event) == [True]
    with store.reading() as t:
        kept = t.received_event("wms", event.id)
        assert kept == replace(event, number=kept.number if kept else 0, received_at=NOW)
        assert kept.number > 0
        assert kept.occurred_at.utcoffset() == timedelta(0)
        assert t.received_event("shop", event.id) is None


def test_a_second_delivery_has_no_effect_whatever_it_says(store: Store) -> None:
    assert receive(store, told("1"), told("2"), told("1", body=b"later"), told("1", source="shop")) == [
        True,
        True,
        False,
        True,
    ]
    assert receive(store, told("2", body=b"other"), told("3")) == [False, True]
    assert receive(store) == []
    assert waiting(store) == ["1", "2", "1", "3"]
    with store.reading() as t:
        assert [e.body for e in t.received(Handling.WAITING)] == [b"{}"] * 4


def test_events_are_numbered_in_the_order_received(store: Store) -> None:
    names = [f"e{k:02}" for k in (7, 3, 9, 1, 5)]
    receive(store, *(told(name) for name in names))
    receive(store, told("a"))

    assert waiting(store) == [*names, "a"]


def test_one_that_comes_twice_at_once_has_the_place_of_the_first(store: Store) -> None:
    """However many stand between: else what came after it would be applied before it."""
    names = [f"e{k}" for k in range(20)]
    receive(store, *(told(name) for name in [*names, *names[::-1], *names]))

    assert waiting(store) == names


def test_what_a_failed_transaction_received_comes_again_as_new(store: Store) -> None:
    def receive_and_fail() -> None:
        with store.transaction() as t:
            t.receive([told("1")], NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        receive_and_fail()
    assert waiting(store) == []
    assert receive(store, told("1")) == [True]


def test_what_was_stored_is_not_received_from_ourselves(store: Store) -> None:
    receive(store, told("1"))
    with store.transaction() as t:
        (kept,) = t.received(Handling.WAITING)
        with pytest.raises(ValueError, match="event 2 of wms is already stored, as number"):
            t.receive([replace(kept, id="2")], NOW)


def test_a_reading_receives_nothing(store: Store) -> None:
    with pytest.raises(StoreError), store.reading() as t:
        t.receive([told("1")], NOW)
    assert waiting(store) == []


# --- handling --------------------------------------------------------------------------------------------------------
def claimed(store: Store, now: datetime = NOW, limit: int = 9) -> list[str]:
    with store.transaction() as t:
        return [event.id for event in t.claim_received(now, limit)]


def handle(store: Store, handling: Handling, because: str = "", due_at: datetime | None = None) -> Received:
    """What became of the first event that is due."""
    with store.transaction() as t:
        (event,) = t.claim_received(NOW, 1)
        t.handled(event, handling, NOW, because, due_at)
        found = t.received_event(event.source, event.id)
        assert found is not None
        return found


def test_the_first_of_each_subject_is_claimed_in_the_order_received(store: Store) -> None:
    receive(store, told("1", "a"), told("2", "b"), told("3", "a"), told("4", "c"), told("5", "a", "shop"))

    assert claimed(store) == ["1", "2", "4", "5"], "3 waits for 1; another source has its own order"
    assert claimed(store, limit=2) == ["1", "2"]
    assert claimed(store, limit=0) == []
    assert claimed(store, NOW - MINUTE) == [], "none is due yet"
    with store.transaction() as t:
        for event in t.claim_received(NOW, 9):
            t.handled(event, Handling.DONE, NOW)
        assert [e.id for e in t.claim_received(NOW, 9)] == ["3"]


def test_an_event_that_must_wait_keeps_its_subject_waiting(store: Store) -> None:
    receive(store, told("1", "a"), told("2", "a"), told("3", "b"))

    again = handle(store, Handling.WAITING, "the WMS did not answer", NOW + MINUTE)
    assert (again.handling, again.tries, again.because) == (Handling.WAITING, 1, "the WMS did not answer")
    assert claimed(store) == ["3"], "2 may not overtake 1"
    assert claimed(store, NOW + MINUTE) == ["1", "3"]


def test_an_event_given_up_lets_the_next_pass_and_may_be_taken_up_again(store: Store) -> None:
    receive(store, told("1", "a"), told("2", "a"))

    dead = handle(store, Handling.DEAD, "no such item")
    assert (dead.handling, dead.tries, dead.because) == (Handling.DEAD, 1, "no such item")
    assert claimed(store) == ["2"]
    with store.transaction() as t:
        t.handled(dead, Handling.WAITING, NOW, "replayed by Ana", NOW)
        again = t.received_event("wms", "1")
        assert again is not None
        assert again.tries == 0, "its tries are counted anew"
        t.handled(again, Handling.DONE, NOW)
    with store.reading() as t:
        assert [e.id for e in t.received(Handling.DONE)] == ["1"]
        assert t.received(Handling.DEAD) == []


def test_what_became_of_an_event_is_not_written_over(store: Store) -> None:
    receive(store, told("1"))
    with store.transaction() as t:
        (seen,) = t.claim_received(NOW, 1)
        t.handled(seen, Handling.WAITING, NOW, "later", NOW + MINUTE)
        with pytest.raises(ConflictError, match="event 1 of wms is waiting after 1 tries, not waiting after 0"):
            t.handled(seen, Handling.DONE, NOW)
        with pytest.raises(ConflictError, match="event 9 of wms was never received"):
            t.handled(replace(seen, id="9"), Handling.DONE, NOW)
        (done,) = t.claim_received(NOW + MINUTE, 1)
        t.handled(done, Handling.DONE, NOW)
        final = t.received_event("wms", "1")
        assert final is not None
        with pytest.raises(ValueError, match="what is done is not handled again"):
            t.handled(final, Handling.WAITING, NOW, due_at=NOW)
    with store.reading() as t:
        assert [(e.id, e.tries) for e in t.received(Handling.DONE)] == [("1", 2)]


@pytest.mark.parametrize(("handling", "due_at"), [(Handling.WAITING, None), (Handling.DONE, NOW), (Handling.DEAD, NOW)])
def test_only_what_waits_has_a_time_to_be_tried_at(store: Store, handling: Handling, due_at: datetime | None) -> None:
    receive(store, told("1"))
    with store.transaction() as t:
        (seen,) = t.claim_received(NOW, 1)
        with pytest.raises(ValueError, match="what waits has a time to be tried at"):
            t.handled(seen, handling, NOW, "", due_at)


def test_stored_events_are_listed_by_number_source_and_outcome(store: Store) -> None:
    receive(store, *(told(str(k), str(k), "shop" if k % 2 else "wms") for k in range(6)))
    for _ in range(3):
        handle(store, Handling.DONE)

    with store.reading() as t:
        assert [e.id for e in t.received(Handling.DONE)] == ["0", "1", "2"]
        assert [e.id for e in t.received(Handling.DONE, source="shop")] == ["1"]
        assert [e.id for e in t.received(Handling.DONE, source="nobody")] == []
        left = t.received(Handling.WAITING, limit=2)
        assert [e.id for e in left] == ["3", "4"]
        assert [e.id for e in t.received(Handling.WAITING, after=left[-1].number)] == ["5"]


def test_what_a_failed_transaction_handled_still_waits(store: Store) -> None:
    def handle_and_fail() -> None:
        with store.transaction() as t:
            (event,) = t.claim_received(NOW, 9)
            t.handled(event, Handling.DONE, NOW)
            raise ZeroDivisionError

    receive(store, told("1", "a"), told("2", "a"))
    with pytest.raises(ZeroDivisionError):
        handle_and_fail()
    assert claimed(store) == ["1"]
    assert waiting(store) == ["1", "2"]


# --- many at once ----------------------------------------------------------------------------------------------------
def test_the_same_events_from_many_at_once_are_stored_once_each(store: Store) -> None:
    """16 deliver the same 50 events in 16 different orders: each is new once, and nobody waits in a circle."""
    gate = threading.Barrier(16)

    def deliver(number: int) -> list[str]:
        events = [told(str(k), str(k % 7)) for k in range(50)]
        events = events[number * 3 :] + events[: number * 3]
        if number % 2:
            events.reverse()
        gate.wait(timeout=30)
        fresh = receive(store, *events)
        return [event.id for event, new in zip(events, fresh, strict=True) if new]

    with ThreadPoolExecutor(16) as pool:
        news = Counter(name for names in pool.map(deliver, range(16)) for name in names)

    assert news == {str(k): 1 for k in range(50)}
    assert sorted(waiting(store), key=int) == [str(k) for k in range(50)]


def test_workers_at_once_apply_each_event_once_and_each_subject_in_order(store: Store) -> None:
    """8 workers, 120 events of 6 subjects, every tenth fails the first time: applied in order, once."""
    receive(store, *(told(f"{k:03}", str(k % 6)) for k in range(120)))
    applied: dict[str, list[str]] = {str(k): [] for k in range(6)}
    busy: Counter[str] = Counter()
    guard = threading.Lock()

    def work(_: int) -> None:
        idle = 0
        while idle < 50:
            with store.transaction() as t:
                events = t.claim_received(NOW, 4)
                with guard:
                    busy.update(e.subject for e in events)
                    assert all(busy[e.subject] == 1 for e in events), "two hold one subject"
                for event in events:
                    fails = int(event.id) % 10 == 0 and not event.tries
                    if fails:
                        t.handled(event, Handling.WAITING, NOW, "later", NOW)
                    else:
                        t.handled(event, Handling.DONE, NOW)
                        applied[event.subject].append(event.id)
                with guard:
                    busy.subtract(e.subject for e in events)
            idle = 0 if events else idle + 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))

    assert applied == {str(k): [f"{n:03}" for n in range(k, 120, 6)] for k in range(6)}
    assert waiting(store) == []


def test_two_that_claim_on_postgresql_get_different_subjects_and_wait_for_nobody(
    postgres: Store, postgres_url: str
) -> None:
    receive(postgres, told("1", "a"), told("2", "b"), told("3", "a"), told("4", "c"))
    other = open_store(postgres_url)

    with postgres.transaction() as one:
        first = one.claim_received(NOW, 1)
        with other.transaction() as two:
            second = two.claim_received(NOW, 9)
        one.handled(first[0], Handling.DONE, NOW)
        with other.transaction() as two:
            while_open = two.claim_received(NOW, 9)

    assert [e.id for e in first] == ["1"]
    assert [e.id for e in second] == [e.id for e in while_open] == ["2", "4"], "3 follows 1, which is not done yet"
    assert claimed(other) == ["2", "3", "4"]
    other.close()


# --- any order of deeds ----------------------------------------------------------------------------------------------
Deed = tuple[str, int, int]
deeds = st.lists(
    st.tuples(st.sampled_from(["receive", "done", "dead", "wait", "replay"]), st.integers(0, 9), st.integers(0, 2)),
    min_size=60,
    max_size=80,
)


@given(life=deeds)
@settings(max_examples=4)
def test_three_stores_handle_the_same_events_alike(fresh_stores: Callable[[], object], life: list[Deed]) -> None:
    """Every outcome in any order; after each deed all three list the same events with the same outcome."""
    with fresh_stores() as stores:  # type: ignore[attr-defined]
        for step, (deed, number, minutes) in enumerate(life):
            now = NOW + step * MINUTE
            said = {}
            for name, store in stores.items():
                with store.transaction() as t:
                    said[name] = _do(t, deed, number, minutes, now)
            assert said["memory"] == said["sqlite"] == said["postgres"], deed


def _do(t, deed: str, number: int, minutes: int, now: datetime) -> object:  # type: ignore[no-untyped-def]
    if deed == "receive":
        new: object = t.receive([told(str(number), str(number % 3)), told(str(number // 2), str(number // 2 % 3))], now)
    elif deed == "replay":
        dead = t.received(Handling.DEAD)
        for event in dead[:1]:
            t.handled(event, Handling.WAITING, now, "replayed", now)
        new = len(dead)
    else:
        handling = {"done": Handling.DONE, "dead": Handling.DEAD, "wait": Handling.WAITING}[deed]
        events = t.claim_received(now, number)
        for event in events[::2]:
            t.handled(event, handling, now, deed, now + minutes * MINUTE if deed == "wait" else None)
        new = [event.id for event in events]
    listed = [[(e.id, e.subject, e.tries, e.because) for e in t.received(h)] for h in Handling]
    return new, listed, [e.id for e in t.claim_received(now, 99)]
