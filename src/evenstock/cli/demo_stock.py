"""How near beliefs and the count list came to the truth, which only a made-up brand can tell."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from evenstock.inventory import EMPTY_AT
from evenstock.operations.believe_stock import Believed
from evenstock.operations.propose_counts import ProposedCounts
from evenstock.simulation.enrichment import Enriched

_KEY = ("sku", "node")


@dataclass(frozen=True)
class StockTruth:
    """Beliefs beside the truth."""

    shelves: int
    wrong: int
    """Records that are not what is there."""
    wrong_cents: int
    """What the units they are off by cost."""
    said_empty: int
    truly_empty: int
    """Of these."""
    counts: int
    found: int
    """Wrong records among today's counts."""
    found_cents: int
    """Error that they would put right."""
    units_held_back: int


def stock_truth(world: Enriched, believed: Believed, proposed: ProposedCounts) -> StockTruth:
    """Score what was believed, and what today's counts would find, against what is there."""
    cost = world.world.frames["items"].select("sku", "unit_cost_cents")
    truth = (
        world.true_stock.group_by(*_KEY)
        .agg(pl.sum("on_hand", "units"))
        .join(cost, on="sku", how="left")
        .with_columns(cents=(pl.col("units") - pl.col("on_hand")).abs() * pl.col("unit_cost_cents"))
    )
    said = believed.beliefs.frame.filter(pl.col("p_phantom") >= EMPTY_AT).join(truth, on=_KEY, how="left")
    counted = proposed.lines.join(truth, on=_KEY, how="left")
    return StockTruth(
        shelves=believed.beliefs.frame.height,
        wrong=truth.filter(pl.col("units") != pl.col("on_hand")).height,
        wrong_cents=int(truth["cents"].sum()),
        said_empty=said.height,
        truly_empty=said.filter(pl.col("units") == 0).height,
        counts=counted.height,
        found=counted.filter(pl.col("units") != pl.col("on_hand")).height,
        found_cents=int(counted["cents"].sum()),
        units_held_back=int(believed.held["units"].sum()),
    )
