"""What became of a company's parcels, gathered from its scans, claims, invoices and customers' scores."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import numpy as np
import polars as pl

from evenstock import tables
from evenstock.freight import reading, scorecard, tracking, transit
from evenstock.freight.zones import area
from evenstock.operations.company import Company
from evenstock.tables.columns import with_defaults

SCORED_BY: Final = ("parcels", "deliveries", "tracking_events", "shipments", "orders", "order_history", "claims", "invoices",
                    "customer_scores")  # fmt: skip
ADVERTISED: Final = 0.9
"""Where a carrier names no day, the day by which the imported table of transit times has so many parcels there."""
OUR_CURRENCY: Final = "USD"


@dataclass(frozen=True, slots=True, eq=False)
class CarrierOutcomes:
    """Parcels with what became of them, and where that is known from."""

    outcomes: scorecard.Outcomes
    journeys: tracking.Journeys | None
    """None where no tracking events were imported."""
    left: pl.DataFrame
    """Columns parcel, service, shipped_at, lane: what is known to have left, to find what was never scanned."""
    notes: tuple[str, ...]
    could: pl.DataFrame | None = None
    """Columns parcel, could: the services of which one was chosen, where decisions kept their propensities; else None."""


def carrier_outcomes(
    company: Company, *, as_of: date, weeks: int | None = None, propensities: pl.DataFrame | None = None
) -> CarrierOutcomes:
    """Gather the parcels that left in the last weeks, as known on the morning of `as_of`.

    A parcel stands in deliveries, in parcels, or in both; where no delivery scan was imported, tracking events say when it
    came. It was promised for the day its order was told; where no order is known, for the day the carrier promised.

    Parameters
    ----------
    weeks
        Only what left in so many weeks; None for all.
    propensities
        Columns parcel and propensity, see `scorecard.read`; or those that `propensities_of` reads from decisions, which
        speak for a parcel of that order where it went by the service that was decided.

    Raises
    ------
    ValueError
        If neither deliveries nor parcels were imported.
    """
    given = {name: table for name in SCORED_BY if (table := company.table(name)) is not None}
    if not {"deliveries", "parcels"} & given.keys():
        raise ValueError(
            "no parcels to score carriers by: import a table named deliveries (parcel, service, postal codes, shipped_at, "
            "delivered_at, promised_on) or parcels"
        )
    notes: list[str] = []
    moment = datetime.combine(as_of, time.min, UTC) - timedelta(microseconds=1)
    events = given.get("tracking_events")
    journeys = tracking.journeys(events, moment) if events is not None else None
    clocks = {str(node.id): node.timezone for node in company.network.nodes.values()}
    base = _parcels(given, clocks)
    first = as_of - timedelta(weeks=weeks) if weeks is not None else date.min
    base = base.filter(pl.col("shipped_on").is_null() | (pl.col("shipped_on") >= first))
    told = _scanned(base, journeys, clocks)
    told = _placed(told, company)
    told = _promised(told, given, company, notes)
    told = _claimed(told, given, as_of, notes)
    told = _invoiced(told, given, as_of, notes)
    told = _scores(told, given, as_of)
    could = None
    if propensities is not None and "parcel" in propensities.columns:
        told = told.join(propensities.select("parcel", "propensity"), on="parcel", how="left")
    elif propensities is not None:
        told = told.join(propensities, on=["order", "service"], how="left")
        could = told.select("parcel", "could").drop_nulls()
        notes.append(_weighed(could.height, told.height, propensities))
    lane = pl.concat_str("origin", pl.lit(" to "), "destination")
    left = told.select(
        "parcel",
        "service",
        shipped_at=pl.col("shipped_on").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        lane=lane,
    )
    columns = [name for name in (*scorecard.NEEDED, *scorecard.OPTIONAL) if name in told.columns]
    found = scorecard.read(told.select(columns), as_of)
    return CarrierOutcomes(found, journeys, left, tuple(notes + _notes(found, given, journeys)), could)


def _weighed(count: int, of: int, propensities: pl.DataFrame) -> str:
    if propensities.is_empty():
        return (
            "no decision keeps a propensity: nothing was tried on purpose (see explore_share_bp in the table costs), so the card "
            "says how services did where they were sent"
        )
    if not count:
        return (
            f"{propensities.height:,} decisions keep a propensity, but no parcel is known to belong to their orders by the "
            "service decided: import shipments with their orders, and parcels with their shipments"
        )
    return f"{count:,} of {of:,} parcels are weighed by one over the propensity that their decision kept; others count once"


def _parcels(given: dict[str, pl.DataFrame], clocks: dict[str, str]) -> pl.DataFrame:
    """One row a parcel of either table; what both say is taken from the scans."""
    parts = []
    if "deliveries" in given:
        scans = with_defaults(tables.Deliveries, given["deliveries"])
        days = {
            name: transit.local_day(column, clocks, "UTC").cast(pl.Int32).cast(pl.Date)
            for name, column in (("shipped_on", "shipped_at"), ("delivered_on", "delivered_at"))
        }
        parts.append(
            scans.select(
                "parcel", "service", "origin", "origin_postal_code", "destination_postal_code", **days,
                advertised_on="promised_on",
            )
        )  # fmt: skip
    if "parcels" in given:
        size = ("length_mm", "width_mm", "height_mm")
        known = with_defaults(tables.Parcels, given["parcels"])
        parts.append(
            known.select(
                "parcel", "service", "origin", "origin_postal_code", "destination_postal_code", "shipped_on", "shipment",
                scorecard.tier(*size), pl.col("value_cents"),
            )
        )  # fmt: skip
    if len(parts) == 1:
        return _complete(parts[0])
    # A parcel that stands twice in one table stands twice here too, and is refused.
    first, second = (
        part.with_columns(pl.when(pl.col("origin") != "").then("origin").alias("origin")) for part in parts
    )
    joined = first.join(second, on="parcel", how="full", coalesce=True, suffix=" again")
    common = [name for name in second.columns if name in first.columns and name != "parcel"]
    told = joined.with_columns(pl.coalesce(name, f"{name} again").alias(name) for name in common)
    return _complete(told.drop(f"{name} again" for name in common))


def _complete(frame: pl.DataFrame) -> pl.DataFrame:
    wanted = {"delivered_on": pl.Date, "advertised_on": pl.Date, "shipment": pl.String, "tier": pl.String}
    lacking = [pl.lit(None, kind).alias(name) for name, kind in wanted.items() if name not in frame.columns]
    return frame.with_columns(lacking).with_columns(pl.col("origin").fill_null(""))


def _scanned(base: pl.DataFrame, journeys: tracking.Journeys | None, clocks: dict[str, str]) -> pl.DataFrame:
    """Days that tracking tells: delivery where it was not imported, first attempt, return, damage, loss."""
    names = {"came_on": "delivered_at", "attempted_on": "first_attempt_at", "returned_on": "returned_at",
             "damaged_on": "damaged_at", "lost_on": "lost_at"}  # fmt: skip
    if journeys is None:
        return base.with_columns(pl.lit(None, pl.Date).alias(name) for name in names if name != "came_on")
    joined = base.join(journeys.frame.select("parcel", *names.values()), on="parcel", how="left")
    days = {
        name: transit.local_day(column, clocks, "UTC").cast(pl.Int32).cast(pl.Date) for name, column in names.items()
    }
    told = joined.with_columns(**days).drop(list(names.values()))
    return told.with_columns(pl.coalesce("delivered_on", "came_on").alias("delivered_on")).drop("came_on")


def _placed(told: pl.DataFrame, company: Company) -> pl.DataFrame:
    """Origin by its node, else its postal area; destination by its area; the zone between them."""
    book = company.network.rates
    pairs = told.select("origin_postal_code", "destination_postal_code").unique().drop_nulls()
    zones = [None if book is None else book.zone(here, there) for here, there in pairs.iter_rows()]
    areas = {code: area(code) for code in {*pairs["origin_postal_code"], *pairs["destination_postal_code"]}}
    placed = told.join(
        pairs.with_columns(pl.Series("zone", zones, dtype=pl.Int64)),
        on=["origin_postal_code", "destination_postal_code"],
        how="left",
    )

    def of(column: str) -> pl.Expr:
        return pl.col(column).replace_strict(areas, default=None, return_dtype=pl.String)

    node = pl.when(pl.col("origin") != "").then("origin")
    return placed.with_columns(
        origin=pl.coalesce(node, of("origin_postal_code")), destination=of("destination_postal_code")
    )


def _promised(told: pl.DataFrame, given: dict[str, pl.DataFrame], company: Company, notes: list[str]) -> pl.DataFrame:
    """What the customer was told, and what the carrier says of its service; and which of them parcels are held against."""
    said = pl.col("advertised_on").is_not_null().alias("said")
    told = told.with_columns(said, advertised_on=pl.coalesce("advertised_on", _by_table(told, company)))
    told = _with_orders(told, given)
    whose = (
        pl.when(pl.col("deliver_by").is_not_null())
        .then(pl.lit("what the customer was told"))
        .when("said")
        .then(pl.lit("the day that the carrier named"))
        .when(pl.col("advertised_on").is_not_null())
        .then(pl.lit(f"the day by which the imported table of transit times has {ADVERTISED:.0%} there"))
        .otherwise(pl.lit("nothing: they count as neither on time nor late"))
    )
    counts = told.select(whose=whose).group_by("whose").len().sort("len", "whose", descending=[True, False])
    notes += [f"{count:,} parcels are held against {name}" for name, count in counts.iter_rows()]
    return told.with_columns(promised_on=pl.coalesce("deliver_by", "advertised_on")).drop("said")


def _with_orders(told: pl.DataFrame, given: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Columns order and deliver_by, the last day promised for any of its lines."""
    nothing = told.with_columns(order=pl.lit(None, pl.String), deliver_by=pl.lit(None, pl.Date))
    if "shipments" not in given or told["shipment"].is_null().all():
        return nothing
    told = told.join(given["shipments"].select("shipment", "order").unique("shipment"), on="shipment", how="left")
    promised = [
        given[name].select("order", "deliver_by").drop_nulls()
        for name in ("orders", "order_history")
        if name in given and "deliver_by" in given[name].columns
    ]
    if not promised:
        return told.with_columns(deliver_by=pl.lit(None, pl.Date))
    due = pl.concat(promised).group_by("order").agg(pl.col("deliver_by").max())
    return told.join(due, on="order", how="left")


def _by_table(told: pl.DataFrame, company: Company) -> pl.Expr:
    """Day that the imported table of transit times advertises, where the carrier named none."""
    shares = reading.shares(company.tables.get("transit"))
    if not shares:
        return pl.lit(None, pl.Date)
    days = pl.DataFrame(
        {
            "service": [service for service, _ in shares],
            "zone": [zone for _, zone in shares],
            "days": [int(np.searchsorted(np.cumsum(share), ADVERTISED - 1e-9)) for share in shares.values()],
        }
    )
    known = told.select("service", "zone").join(days, on=["service", "zone"], how="left", maintain_order="left")["days"]
    return pl.col("shipped_on") + pl.duration(days=pl.lit(known))


def _claimed(told: pl.DataFrame, given: dict[str, pl.DataFrame], as_of: date, notes: list[str]) -> pl.DataFrame:
    """Damage and loss that customers told of, where the order's parcel is known."""
    if "claims" not in given:
        return told
    kinds = {"damaged": "damaged_on", "lost": "lost_on"}
    claims = given["claims"].filter(pl.col("kind").cast(pl.String).is_in(list(kinds)) & (pl.col("opened_on") < as_of))
    alone = told.filter(pl.col("order").is_not_null() & ~pl.col("order").is_duplicated()).select("order", "parcel")
    for kind, column in kinds.items():
        of = claims.filter(pl.col("kind").cast(pl.String) == kind).group_by("order").agg(pl.col("opened_on").min())
        known = of.join(alone, on="order").select("parcel", "opened_on")
        told = told.join(known, on="parcel", how="left")
        told = told.with_columns(pl.min_horizontal(column, "opened_on").alias(column)).drop("opened_on")
        lacking = of.join(told.filter(pl.col("order").is_duplicated()), on="order", how="semi").height
        if lacking:
            notes.append(
                f"claims: {lacking:,} orders {kind} had several parcels; which one it was nobody said, and none is blamed"
            )
    return told


def _invoiced(told: pl.DataFrame, given: dict[str, pl.DataFrame], as_of: date, notes: list[str]) -> pl.DataFrame:
    """What a parcel cost: its invoices, else its part of what its shipment was charged."""
    told = told.with_columns(cents=pl.lit(None, pl.Int64))
    if "shipments" in given:
        paid = (
            given["shipments"].filter(pl.col("cents").is_not_null()) if "cents" in given["shipments"].columns else None
        )
        if paid is not None:
            cartons = pl.col("parcels") if "parcels" in paid.columns else pl.lit(1)
            each = paid.select("shipment", part=(pl.col("cents") / cartons).round().cast(pl.Int64)).unique("shipment")
            told = told.join(each, on="shipment", how="left").with_columns(cents=pl.col("part")).drop("part")
    if "invoices" not in given:
        return told
    known = with_defaults(tables.Invoices, given["invoices"]).filter(pl.col("invoiced_on") < as_of)
    foreign = known.filter(pl.col("currency") != OUR_CURRENCY).height
    if foreign:
        notes.append(f"invoices: {foreign:,} rows in another currency than {OUR_CURRENCY} are not counted as cost")
    sums = (
        known.filter(pl.col("currency") == OUR_CURRENCY).group_by("parcel").agg(pl.col("cents").sum().alias("billed"))
    )
    credited = sums.filter(pl.col("billed") < 0).height
    if credited:
        notes.append(
            f"invoices: {credited:,} parcels were credited more than they were charged; their cost is left out"
        )
    told = told.join(sums.filter(pl.col("billed") >= 0), on="parcel", how="left")
    return told.with_columns(cents=pl.coalesce("billed", "cents")).drop("billed")


def _scores(told: pl.DataFrame, given: dict[str, pl.DataFrame], as_of: date) -> pl.DataFrame:
    """What the customer last said."""
    if "customer_scores" not in given:
        return told
    known = given["customer_scores"].filter(pl.col("scored_on") < as_of).sort("parcel", "scored_on")
    return told.join(known.unique("parcel", keep="last").select("parcel", "score"), on="parcel", how="left")


def _notes(found: scorecard.Outcomes, given: dict[str, pl.DataFrame], journeys: tracking.Journeys | None) -> list[str]:
    notes = [f"{found.frame.height:,} parcels; {int(found.frame['under_way'].sum()):,} of them under way"]
    notes += [
        f"{count:,} parcels are left out: {reason}; first {first}"
        for reason, count, first in found.refused.group_by("reason")
        .agg(pl.len(), pl.col("parcel").first())
        .sort("reason")
        .iter_rows()
    ]
    for name, lacking in (
        ("tracking_events", "first attempts, returns and missing scans"),
        ("claims", "damage that customers told of"),
        ("invoices", "cost beyond what shipments say"),
        ("customer_scores", "customers' scores"),
    ):
        if name not in given:
            notes.append(f"no table {name}: {lacking} cannot be scored; import it")
    return notes + (list(journeys.notes) if journeys is not None else [])
