"""A way for stock to go from one node to another."""

from __future__ import annotations

from dataclasses import dataclass

from evenstock.domain.names import Cents, NodeId
from evenstock.domain.node import WEEKDAYS


@dataclass(frozen=True, slots=True)
class Lane:
    """Origin to destination by one mode, with its freight and lead time."""

    origin: NodeId
    destination: NodeId
    mode: str = "ltl"
    fixed_cents: Cents = Cents(0)
    """Per departure, whatever is on it."""
    pallet_cents: Cents = Cents(0)
    unit_cents: Cents = Cents(0)
    lead_days: int = 1
    """Days from dispatch to being sellable at the destination."""
    dispatch_days: frozenset[int] = WEEKDAYS
    truck_cents: Cents = Cents(0)
    """Per begun truck."""
    truck_pallets: int = 0
    """Pallets on a full truck; 0 where trucks are not counted."""
    trucks: int = 0
    """Most trucks of a departure; 0 where unlimited."""

    def __post_init__(self) -> None:
        if self.origin == self.destination:
            raise ValueError(f"{self.origin}: a lane leads from one node to another")
        if self.lead_days < 0:
            raise ValueError(f"{self.origin}→{self.destination}: lead days cannot be below zero")
        if min(self.truck_pallets, self.trucks) < 0:
            raise ValueError(f"{self.origin}→{self.destination}: trucks and their pallets cannot be below zero")
        if min(self.fixed_cents, self.pallet_cents, self.unit_cents, self.truck_cents) < 0:
            raise ValueError(f"{self.origin}→{self.destination}: freight cannot be below zero")
