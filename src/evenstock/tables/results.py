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
    units = whole("Units to move, in whole cases", "units", low=1)
    worth_cents = dy.Int64(
        description="Expected gain there less expected loss here, before cost", metadata={"unit": "cents"}
    )
    freight_cents = cents("Share of pallets, units and departure")
    handling_cents = cents("Picking here and receiving there")
    capital_cents = cents("Interest on the goods while they travel")
    net_cents = dy.Int64(description="Worth less all costs", metadata={"unit": "cents"})
    origin_cover_before = whole("Days of cover at the origin before; 9999 where nothing sells", "days", high=9999)
    origin_cover_after = whole("and after", "days", high=9999)
    destination_cover_before = whole("Days of cover at the destination before", "days", high=9999)
    destination_cover_after = whole("and after", "days", high=9999)
    because = text("Why, in one sentence")
