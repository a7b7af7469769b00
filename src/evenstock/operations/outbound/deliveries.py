"""One fact for one subscription, from the moment it is due until it is taken or given up.

Deliveries that must keep their order stand in one lane: all of a subscription's, or those about one aggregate. Only the
first of a lane has a moment at which it is due; when it ends, the next one is due at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from evenstock.domain import Event, plain, rfc3339
from evenstock.operations.outbound.subscriptions import (
    ACTIVE,
    COUNTER,
    DISABLED,
    FAILING_FOR,
    KIND,
    Subscription,
    change_subscription,
    subscription_named,
)
from evenstock.operations.personal_data.leaving import as_may_leave
from evenstock.operations.ports import ConflictError, Entry, Store, StoreError, Transaction, UnavailableError

DELIVERY: Final = "delivery"
"""Kind of the entries that are still to be taken."""
PAST: Final = "past_delivery"
"""Kind of those that ended."""
WAITING: Final = "waiting"
QUEUED: Final = "queued"
"""Behind another of its lane."""
DELIVERED: Final = "delivered"
FAILED: Final = "failed"
"""Given up after its last try."""
WAITS: Final = tuple(
    timedelta(seconds=s)
    for s in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)  # fmt: skip
"""After each failure, as Standard Webhooks suggests: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h; then it is given up."""
LEASE: Final = timedelta(minutes=2)
"""How long a delivery belongs to the worker that claimed it; one that dies in between leaves it to the next after that."""
GONE: Final = 410


@dataclass(frozen=True, slots=True)
class Delivery:
    """A fact on its way to a subscriber."""

    id: str
    """Subscription, lane and number."""
    subscription: str
    number: int
    """Of the subscription's deliveries, from 1: what is missing in between shows."""
    event: Mapping[str, Any]
    """The fact: id, kind, aggregate, occurred_at, body."""
    message: str
    """Id of the message, the same however often it is sent: receivers drop a second one."""
    made_at: datetime
    tries: int = 0
    state: str = WAITING
    due_at: datetime | None = None
    answers: tuple[Mapping[str, Any], ...] = ()
    """What came back, try by try: at, status (0 where nothing came), because, took_ms."""
    ended_at: datetime | None = None
    step: int = 0

    @property
    def lane(self) -> str:
        return self.id.rpartition("|")[0] + "|"


@dataclass(frozen=True, slots=True)
class Answered:
    """What a receiver said to one try."""

    status: int
    """0 where no answer came."""
    because: str = ""
    took_ms: int = 0

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300


def fan_out(store: Store, now: datetime, limit: int = 200) -> int:
    """Make a delivery of each undelivered fact for every active subscription that wants it; returns how many facts left the outbox.

    One commit: a fact leaves the outbox if and only if its deliveries are kept. Facts keep their order for each aggregate
    and, where a subscription asked for it, altogether.
    """
    with store.transaction() as books:
        events = as_may_leave(books, books.outbox(limit))
        if not events:
            return 0
        for name in sorted(s.id for s in _active(books)):
            wanted = subscription_named(books, name)  # locked: it may have been disabled since the list was read
            if wanted.state == ACTIVE:
                _queue(books, wanted, [event for event in events if wanted.wants(event)], now)
        books.delivered([event.id for event in events], now)
    return len(events)


def claim(store: Store, now: datetime, limit: int = 50) -> list[Delivery]:
    """Deliveries that are due, each put off by a lease: who claims them sends them and says what came of it (`settle`)."""
    claimed = []
    with store.transaction() as books:
        for entry in books.due_entries(DELIVERY, now, limit):
            held = replace(_delivery(entry), due_at=now + LEASE)
            try:
                claimed.append(_change(books, held))
            except ConflictError:
                continue  # another worker was faster
    return claimed


def settle(store: Store, delivery: Delivery, answer: Answered, now: datetime) -> str:
    """Keep what came of a try: taken, tried again later, or given up; returns the state. A lease that was lost settles nothing.

    410 (Gone) disables the subscription at once, and so does a receiver that has taken nothing for five days.
    """
    try:
        with store.transaction() as books:
            subscription = _locked(books, delivery.subscription)
            said = {"at": rfc3339(now), "status": answer.status, "because": answer.because, "took_ms": answer.took_ms}
            tried = replace(delivery, tries=delivery.tries + 1, answers=(*delivery.answers, said)[-len(WAITS) - 1 :])
            if answer.taken:
                state = _end(books, tried, DELIVERED, now)
            elif tried.tries > len(WAITS):
                state = _end(books, tried, FAILED, now)
            else:
                state = WAITING
                _change(books, replace(tried, due_at=now + WAITS[tried.tries - 1]))
            if subscription is not None:
                _note(books, subscription, answer, now)
            return state
    except ConflictError:
        return WAITING


def disable(books: Transaction, subscription: Subscription, because: str, now: datetime) -> Subscription:
    """Tell it nothing more; what waits stays, and goes on when it is enabled again. What happens meanwhile is not kept for it."""
    after = change_subscription(books, replace(subscription, state=DISABLED, because=because))
    for delivery in _of(books, subscription.id):
        if delivery.due_at is not None:
            _change(books, replace(delivery, due_at=None))
    body = {"subscription": subscription.id, "url": subscription.url, "because": because}
    name = f"subscription:{subscription.id}:disabled:{after.step}"
    books.publish([Event(name, "SubscriptionDisabled", f"subscription:{subscription.id}", now, body)])
    return after


def enable(books: Transaction, subscription: Subscription, now: datetime) -> Subscription:
    """Tell it again: the first of each lane is due now."""
    _counter(books, subscription.id)
    after = change_subscription(books, replace(subscription, state=ACTIVE, because="", failing_since=None))
    lane = ""
    for delivery in _of(books, subscription.id):
        if delivery.lane != lane:
            _change(books, replace(delivery, state=WAITING, due_at=now))
        lane = delivery.lane
    return after


def unsubscribe(books: Transaction, name: str) -> None:
    """Forget a subscription with what waits for it. Raises StoreError if there is none."""
    subscription_named(books, name)
    _counter(books, name)
    for delivery in _of(books, name):
        books.remove_entry(DELIVERY, delivery.id)
    books.remove_entry(COUNTER, name)
    books.remove_entry(KIND, name)


def send_again(store: Store, name: str, now: datetime) -> Delivery:
    """Send one that ended once more, the same message under the same id, beside the others. Raises StoreError if there is none."""
    with store.transaction() as books:
        found = books.entry(PAST, name)
        if found is None:
            raise StoreError(f"there is no delivery {name} that has ended")
        before = _delivery(found)
        if _locked(books, before.subscription) is None:
            raise StoreError(f"the subscription {before.subscription} is gone")
        books.remove_entry(PAST, name)
        again = replace(before, tries=0, state=WAITING, due_at=now, ended_at=None, step=0)
        books.enter(_entry(again))
        return again


def deliveries(
    books: Transaction, *, subscription: str = "", past: bool, state: str | None = None, after: str = "", limit: int = 100
) -> list[Delivery]:  # fmt: skip
    """By subscription, lane and number: those still to be taken, or those that ended."""
    kind, first = PAST if past else DELIVERY, f"{subscription}|" if subscription else ""
    found = books.entries(kind, state=state, after=max(after, first), limit=limit)
    return [_delivery(entry) for entry in found if entry.id.startswith(first)]


def delivery_named(books: Transaction, name: str) -> Delivery | None:
    found = books.entry(DELIVERY, name) or books.entry(PAST, name)
    return _delivery(found) if found is not None else None


def forget_past(store: Store, before: datetime, limit: int = 10_000) -> int:
    """Forget deliveries that ended before a moment, at most `limit` of them; returns how many."""
    gone, after = 0, ""
    with store.transaction() as books:
        while gone < limit:
            some = books.entries(PAST, after=after, limit=1_000)
            if not some:
                break
            after = some[-1].id
            for entry in some:
                ended = _delivery(entry).ended_at
                if ended is not None and ended < before and gone < limit:
                    books.remove_entry(PAST, entry.id)
                    gone += 1
    return gone


def message_id(event: Mapping[str, Any]) -> str:
    """The same for one fact however often it is sent, and safe in a header."""
    return "msg_" + hashlib.sha256(str(event["id"]).encode()).hexdigest()[:32]


# --- what stands behind it -------------------------------------------------------------------------------------------


def _active(books: Transaction) -> Iterable[Entry]:
    found = books.entries(KIND, state=ACTIVE)
    while found:
        yield from found
        found = books.entries(KIND, state=ACTIVE, after=found[-1].id)


def _queue(books: Transaction, wanted: Subscription, events: list[Event], now: datetime) -> None:
    if not events:
        return
    counter = _counter(books, wanted.id)
    number = int(counter.body["last"])
    waiting: set[str] = set()
    for event in events:
        number += 1
        lane = _lane(wanted, event)
        first = lane not in waiting and not _first_of(books, lane)
        waiting.add(lane)
        fact = {
            "id": event.id,
            "kind": event.kind,
            "aggregate": event.aggregate,
            "occurred_at": rfc3339(event.occurred_at),
            "body": plain(event.body),
        }
        books.enter(
            _entry(
                Delivery(
                    id=f"{lane}{number:012d}",
                    subscription=wanted.id,
                    number=number,
                    event=fact,
                    message=message_id(fact),
                    made_at=now,
                    state=WAITING if first else QUEUED,
                    due_at=now if first else None,
                )
            )
        )
    books.change_entry(counter.step, replace(counter, body={"last": number}, step=counter.step + 1))


def _lane(wanted: Subscription, event: Event) -> str:
    name = "all" if wanted.in_order else hashlib.sha256(event.aggregate.encode()).hexdigest()[:16]
    return f"{wanted.id}|{name}|"


def _first_of(books: Transaction, lane: str, after: str = "") -> Delivery | None:
    """The first of a lane, or the first after one of it."""
    found = books.entries(DELIVERY, after=after or lane, limit=1)
    return _delivery(found[0]) if found and found[0].id.startswith(lane) else None


def _of(books: Transaction, subscription: str) -> list[Delivery]:
    found: list[Delivery] = []
    while some := deliveries(books, subscription=subscription, past=False, after=found[-1].id if found else "", limit=1_000):  # fmt: skip
        found += some
    return found


def _counter(books: Transaction, subscription: str) -> Entry:
    """Held until the transaction ends: nobody adds to a lane while another ends its first."""
    found = books.entry(COUNTER, subscription)
    if found is None:
        raise StoreError(f"there is no subscription {subscription}")
    return found


def _locked(books: Transaction, name: str) -> Subscription | None:
    # In this order everywhere, as fan_out does, so that nobody waits in a circle.
    try:
        found = subscription_named(books, name)
        _counter(books, name)
    except UnavailableError:
        raise
    except StoreError:
        return None
    return found


def _end(books: Transaction, delivery: Delivery, state: str, now: datetime) -> str:
    """Move it to the past, and let the next of its lane be due."""
    entry = books.entry(DELIVERY, delivery.id)
    if entry is None or entry.step != delivery.step:
        raise ConflictError(f"delivery {delivery.id} is another's by now")
    books.remove_entry(DELIVERY, delivery.id)
    ended = replace(delivery, state=state, due_at=None, ended_at=now, step=0)
    before = books.entry(PAST, delivery.id)
    if before is not None:
        books.remove_entry(PAST, delivery.id)
    books.enter(_entry(ended, PAST))
    following = _first_of(books, delivery.lane, delivery.id)
    if following is not None and following.state == QUEUED and not _first_before(books, following):
        _change(books, replace(following, state=WAITING, due_at=now))
    return state


def _first_before(books: Transaction, delivery: Delivery) -> bool:
    """Whether another of its lane stands before it, as one that is sent again may."""
    first = _first_of(books, delivery.lane)
    return first is not None and first.id < delivery.id


def _note(books: Transaction, subscription: Subscription, answer: Answered, now: datetime) -> None:
    """How the subscription fares after a try."""
    if answer.taken:
        if subscription.failing_since is not None:
            change_subscription(books, replace(subscription, failing_since=None))
        return
    if subscription.state != ACTIVE:
        return
    if answer.status == GONE:
        disable(books, subscription, "the receiver answered 410 Gone", now)
        return
    since = subscription.failing_since or now
    if now - since >= FAILING_FOR:
        disable(books, subscription, f"it took nothing since {since:%Y-%m-%d %H:%M} UTC: {answer.because}", now)
    elif subscription.failing_since is None:
        change_subscription(books, replace(subscription, failing_since=now))


def _change(books: Transaction, delivery: Delivery) -> Delivery:
    later = replace(delivery, step=delivery.step + 1)
    books.change_entry(delivery.step, _entry(later))
    return later


def _entry(delivery: Delivery, kind: str = DELIVERY) -> Entry:
    body: dict[str, Any] = {
        "subscription": delivery.subscription,
        "number": delivery.number,
        "event": dict(delivery.event),
        "message": delivery.message,
        "made_at": rfc3339(delivery.made_at),
        "tries": delivery.tries,
        "answers": [dict(answer) for answer in delivery.answers],
        "ended_at": rfc3339(delivery.ended_at) if delivery.ended_at else None,
    }
    return Entry(kind, delivery.id, body, delivery.step, delivery.state, delivery.due_at)


def _delivery(entry: Entry) -> Delivery:
    body = entry.body
    return Delivery(
        id=entry.id,
        subscription=body["subscription"],
        number=body["number"],
        event=body["event"],
        message=body["message"],
        made_at=datetime.fromisoformat(body["made_at"]),
        tries=body["tries"],
        state=entry.state,
        due_at=entry.due_at,
        answers=tuple(body["answers"]),
        ended_at=datetime.fromisoformat(body["ended_at"]) if body["ended_at"] else None,
        step=entry.step,
    )
