"""What a company's past customers paid for shipping, against what their parcels cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from evenstock.freight.margin import VALUE_BANDS_CENTS, ShippingMargin, free_shipping_thresholds, shipping_margin
from evenstock.freight.past import price_past
from evenstock.operations.company import Company
from evenstock.operations.network import Network


@dataclass(frozen=True, slots=True, eq=False)
class PastMargin:
    margin: ShippingMargin
    orders: pl.DataFrame
    """order, value_cents, paid_cents: to ask `free_shipping_thresholds` more of."""
    shipments: pl.DataFrame
    """order, service, zone (null where unknown), freight_cents, invoiced."""
    thresholds: pl.DataFrame
    """What each threshold of free shipping would have brought, customers behaving as they did."""
    without_rate: Mapping[str, int]
    """Shipments left out, neither invoiced nor in the rate book, by reason."""
    notes: tuple[str, ...]


def past_margin(
    company: Company,
    thresholds_cents: Sequence[int] = VALUE_BANDS_CENTS,
    *,
    bands_cents: Sequence[int] = VALUE_BANDS_CENTS,
    fee_cents: int | None = None,
) -> PastMargin:
    """The margin view over the tables order_history, shipments and shipped_units: freight as invoiced, else as the rate book of
    the day would have quoted the units' weight as one parcel.

    Raises
    ------
    ValueError
        If there are no past orders or shipments, or the network has no rate cards.
    """
    history, shipped = company.table("order_history"), company.table("shipments")
    if history is None or shipped is None:
        raise ValueError("no past orders and shipments: import order_history and shipments")
    if company.network.rates is None:
        raise ValueError("the network has no rate cards; import rate_cards and rates to know zones and quote freight")
    orders = _orders(history, company.network)
    sent, without, strange = _shipments(history, shipped, company.table("shipped_units"), company.network)
    sent = sent.join(orders, on="order", how="semi")
    notes = [f"{strange} shipments of no known order or node were left out"] if strange else []
    quoted = int((~sent["invoiced"]).sum())
    if quoted:
        notes.append(
            f"{quoted} of {sent.height} shipments were never invoiced: their freight is quoted by weight alone"
        )
    return PastMargin(
        shipping_margin(orders, sent, bands_cents=bands_cents),
        orders,
        sent,
        free_shipping_thresholds(orders, sent, thresholds_cents, fee_cents=fee_cents),
        without,
        tuple(notes),
    )


def _orders(history: pl.DataFrame, network: Network) -> pl.DataFrame:
    """Orders that were not cancelled whole: goods at the price paid, else the item's."""
    prices = {str(sku): int(item.price_cents) for sku, item in network.items.items()}
    each = _or(history, "price_cents", pl.lit(0, pl.Int64))
    listed = pl.col("sku").replace_strict(prices, default=0, return_dtype=pl.Int64)
    units = pl.col("units") - _or(history, "cancelled", pl.lit(0, pl.Int64))
    return (
        history.with_columns(_kept=units)
        .group_by("order")
        .agg(
            value_cents=(pl.col("_kept") * pl.when(each > 0).then(each).otherwise(listed)).sum(),
            paid_cents=_or(history, "shipping_paid_cents", pl.lit(0, pl.Int64)).max(),
            _kept=pl.col("_kept").sum(),
        )
        .filter(pl.col("_kept") > 0)
        .drop("_kept")
        .sort("order")
    )


def _shipments(
    history: pl.DataFrame, shipped: pl.DataFrame, inside: pl.DataFrame | None, network: Network
) -> tuple[pl.DataFrame, dict[str, int], int]:
    """Shipments with freight, those without by reason, and how many are of no known order or node."""
    assert network.rates is not None
    homes = history.group_by("order").agg(
        destination_postal_code=pl.col("postal_code").first(),
        residential=_or(history, "residential", pl.lit(value=True)).first(),
    )
    docks = {str(node.id): node.postal_code for node in network.nodes.values()}
    known = shipped.join(homes, on="order").filter(pl.col("node").is_in(sorted(docks)))
    known = known.with_columns(
        origin_postal_code=pl.col("node").replace_strict(docks, return_dtype=pl.String),
        invoiced=_or(shipped, "cents", pl.lit(None, pl.Int64)).is_not_null(),
        freight_cents=_or(shipped, "cents", pl.lit(None, pl.Int64)),
    )
    known = known.join(_weights(inside, network), on="shipment", how="left", maintain_order="left")
    asked = known.filter(~pl.col("invoiced") & pl.col("weight_g").is_not_null())
    priced = price_past(network.rates, asked)
    without = dict(priced.by_reason)
    unknown = known.filter(~pl.col("invoiced") & pl.col("weight_g").is_null()).height
    if unknown:
        without["units unknown"] = unknown
    invoiced = known.filter("invoiced")
    ends = zip(invoiced["origin_postal_code"], invoiced["destination_postal_code"], strict=True)
    zones = [network.rates.zone(*pair) for pair in ends]
    columns = ["order", "service", "zone", "freight_cents", "invoiced"]
    both = pl.concat(
        [
            invoiced.with_columns(zone=pl.Series(zones, dtype=pl.Int64)).select(columns),
            priced.priced.with_columns(freight_cents=pl.col("cents")).select(columns),
        ]
    )
    return both, without, shipped.height - known.height


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


def _or(frame: pl.DataFrame, column: str, default: pl.Expr) -> pl.Expr:
    """A column, or its default where the table was written without it."""
    return pl.col(column).fill_null(default) if column in frame.columns else default
