"""What becomes of a reservation: posted when the pick is released, voided on purpose, expired when its time runs out."""

from __future__ import annotations

from datetime import datetime

from evenstock.domain import Event, ReservationId, ReservationState
from evenstock.operations.ports import ConflictError, Store


def post_reservation(store: Store, reservation: ReservationId, now: datetime) -> bool:
    """The pick was released: reserved → allocated. False if it already was.

    Raises ConflictError if the reservation was voided or expired before, or does not exist.
    """
    return _settle(store, reservation, ReservationState.POSTED, now, "the pick was released")


def void_reservation(store: Store, reservation: ReservationId, now: datetime, because: str) -> bool:
    """Give the stock (and the place in the node's day) back on purpose: reserved → available. False if it already was.

    Raises ConflictError if the reservation was posted or expired before, or does not exist.
    """
    return _settle(store, reservation, ReservationState.VOIDED, now, because)


def expire_reservations(store: Store, now: datetime, limit: int = 1_000) -> list[ReservationId]:
    """Give back the stock of reservations whose time has run out, oldest first, at most `limit`; returns which."""
    with store.reading() as t:
        due = t.due(now, limit)
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


def _settle(store: Store, reservation: ReservationId, state: ReservationState, now: datetime, because: str) -> bool:
    with store.transaction() as t:
        if not t.settle(reservation, state, now):
            return False
        found = t.reservation(reservation)
        assert found is not None
        body = {"reservation": reservation, "because": because}
        kind = f"Reservation{state.value.capitalize()}"
        t.publish([Event(f"{reservation}:{state.value}", kind, f"order:{found.order}", now, body)])
        return True
