"""Orders as they come and as they are told."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from evenstock.domain import (
    Cents as CentsOf,
)
from evenstock.domain import (
    LineId,
    Order,
    OrderId,
    OrderLine,
    Promise,
    Reservation,
    ServiceLevel,
    ShipTo,
    Sku,
    rfc3339,
)
from evenstock.domain import (
    Units as UnitsOf,
)
from evenstock.operations.ports import Transaction
from evenstock.operations.standing import Standing, has_shipped, left_of
from evenstock.service.http.bodies.out import Day as DayOut
from evenstock.service.http.bodies.out import Moment as MomentOut
from evenstock.service.http.bodies.out import Money, Out
from evenstock.service.http.problems import Problem, ProblemDetails
from evenstock.service.http.strict import Cents, Day, MaybeName, Moment, Name, SomeUnits, Strict

MOST_LINES = 1_000


class LineBody(Strict):
    id: Name
    sku: Name
    units: SomeUnits
    price_cents: Cents = 0
    kit: MaybeName = Field(default="", description="Lines of one kit leave together")


class ShipToBody(Strict):
    postal_code: Name
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "US"
    residential: bool = True


class PromiseBody(Strict):
    deliver_by: Day
    probability: Annotated[float, Field(ge=0, le=1)] = 1.0


class OrderBody(Strict):
    """One paid order. Its id is the idempotency key of routing."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "A-1001",
                    "lines": [{"id": "1", "sku": "SKU-1", "units": 2, "price_cents": 2499}],
                    "ship_to": {"postal_code": "94105", "country": "US"},
                    "placed_at": "2026-11-20T14:00:00Z",
                }
            ]
        }
    )
    id: Name
    lines: Annotated[
        list[LineBody], Field(min_length=1, max_length=MOST_LINES, json_schema_extra={"uniqueItems": True})
    ] = Field(description="Each with an id of its own")
    ship_to: ShipToBody
    placed_at: Moment
    promise: PromiseBody | None = None
    order_class: Name = "standard"
    channel: MaybeName = ""
    tags: Annotated[list[Name], Field(max_length=50)] = Field(default_factory=list)
    service_level: Annotated[ServiceLevel, Field(strict=False)] = ServiceLevel.ANY
    shipping_paid_cents: Cents = 0

    def order(self) -> Order:
        """As the domain knows it. Raises Problem where lines contradict one another."""
        promise = Promise(self.promise.deliver_by, self.promise.probability) if self.promise else None
        try:
            return Order(
                id=OrderId(self.id),
                lines=tuple(
                    OrderLine(LineId(line.id), Sku(line.sku), UnitsOf(line.units), CentsOf(line.price_cents), line.kit)
                    for line in self.lines
                ),
                ship_to=ShipTo(self.ship_to.postal_code, self.ship_to.country, self.ship_to.residential),
                placed_at=self.placed_at,
                promise=promise,
                order_class=self.order_class,
                channel=self.channel,
                tags=frozenset(self.tags),
                service_level=self.service_level,
                shipping_paid_cents=CentsOf(self.shipping_paid_cents),
            )
        except ValueError as error:
            raise Problem("invalid_request", str(error), errors=[("/lines", str(error))]) from None


class LineOut(Out):
    id: str
    sku: str
    units: int
    price_cents: Money
    kit: str


class ShipToOut(Out):
    postal_code: str
    country: str
    residential: bool


class PromiseOut(Out):
    deliver_by: DayOut
    probability: float


class ReservedLineOut(Out):
    sku: str
    node: str
    units: int
    lot: str


class ReservationOut(Out):
    """Stock set aside for an order."""

    id: str
    order: str
    state: str = Field(description="pending, posted (the pick was released), voided or expired")
    made_at: MomentOut
    expires_at: MomentOut
    lines: list[ReservedLineOut]
    left: list[ReservedLineOut] = Field(description="Less what nodes could not pick, or stopped")
    shipped: bool


class ReservationsOut(Out):
    items: list[ReservationOut]
    next: str | None


class StandingOut(Out):
    """What stands of an order now."""

    cancelled: dict[str, int] = Field(description="Units cancelled, by line")
    to_place: list[LineOut] = Field(description="What a decision may still place")
    set_aside: list[str] = Field(description="Reservations that are not released")
    picking: list[str]
    left: list[str] = Field(description="Reservations on the way to the customer")
    is_cancelled: bool
    is_settled: bool


class OrderOut(Out):
    id: str
    lines: list[LineOut]
    ship_to: ShipToOut
    placed_at: MomentOut
    promise: PromiseOut | None
    order_class: str
    channel: str
    tags: list[str]
    service_level: str
    shipping_paid_cents: Money
    standing: StandingOut
    decision: str | None = Field(description="The latest")


class RoutedLineOut(Out):
    """What became of one line of a batch."""

    SOMETIMES: ClassVar = ("repeated", "decision", "outcome", "cents", "nodes", "sentence", "problem")
    line: int
    order: str | None
    status: int = Field(description="As the order alone would have been answered")
    repeated: bool | None = None
    decision: str | None = None
    outcome: str | None = None
    cents: int | None = None
    nodes: list[str] | None = None
    sentence: str | None = None
    problem: ProblemDetails | None = None


class PromiseOptionOut(Out):
    name: str
    deliver_by: DayOut
    probability_millionths: int
    nodes: list[str]
    services: list[str]
    cents: Money
    waits_until: DayOut | None
    gave_up: list[str]
    sentence: str


class QuoteOut(Out):
    asked_at: MomentOut
    probability_millionths: int
    options: list[PromiseOptionOut]
    sentence: str


def order_out(there: Standing, decision: str | None) -> dict[str, Any]:
    """An order with what stands of it."""
    order = there.order
    promise = order.promise
    return {
        "id": order.id,
        "lines": [_line(line) for line in order.lines],
        "ship_to": {
            "postal_code": order.ship_to.postal_code,
            "country": order.ship_to.country,
            "residential": order.ship_to.residential,
        },
        "placed_at": rfc3339(order.placed_at),
        "promise": {"deliver_by": promise.deliver_by, "probability": promise.probability} if promise else None,
        "order_class": order.order_class,
        "channel": order.channel,
        "tags": sorted(order.tags),
        "service_level": order.service_level.value,
        "shipping_paid_cents": order.shipping_paid_cents,
        "standing": {
            "cancelled": {line: units for line, units in sorted(there.cancelled.items()) if units},
            "to_place": [_line(line) for line in there.to_place],
            "set_aside": [each.id for each in there.soft],
            "picking": [each.reservation.id for each in there.picking],
            "left": [each.reservation.id for each in there.left],
            "is_cancelled": there.is_cancelled,
            "is_settled": there.is_settled,
        },
        "decision": decision,
    }


def reservation_out(books: Transaction, found: Reservation) -> dict[str, Any]:
    """A reservation with what is left of it."""
    return {
        "id": found.id,
        "order": found.order,
        "state": found.state.value,
        "made_at": rfc3339(found.made_at),
        "expires_at": rfc3339(found.expires_at),
        "lines": [_reserved(line) for line in found.lines],
        "left": [_reserved(line) for line in left_of(books, found)],
        "shipped": has_shipped(books, found.id),
    }


def _line(line: OrderLine) -> dict[str, Any]:
    return {
        "id": line.id, "sku": line.sku, "units": line.units, "price_cents": line.price_cents, "kit": line.kit
    }  # fmt: skip


def _reserved(line: Any) -> dict[str, Any]:
    return {"sku": line.sku, "node": line.node, "units": line.units, "lot": line.lot}
