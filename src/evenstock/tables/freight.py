"""What carriers charge beyond a card's base rates, what they invoiced, and what their scans said."""

from __future__ import annotations

import dataframely as dy

from evenstock.tables.columns import MAX_CENTS, REQUIRED, cents, day, metadata_of, moment, name_of, text, whole, zip3


class Discounts(dy.Schema):
    """What a contract takes off the base charge, by weight, zone and how much is spent with the carrier."""

    service = name_of("carrier:service", key=True)
    valid_from = day("First day of its rate card", key=True)
    zone = whole("Zone; 0 for every zone that has no row of its own", "zone", high=999, key=True)
    above_g = whole("Billable weight above which it holds, exclusive; 0 for any", "g", key=True)
    spend_above_cents = whole(
        "Average gross charges a week above which it holds, exclusive; 0 for any", "cents", high=MAX_CENTS, key=True
    )
    discount_bp = whole("Off the base charge", "basis points", high=9_999)


class DeliveryAreas(dy.Schema):
    """Postal codes where delivery costs more: lists that surcharges name."""

    area_list = name_of("Name of the list, such as extended", key=True)
    postal_code = name_of("Postal code, or how such codes begin", key=True)


class FuelRules(dy.Schema):
    """How a carrier turns a fuel index into its surcharge."""

    rule = name_of("Name that rate cards give, such as ups ground", key=True)
    fuel_index = name_of("Index in fuel_index, such as diesel")
    region = name_of("Region of the index, such as US or R10", default="US")
    lag_days = whole("Days from the index's day to the first day on which it counts", "days", high=366)
    effective_weekday = whole(
        "Day of the week on which the surcharge changes, Monday 1 to Sunday 7; 0 for the day of a month's first",
        "weekday", high=7, default=1,
    )  # fmt: skip
    rounding_mills = whole(
        "The price is rounded half up to a multiple of this before the table is read", "thousandths a gallon", low=1,
        high=1_000, default=10,
    )  # fmt: skip
    fuel_table = name_of("Table in fuel_tables")


class FuelTables(dy.Schema):
    """Surcharge by price of fuel. Effective-dated: a table that changes is a new set of rows."""

    fuel_table = name_of("Name of the table", key=True)
    valid_from = day("First day it counts", key=True)
    at_least_mills = whole("Price from which this row holds, inclusive", "thousandths a gallon", high=100_000, key=True)
    fuel_bp = whole("Surcharge", "basis points", high=100_000)


class FuelIndex(dy.Schema):
    """Prices of fuel as published, such as the EIA's weekly on-highway diesel."""

    fuel_index = name_of("Index, such as diesel", key=True)
    region = name_of("Region, such as US or R10", key=True)
    date = day("Day it is the price of", key=True)
    mills = whole("Price", "thousandths a gallon", low=1, high=100_000)


class FuelOverrides(dy.Schema):
    """Surcharges that a carrier posted against its own rule: what is posted applies."""

    rule = name_of("Rule in fuel_rules", key=True)
    valid_from = day("First day", key=True)
    valid_to = day("Last day; empty until the next", nullable=True, default=None)
    fuel_bp = whole("Surcharge posted", "basis points", high=100_000)
    because = text("Where it was posted", default="")


class ExchangeRates(dy.Schema):
    """What a unit of a foreign currency costs in ours."""

    currency = text("ISO 4217 code of the foreign currency", regex=r"^[A-Z]{3}$", key=True)
    date = day("First day it counts", key=True)
    micros = whole("Millionths of our currency for one of theirs", "millionths", low=1)


class RateCorrections(dy.Schema):
    """What invoices taught about a card until it is mended: an expected difference, with an end."""

    service = name_of("carrier:service", key=True)
    charge = name_of("base, fuel, or the surcharge it is about", key=True)
    valid_from = day("First day it counts", key=True)
    valid_to = day("Last day it counts")
    cents = dy.Int64(
        min=-MAX_CENTS, max=MAX_CENTS, description="Added to each charge of that name", metadata=metadata_of("cents", 0)
    )
    share_bp = dy.Int64(
        min=-10_000, max=100_000, description="and this share of it", metadata=metadata_of("basis points", 0)
    )
    because = text("The evidence, in one sentence", default="")


class Invoices(dy.Schema):
    """Carriers' invoices, a row a charge of a parcel."""

    invoice = name_of("Number of the invoice", key=True)
    line = whole("Number of the row in it", "row", key=True)
    parcel = name_of("Number of the parcel")
    service = name_of("carrier:service billed")
    charge = name_of("base, fuel, or the carrier's name of the surcharge")
    invoiced_on = day("Day of the invoice")
    shipped_on = day("Day the parcel left")
    cents = dy.Int64(
        min=-MAX_CENTS,
        max=MAX_CENTS,
        description="Charged; credits are negative",
        metadata=metadata_of("cents", REQUIRED),
    )
    zone = whole("Zone billed; empty where not said", "zone", high=999, nullable=True, default=None)
    billed_g = whole("Weight billed; empty where not said", "g", nullable=True, default=None)
    currency = text("ISO 4217 code", regex=r"^[A-Z]{3}$", default="USD")


class Parcels(dy.Schema):
    """Parcels as they left: what quotes, invoices and scores are held against."""

    parcel = name_of("Number of the parcel", key=True)
    shipment = text("Shipment it belongs to", default="")
    service = name_of("carrier:service")
    origin = text("Node it left; empty where unknown", default="")
    origin_postal_code = name_of("Postal code it left from")
    destination_postal_code = name_of("Postal code it went to")
    residential = dy.Bool(description="Whether it went to a home", metadata=metadata_of("", default=True))
    shipped_on = day("Day it left")
    weight_g = whole("Weight", "g")
    length_mm = whole("Longest side; 0 where unknown", "mm", high=100_000, default=0)
    width_mm = whole("Second side", "mm", high=100_000, default=0)
    height_mm = whole("Shortest side", "mm", high=100_000, default=0)
    hazmat = dy.Bool(description="Whether it holds hazardous goods", metadata=metadata_of("", default=False))
    value_cents = cents("What the goods are worth; 0 where unknown", default=0)


class TrackingEvents(dy.Schema):
    """Scans as carriers report them, each in its own words and in ours."""

    parcel = name_of("Number of the parcel", key=True)
    scanned_at = moment("Moment of the event", key=True)
    code = name_of("Carrier's code or words", key=True)
    service = name_of("carrier:service")
    status = dy.Enum(
        ["pending", "picked_up", "in_transit", "out_for_delivery", "delivered", "delivery_failed", "delivery_delayed",
         "on_hold", "ready_for_pickup", "return_to_sender", "cancelled", "unknown", "damaged", "lost"],
        description="What it means, in the words every carrier is brought to",
    )  # fmt: skip
    location = text("Where, as the carrier says it", default="")


class CustomerScores(dy.Schema):
    """What customers said about a delivery."""

    parcel = name_of("Number of the parcel", key=True)
    scored_on = day("Day")
    score = whole("1, the worst, to 5", "points", low=1, high=5)


class CarrierLimits(dy.Schema):
    """What a carrier takes over, whatever the service. Effective-dated: a new limit is a new row."""

    carrier = name_of("Carrier: what its services begin with, such as ups", key=True)
    valid_from = day("First day it counts", key=True)
    shipments_per_day = whole(
        "Most shipments a day of all its services from all nodes; empty where unlimited",
        "shipments/day",
        nullable=True,
        default=None,
    )
    pickup_days = text("Days it comes, Monday 1 to Sunday 7", regex=r"^[1-7]{1,7}$", default="1234567")
    pickup_holidays = text("Days it does not come, ISO dates such as 2026-11-26;2026-12-25", default="")


class LtlTariffs(dy.Schema):
    """Rates of less-than-truckload freight by lane, class and weight break, in cents a hundredweight."""

    tariff = name_of("Name of the tariff, such as base500", key=True)
    valid_from = day("First day it counts", key=True)
    origin_zip3 = zip3("First three characters of the origin's postal code")
    destination_zip3 = zip3("First three characters of the destination's postal code")
    freight_class = text(
        "NMFC class, such as 92.5",
        regex=r"^(50|55|60|65|70|77\.5|85|92\.5|100|110|125|150|175|200|250|300|400|500)$",
        key=True,
    )
    at_least_lb = whole("Weight from which the break holds, inclusive; the first is 0", "lb", high=100_000, key=True)
    cents_cwt = cents("Rate for a hundred pounds")


class LtlContracts(dy.Schema):
    """What a carrier's contract makes of a tariff."""

    service = name_of("carrier:service, such as saia:ltl", key=True)
    valid_from = day("First day it counts", key=True)
    tariff = name_of("Tariff in ltl_tariffs")
    discount_bp = whole("Off the tariff", "basis points", high=9_999, default=0)
    minimum_cents = cents("Absolute minimum charge, before fuel", default=0)
    fak_class = text("One class for all goods; empty rates by density", default="")
    fuel_bp = whole("On the net linehaul only", "basis points", high=100_000, default=0)
    fuel_rule = text("Rule in fuel_rules that sets it instead; empty takes fuel_bp", default="")
    linear_feet = whole("Feet of trailer from which the linear-foot rule holds; 0 for none", "ft", high=60, default=0)
    linear_foot_cents = cents("Least net linehaul for each foot then, before fuel", default=0)


class Accessorials(dy.Schema):
    """What a carrier charges for a service beyond linehaul: liftgate, residential, limited access, appointment."""

    service = name_of("carrier:service", key=True)
    valid_from = day("First day it counts", key=True)
    accessorial = name_of("Name, such as liftgate", key=True)
    cents = cents("For a shipment")


class TruckloadRates(dy.Schema):
    """What a whole truck costs, by the mile."""

    service = name_of("carrier:service", key=True)
    valid_from = day("First day it counts", key=True)
    mile_cents = cents("For a mile")
    minimum_cents = cents("Least charge of a truck", default=0)
    stop_cents = cents("For each stop after the first", default=0)
    pallets = whole("Pallets that fill a truck", "pallets", low=1, high=60, default=26)
    max_weight_g = whole("Most it carries", "g", low=1, default=19_504_000)
    fuel_mile_cents = cents("Fuel surcharge for a mile", default=0)
