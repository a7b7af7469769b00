"""What is stocked and sold."""

from __future__ import annotations

from dataclasses import dataclass, field

from evenstock.domain.names import Cents, Grams, Millimetres, Sku, Units


@dataclass(frozen=True, slots=True)
class Item:
    """A trade item (GS1 GTIN where it has one), with what handling and shipping need to know."""

    sku: Sku
    weight_g: Grams
    length_mm: Millimetres = Millimetres(0)
    width_mm: Millimetres = Millimetres(0)
    height_mm: Millimetres = Millimetres(0)
    unit_cost_cents: Cents = Cents(0)
    price_cents: Cents = Cents(0)
    case_units: Units = Units(1)
    """Units moved together between nodes."""
    pallet_units: Units = Units(0)
    """Units on a full pallet; 0 where unknown."""
    category: str = ""
    gtin: str = ""
    requires: frozenset[str] = field(default_factory=frozenset)
    """Certifications a node must hold to ship it, such as `hazmat` or `cold`."""
    max_transit_days: int | None = None
    """Longest it may travel, for what perishes; None where it does not."""
    shelf_life_days: int | None = None
    """Days it keeps from the day it is received from a supplier; None where it keeps for ever."""
    minimum_shelf_days: int = 0
    """Days it must still keep when a transfer arrives."""

    def __post_init__(self) -> None:
        if not self.sku:
            raise ValueError("an item has a SKU")
        for name in (
            "weight_g",
            "length_mm",
            "width_mm",
            "height_mm",
            "unit_cost_cents",
            "price_cents",
            "pallet_units",
        ):
            if getattr(self, name) < 0:
                raise ValueError(f"{self.sku}: {name} cannot be below zero")
        if self.case_units < 1:
            raise ValueError(f"{self.sku}: a case holds at least one unit")
        if self.minimum_shelf_days < 0 or (self.shelf_life_days is not None and self.shelf_life_days < 1):
            raise ValueError(f"{self.sku}: what expires keeps at least one day; leave it empty where it does not")
        if self.max_transit_days is not None and self.max_transit_days < 1:
            raise ValueError(f"{self.sku}: what perishes may travel at least one day; leave it empty where it does not")

    @property
    def volume_mm3(self) -> int:
        return self.length_mm * self.width_mm * self.height_mm
