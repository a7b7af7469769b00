"""What demand was, and what drives it."""

from __future__ import annotations

import dataframely as dy

from evenstock.tables.columns import cents, day, metadata_of, moment, name_of, node_or_everywhere, text, whole


class Demand(dy.Schema):
    """Units wanted by day, at the node that should have served them. A missing day of a known series is zero."""

    date = day("Day", key=True)
    sku = name_of("Item", key=True)
    node = name_of("Node that should serve this demand", key=True)
    units = whole("Units wanted", "units", high=10_000_000)
    in_stock = dy.Bool(description="False where a stock-out hid demand", metadata=metadata_of("", default=True))
    promotion = dy.Bool(description="Whether it was promoted that day", metadata=metadata_of("", default=False))


class Events(dy.Schema):
    """Days on which people buy otherwise than usual: holidays, paydays, sales of the trade. Days ahead belong in it."""

    date = day("Day", key=True)
    event = name_of("Name, the same each time it comes", key=True)
    node = node_or_everywhere("Node it concerns; empty for every node")


class Promotions(dy.Schema):
    """What was and will be promoted."""

    promotion = name_of("Name or number of the promotion", key=True)
    sku = name_of("Item", key=True)
    node = node_or_everywhere("Node it concerns; empty for every node")
    first_day = day("First day")
    last_day = day("Last day")
    discount_bp = whole("Off the price, in hundredths of a percent", "basis points", high=10_000, default=0)
    announced_on = day("Day it was decided; empty where it was always known", nullable=True, default=None)


class SalePrices(dy.Schema):
    """What an item sold for, from a day on: the history that price effects are learned from, and prices decided ahead."""

    sku = name_of("Item", key=True)
    node = node_or_everywhere("Node it holds at; empty for every node")
    valid_from = day("First day of the price", key=True)
    cents = cents("Price of one unit, before tax")
    announced_on = day("Day it was decided; empty for its first day", nullable=True, default=None)


class Signals(dy.Schema):
    """External figures by day that demand may follow, such as weather or marketing spend; each name becomes a feature."""

    signal = name_of("Name, such as temperature_c or spend_search", key=True)
    date = day("Day it speaks of", key=True)
    node = node_or_everywhere("Node it concerns; empty for every node")
    value = dy.Float64(description="Value, in the unit its name says; finite", metadata={"unit": "as named"})
    known_on = day(
        "Day it became known, earlier for a plan or a forecast; empty for the day after", nullable=True, default=None
    )


class Substitutes(dy.Schema):
    """What customers take when an item is missing."""

    sku = name_of("Item that may be missing", key=True)
    substitute = name_of("Item taken instead", key=True)
    share = dy.Float64(min=0, max=1, description="Share of its customers who take it", metadata={"unit": "1"})
    allowed = dy.Bool(
        description="Whether it may be shipped in place of what no node can ship",
        metadata=metadata_of("", default=False),
    )


class Overrides(dy.Schema):
    """What planners know better than the forecast: each with its reason and an end."""

    override = name_of("Its number or name", key=True)
    sku = text("Item; empty for every item", default="")
    node = text("Node; empty for every node", default="")
    category = text("Product group; empty for every group", default="")
    first_day = day("First day it changes")
    last_day = day("Last day it changes")
    kind = dy.Enum(["multiply", "add", "set"], description="What is done to each day's mean")
    value = dy.Float64(min=-1e7, max=1e7, description="Factor, or units a day", metadata={"unit": "1 or units/day"})
    reason = name_of("Why")
    author = name_of("Who")
    made_at = moment("When")
    expires_on = day(
        "First day it no longer counts, whatever its days; empty for the day after the last",
        nullable=True,
        default=None,
    )
