"""`shipment.event`: where a parcel is; the first word that it has left ships the order's reservation in the books.

What carriers say of parcels becomes rows of the table `tracking_events` (`keep_tables`), where scores, transit times and
`follow_parcels` read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from evenstock.domain import OrderId, ReservationId, ReservationState
from evenstock.operations.carrier_ports import STATUSES
from evenstock.operations.inbound.applying import Inbound, RefusedError, Told, one_word
from evenstock.operations.inbound.shapes import MOMENT, NAME, TEXT, one_of, record, said
from evenstock.operations.one_transaction import JoinedStore
from evenstock.operations.ports import Transaction
from evenstock.operations.ship_order import ship_order

TYPE: Final = "shipment.event"
TOGETHER: Final = False
HAS_LEFT: Final = frozenset(
    {"picked_up", "in_transit", "out_for_delivery", "delivered", "delivery_failed", "delivery_delayed",
     "ready_for_pickup", "return_to_sender", "damaged", "lost"}
)  # fmt: skip
"""Statuses that only a parcel which has left its node can have."""
DATA: Final = record(
    {"parcel": NAME, "service": said("carrier:service, such as ups:ground", NAME), "status": one_of(STATUSES)},
    {"scanned_at": MOMENT, "code": NAME, "location": TEXT, "reservation": NAME, "order": NAME},
)


def subject(data: Mapping[str, Any]) -> str:
    about = one_word(data, "reservation") or one_word(data, "order")
    return f"shipment:{about}" if about else f"parcel:{one_word(data, 'parcel')}"


def scan_of(told: Told) -> dict[str, object]:
    """A row of `tables.TrackingEvents`."""
    data = told.data
    status = data.one_of("status", STATUSES)
    service = data.name("service")
    if ":" not in service:
        raise data.wrong("service", "carrier:service is needed, such as ups:ground")
    return {
        "parcel": data.name("parcel"),
        "scanned_at": data.moment("scanned_at", told.received.occurred_at),
        "code": data.name("code", status),
        "service": service,
        "status": status,
        "location": data.text("location", ""),
    }


def apply(at: Inbound, books: Transaction, told: Told, now: datetime) -> str:  # noqa: ARG001 (as every kind)
    """Ship the reservation named, or the only one open of the order named, where the parcel has left; else only keep the scan."""
    row = scan_of(told)
    if row["status"] not in HAS_LEFT:
        return f"{row['parcel']}: {row['status']}"
    if told.data.has("reservation"):
        name = ReservationId(told.data.name("reservation"))
    elif told.data.has("order"):
        name = _only_one(books, OrderId(told.data.name("order")))
    else:
        return f"{row['parcel']}: {row['status']}"
    units = ship_order(JoinedStore(books), name, now)
    return f"{row['parcel']}: {row['status']}; " + (f"{units} units of {name} left" if units else f"{name} left before")


def _only_one(books: Transaction, order: OrderId) -> ReservationId:
    usable = {ReservationState.PENDING, ReservationState.POSTED}
    open_ones = [found.id for found in books.reservations_of(order) if found.state in usable]
    if len(open_ones) != 1:
        several = ", ".join(open_ones) or "none"
        raise RefusedError(
            f"order {order} has {len(open_ones)} reservations that could have left ({several}); name one"
        )
    return open_ones[0]
