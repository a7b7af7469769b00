"""How goods come, how long they keep, and how much of them a company wants where."""

from __future__ import annotations

import dataframely as dy

from evenstock.tables.columns import cents, day, metadata_of, name_of, text, whole


class Supplies(dy.Schema):
    """Ways to buy an item: by supplier, node and mode. A faster and dearer mode of the same supplier is expediting."""

    sku = name_of("Item", key=True)
    supplier = name_of("Who sells it", key=True)
    node = name_of("Node it is delivered to", key=True)
    mode = dy.String(
        primary_key=True, max_length=200, description="How it travels, such as sea or air", metadata={"default": ""}
    )
    price_cents = cents("What a unit costs delivered, freight included")
    lead_days = whole("Days from the order until it can be sold; learned lead times take its place", "days", high=365)
    order_days = text("Days on which it takes orders, Monday 1 to Sunday 7", regex=r"^[1-7]{1,7}$", default="12345")
    order_cents = cents("Per order to this supplier, node and mode, whatever is on it", default=0)
    multiple_units = whole("Units come in multiples of", "units", low=1, default=1)
    minimum_units = whole("Least units of an order line", "units", default=0)


class StockTargets(dy.Schema):
    """Where a company wants its stock to stand, and the service it wants to keep; the most particular row counts."""

    sku = dy.String(primary_key=True, max_length=200, description="Item; empty for any", metadata={"default": ""})
    category = dy.String(
        primary_key=True, max_length=2000, description="Product group; empty for any", metadata={"default": ""}
    )
    node = dy.String(primary_key=True, max_length=200, description="Node; empty for any", metadata={"default": ""})
    cover_low_days = whole("Days of cover below which it should not be", "days", high=3650, default=0)
    cover_high_days = whole(
        "Days of cover above which it should not be; empty for none", "days", high=3650, nullable=True, default=None
    )
    below_cents = cents("What a unit below the low end costs", default=0)
    above_cents = cents("What a unit above the high end costs", default=0)
    most_units = whole(
        "Most units it accepts, such as Amazon's limit; empty for any", "units", nullable=True, default=None
    )
    cycle_service = dy.Float64(
        min=0,
        max=0.9999,
        description="Type 1: probability of no stock-out until the next chance to refill; 0 for none",
        metadata=metadata_of("1", 0.0),
    )
    fill_rate = dy.Float64(
        min=0,
        max=0.9999,
        description="Type 2: share of units served at once; 0 for none",
        metadata=metadata_of("1", 0.0),
    )


class Lots(dy.Schema):
    """When lots expire."""

    sku = name_of("Item", key=True)
    lot = name_of("Lot, as in stock", key=True)
    expires_on = day("First day on which it can no longer be sold")
