"""What is there, by whom it was said, and when."""

from __future__ import annotations

import dataframely as dy

from evenstock.tables.columns import day, lot, moment, name_of, text, whole


class Stock(dy.Schema):
    """Opening balances: what each node says it has."""

    sku = name_of("Item", key=True)
    node = name_of("Node", key=True)
    lot = lot()
    on_hand = whole("Units physically there, held ones included", "units")
    held = whole("Of these, damaged, in quality control or frozen", "units", default=0)
    buffer = whole("Units never promised, for doubt about the record", "units", default=0)
    observed_at = moment("When the node said so")


class StockHistory(dy.Schema):
    """What each node had on past mornings: replay starts from the nearest and moves what was shipped and received."""

    date = day("Morning", key=True)
    sku = name_of("Item", key=True)
    node = name_of("Node", key=True)
    units = whole("Units available that morning", "units")


class Sources(dy.Schema):
    """Systems that say what is in stock."""

    source = name_of("Name used in observations", key=True)
    kind = dy.Enum(["oms", "wms", "3pl", "fba", "erp", "file", "count"], description="What kind of system it is")
    every_minutes = whole("Usual time between two statements", "minutes", low=1, high=525_600)


class Observations(dy.Schema):
    """What a system said was there, when: statements, not truth."""

    source = name_of("System that said so", key=True)
    sku = name_of("Item", key=True)
    node = name_of("Node", key=True)
    lot = lot()
    observed_at = moment("When it was so", key=True)
    units = whole("Units on hand it stated", "units")


class Counts(dy.Schema):
    """What people counted at the shelf."""

    sku = name_of("Item", key=True)
    node = name_of("Node", key=True)
    lot = lot()
    counted_at = moment("When", key=True)
    units = whole("Units found", "units")
    booked = whole("Units the record said at that moment; empty where unknown", "units", nullable=True, default=None)
    counter = text("Who counted", default="")


class ShortPicks(dy.Schema):
    """Picks that found less than the record said."""

    pick = name_of("Number of the pick", key=True)
    sku = name_of("Item")
    node = name_of("Node")
    picked_at = moment("When")
    wanted = whole("Units to pick", "units", low=1)
    found = whole("Units found", "units")
