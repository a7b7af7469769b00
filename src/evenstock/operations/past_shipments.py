"""Past shipments with where they went, what was in them and what was invoiced, from a company's tables."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from evenstock.operations.company import Company
from evenstock.operations.network import Network


@dataclass(frozen=True, slots=True, eq=False)
class PastShipments:
    shipments: pl.DataFrame
    """The table's columns and origin_postal_code, destination_postal_code, residential, invoiced, freight_cents (null where not
    invoiced), weight_g (null where its units are not all known) and hazmat."""
    strange: int
    """Shipments of no known order or node, left out."""


def past_shipments(company: Company) -> PastShipments:
    """Of the tables order_history, shipments and shipped_units.

    Raises
    ------
    ValueError
        If there are no past orders or shipments.
    """
    history, shipped = company.table("order_history"), company.table("shipments")
    if history is None or shipped is None:
        raise ValueError("no past orders and shipments: import order_history and shipments")
    homes = history.group_by("order").agg(
        destination_postal_code=pl.col("postal_code").first(),
        residential=column_or(history, "residential", pl.lit(value=True)).first(),
    )
    docks = {str(node.id): node.postal_code for node in company.network.nodes.values()}
    known = shipped.join(homes, on="order", maintain_order="left").filter(pl.col("node").is_in(sorted(docks)))
    invoiced = column_or(shipped, "cents", pl.lit(None, pl.Int64))
    known = known.with_columns(
        origin_postal_code=pl.col("node").replace_strict(docks, return_dtype=pl.String),
        invoiced=invoiced.is_not_null(),
        freight_cents=invoiced,
    )
    weights = _weights(company.table("shipped_units"), company.network)
    known = known.join(weights, on="shipment", how="left", maintain_order="left")
    return PastShipments(known, shipped.height - known.height)


def column_or(frame: pl.DataFrame, column: str, default: pl.Expr) -> pl.Expr:
    """A column, or its default where the table was written without it."""
    return pl.col(column).fill_null(default) if column in frame.columns else default


def _weights(inside: pl.DataFrame | None, network: Network) -> pl.DataFrame:
    """Grams of each shipment whose units are all of known items."""
    if inside is None:
        return pl.DataFrame(schema={"shipment": pl.String, "weight_g": pl.Int64, "hazmat": pl.Boolean})
    grams = {str(sku): int(item.weight_g) for sku, item in network.items.items()}
    weight = pl.col("units") * pl.col("sku").replace_strict(grams, default=None, return_dtype=pl.Int64)
    hazmat = {str(sku): "hazmat" in item.requires for sku, item in network.items.items()}
    return (
        inside.group_by("shipment")
        .agg(
            weight_g=pl.when(weight.is_null().any()).then(None).otherwise(weight.sum()),
            hazmat=pl.col("sku").replace_strict(hazmat, default=False, return_dtype=pl.Boolean).any(),
        )
        .with_columns(pl.col("weight_g").cast(pl.Int64))
    )
