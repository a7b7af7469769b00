"""A way to buy an item."""

from __future__ import annotations

from dataclasses import dataclass

from evenstock.domain.names import Cents, NodeId, Sku, Units
from evenstock.domain.node import WEEKDAYS


@dataclass(frozen=True, slots=True)
class Supply:
    """Supplier, node and mode, with price, lead time, order days and lot size."""

    sku: Sku
    supplier: str
    node: NodeId
    price_cents: Cents
    """Of a unit delivered."""
    lead_days: int
    mode: str = ""
    order_days: frozenset[int] = WEEKDAYS
    """Weekdays on which it takes orders, Monday 0 to Sunday 6."""
    order_cents: Cents = Cents(0)
    multiple_units: Units = Units(1)
    minimum_units: Units = Units(0)

    def __post_init__(self) -> None:
        if not self.supplier:
            raise ValueError(f"{self.sku} to {self.node}: a supply names its supplier")
        if self.lead_days < 0 or self.price_cents < 0 or self.order_cents < 0 or self.minimum_units < 0:
            raise ValueError(f"{self.sku} from {self.supplier}: price, lead days and minimum cannot be below zero")
        if self.multiple_units < 1:
            raise ValueError(f"{self.sku} from {self.supplier}: it comes in multiples of at least one unit")

    @property
    def way(self) -> str:
        return f"{self.supplier} by {self.mode}" if self.mode else self.supplier
