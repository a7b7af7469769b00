"""What becomes of a reservation: posted when the pick is released, voided on purpose, expired when its time runs out."""

from __future__ import annotations

from datetime import datetime

from evenstock.domain import Event, OrderId, Reservation, ReservationId, ReservationState
from evenstock.operations.exceptions.questions import hold_of, orders_in_question
from evenstock.operations.ports import ConflictError, Store, Transaction


def post_reservation(store: Store, reservation: ReservationId, now: datetime) -> bool:
    """The pick was released: reserved → allocated. False if it already was.

    Raises ConflictError if the reservation was voided or expired before, does not exist, or its order is held.
    """
    return _settle(store, reservation, ReservationState.POSTED, now, "the pick was released")


def void_reservation(store: Store, reservation: ReservationId, now: datetime, because: str) -> bool:
    """Give the stock (and the place in the node's day) back on purpose: reserved → available. False if it already was.

    Raises ConflictError if the reservation was posted or expired before, or does not exist.
    """
    return _settle(store, reservation, ReservationState.VOIDED, now, because)


def expire_reservations(store: Store, now: datetime, limit: int = 1_000) -> list[ReservationId]:
    """Give back the stock of reservations whose time has run out, oldest first, at most `limit`; returns which.

    An order about which something is open (a review, a hold, a new decision that is due) keeps its stock until it is answered.
    """
    with store.reading() as t:
        kept = orders_in_question(t)
        # Those that are kept stay at the head of the queue: they must not use the limit up.
        due = [name for name in t.due(now, limit + 2 * len(kept)) if not _kept(t.reservation(name), kept)][:limit]
    expired = []
    for reservation in due:
        # Each in a transaction of its own: several reservations together would take rows out of key order.
        try:
            done = _settle(store, reservation, ReservationState.EXPIRED, now, "its time ran out")
        except ConflictError:
            continue  # posted or voided since we looked, which is as it should be
        if done:
            expired.append(reservation)
    return expired


def _kept(found: Reservation | None, kept: frozenset[OrderId]) -> bool:
    return found is not None and found.order in kept


def release_pick(books: Transaction, pending: Reservation, now: datetime) -> None:
    """Reserved → allocated within an open transaction, for a reservation that is pending.

    Raises ConflictError if its order is held, or somebody resolved it meanwhile otherwise.
    """
    _require_not_held(books, pending)
    if books.settle(pending.id, ReservationState.POSTED, now):
        _tell(books, pending, ReservationState.POSTED, now, "the pick was released")


def _settle(store: Store, reservation: ReservationId, state: ReservationState, now: datetime, because: str) -> bool:
    with store.transaction() as t:
        before = t.reservation(reservation)
        posting = state is ReservationState.POSTED
        if posting and before is not None and before.state is ReservationState.PENDING:
            _require_not_held(t, before)
        if not t.settle(reservation, state, now):
            return False
        found = t.reservation(reservation)
        assert found is not None
        _tell(t, found, state, now, because)
        return True


def _require_not_held(books: Transaction, pending: Reservation) -> None:
    held = hold_of(books, pending.order)
    if held is not None:
        raise ConflictError(f"order {pending.order} is held ({held.because}); release it first")


def _tell(books: Transaction, found: Reservation, state: ReservationState, now: datetime, because: str) -> None:
    body = {"reservation": found.id, "because": because}
    kind = f"Reservation{state.value.capitalize()}"
    books.publish([Event(f"{found.id}:{state.value}", kind, f"order:{found.order}", now, body)])
