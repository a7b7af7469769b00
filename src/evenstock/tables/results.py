"""Tables we give back."""

from __future__ import annotations

import dataframely as dy

from evenstock.tables.columns import cents, day, name_of, text, whole


class Forecast(dy.Schema):
    """What demand may be: one row per item, node and day ahead."""

    sku = name_of("Item", key=True)
    node = name_of("Node", key=True)
    date = day("Day", key=True)
    mean = dy.Float64(min=0, description="Expected units", metadata={"unit": "units/day"})
    dispersion = dy.Float64(
        min=0, description="alpha: the variance is mean + alpha mean squared", metadata={"unit": "1"}
    )
    path_variance = dy.Float64(
        min=0, description="Variance of the level that the days of one path share, first week", metadata={"unit": "1"}
    )
    path_drift = dy.Float64(
        min=0, max=1, description="Variance of that level's relative change a week", metadata={"unit": "1/week"}
    )
    shared = dy.Float64(
        min=0, max=1, description="Correlation of that level between nodes of one item", metadata={"unit": "1"}
    )


class TransferLines(dy.Schema):
    """What should move tonight, line by line."""

    sku = name_of("Item", key=True)
    origin = name_of("Node it leaves", key=True)
    destination = name_of("Node it reaches", key=True)
    mode = dy.String(
        primary_key=True, max_length=200, description="Kind of carriage; empty where the lane has one only"
    )
    lot = dy.String(primary_key=True, max_length=200, description="Lot; empty where not tracked")
    units = whole("Units to move, in whole cases", "units", low=1)
    cases = whole("Cases", "cases")
    pallets = dy.Float64(min=0, description="Room it takes; 0 where unknown", metadata={"unit": "pallets"})
    ship_by = day("Day it leaves; empty where not dated", nullable=True)
    eta_p50 = day("Day it can be sold there, as likely sooner as later", nullable=True)
    eta_p90 = day("The same with nine chances in ten; empty where too little is known of the lane", nullable=True)
    worth_cents = dy.Int64(
        description="Expected gain there less expected loss here, before cost", metadata={"unit": "cents"}
    )
    freight_cents = cents("Share of pallets, units and departure")
    handling_cents = cents("Picking here and receiving there")
    capital_cents = cents("Interest on the goods while they travel")
    net_cents = dy.Int64(description="Worth less all costs", metadata={"unit": "cents"})
    error_cents = cents("Standard error of the worth: what another draw of as many futures would change")
    chance = dy.Float64(
        min=0, max=1, description="Probability that it brings more than it costs", metadata={"unit": "1"}
    )
    origin_cover_before = whole("Days of cover at the origin before; 9999 where nothing sells", "days", high=9999)
    origin_cover_after = whole("and after", "days", high=9999)
    destination_cover_before = whole("Days of cover at the destination before", "days", high=9999)
    destination_cover_after = whole("and after", "days", high=9999)
    because = text("Why, in one sentence")


class StockLevels(dy.Schema):
    """What each item should have at each node, where it stands, and what to order: one row each, those left out too."""

    sku = name_of("Item", key=True)
    node = name_of("Node", key=True)
    segment = text("Class by margin (A to C) and variation (X to Z), and what matters more than both")
    policy = text("How its level is set and its orders sized; empty where no level can be set")
    cycle_service = dy.Float64(
        min=0, max=1, description="Type 1 asked: no stock-out in a cycle; 0 for none", metadata={"unit": "1"}
    )
    fill_rate = dy.Float64(
        min=0, max=1, description="Type 2 asked: share of units served at once; 0 for none", metadata={"unit": "1"}
    )
    way = text("Supplier by mode, or the node it comes from; empty where nobody knows")
    lead_mean_days = dy.Float64(min=0, nullable=True, description="Mean lead time", metadata={"unit": "days"})
    lead_p95_days = whole("Days within which 95 of 100 refills are there", "days", nullable=True)
    review_days = whole("Days from the next order to the one after it", "days", nullable=True)
    daily_units = dy.Float64(
        min=0,
        nullable=True,
        description="Mean demand, that of nodes it refills included",
        metadata={"unit": "units/day"},
    )
    safety_stock = dy.Int64(
        nullable=True, description="Level less mean demand until the refill after next", metadata={"unit": "units"}
    )
    textbook_stock = whole(
        "The same by the normal formula with independent days, to compare with; empty without a cycle service",
        "units",
        nullable=True,
    )
    reorder_point = dy.Int64(
        min=-1,
        nullable=True,
        description="At so many on hand and under way, or fewer, order; -1 for never",
        metadata={"unit": "units"},
    )
    order_up_to = whole("and up to so many", "units", nullable=True)
    position = whole("On hand and free to promise, and under way", "units")
    days_to_reorder = whole(
        "Days to the reorder point at mean demand; 9999 for none in sight", "days", high=9999, nullable=True
    )
    order_units = whole("Units to order, in whole multiples", "units")
    order_by = day("Order day on which, at mean demand; empty where none is in sight", nullable=True)
    suggestion = text("The same in words")
    risk_cents = cents("Expected loss of unserved units until the refill after next if nothing is ordered")
    because = text("Why, or why no level can be set, in one sentence")
