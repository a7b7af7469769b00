"""Rows and documents of the databases, back into the words of the domain."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from evenstock.domain import (
    CapacityPrice,
    Case,
    CaseId,
    CaseKind,
    CaseState,
    Cents,
    Event,
    LineId,
    LotId,
    NodeId,
    Order,
    OrderId,
    OrderLine,
    PlanId,
    Price,
    Promise,
    Quota,
    Reservation,
    ReservationId,
    ReservationLine,
    ReservationState,
    ServiceLevel,
    ShipTo,
    Sku,
    StockBalance,
    StockObservation,
    TransferId,
    TransferOrder,
    TransferOrderLine,
    TransferState,
    Units,
    canonical_json,
)
from evenstock.operations.ports import Entry, Handling, Received


def moment(value: datetime | str) -> datetime:
    """UTC, from PostgreSQL's timestamp or SQLite's text."""
    return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)


def day(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def balance(row: Any) -> StockBalance:
    """From its columns in their order; an order reads dozens of them."""
    return StockBalance(*row)


def observation(row: Any) -> StockObservation:
    source, sku, node, lot, version, units, observed_at = row
    return StockObservation(source, Sku(sku), NodeId(node), Units(units), moment(observed_at), version, LotId(lot))


def reservations(rows: Iterable[Any]) -> list[Reservation]:
    """From rows of a reservation with each of its lines, grouped as they come."""
    heads: dict[str, Any] = {}
    lines: dict[str, list[ReservationLine]] = {}
    for row in rows:
        heads[row.id] = row
        lines.setdefault(row.id, []).append(
            ReservationLine(Sku(row.sku), NodeId(row.node), Units(row.units), LotId(row.lot))
        )
    return [
        Reservation(
            ReservationId(name),
            OrderId(head.order_id),
            tuple(lines[name]),
            moment(head.made_at),
            moment(head.expires_at),
            ReservationState(head.state),
        )
        for name, head in heads.items()
    ]


def event(row: Any) -> Event:
    name, kind, aggregate, occurred_at, body = row
    return Event(name, kind, aggregate, moment(occurred_at), json.loads(body))


def received(row: Any) -> Received:
    return Received(
        row.source,
        row.id,
        row.kind,
        row.subject,
        moment(row.occurred_at),
        bytes(row.body),
        row.number,
        moment(row.received_at),
        Handling(row.handling),
        row.tries,
        row.because,
    )


def entry(row: Any) -> Entry:
    kind, name, body, step, state, due_at = row
    return Entry(kind, name, json.loads(body), step, state, None if due_at is None else moment(due_at))


def price(row: Any) -> Price:
    sku, node, valid_from, source, cents = row
    return Price(Sku(sku), NodeId(node), moment(valid_from), source, Cents(cents))


def transfer(row: Any) -> TransferOrder:
    name, plan_id, origin, destination, ship_by, state, lines, mode, dispatched_on, received_on = row
    return TransferOrder(
        TransferId(name),
        PlanId(plan_id),
        NodeId(origin),
        NodeId(destination),
        tuple(TransferOrderLine(**line) for line in json.loads(lines)),
        day(ship_by),
        TransferState(state),
        mode,
        None if dispatched_on is None else day(dispatched_on),
        None if received_on is None else day(received_on),
    )


def capacity_price(row: Any) -> CapacityPrice:
    scope, name, on, valid_from, source, cents = row
    return CapacityPrice(scope, name, day(on), moment(valid_from), source, Cents(cents))


def quota(row: Any) -> Quota:
    sku, node, order_class, units, taken = row
    return Quota(Sku(sku), NodeId(node), order_class, Units(units), Units(taken))


def order_text(order: Order) -> str:
    """The order as one text. A probability is written as Python spells the float, which reads back as the same float."""
    promise = order.promise
    promised = [promise.deliver_by, repr(promise.probability)] if promise else None
    fields = {name: getattr(order, name) for name in Order.__dataclass_fields__ if name != "promise"}
    return canonical_json(fields | {"promise": promised}).decode()


def order(text: str) -> Order:
    said = json.loads(text)
    promised = said["promise"]
    return Order(
        OrderId(said["id"]),
        tuple(
            OrderLine(
                LineId(line["id"]), Sku(line["sku"]), Units(line["units"]), Cents(line["price_cents"]), line["kit"]
            )
            for line in said["lines"]
        ),
        ShipTo(**said["ship_to"]),
        moment(said["placed_at"]),
        Promise(date.fromisoformat(promised[0]), float(promised[1])) if promised else None,
        said["order_class"],
        said["channel"],
        frozenset(said["tags"]),
        ServiceLevel(said["service_level"]),
        Cents(said["shipping_paid_cents"]),
    )


def case(text: str) -> Case:
    said = json.loads(text)
    closed_at = said["closed_at"]
    return Case(
        **said
        | {
            "id": CaseId(said["id"]),
            "kind": CaseKind(said["kind"]),
            "opened_at": moment(said["opened_at"]),
            "due_at": moment(said["due_at"]),
            "facts": tuple((name, value) for name, value in said["facts"]),
            "state": CaseState(said["state"]),
            "closed_at": moment(closed_at) if closed_at else None,
        }
    )
