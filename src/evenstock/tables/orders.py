"""What customers want and what was promised them."""

from __future__ import annotations

import dataframely as dy

from evenstock.tables.columns import cents, day, metadata_of, moment, name_of, text, whole


class Orders(dy.Schema):
    """Order lines to route; the columns about the order repeat on each of its lines."""

    order = name_of("Order id", key=True)
    line = name_of("Line id within the order", key=True)
    sku = name_of("Item")
    units = whole("Units wanted", "units", low=1, high=1_000_000)
    price_cents = cents("Paid for one unit", default=0)
    placed_at = moment("When it was paid")
    postal_code = name_of("Where it goes, as text")
    country = text("ISO 3166-1 alpha-2 country", regex=r"^[A-Z]{2}$", default="US")
    residential = dy.Bool(description="Whether it goes to a home", metadata=metadata_of("", default=True))
    deliver_by = day("Promised day; empty for none", nullable=True, default=None)
    order_class = text("Class that rules speak of, such as standard or vip", default="standard")
    channel = text("Where it was sold", default="")
    kit = text("Lines of one kit leave together; empty where the line stands alone", default="")
    tags = text("Marks that rules speak of, such as gift;fragile", default="")
    service_level = text(
        "Speed bought: ground, two_day or next_day; empty for any", regex=r"^(ground|two_day|next_day)?$", default=""
    )
    shipping_paid_cents = cents("What the customer paid for shipping the order", default=0)


class OrderHistory(dy.Schema):
    """Order lines of the past, from which demand by day and node can be made."""

    order = name_of("Order id", key=True)
    line = name_of("Line id within the order", key=True)
    sku = name_of("Item")
    units = whole("Units ordered", "units", low=1, high=1_000_000)
    cancelled = whole("Of these, cancelled before they shipped", "units", high=1_000_000, default=0)
    placed_at = moment("When it was paid")
    postal_code = name_of("Where it went, as text")
    country = text("ISO 3166-1 alpha-2 country", regex=r"^[A-Z]{2}$", default="US")
    served_by = text("Node that shipped it; empty where unknown", default="")
    channel = text("Where it was sold", default="")
    price_cents = cents("Paid for one unit; 0 where only the item's price is known", default=0)
    residential = dy.Bool(description="Whether it went to a home", metadata=metadata_of("", default=True))
    deliver_by = day("Promised day; empty for none", nullable=True, default=None)
    order_class = text("Class that rules speak of", default="standard")
    shipping_paid_cents = cents("What the customer paid for shipping the order", default=0)


class Returns(dy.Schema):
    """Units that customers sent back, kept apart from demand."""

    date = day("Day they arrived", key=True)
    sku = name_of("Item", key=True)
    node = name_of("Node they arrived at", key=True)
    units = whole("Units returned", "units", high=10_000_000)


class Claims(dy.Schema):
    """What went wrong for customers and what it cost: tickets, refunds, reships."""

    claim = name_of("Number of the ticket or refund", key=True)
    order = name_of("Order")
    opened_on = day("Day")
    kind = dy.Enum(["late", "lost", "damaged", "missing", "split", "other"], description="What it was about")
    cents = cents("Refund, credit and handling")
