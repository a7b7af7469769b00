"""What was committed is told, what was taken back is not, and each thing's facts in their order, whoever dies when."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.domain import Event
from evenstock.operations.inbound.sources import SealedSecret
from evenstock.operations.outbound.deliveries import (
    DELIVERED,
    FAILED,
    GONE,
    LEASE,
    QUEUED,
    WAITING,
    WAITS,
    Answered,
    Delivery,
    claim,
    deliveries,
    disable,
    enable,
    fan_out,
    forget_past,
    send_again,
    settle,
    unsubscribe,
)
from evenstock.operations.outbound.subscriptions import (
    FAILING_FOR,
    Subscription,
    subscribe,
    subscription_named,
    subscriptions,
)
from evenstock.operations.ports import ConflictError, Store, StoreError

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
OK = Answered(204)
DOWN = Answered(0, "nobody listens")


def fact(number: int, about: str = "order:A-1", kind: str = "OrderRouted") -> Event:
    return Event(f"{about}:{number}", kind, about, NOW, {"number": number})


def told(store: Store, *facts: Event) -> None:
    with store.transaction() as books:
        books.publish(facts)


def asked(store: Store, name: str = "s", **options: Any) -> Subscription:
    with store.transaction() as books:
        return subscribe(books, Subscription(name, "https://x.example/hook", **options))


def taken(store: Store, now: datetime = NOW, answer: Answered = OK) -> list[str]:
    """Events that a receiver takes now, in the order sent."""
    found = claim(store, now)
    for delivery in found:
        settle(store, delivery, answer, now)
    return [str(delivery.event["id"]) for delivery in found]


def left(store: Store, *, past: bool = False) -> list[Delivery]:
    with store.reading() as books:
        return deliveries(books, past=past, limit=1_000)


def test_a_fact_is_delivered_once_to_each_that_asked_for_its_kind(store: Store) -> None:
    asked(store, "all")
    asked(store, "routed", kinds=("OrderRouted",))
    asked(store, "stock", kinds=("Stock*",))
    told(store, fact(1), fact(1, "stock:MUG@TX", "StockCounted"))
    assert fan_out(store, NOW) == 2
    assert fan_out(store, NOW) == 0
    assert sorted(taken(store)) == sorted(["order:A-1:1", "order:A-1:1", "stock:MUG@TX:1", "stock:MUG@TX:1"])
    assert taken(store) == []
    done = left(store, past=True)
    assert {(d.subscription, d.number, d.state, d.tries) for d in done} == {
        ("all", 1, DELIVERED, 1), ("all", 2, DELIVERED, 1), ("routed", 1, DELIVERED, 1), ("stock", 1, DELIVERED, 1),
    }  # fmt: skip
    assert len({d.message for d in done}) == 2, "one fact is one message, to whomever"


def test_what_was_taken_back_is_never_told(store: Store) -> None:
    asked(store)
    with pytest.raises(ConflictError), store.transaction() as books:
        books.publish([fact(1), fact(1, kind="OrderCancelled")])
    told(store, fact(2))
    fan_out(store, NOW)
    assert taken(store) == ["order:A-1:2"]


def test_a_later_fact_of_one_thing_waits_for_the_earlier_and_others_do_not(store: Store) -> None:
    asked(store)
    told(store, fact(1), fact(2), fact(1, "order:B-2"))
    fan_out(store, NOW)
    assert {d.state for d in left(store)} == {WAITING, QUEUED}
    assert sorted(taken(store, answer=DOWN)) == ["order:A-1:1", "order:B-2:1"]
    later = NOW + WAITS[0]
    assert sorted(taken(store, later)) == ["order:A-1:1", "order:B-2:1"]
    assert taken(store, later) == ["order:A-1:2"]


def test_where_it_was_asked_for_all_facts_keep_their_order(store: Store) -> None:
    asked(store, in_order=True)
    told(store, fact(1), fact(1, "order:B-2"), fact(2))
    fan_out(store, NOW)
    order = []
    while some := taken(store):
        assert len(some) == 1
        order += some
    assert order == ["order:A-1:1", "order:B-2:1", "order:A-1:2"]


def test_it_is_tried_as_standard_webhooks_suggests_and_then_given_up(memory: Store) -> None:
    asked(memory)
    told(memory, fact(1), fact(2))
    fan_out(memory, NOW)
    now, waits = NOW, []
    while True:
        assert taken(memory, now, Answered(500, "it answered 500")) == ["order:A-1:1"]
        first = next((d for d in left(memory) if d.number == 1), None)
        if first is None:
            break
        assert first.due_at is not None
        waits.append((first.due_at - now).total_seconds())
        now = first.due_at
    assert waits == [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
    (failed,) = left(memory, past=True)
    assert (failed.state, failed.tries, len(failed.answers)) == (FAILED, 10, 10)
    assert taken(memory, now) == ["order:A-1:2"], "what stood behind it goes on"


def test_410_disables_at_once_and_what_waits_goes_on_when_it_is_enabled(store: Store) -> None:
    asked(store)
    told(store, fact(1), fact(2), fact(1, "order:B-2"))
    fan_out(store, NOW)
    first = claim(store, NOW, 1)
    assert settle(store, first[0], Answered(GONE, "it answered 410"), NOW) == WAITING
    with store.transaction() as books:
        found = subscription_named(books, "s")
    assert (found.state, found.because) == ("disabled", "the receiver answered 410 Gone")
    assert taken(store, NOW + timedelta(days=2)) == []
    told(store, fact(9))
    fan_out(store, NOW)
    with store.transaction() as books:
        enable(books, subscription_named(books, "s"), NOW)
    assert sorted(taken(store)) == ["order:A-1:1", "order:B-2:1"]
    assert taken(store) == ["order:A-1:2"]
    assert taken(store) == [], "what happened while it was disabled is not told"


def test_a_receiver_that_takes_nothing_for_five_days_is_disabled_and_one_that_answers_is_not(memory: Store) -> None:
    asked(memory)
    for day in range(6):
        now = NOW + timedelta(days=day)
        told(memory, fact(day, f"order:{day}"))
        fan_out(memory, now)
        while taken(memory, now, DOWN):
            pass
        with memory.transaction() as books:
            found = subscription_named(books, "s")
        assert found.state == ("active" if timedelta(days=day) < FAILING_FOR else "disabled")
    assert found.because == "it took nothing since 2026-11-20 15:00 UTC: nobody listens"
    with memory.transaction() as books:
        enable(books, found, now)
    taken(memory, now)
    with memory.transaction() as books:
        assert subscription_named(books, "s").failing_since is None
        assert any(event.kind == "SubscriptionDisabled" for event in books.outbox(100))


def test_one_that_ended_is_sent_again_under_the_same_id(store: Store) -> None:
    asked(store)
    told(store, fact(1), fact(2))
    fan_out(store, NOW)
    taken(store), taken(store)
    done = left(store, past=True)[0]
    again = send_again(store, done.id, NOW)
    assert (again.id, again.message) == (done.id, done.message)
    told(store, fact(3))
    fan_out(store, NOW)
    assert taken(store) == ["order:A-1:1"]
    assert taken(store) == ["order:A-1:3"]
    assert len(left(store, past=True)) == 3
    with pytest.raises(StoreError, match="no delivery nothing that has ended"):
        send_again(store, "nothing", NOW)


def test_a_subscription_is_forgotten_with_what_waits_for_it(store: Store) -> None:
    asked(store)
    asked(store, "s2")
    told(store, fact(1), fact(2))
    fan_out(store, NOW)
    first = next(delivery for delivery in claim(store, NOW) if delivery.subscription == "s")
    with store.transaction() as books:
        unsubscribe(books, "s")
        assert [one.id for one in subscriptions(books)] == ["s2"]
    assert settle(store, first, OK, NOW) == WAITING, "it came too late, and breaks nothing"
    assert {d.subscription for d in left(store)} == {"s2"}


def test_ended_deliveries_are_forgotten_in_time(memory: Store) -> None:
    asked(memory)
    told(memory, fact(1), fact(1, "order:B-2"))
    fan_out(memory, NOW)
    taken(memory)
    assert forget_past(memory, NOW) == 0
    assert forget_past(memory, NOW + timedelta(days=1), 1) == 1
    assert forget_past(memory, NOW + timedelta(days=1)) == 1


def test_two_secrets_sign_while_they_change() -> None:
    first = Subscription("s", "https://x.example", secrets=(SealedSecret("old", NOW),))
    both = first.with_secret("new", NOW)
    assert [s.sealed for s in both.live(NOW)] == ["new", "old"]
    assert [s.sealed for s in both.live(NOW + timedelta(hours=24))] == ["new"]
    assert [s.sealed for s in both.with_secret("newest", NOW).secrets] == ["newest", "new"]


def test_a_subscription_is_one_persons_at_a_time(memory: Store) -> None:
    asked(memory)
    with memory.transaction() as books:
        seen = subscription_named(books, "s")
        disable(books, seen, "first", NOW)
    with pytest.raises(ConflictError), memory.transaction() as books:
        disable(books, seen, "second", NOW)


# --- I14: published is committed, in order, whoever dies when --------------------------------------------------------
def checked(sent: list[tuple[str, int]], committed: dict[str, list[int]]) -> None:
    """The history of one receiver, second deliveries dropped: exactly what was committed, each thing's facts in order."""
    seen: dict[str, list[int]] = defaultdict(list)
    for about, number in sent:
        if number not in seen[about]:
            seen[about].append(number)
    assert dict(seen) == {about: numbers for about, numbers in committed.items() if numbers}


def test_the_checker_finds_what_is_lost_made_up_or_out_of_order() -> None:
    checked([("a", 1), ("a", 1), ("a", 2)], {"a": [1, 2]})
    for wrong in ([("a", 1)], [("a", 1), ("a", 2), ("a", 3)], [("a", 2), ("a", 1)]):
        with pytest.raises(AssertionError):
            checked(wrong, {"a": [1, 2]})


@pytest.fixture(scope="module")
def stores(fresh_stores: Callable[[], Any]) -> Iterator[dict[str, Store]]:
    with fresh_stores() as opened:
        yield opened


STEPS = st.one_of(
    st.tuples(st.just("commit"), st.integers(0, 3)),
    st.tuples(st.just("roll back"), st.integers(0, 3)),
    st.tuples(st.just("fan out"), st.integers(1, 5)),
    st.tuples(st.just("send"), st.integers(1, 4)),
    st.tuples(st.just("send, refused"), st.integers(1, 4)),
    st.tuples(st.just("send, then die"), st.integers(1, 4)),
    st.tuples(st.just("die before sending"), st.integers(1, 4)),
)
_EXAMPLE = iter(range(10**6))


@settings(max_examples=12)
@given(steps=st.lists(STEPS, min_size=10, max_size=30))
def test_published_is_what_was_committed_in_order_whenever_a_worker_dies(
    stores: dict[str, Store], steps: list[tuple[str, int]]
) -> None:
    run = next(_EXAMPLE)
    for kind, opened in stores.items():
        history = _History(opened, f"{kind}-{run}")
        for step, n in steps:
            history.play(step, n)
        history.finish()
        checked(history.sent, history.committed)
        with opened.transaction() as books:
            unsubscribe(books, history.name)


class _TakenBackError(Exception):
    pass


def _perhaps(step: str) -> None:
    if step == "roll back":
        raise _TakenBackError


class _History:
    """One receiver, and everything that was committed for it."""

    def __init__(self, store: Store, name: str) -> None:
        self.store, self.name, self.now = store, name, NOW
        self.sent: list[tuple[str, int]] = []
        self.committed: dict[str, list[int]] = defaultdict(list)
        self._numbers = iter(range(10**6))
        asked(store, name)

    def play(self, step: str, n: int) -> None:
        self.now += timedelta(seconds=7)
        match step:
            case "commit" | "roll back":
                about, number = f"{self.name}:thing:{n}", next(self._numbers)
                with suppress(_TakenBackError), self.store.transaction() as books:
                    books.publish([fact(number, about)])
                    _perhaps(step)
                if step == "commit":
                    self.committed[about].append(number)
            case "fan out":
                fan_out(self.store, self.now, n)
            case _:
                for delivery in claim(self.store, self.now, n):
                    if step == "die before sending":
                        continue
                    if step != "send, refused":
                        self.sent.append((delivery.event["aggregate"], delivery.event["body"]["number"]))
                    if step != "send, then die":
                        settle(self.store, delivery, OK if step == "send" else DOWN, self.now)

    def finish(self) -> None:
        """After the last fault everything is told."""
        while fan_out(self.store, self.now):
            pass
        for _ in range(200):
            self.now += max(LEASE, WAITS[3])
            before = len(self.sent)
            self.play("send", 50)
            with self.store.reading() as books:
                if len(self.sent) == before and not deliveries(books, subscription=self.name, past=False):
                    return
        raise AssertionError("something was never told")


def test_a_bus_that_is_down_for_ten_minutes_holds_nothing_up_and_drains_in_order(store: Store) -> None:
    asked(store, in_order=True)
    now = NOW
    for minute in range(10):
        told(store, fact(minute, f"order:{minute % 3}"))
        fan_out(store, now)
        taken(store, now, DOWN)
        now += timedelta(minutes=1)
    order: list[str] = []
    while len(order) < 10:
        now += timedelta(hours=2)
        while some := taken(store, now):
            order += some
    assert order == [f"order:{minute % 3}:{minute}" for minute in range(10)]


def test_workers_at_once_send_each_lane_in_order(postgres: Store) -> None:
    asked(postgres)
    told(postgres, *[fact(n, f"order:{n % 5}") for n in range(60)])
    sent: list[tuple[str, int]] = []
    lock = threading.Lock()

    def work() -> None:
        for _ in range(40):
            fan_out(postgres, NOW, 7)
            for delivery in claim(postgres, NOW, 3):
                with lock:
                    sent.append((delivery.event["aggregate"], delivery.event["body"]["number"]))
                settle(postgres, delivery, OK, NOW)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while (some := claim(postgres, NOW)) or fan_out(postgres, NOW):
        for delivery in some:
            sent.append((delivery.event["aggregate"], delivery.event["body"]["number"]))
            settle(postgres, delivery, OK, NOW)
    checked(sent, {f"order:{k}": list(range(k, 60, 5)) for k in range(5)})
    assert len(sent) == 60
