"""The data dictionary: every frame's columns, with type, unit, range and meaning.

Each class is one frame. `description` says what a column means; `metadata` holds its `unit` and, where a file may
leave the column out, its `default`. The import checks files against them, `evenstock export-schemas` prints them, and
nothing else defines a column. Lists inside a cell (`certifications`, `holidays`) are separated by `;`. Postal codes
are text: they keep leading zeros. Money is whole cents, mass whole grams, length whole millimetres.
"""

from __future__ import annotations

from typing import Final

import dataframely as dy

from evenstock.tables.carriage import Deliveries, Receipts, Shipments, ShippedUnits
from evenstock.tables.columns import with_defaults
from evenstock.tables.demand import Demand, Events, Overrides, Promotions, SalePrices, Signals, Substitutes
from evenstock.tables.network import (
    Costs,
    Items,
    Lanes,
    Nodes,
    Places,
    Prices,
    Quotas,
    RateCards,
    Rates,
    Rules,
    Surcharges,
    Transit,
    Zones,
)
from evenstock.tables.orders import Claims, OrderHistory, Orders, Returns
from evenstock.tables.replenishment import Lots, StockTargets, Supplies
from evenstock.tables.results import Forecast, StockLevels, TransferLines
from evenstock.tables.stock import Counts, Observations, ShortPicks, Sources, Stock, StockHistory

__all__ = [
    "INPUT",
    "REFERENCES",
    "REQUIRED",
    "RESULT",
    "Claims",
    "Costs",
    "Counts",
    "Deliveries",
    "Demand",
    "Events",
    "Forecast",
    "Items",
    "Lanes",
    "Lots",
    "Nodes",
    "Observations",
    "OrderHistory",
    "Orders",
    "Overrides",
    "Places",
    "Prices",
    "Promotions",
    "Quotas",
    "RateCards",
    "Rates",
    "Receipts",
    "Returns",
    "Rules",
    "SalePrices",
    "Shipments",
    "ShippedUnits",
    "ShortPicks",
    "Signals",
    "Sources",
    "Stock",
    "StockHistory",
    "StockLevels",
    "StockTargets",
    "Substitutes",
    "Supplies",
    "Surcharges",
    "TransferLines",
    "Transit",
    "Zones",
    "with_defaults",
]

INPUT: Final[dict[str, type[dy.Schema]]] = {
    "nodes": Nodes,
    "items": Items,
    "lanes": Lanes,
    "rate_cards": RateCards,
    "rates": Rates,
    "surcharges": Surcharges,
    "zones": Zones,
    "places": Places,
    "transit": Transit,
    "stock": Stock,
    "orders": Orders,
    "demand": Demand,
    "order_history": OrderHistory,
    "returns": Returns,
    "events": Events,
    "promotions": Promotions,
    "sale_prices": SalePrices,
    "signals": Signals,
    "substitutes": Substitutes,
    "overrides": Overrides,
    "supplies": Supplies,
    "stock_targets": StockTargets,
    "lots": Lots,
    "sources": Sources,
    "observations": Observations,
    "counts": Counts,
    "short_picks": ShortPicks,
    "deliveries": Deliveries,
    "receipts": Receipts,
    "quotas": Quotas,
    "shipments": Shipments,
    "shipped_units": ShippedUnits,
    "stock_history": StockHistory,
    "claims": Claims,
    "prices": Prices,
    "rules": Rules,
    "costs": Costs,
}
"""Tables a company brings: the name of each is the name of its file."""

REQUIRED: Final = ("nodes", "items", "stock")
"""Without these there is nothing to decide about."""

RESULT: Final[dict[str, type[dy.Schema]]] = {
    "forecast": Forecast,
    "transfer_lines": TransferLines,
    "stock_levels": StockLevels,
}
"""Tables we give back."""

REFERENCES: Final[dict[tuple[str, str], tuple[str, str]]] = {
    ("lanes", "origin"): ("nodes", "node"),
    ("lanes", "destination"): ("nodes", "node"),
    ("stock", "sku"): ("items", "sku"),
    ("stock", "node"): ("nodes", "node"),
    ("supplies", "sku"): ("items", "sku"),
    ("supplies", "node"): ("nodes", "node"),
    ("lots", "sku"): ("items", "sku"),
    ("orders", "sku"): ("items", "sku"),
    ("demand", "sku"): ("items", "sku"),
    ("demand", "node"): ("nodes", "node"),
    ("order_history", "sku"): ("items", "sku"),
    ("returns", "sku"): ("items", "sku"),
    ("returns", "node"): ("nodes", "node"),
    ("promotions", "sku"): ("items", "sku"),
    ("sale_prices", "sku"): ("items", "sku"),
    ("substitutes", "sku"): ("items", "sku"),
    ("substitutes", "substitute"): ("items", "sku"),
    ("observations", "source"): ("sources", "source"),
    ("observations", "sku"): ("items", "sku"),
    ("observations", "node"): ("nodes", "node"),
    ("counts", "sku"): ("items", "sku"),
    ("counts", "node"): ("nodes", "node"),
    ("short_picks", "sku"): ("items", "sku"),
    ("short_picks", "node"): ("nodes", "node"),
    ("receipts", "sku"): ("items", "sku"),
    ("quotas", "sku"): ("items", "sku"),
    ("quotas", "node"): ("nodes", "node"),
    ("shipments", "node"): ("nodes", "node"),
    ("shipped_units", "sku"): ("items", "sku"),
    ("stock_history", "sku"): ("items", "sku"),
    ("stock_history", "node"): ("nodes", "node"),
    ("prices", "sku"): ("items", "sku"),
    ("prices", "node"): ("nodes", "node"),
    ("rates", "service"): ("rate_cards", "service"),
    ("surcharges", "service"): ("rate_cards", "service"),
    ("transit", "service"): ("rate_cards", "service"),
}
"""A value on the left must stand on the right."""
