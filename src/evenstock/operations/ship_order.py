"""The goods have left: what was allocated to a reservation goes outside, to the customer."""

from __future__ import annotations

from datetime import datetime

from evenstock.domain import (
    Account,
    Bucket,
    Cause,
    Event,
    Movement,
    MovementId,
    ReservationId,
    ReservationState,
)
from evenstock.operations.ports import ConflictError, Store
from evenstock.operations.reservations import release_pick
from evenstock.operations.standing import has_shipped, left_of, note_shipped


def ship_order(store: Store, reservation: ReservationId, now: datetime) -> int:
    """Release the reservation's pick if it was not yet, and move its units to the customer; returns units that left.

    What was taken off it since (a short pick, a line stopped in time) does not leave. The same reservation again moves
    nothing.

    Raises
    ------
    ConflictError
        If the reservation does not exist, its stock was given back, or its order is held and its pick was not released.
    """
    with store.transaction() as books:
        found = books.reservation(reservation)
        if found is None:
            raise ConflictError(f"there is no reservation {reservation}")
        if found.state is ReservationState.PENDING:
            release_pick(books, found, now)
        elif found.state is not ReservationState.POSTED:
            raise ConflictError(f"{reservation} was {found.state}: its stock was given back, route the order again")
        if has_shipped(books, reservation):
            return 0
        leaves = left_of(books, found)
        movements = [
            Movement(
                MovementId(f"{reservation}:shipped:{number}"),
                line.units,
                Account(line.sku, line.node, Bucket.ALLOCATED, line.lot),
                Account(line.sku, line.node, Bucket.OUTSIDE, line.lot, Cause.CUSTOMER),
                now,
                str(reservation),
            )
            for number, line in enumerate(leaves)
        ]
        units = sum(movement.units for movement in movements)
        books.post(movements, now)
        note_shipped(books, reservation, units, now)
        if units:
            body = {"reservation": str(reservation), "order": str(found.order), "units": units}
            books.publish([Event(f"{reservation}:shipped", "OrderShipped", f"order:{found.order}", now, body)])
    return units
