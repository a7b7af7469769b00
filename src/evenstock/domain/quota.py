"""Stock kept for a class of customers."""

from __future__ import annotations

from dataclasses import dataclass

from evenstock.domain.names import NodeId, Sku, Units


@dataclass(frozen=True, slots=True, order=True)
class Quota:
    """Units of an item at a node that are protected for one order class: a row, taken under the same guard as stock.

    Orders of the class draw on it first; others leave `left` units untouched, unless a person lets them.
    """

    sku: Sku
    node: NodeId
    order_class: str
    units: Units
    """Protected in all."""
    taken: Units = Units(0)
    """Of these, reserved by or shipped to orders of the class."""

    def __post_init__(self) -> None:
        if not self.order_class:
            raise ValueError(f"{self.sku} at {self.node}: a quota names the order class it is kept for")
        if not 0 <= self.taken <= self.units:
            raise ValueError(f"{self.sku} at {self.node}: a quota has 0 to {self.units} units taken, not {self.taken}")

    @property
    def left(self) -> Units:
        return Units(self.units - self.taken)
