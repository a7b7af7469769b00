"""Writes the example network `dtc-3-node` anew; the same call gives the same files."""

from datetime import date
from pathlib import Path

import polars as pl

from evenstock.connectors.files import write_folder
from evenstock.simulation.world import make_world


def supplies(items: pl.DataFrame, node: str) -> pl.DataFrame:
    """Each category has a maker: by road on Wednesdays and Fridays in twelve days at cost, by air on working days in four, a sixth dearer."""
    maker = pl.concat_str(pl.col("category").str.to_titlecase(), pl.lit(" Works")).alias("supplier")
    shared = items.select("sku", maker, pl.lit(node).alias("node"), "unit_cost_cents", "case_units")
    road = shared.with_columns(
        mode=pl.lit("road"),
        price_cents=pl.col("unit_cost_cents"),
        lead_days=12,
        order_days=pl.lit("35"),
        order_cents=2500,
        minimum_units=2 * pl.col("case_units"),
    )
    air = shared.with_columns(
        mode=pl.lit("air"),
        price_cents=(pl.col("unit_cost_cents") * 7) // 6,
        lead_days=4,
        order_days=pl.lit("12345"),
        order_cents=0,
        minimum_units=pl.col("case_units"),
    )
    both = (
        pl.concat([road, air], how="vertical_relaxed").rename({"case_units": "multiple_units"}).drop("unit_cost_cents")
    )
    return both.sort("sku", "mode")


if __name__ == "__main__":
    world = make_world(seed=3, nodes=3, skus=30, days=120, orders_per_day=40, as_of=date(2026, 11, 20))
    # A small brand shares trucks with others: a quarter of what a truck of its own would cost.
    world.frames["lanes"] = world.frames["lanes"].with_columns(pl.col("fixed_cents", "pallet_cents") // 4)
    world.frames["supplies"] = supplies(world.frames["items"], "TX-DC")
    write_folder(world.frames, Path(__file__).parent / "dtc-3-node", format="csv")
