"""What travelled: shipments, scans, purchases."""

from __future__ import annotations

import dataframely as dy

from evenstock.tables.columns import day, metadata_of, moment, name_of, text, whole


class Shipments(dy.Schema):
    """What was shipped, as the company's systems and its carriers' invoices say: decisions are held against it."""

    shipment = name_of("Number of the shipment", key=True)
    order = name_of("Order it served")
    node = name_of("Node it left")
    service = name_of("carrier:service")
    shipped_on = day("Day it left")
    delivered_on = day("Day it arrived; empty while under way", nullable=True, default=None)
    parcels = whole("Cartons", "parcels", low=1, default=1)
    cents = whole("What the carrier charged; empty where not invoiced", "cents", nullable=True, default=None)
    reship = dy.Bool(description="Whether it replaced one that failed", metadata=metadata_of("", default=False))


class ShippedUnits(dy.Schema):
    """What was in each shipment."""

    shipment = name_of("Shipment", key=True)
    line = name_of("Line of its order", key=True)
    sku = name_of("Item")
    units = whole("Units", "units", low=1)


class Deliveries(dy.Schema):
    """Parcels as the carrier scanned them: what delivery times are learned from."""

    parcel = name_of("Number of the parcel", key=True)
    service = name_of("carrier:service")
    origin = text("Node it left; empty where unknown", default="")
    origin_postal_code = name_of("Postal code it left from")
    destination_postal_code = name_of("Postal code it went to")
    shipped_at = moment("Scan at which the carrier took it over")
    delivered_at = moment("Scan at the customer's door; empty while under way", nullable=True, default=None)
    promised_on = day("Day promised by the carrier; empty where none", nullable=True, default=None)


class Receipts(dy.Schema):
    """Purchases and when they came: what suppliers' lead times and reliability are learned from."""

    purchase = name_of("Purchase order", key=True)
    line = name_of("Line of it", key=True)
    supplier = name_of("Supplier")
    sku = name_of("Item")
    node = text("Node it was bought for", default="")
    mode = text("How it travels, such as sea or air", default="")
    ordered_on = day("Day it was ordered")
    promised_on = day("Day it was promised for; empty where none", nullable=True, default=None)
    received_on = day("Day it was received; empty while outstanding", nullable=True, default=None)
    units_ordered = whole("Units ordered", "units", low=1, default=1)
    units_received = whole("Units received so far", "units", default=0)
