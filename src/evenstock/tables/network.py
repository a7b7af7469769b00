"""How a network is: places, goods, lanes, freight, rules and costs."""

from __future__ import annotations

import dataframely as dy

from evenstock.tables.columns import cents, day, metadata_of, moment, name_of, text, whole, zip3


class Nodes(dy.Schema):
    """Places that hold stock and release shipments, with their clock, calendar, ceiling and handling costs."""

    node = name_of("Name of the node, used in every other table", key=True)
    kind = dy.Enum(["own", "3pl", "mcf", "fba", "store"], description="Who runs it; fba never ships brand orders")
    postal_code = name_of("Postal code of the dock, as text")
    country = text("ISO 3166-1 alpha-2 country", regex=r"^[A-Z]{2}$", default="US")
    latitude = dy.Float64(
        min=-90, max=90, nullable=True, description="Of the dock", metadata=metadata_of("degrees", None)
    )
    longitude = dy.Float64(
        min=-180, max=180, nullable=True, description="Of the dock", metadata=metadata_of("degrees", None)
    )
    timezone = name_of("IANA time zone of the dock, such as America/Chicago")
    cutoff = text(
        "Orders known by this local time leave the same working day",
        regex=r"^([01]\d|2[0-3]):[0-5]\d$",
        unit="HH:MM",
        default="14:00",
    )
    working_days = text("Days it ships, Monday 1 to Sunday 7", regex=r"^[1-7]{1,7}$", default="12345")
    holidays = text("Days it is closed, ISO dates", default="")
    orders_per_day = whole("Most shipments a day; empty where unlimited", "shipments/day", nullable=True, default=None)
    pick_order_cents = cents("Handling of one shipment, whatever is in it", default=0)
    pick_unit_cents = cents("Picking one unit", default=0)
    receive_unit_cents = cents("Receiving one unit", default=0)
    certifications = text("What it may handle beyond ordinary goods, such as hazmat;cold", default="")
    pool = name_of("Stock pool; a rule says which pools may serve an order", default="own")
    services = text("Services that pick up there, such as ups:ground;mcf:standard; empty for all", default="")
    active = dy.Bool(description="Whether it ships at present", metadata=metadata_of("", default=True))
    transfer_units_out = whole(
        "Units it can pick for transfers a day; empty where unlimited", "units/day", nullable=True, default=None
    )
    transfer_units_in = whole(
        "Units of transfers it can receive a day; empty where unlimited", "units/day", nullable=True, default=None
    )
    pallet_places = whole(
        "Pallets it has room for; empty where room is not short", "pallets", nullable=True, default=None
    )
    storage_cents_m3_month = cents("Storage fee for a cubic metre and month, such as Amazon's; 0 for none", default=0)


class Items(dy.Schema):
    """What is stocked and sold."""

    sku = name_of("Stock keeping unit, as text: leading zeros count", key=True)
    description = text("In words", default="")
    category = text("Product group", default="")
    weight_g = whole("Of one unit, packed", "g")
    length_mm = whole("Of one unit; 0 where unknown", "mm", high=100_000, default=0)
    width_mm = whole("Of one unit; 0 where unknown", "mm", high=100_000, default=0)
    height_mm = whole("Of one unit; 0 where unknown", "mm", high=100_000, default=0)
    unit_cost_cents = cents("What one unit cost us")
    price_cents = cents("What one unit sells for, before tax")
    case_units = whole("Units moved together between nodes", "units", low=1, default=1)
    pallet_units = whole("Units on a full pallet; 0 where unknown", "units", default=0)
    requires = text("Certifications a node must hold to ship it", default="")
    max_transit_days = whole(
        "Longest it may travel; empty for what does not perish", "days", low=1, high=365, nullable=True, default=None
    )
    shelf_life_days = whole(
        "Days it keeps from receipt; empty for what does not expire",
        "days",
        low=1,
        high=3650,
        nullable=True,
        default=None,
    )
    minimum_shelf_days = whole("Days it must still keep when a transfer arrives", "days", high=3650, default=0)
    gtin = text("GS1 GTIN, 8 to 14 digits", regex=r"^(\d{8}|\d{12,14})?$", default="")
    introduced_on = day("First day on sale; empty where long known", nullable=True, default=None)
    discontinued_on = day("First day no longer sold; empty while it is", nullable=True, default=None)
    replaces = text("Item whose demand it takes over; empty for none", default="")


class Lanes(dy.Schema):
    """Ways for stock to go from node to node."""

    origin = name_of("Node it leaves", key=True)
    destination = name_of("Node it reaches", key=True)
    mode = dy.Enum(
        ["parcel", "ltl", "ftl"], primary_key=True, description="Kind of carriage", metadata={"default": "ltl"}
    )
    fixed_cents = cents("Per departure, whatever is on it", default=0)
    pallet_cents = cents("Per pallet, begun pallets count whole", default=0)
    unit_cents = cents("Per unit", default=0)
    lead_days = whole("Days from dispatch to sellable at the destination", "days", high=365)
    dispatch_days = text("Days it leaves, Monday 1 to Sunday 7", regex=r"^[1-7]{1,7}$", default="12345")
    truck_cents = cents("Per begun truck", default=0)
    truck_pallets = whole("Pallets on a full truck; 0 where trucks are not counted", "pallets", high=1000, default=0)
    trucks = whole("Most trucks of a departure; 0 where unlimited", "trucks", high=1000, default=0)
    service = text(
        "carrier:service of ltl_contracts or truckload_rates whose contract sets the lane's costs; empty for those above",
        default="",
    )
    accessorials = text("Accessorials that every departure pays then, such as liftgate;appointment", default="")


class RateCards(dy.Schema):
    """Terms of a carrier's service from a date on. Effective-dated: a new card is a new row, never an overwrite."""

    service = name_of("carrier:service, such as ups:ground", key=True)
    valid_from = day("First day of the card", key=True)
    valid_to = day("Last day of the card; empty while open", nullable=True, default=None)
    dim_divisor_mm3_per_g = whole("Volume that bills as one gram (139 in3/lb is 5022); 0 for none", "mm3/g", default=0)
    minimum_cents = cents("Least charge of a parcel before fuel", default=0)
    fuel_bp = whole(
        "Fuel surcharge on base and minimum, in hundredths of a percent", "basis points", high=100_000, default=0
    )
    max_weight_g = whole("Heaviest billable parcel", "g", low=1, default=68_000)
    max_longest_mm = whole("Longest side it takes; 0 for any", "mm", high=100_000, default=0)
    pickup_days = text("Days it picks up, Monday 1 to Sunday 7", regex=r"^[1-7]{1,7}$", default="1234567")
    pickup_holidays = text("Days it does not pick up, ISO dates such as 2026-11-26;2026-12-25", default="")
    shipments_per_day = whole(
        "Most shipments a day that the service takes over from all nodes; empty where unlimited",
        "shipments/day",
        nullable=True,
        default=None,
    )
    fuel_rule = text("Rule of fuel_rules that sets the fuel surcharge; empty takes fuel_bp", default="")
    currency = text("ISO 4217 code of its cents", regex=r"^[A-Z]{3}$", default="USD")
    dim_above_mm3 = whole("Volume up to which volume does not bill; USPS 28316847 (a cubic foot)", "mm3", default=0)
    weekly_spend_cents = cents("Average gross charges a week, at which discount tiers are read", default=0)
    mode = text(
        "How it travels, for carbon; empty goes by the service's name",
        regex=r"^(|parcel|parcel air|ltl|ftl|rail|barge|sea|air)$",
        default="",
    )


class Rates(dy.Schema):
    """Base charge of a parcel: zone by weight break. A parcel pays the first break at or above its billable weight."""

    service = name_of("carrier:service", key=True)
    valid_from = day("First day of its rate card", key=True)
    zone = whole("Zone from origin to destination", "zone", high=999, key=True)
    max_weight_g = whole("Upper end of the weight break, inclusive", "g", low=1, key=True)
    cents = cents("Base charge before fuel and surcharges")


class Surcharges(dy.Schema):
    """Named charges on top of the base."""

    service = name_of("carrier:service", key=True)
    valid_from = day("First day of its rate card", key=True)
    surcharge = name_of("Name, such as residential", key=True)
    applies = dy.Enum(
        ["always", "residential", "weight_over", "longest_over", "second_longest_over", "girth_over", "volume_over",
         "delivery_area", "hazmat"],
        description="To every parcel, to homes, above a billable weight (g), a longest or second side, length plus girth (mm) or volume (mm3) of the largest unit, in a list of postal codes, with goods that require hazmat",
    )  # fmt: skip
    above = whole("Threshold of those that have one, exclusive", "g, mm or mm3", default=0)
    cents = cents("Charge per parcel", default=0)
    share_bp = whole("and this share of the base charge", "basis points", high=100_000, default=0)
    area_list = text("List of delivery_areas, for delivery_area", default="")
    homes = dy.Enum(
        ["any", "residential", "commercial"], description="Where it is due", metadata=metadata_of("", default="any")
    )
    first_day = day("First day it is due, for peaks; empty as long as the card", nullable=True, default=None)
    last_day = day("Last day it is due; empty as long as the card", nullable=True, default=None)
    fuel_applies = dy.Bool(description="Whether fuel is charged on it", metadata=metadata_of("", default=False))
    dearest_of = text("Of all charges with this word only the dearest, with fuel on it, is due", default="")


class Zones(dy.Schema):
    """A zone chart; without one, zones follow from the distance between ZIP3 centroids."""

    origin_zip3 = zip3("First three characters of the origin's postal code")
    destination_zip3 = zip3("First three characters of the destination's postal code")
    zone = whole("Zone", "zone", high=999)


class Places(dy.Schema):
    """Where postal areas are: centroids by ZIP3."""

    zip3 = zip3("First three characters of the postal code")
    latitude = dy.Float64(min=-90, max=90, description="Centroid", metadata={"unit": "degrees"})
    longitude = dy.Float64(min=-180, max=180, description="Centroid", metadata={"unit": "degrees"})


class Transit(dy.Schema):
    """How long a service takes by zone: a distribution over whole days, which adds up to 1 for each service and zone."""

    service = name_of("carrier:service", key=True)
    zone = whole("Zone", "zone", high=999, key=True)
    days = whole("Days from pick-up to delivery", "days", high=120, key=True)
    probability = dy.Float64(min=0, max=1, description="Share of parcels delivered after exactly these days")


class Rules(dy.Schema):
    """The policy, in order: each row a rule."""

    rule = name_of("Its name, shown wherever it bars something", key=True)
    kind = name_of("What reads it: a member of the rule family")
    parameters = text("name=value pairs separated by ;", default="")
    hard = dy.Bool(description="Law, or a wish that yields to a paid order", metadata=metadata_of("", default=True))
    valid_from = day("First day in force; empty for always", nullable=True, default=None)
    valid_to = day("Last day in force; empty for always", nullable=True, default=None)
    because = text("Why it exists, in words", default="")
    owner = text("Who answers for it; empty where nobody is named", default="")


class Costs(dy.Schema):
    """What only the company knows; a row that is missing takes its default."""

    cost = dy.Enum(
        [
            "late_order_cents",
            "extra_shipment_cents",
            "short_pick_cents",
            "claim_cents",
            "carbon_cents_per_tonne",
            "switch_cents",
            "regret_budget_millicents",
            "goodwill_bp",
            "capital_bp_per_year",
            "holding_bp_per_year",
            "horizon_days",
            "nights_between_plans",
            "line_benefit_cents",
            "line_benefit_bp",
            "departure_benefit_cents",
            "transfer_budget_cents",
            "cooling_off_days",
            "revision_bp",
            "tail_weight_bp",
            "stale_feed_bp_per_hour",
            "explore_share_bp",
            "explore_within_cents",
            "explore_week_cents",
        ],
        primary_key=True,
        description="A late order, a second parcel, a short pick, a lost or damaged parcel, a tonne of CO2, changing one's mind, regret allowed an order, goodwill, money, space, days planned ahead, how often and for how little stock is moved, how much is held back where a feed is silent, how many orders try another service and what that may cost",
    )
    amount = whole("Value", "cents, millicents, basis points or days, as the name says")
    because = text("Where the number comes from", default="")


class Prices(dy.Schema):
    """Value of one more unit of an item at a node; routing adds it to the cost of taking the unit."""

    sku = name_of("Item", key=True)
    node = name_of("Node", key=True)
    valid_from = moment("From when", key=True)
    source = name_of("Who computed it: nightly or repricing", key=True)
    cents = cents("Value of one more unit")


class Quotas(dy.Schema):
    """Stock protected for a class of customers."""

    sku = name_of("Item", key=True)
    node = name_of("Node", key=True)
    order_class = name_of("Class of orders it is kept for", key=True)
    units = whole("Units protected", "units")
