"""Writes the made-up freight contracts `ltl-contracts` for the lanes of `dtc-3-node` anew; the same call gives the same files."""

from datetime import date
from pathlib import Path

import polars as pl

from evenstock.connectors.files import write_folder
from evenstock.freight.ltl.synthetic import synthetic_tariff

HERE = Path(__file__).parent
BEGINS = date(2026, 1, 5)
"""Carriers' general increases fall into the first days of a year."""


def tables() -> dict[str, pl.DataFrame]:
    """A class tariff between the three nodes' postal areas (synthetic: no number of it comes from a carrier), its contract, a truck."""
    network = HERE / "dtc-3-node"
    nodes = pl.read_csv(network / "nodes.csv", schema_overrides={"postal_code": pl.String})
    places = {
        postal[:3]: (latitude, longitude)
        for postal, latitude, longitude in nodes.select("postal_code", "latitude", "longitude").iter_rows()
    }
    tariff = synthetic_tariff(places, tariff="synthetic", valid_from=BEGINS, seed=3)
    lanes = pl.read_csv(network / "lanes.csv", schema_overrides={"dispatch_days": pl.String})
    shared = lanes.with_columns(service=pl.lit("overland:ltl"), accessorials=pl.lit(""))
    trucks = shared.with_columns(mode=pl.lit("ftl"), service=pl.lit("overland:ftl"))
    return {
        "lanes": pl.concat([shared, trucks]),
        "ltl_tariffs": tariff.filter(pl.col("origin_zip3") != pl.col("destination_zip3")),
        "ltl_contracts": pl.DataFrame(
            {
                "service": ["overland:ltl"],
                "valid_from": [BEGINS],
                "tariff": ["synthetic"],
                "discount_bp": [7_200],
                "minimum_cents": [11_500],
                "fuel_bp": [2_700],
                "linear_feet": [12],
                "linear_foot_cents": [4_000],
            }
        ),
        "accessorials": pl.DataFrame(
            {
                "service": ["overland:ltl"] * 4,
                "valid_from": [BEGINS] * 4,
                "accessorial": ["liftgate", "residential", "limited access", "appointment"],
                "cents": [8_500, 11_000, 9_500, 3_000],
            }
        ),
        "truckload_rates": pl.DataFrame(
            {
                "service": ["overland:ftl"],
                "valid_from": [BEGINS],
                "mile_cents": [185],
                "minimum_cents": [80_000],
                "stop_cents": [7_500],
                "fuel_mile_cents": [42],
            }
        ),
    }


if __name__ == "__main__":
    write_folder(tables(), HERE / "ltl-contracts")
