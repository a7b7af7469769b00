"""What a company's past shipments emitted, by service and by lane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from evenstock.freight.carbon import Mode, lane_emissions, service_mode
from evenstock.operations.company import Company
from evenstock.operations.past_shipments import past_shipments


@dataclass(frozen=True, slots=True, eq=False)
class CarbonReport:
    shipments: pl.DataFrame
    """shipment, order, node, area, service, mode, weight_g, km (great circle), travelled_km, tank_to_wheel_g, well_to_wheel_g, source,
    year."""
    by_service: pl.DataFrame
    """service, mode, shipments, weight_g, tank_to_wheel_g, well_to_wheel_g: what emitted most first."""
    by_lane: pl.DataFrame
    """The same by node and destination area."""
    left_out: Mapping[str, int]
    """Shipments that could not be reckoned, by reason."""

    @property
    def sentence(self) -> str:
        kg = self.shipments["well_to_wheel_g"].sum() / 1_000
        burnt = self.shipments["tank_to_wheel_g"].sum() / 1_000
        said = f"{self.shipments.height:,} shipments: {kg:,.1f} kg CO2e well to wheel ({burnt:,.1f} kg tank to wheel)"
        return said + "".join(f"; {n:,} left out: {why}" for why, n in sorted(self.left_out.items()))


def carbon_report(company: Company, modes: Mapping[str, Mode | str] | None = None) -> CarbonReport:
    """Of the tables order_history, shipments and shipped_units: weight of the units, great circle between the middles of the
    postal areas stretched to the way travelled, the mode of the service.

    Parameters
    ----------
    modes : how services travel, where neither their card nor their name tells (see `service_mode`).

    Raises
    ------
    ValueError
        If there are no past orders or shipments, no rate cards (they know the places), or a mode said is none.
    """
    book = company.network.rates
    if book is None:
        raise ValueError("the network has no rate cards; import rate_cards, rates and places to know distances")
    said = book.modes | dict(modes or {})
    past = past_shipments(company)
    km = [book.km(*pair) for pair in past.shipments.select("origin_postal_code", "destination_postal_code").iter_rows()]
    mode = {service: str(service_mode(service, said)) for service in past.shipments["service"].unique().to_list()}
    rows = past.shipments.with_columns(
        km=pl.Series(km, dtype=pl.Float64),
        mode=pl.col("service").replace_strict(mode, return_dtype=pl.String),
        area=pl.col("destination_postal_code").str.strip_chars().str.slice(0, 3).str.to_uppercase(),
    )
    known = rows.filter(pl.col("km").is_not_null() & pl.col("weight_g").is_not_null())
    columns = ["shipment", "order", "node", "area", "service", "mode", "weight_g", "km"]
    found = lane_emissions(known.select(columns), great_circle=True)
    left_out = {
        "of no known order or node": past.strange,
        "place unknown": rows.filter(pl.col("km").is_null()).height,
        "units unknown": rows.filter(pl.col("km").is_not_null() & pl.col("weight_g").is_null()).height,
    }
    return CarbonReport(
        found,
        _by(found, "service", "mode"),
        _by(found, "node", "area"),
        {why: n for why, n in left_out.items() if n},
    )


def _by(found: pl.DataFrame, *names: str) -> pl.DataFrame:
    return (
        found.group_by(names)
        .agg(
            shipments=pl.len().cast(pl.Int64),
            weight_g=pl.col("weight_g").sum(),
            tank_to_wheel_g=pl.col("tank_to_wheel_g").sum(),
            well_to_wheel_g=pl.col("well_to_wheel_g").sum(),
        )
        .sort("well_to_wheel_g", *names, descending=[True, *[False] * len(names)])
    )
