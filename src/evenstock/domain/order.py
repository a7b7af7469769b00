"""What a customer bought, and what was promised."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from evenstock.domain.moments import refuse_naive
from evenstock.domain.names import Cents, LineId, OrderId, Sku, Units


@dataclass(frozen=True, slots=True)
class OrderLine:
    id: LineId
    sku: Sku
    units: Units
    price_cents: Cents = Cents(0)
    kit: str = ""
    """Lines of one kit leave together, in one shipment; empty where the line stands alone."""

    def __post_init__(self) -> None:
        if self.units <= 0:
            raise ValueError(f"{self.id} {self.sku}: a line wants at least one unit")


@dataclass(frozen=True, slots=True)
class ShipTo:
    """Where the goods go; the postal code is text and keeps its leading zeros."""

    postal_code: str
    country: str = "US"
    residential: bool = True


@dataclass(frozen=True, slots=True)
class Promise:
    """Deliver-by told to the customer, with the probability we believed. An ETA is not a promise."""

    deliver_by: date
    probability: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.probability <= 1.0:
            raise ValueError(f"a promise is kept with a probability from 0 to 1, not {self.probability}")


class ServiceLevel(StrEnum):
    """How fast the customer was told it would come: what was bought at the till, not a carrier's service."""

    ANY = ""
    GROUND = "ground"
    TWO_DAY = "two_day"
    NEXT_DAY = "next_day"


@dataclass(frozen=True, slots=True)
class Order:
    """One paid order. Its id is the idempotency key of routing."""

    id: OrderId
    lines: tuple[OrderLine, ...]
    ship_to: ShipTo
    placed_at: datetime
    promise: Promise | None = None
    order_class: str = "standard"
    channel: str = ""
    tags: frozenset[str] = field(default_factory=frozenset)
    service_level: ServiceLevel = ServiceLevel.ANY
    shipping_paid_cents: Cents = Cents(0)
    """What the customer paid for shipping: the margin view holds it against what shipping costs."""

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("an order has an id")
        if not self.lines:
            raise ValueError(f"{self.id}: an order has at least one line")
        ids = [line.id for line in self.lines]
        if len(set(ids)) != len(ids):
            raise ValueError(
                f"{self.id}: each line has its own id; {sorted({i for i in ids if ids.count(i) > 1})} repeat"
            )
        refuse_naive(self.placed_at, str(self.id))

    @property
    def value_cents(self) -> Cents:
        return Cents(sum(line.units * line.price_cents for line in self.lines))
