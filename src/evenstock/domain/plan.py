"""How one order could be shipped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from evenstock.domain.names import Cents, LineId, NodeId, ServiceId, Sku, Units


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """One way to ship some of an order: from a node, by a service, on a day."""

    node: NodeId
    service: ServiceId
    ship_on: date


@dataclass(frozen=True, slots=True)
class ShippedLine:
    line: LineId
    sku: Sku
    units: Units


@dataclass(frozen=True, slots=True)
class CostTerm:
    """One named part of a cost, in whole cents: the total is the sum of its rounded terms, and nothing else."""

    name: str
    cents: Cents


@dataclass(frozen=True, slots=True)
class OrderShipment:
    """The lines of an order that leave one node together by one service."""

    candidate: Candidate
    lines: tuple[ShippedLine, ...]
    terms: tuple[CostTerm, ...]

    @property
    def cents(self) -> Cents:
        return Cents(sum(term.cents for term in self.terms))


@dataclass(frozen=True, slots=True)
class OrderPlan:
    """Shipments that together cover an order."""

    shipments: tuple[OrderShipment, ...]

    @property
    def cents(self) -> Cents:
        """The total, which re-adds from the terms shown."""
        return Cents(sum(shipment.cents for shipment in self.shipments))

    @property
    def nodes(self) -> tuple[NodeId, ...]:
        return tuple(shipment.candidate.node for shipment in self.shipments)


@dataclass(frozen=True, slots=True)
class Barred:
    """A candidate that may not be used (a whole node where `service` is empty), and the rule that says so."""

    node: NodeId
    service: str
    rule: str
    because: str
