"""The policy and the costs that the made-up brand lives by."""

from __future__ import annotations

from typing import Final

import polars as pl

from evenstock import tables
from evenstock.domain import Costs
from evenstock.simulation.sites import Site

RULES: Final = {
    "rule": pl.String,
    "kind": pl.String,
    "parameters": pl.String,
    "hard": pl.Boolean,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
    "because": pl.String,
}


def rules_frame(sites: tuple[Site, ...], categories: frozenset[str]) -> pl.DataFrame:
    """`tables.Rules`: the law of the trade, the brand's own limits, its wishes, and what a person decides.

    `categories` are those the brand sells: a rule about goods it has not would be refused.
    """
    amazon = [s.node for s in sites if s.kind == "mcf"]
    pools = ",".join(dict.fromkeys(s.pool for s in sites))
    rows: list[tuple[str, str, str, bool, str]] = [
        ("active", "active", "", True, "A closed node ships nothing"),
        ("certified", "certification", "", True, "Dangerous and chilled goods ship from where they may lie"),
        ("pools", "pool", f"pools={pools}", True, "Amazon's own pool never ships brand orders"),
        ("ceilings", "ceiling", "", True, "Third parties pick no more than the contract says"),
        (
            "no garden by air", "forbid", "services=northline:two_day;categories=garden", True,
            "Fuels and sprays stay on the ground",
        ),
        ("in time", "promise", "min_probability=0.9", False, "Late only where nothing is in time"),
        ("three parcels", "max_shipments", "shipments=3", False, "Customers count parcels"),
        ("vip in two", "max_shipments", "shipments=2;order_classes=vip", False, "Our best customers open fewer doors"),
        ("worth a parcel", "min_split_value", "cents=1200", False, "A second parcel carries at least 12 dollars"),
        (
            "dear plans", "review_above", "role=operations lead;plan_cost_cents=9000", True,
            "Above 90 dollars of freight a person looks",
        ),
        ("keep a week", "source_floor_days", "days=7", True, "Nobody gives away next week's sales"),
    ]  # fmt: skip
    if "garden" not in categories:
        rows = [row for row in rows if row[0] != "no garden by air"]
    if amazon:
        rows += [
            (
                "marketplace badge", "require", f"nodes={amazon[0]};channels=marketplace", False,
                "Amazon's delivery keeps the fast badge on marketplaces",
            ),
            (
                "no removals", "freeze_lane", f"origins={amazon[0]}", True,
                "Getting stock back from Amazon is a project of its own",
            ),
        ]  # fmt: skip
    return pl.DataFrame(
        [
            {"rule": a, "kind": b, "parameters": c, "hard": d, "valid_from": None, "valid_to": None, "because": e}
            for a, b, c, d, e in rows
        ],
        schema=RULES,
    )


def costs_frame() -> pl.DataFrame:
    """`tables.Costs`: the brand keeps the defaults and says why."""
    usual = Costs()
    because = {
        "late_order_cents": "Refunds and tickets of last year by late order",
        "extra_shipment_cents": "Service calls about second parcels",
        "short_pick_cents": "The walk, the second parcel, and one in five that are refunded",
        "carbon_cents_per_tonne": "No price of carbon yet",
        "switch_cents": "A label printed twice, and the dock's patience",
        "regret_budget_millicents": "A cent an order may be lost to deciding without a person",
        "goodwill_bp": "Customers who did not come back after a cancelled line",
        "capital_bp_per_year": "Rate of the revolving credit",
        "holding_bp_per_year": "Storage bills and write-offs over average stock",
        "horizon_days": "Longer than any lane and review together",
    }
    return pl.DataFrame(
        {"cost": list(because), "amount": [getattr(usual, k) for k in because], "because": list(because.values())},
        schema_overrides={"cost": tables.Costs.columns()["cost"].dtype, "amount": pl.Int64},
    )
