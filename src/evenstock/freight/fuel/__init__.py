"""Fuel surcharges: from a published price to basis points, by each carrier's own rule."""

from evenstock.freight.fuel.book import FuelBook, FuelRate
from evenstock.freight.fuel.rule import FuelRule

__all__ = ["FuelBook", "FuelRate", "FuelRule"]
