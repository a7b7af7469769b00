"""The data dictionary: every frame's columns, with type, unit, range and meaning.

Each class is one frame. `description` says what a column means; `metadata` holds its `unit` and, where a file may
leave the column out, its `default`. The import checks files against them, `evenstock export-schemas` prints them, and
nothing else defines a column. Lists inside a cell (`certifications`, `holidays`) are separated by `;`. Postal codes
are text: they keep leading zeros. Money is whole cents, mass whole grams, length whole millimetres.
"""

from __future__ import annotations

from typing import Any, Final

import dataframely as dy

_MAX_UNITS: Final = 1_000_000_000
_MAX_CENTS: Final = 100_000_000_000
_REQUIRED: Final = object()


def _metadata(unit: str, default: object) -> dict[str, Any]:
    return ({"unit": unit} if unit else {}) | ({} if default is _REQUIRED else {"default": default})


def _text(description: str, *, regex: str | None = None, unit: str = "", default: object = _REQUIRED) -> dy.String:
    return dy.String(
        regex=regex, max_length=None if regex else 2000, description=description, metadata=_metadata(unit, default)
    )


def _name(description: str, *, key: bool = False, default: object = _REQUIRED) -> dy.String:
    """A name without space at its ends; not empty."""
    return dy.String(
        primary_key=key, regex=r"^\S(.{0,198}\S)?$", description=description, metadata=_metadata("", default)
    )


def _whole(
    description: str,
    unit: str,
    *,
    low: int = 0,
    high: int = _MAX_UNITS,
    key: bool = False,
    nullable: bool = False,
    default: object = _REQUIRED,
) -> dy.Int64:
    return dy.Int64(
        min=low,
        max=high,
        primary_key=key,
        nullable=nullable,
        description=description,
        metadata=_metadata(unit, default),
    )


def _cents(description: str, *, default: object = _REQUIRED) -> dy.Int64:
    return _whole(description, "cents", high=_MAX_CENTS, default=default)


def _date(description: str, *, key: bool = False, nullable: bool = False, default: object = _REQUIRED) -> dy.Date:
    return dy.Date(primary_key=key, nullable=nullable, description=description, metadata=_metadata("", default))


def _moment(description: str, *, key: bool = False, nullable: bool = False, default: object = _REQUIRED) -> dy.Datetime:
    return dy.Datetime(
        time_unit="us",
        time_zone="UTC",
        primary_key=key,
        nullable=nullable,
        description=description,
        metadata=_metadata("UTC", default),
    )


def _everywhere(description: str) -> dy.String:
    """A node, or empty for every node."""
    return dy.String(primary_key=True, max_length=200, description=description, metadata={"default": ""})


def _zip3(description: str) -> dy.String:
    return dy.String(primary_key=True, regex=r"^\w{3}$", description=description)


def _lot() -> dy.String:
    return dy.String(
        primary_key=True, max_length=200, description="Lot; empty where not tracked", metadata={"default": ""}
    )


class Nodes(dy.Schema):
    """Places that hold stock and release shipments, with their clock, calendar, ceiling and handling costs."""

    node = _name("Name of the node, used in every other table", key=True)
    kind = dy.Enum(["own", "3pl", "mcf", "fba", "store"], description="Who runs it; fba never ships brand orders")
    postal_code = _name("Postal code of the dock, as text")
    country = _text("ISO 3166-1 alpha-2 country", regex=r"^[A-Z]{2}$", default="US")
    latitude = dy.Float64(
        min=-90, max=90, nullable=True, description="Of the dock", metadata=_metadata("degrees", None)
    )
    longitude = dy.Float64(
        min=-180, max=180, nullable=True, description="Of the dock", metadata=_metadata("degrees", None)
    )
    timezone = _name("IANA time zone of the dock, such as America/Chicago")
    cutoff = _text(
        "Orders known by this local time leave the same working day",
        regex=r"^([01]\d|2[0-3]):[0-5]\d$",
        unit="HH:MM",
        default="14:00",
    )
    working_days = _text("Days it ships, Monday 1 to Sunday 7", regex=r"^[1-7]{1,7}$", default="12345")
    holidays = _text("Days it is closed, ISO dates", default="")
    orders_per_day = _whole("Most shipments a day; empty where unlimited", "shipments/day", nullable=True, default=None)
    pick_order_cents = _cents("Handling of one shipment, whatever is in it", default=0)
    pick_unit_cents = _cents("Picking one unit", default=0)
    receive_unit_cents = _cents("Receiving one unit", default=0)
    certifications = _text("What it may handle beyond ordinary goods, such as hazmat;cold", default="")
    pool = _name("Stock pool; a rule says which pools may serve an order", default="own")
    services = _text("Services that pick up there, such as ups:ground;mcf:standard; empty for all", default="")
    active = dy.Bool(description="Whether it ships at present", metadata=_metadata("", default=True))


class Items(dy.Schema):
    """What is stocked and sold."""

    sku = _name("Stock keeping unit, as text: leading zeros count", key=True)
    description = _text("In words", default="")
    category = _text("Product group", default="")
    weight_g = _whole("Of one unit, packed", "g")
    length_mm = _whole("Of one unit; 0 where unknown", "mm", high=100_000, default=0)
    width_mm = _whole("Of one unit; 0 where unknown", "mm", high=100_000, default=0)
    height_mm = _whole("Of one unit; 0 where unknown", "mm", high=100_000, default=0)
    unit_cost_cents = _cents("What one unit cost us")
    price_cents = _cents("What one unit sells for, before tax")
    case_units = _whole("Units moved together between nodes", "units", low=1, default=1)
    pallet_units = _whole("Units on a full pallet; 0 where unknown", "units", default=0)
    requires = _text("Certifications a node must hold to ship it", default="")
    gtin = _text("GS1 GTIN, 8 to 14 digits", regex=r"^(\d{8}|\d{12,14})?$", default="")
    introduced_on = _date("First day on sale; empty where long known", nullable=True, default=None)
    discontinued_on = _date("First day no longer sold; empty while it is", nullable=True, default=None)
    replaces = _text("Item whose demand it takes over; empty for none", default="")


class Lanes(dy.Schema):
    """Ways for stock to go from node to node."""

    origin = _name("Node it leaves", key=True)
    destination = _name("Node it reaches", key=True)
    mode = dy.Enum(
        ["parcel", "ltl", "ftl"], primary_key=True, description="Kind of carriage", metadata={"default": "ltl"}
    )
    fixed_cents = _cents("Per departure, whatever is on it", default=0)
    pallet_cents = _cents("Per pallet, begun pallets count whole", default=0)
    unit_cents = _cents("Per unit", default=0)
    lead_days = _whole("Days from dispatch to sellable at the destination", "days", high=365)
    dispatch_days = _text("Days it leaves, Monday 1 to Sunday 7", regex=r"^[1-7]{1,7}$", default="12345")


class RateCards(dy.Schema):
    """Terms of a carrier's service from a date on. Effective-dated: a new card is a new row, never an overwrite."""

    service = _name("carrier:service, such as ups:ground", key=True)
    valid_from = _date("First day of the card", key=True)
    valid_to = _date("Last day of the card; empty while open", nullable=True, default=None)
    dim_divisor_mm3_per_g = _whole("Volume that bills as one gram (139 in3/lb is 5022); 0 for none", "mm3/g", default=0)
    minimum_cents = _cents("Least charge of a parcel before fuel", default=0)
    fuel_bp = _whole(
        "Fuel surcharge on base and minimum, in hundredths of a percent", "basis points", high=100_000, default=0
    )
    max_weight_g = _whole("Heaviest billable parcel", "g", low=1, default=68_000)


class Rates(dy.Schema):
    """Base charge of a parcel: zone by weight break. A parcel pays the first break at or above its billable weight."""

    service = _name("carrier:service", key=True)
    valid_from = _date("First day of its rate card", key=True)
    zone = _whole("Zone from origin to destination", "zone", high=999, key=True)
    max_weight_g = _whole("Upper end of the weight break, inclusive", "g", low=1, key=True)
    cents = _cents("Base charge before fuel and surcharges")


class Surcharges(dy.Schema):
    """Named charges on top of the base."""

    service = _name("carrier:service", key=True)
    valid_from = _date("First day of its rate card", key=True)
    surcharge = _name("Name, such as residential", key=True)
    applies = dy.Enum(
        ["always", "residential", "weight_over", "longest_over"],
        description="To every parcel, to homes, above a weight (g) or above a longest side (mm)",
    )
    above = _whole("Threshold in g or mm for the last two", "g or mm", default=0)
    cents = _cents("Charge per parcel")


class Zones(dy.Schema):
    """A zone chart; without one, zones follow from the distance between ZIP3 centroids."""

    origin_zip3 = _zip3("First three characters of the origin's postal code")
    destination_zip3 = _zip3("First three characters of the destination's postal code")
    zone = _whole("Zone", "zone", high=999)


class Places(dy.Schema):
    """Where postal areas are: centroids by ZIP3."""

    zip3 = _zip3("First three characters of the postal code")
    latitude = dy.Float64(min=-90, max=90, description="Centroid", metadata={"unit": "degrees"})
    longitude = dy.Float64(min=-180, max=180, description="Centroid", metadata={"unit": "degrees"})


class Transit(dy.Schema):
    """How long a service takes by zone: a distribution over whole days, which adds up to 1 for each service and zone."""

    service = _name("carrier:service", key=True)
    zone = _whole("Zone", "zone", high=999, key=True)
    days = _whole("Days from pick-up to delivery", "days", high=120, key=True)
    probability = dy.Float64(min=0, max=1, description="Share of parcels delivered after exactly these days")


class Stock(dy.Schema):
    """Opening balances: what each node says it has."""

    sku = _name("Item", key=True)
    node = _name("Node", key=True)
    lot = _lot()
    on_hand = _whole("Units physically there, held ones included", "units")
    held = _whole("Of these, damaged, in quality control or frozen", "units", default=0)
    buffer = _whole("Units never promised, for doubt about the record", "units", default=0)
    observed_at = _moment("When the node said so")


class Orders(dy.Schema):
    """Order lines to route; the columns about the order repeat on each of its lines."""

    order = _name("Order id", key=True)
    line = _name("Line id within the order", key=True)
    sku = _name("Item")
    units = _whole("Units wanted", "units", low=1, high=1_000_000)
    price_cents = _cents("Paid for one unit", default=0)
    placed_at = _moment("When it was paid")
    postal_code = _name("Where it goes, as text")
    country = _text("ISO 3166-1 alpha-2 country", regex=r"^[A-Z]{2}$", default="US")
    residential = dy.Bool(description="Whether it goes to a home", metadata=_metadata("", default=True))
    deliver_by = _date("Promised day; empty for none", nullable=True, default=None)
    order_class = _text("Class that rules speak of, such as standard or vip", default="standard")
    channel = _text("Where it was sold", default="")


class Demand(dy.Schema):
    """Units wanted by day, at the node that should have served them. A missing day of a known series is zero."""

    date = _date("Day", key=True)
    sku = _name("Item", key=True)
    node = _name("Node that should serve this demand", key=True)
    units = _whole("Units wanted", "units", high=10_000_000)
    in_stock = dy.Bool(description="False where a stock-out hid demand", metadata=_metadata("", default=True))
    promotion = dy.Bool(description="Whether it was promoted that day", metadata=_metadata("", default=False))


class OrderHistory(dy.Schema):
    """Order lines of the past, from which demand by day and node can be made."""

    order = _name("Order id", key=True)
    line = _name("Line id within the order", key=True)
    sku = _name("Item")
    units = _whole("Units ordered", "units", low=1, high=1_000_000)
    cancelled = _whole("Of these, cancelled before they shipped", "units", high=1_000_000, default=0)
    placed_at = _moment("When it was paid")
    postal_code = _name("Where it went, as text")
    country = _text("ISO 3166-1 alpha-2 country", regex=r"^[A-Z]{2}$", default="US")
    served_by = _text("Node that shipped it; empty where unknown", default="")
    channel = _text("Where it was sold", default="")


class Returns(dy.Schema):
    """Units that customers sent back, kept apart from demand."""

    date = _date("Day they arrived", key=True)
    sku = _name("Item", key=True)
    node = _name("Node they arrived at", key=True)
    units = _whole("Units returned", "units", high=10_000_000)


class Events(dy.Schema):
    """Days on which people buy otherwise than usual: holidays, paydays, sales of the trade. Days ahead belong in it."""

    date = _date("Day", key=True)
    event = _name("Name, the same each time it comes", key=True)
    node = _everywhere("Node it concerns; empty for every node")


class Promotions(dy.Schema):
    """What was and will be promoted."""

    promotion = _name("Name or number of the promotion", key=True)
    sku = _name("Item", key=True)
    node = _everywhere("Node it concerns; empty for every node")
    first_day = _date("First day")
    last_day = _date("Last day")
    discount_bp = _whole("Off the price, in hundredths of a percent", "basis points", high=10_000, default=0)
    announced_on = _date("Day it was decided; empty where it was always known", nullable=True, default=None)


class SalePrices(dy.Schema):
    """What an item sold for, from a day on: the history that price effects are learned from, and prices decided ahead."""

    sku = _name("Item", key=True)
    node = _everywhere("Node it holds at; empty for every node")
    valid_from = _date("First day of the price", key=True)
    cents = _cents("Price of one unit, before tax")
    announced_on = _date("Day it was decided; empty for its first day", nullable=True, default=None)


class Signals(dy.Schema):
    """External figures by day that demand may follow, such as weather or marketing spend; each name becomes a feature."""

    signal = _name("Name, such as temperature_c or spend_search", key=True)
    date = _date("Day it speaks of", key=True)
    node = _everywhere("Node it concerns; empty for every node")
    value = dy.Float64(description="Value, in the unit its name says; finite", metadata={"unit": "as named"})
    known_on = _date(
        "Day it became known, earlier for a plan or a forecast; empty for the day after", nullable=True, default=None
    )


class Substitutes(dy.Schema):
    """What customers take when an item is missing."""

    sku = _name("Item that may be missing", key=True)
    substitute = _name("Item taken instead", key=True)
    share = dy.Float64(min=0, max=1, description="Share of its customers who take it", metadata={"unit": "1"})


class Overrides(dy.Schema):
    """What planners know better than the forecast: each with its reason and an end."""

    override = _name("Its number or name", key=True)
    sku = _text("Item; empty for every item", default="")
    node = _text("Node; empty for every node", default="")
    category = _text("Product group; empty for every group", default="")
    first_day = _date("First day it changes")
    last_day = _date("Last day it changes")
    kind = dy.Enum(["multiply", "add", "set"], description="What is done to each day's mean")
    value = dy.Float64(min=-1e7, max=1e7, description="Factor, or units a day", metadata={"unit": "1 or units/day"})
    reason = _name("Why")
    author = _name("Who")
    made_at = _moment("When")
    expires_on = _date(
        "First day it no longer counts, whatever its days; empty for the day after the last",
        nullable=True,
        default=None,
    )


class Sources(dy.Schema):
    """Systems that say what is in stock."""

    source = _name("Name used in observations", key=True)
    kind = dy.Enum(["oms", "wms", "3pl", "fba", "erp", "file", "count"], description="What kind of system it is")
    every_minutes = _whole("Usual time between two statements", "minutes", low=1, high=525_600)


class Observations(dy.Schema):
    """What a system said was there, when: statements, not truth."""

    source = _name("System that said so", key=True)
    sku = _name("Item", key=True)
    node = _name("Node", key=True)
    lot = _lot()
    observed_at = _moment("When it was so", key=True)
    units = _whole("Units on hand it stated", "units")


class Counts(dy.Schema):
    """What people counted at the shelf."""

    sku = _name("Item", key=True)
    node = _name("Node", key=True)
    lot = _lot()
    counted_at = _moment("When", key=True)
    units = _whole("Units found", "units")
    booked = _whole("Units the record said at that moment; empty where unknown", "units", nullable=True, default=None)
    counter = _text("Who counted", default="")


class ShortPicks(dy.Schema):
    """Picks that found less than the record said."""

    pick = _name("Number of the pick", key=True)
    sku = _name("Item")
    node = _name("Node")
    picked_at = _moment("When")
    wanted = _whole("Units to pick", "units", low=1)
    found = _whole("Units found", "units")


class Deliveries(dy.Schema):
    """Parcels as the carrier scanned them: what delivery times are learned from."""

    parcel = _name("Number of the parcel", key=True)
    service = _name("carrier:service")
    origin = _text("Node it left; empty where unknown", default="")
    origin_postal_code = _name("Postal code it left from")
    destination_postal_code = _name("Postal code it went to")
    shipped_at = _moment("Scan at which the carrier took it over")
    delivered_at = _moment("Scan at the customer's door; empty while under way", nullable=True, default=None)
    promised_on = _date("Day promised by the carrier; empty where none", nullable=True, default=None)


class Receipts(dy.Schema):
    """Purchases and when they came: what suppliers' lead times and reliability are learned from."""

    purchase = _name("Purchase order", key=True)
    line = _name("Line of it", key=True)
    supplier = _name("Supplier")
    sku = _name("Item")
    node = _text("Node it was bought for", default="")
    mode = _text("How it travels, such as sea or air", default="")
    ordered_on = _date("Day it was ordered")
    promised_on = _date("Day it was promised for; empty where none", nullable=True, default=None)
    received_on = _date("Day it was received; empty while outstanding", nullable=True, default=None)
    units_ordered = _whole("Units ordered", "units", low=1, default=1)
    units_received = _whole("Units received so far", "units", default=0)


class Prices(dy.Schema):
    """Value of one more unit of an item at a node; routing adds it to the cost of taking the unit."""

    sku = _name("Item", key=True)
    node = _name("Node", key=True)
    valid_from = _moment("From when", key=True)
    source = _name("Who computed it: nightly or repricing", key=True)
    cents = _cents("Value of one more unit")


class Rules(dy.Schema):
    """The policy, in order: each row a rule."""

    rule = _name("Its name, shown wherever it bars something", key=True)
    kind = _name("What reads it: a member of the rule family")
    parameters = _text("name=value pairs separated by ;", default="")
    hard = dy.Bool(description="Law, or a wish that yields to a paid order", metadata=_metadata("", default=True))
    valid_from = _date("First day in force; empty for always", nullable=True, default=None)
    valid_to = _date("Last day in force; empty for always", nullable=True, default=None)
    because = _text("Why it exists, in words", default="")


class Costs(dy.Schema):
    """What only the company knows; a row that is missing takes its default."""

    cost = dy.Enum(
        [
            "late_order_cents",
            "extra_shipment_cents",
            "goodwill_bp",
            "capital_bp_per_year",
            "holding_bp_per_year",
            "horizon_days",
        ],
        primary_key=True,
        description="A late order, a second parcel's trouble, goodwill of a lost unit, money, space, days planned ahead",
    )
    amount = _whole("Value", "cents, basis points or days, as the name says")
    because = _text("Where the number comes from", default="")


class Forecast(dy.Schema):
    """What demand may be: one row per item, node and day ahead."""

    sku = _name("Item", key=True)
    node = _name("Node", key=True)
    date = _date("Day", key=True)
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

    sku = _name("Item", key=True)
    origin = _name("Node it leaves", key=True)
    destination = _name("Node it reaches", key=True)
    units = _whole("Units to move, in whole cases", "units", low=1)
    worth_cents = dy.Int64(
        description="Expected gain there less expected loss here, before cost", metadata={"unit": "cents"}
    )
    freight_cents = _cents("Share of pallets, units and departure")
    handling_cents = _cents("Picking here and receiving there")
    capital_cents = _cents("Interest on the goods while they travel")
    net_cents = dy.Int64(description="Worth less all costs", metadata={"unit": "cents"})
    origin_cover_before = _whole("Days of cover at the origin before; 9999 where nothing sells", "days", high=9999)
    origin_cover_after = _whole("and after", "days", high=9999)
    destination_cover_before = _whole("Days of cover at the destination before", "days", high=9999)
    destination_cover_after = _whole("and after", "days", high=9999)
    because = _text("Why, in one sentence")


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
    "sources": Sources,
    "observations": Observations,
    "counts": Counts,
    "short_picks": ShortPicks,
    "deliveries": Deliveries,
    "receipts": Receipts,
    "prices": Prices,
    "rules": Rules,
    "costs": Costs,
}
"""Tables a company brings: the name of each is the name of its file."""

REQUIRED: Final = ("nodes", "items", "stock")
"""Without these there is nothing to decide about."""

RESULT: Final[dict[str, type[dy.Schema]]] = {"forecast": Forecast, "transfer_lines": TransferLines}
"""Tables we give back."""

REFERENCES: Final[dict[tuple[str, str], tuple[str, str]]] = {
    ("lanes", "origin"): ("nodes", "node"),
    ("lanes", "destination"): ("nodes", "node"),
    ("stock", "sku"): ("items", "sku"),
    ("stock", "node"): ("nodes", "node"),
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
    ("prices", "sku"): ("items", "sku"),
    ("prices", "node"): ("nodes", "node"),
    ("rates", "service"): ("rate_cards", "service"),
    ("surcharges", "service"): ("rate_cards", "service"),
    ("transit", "service"): ("rate_cards", "service"),
}
"""A value on the left must stand on the right."""
