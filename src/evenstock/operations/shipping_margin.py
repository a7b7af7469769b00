"""What a company's past customers paid for shipping, against what their parcels cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from evenstock.freight.margin import VALUE_BANDS_CENTS, ShippingMargin, free_shipping_thresholds, shipping_margin
from evenstock.freight.past import price_past
from evenstock.freight.rates import RateBook
from evenstock.operations.company import Company
from evenstock.operations.network import Network
from evenstock.operations.past_shipments import column_or, past_shipments


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
    if company.network.rates is None:
        raise ValueError("the network has no rate cards; import rate_cards and rates to know zones and quote freight")
    past, history = past_shipments(company), company.table("order_history")
    assert history is not None, "past shipments are of past orders"
    orders = _orders(history, company.network)
    sent, without = _priced(past.shipments, company.network.rates)
    sent = sent.join(orders, on="order", how="semi")
    notes = [f"{past.strange} shipments of no known order or node were left out"] if past.strange else []
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
    each = column_or(history, "price_cents", pl.lit(0, pl.Int64))
    listed = pl.col("sku").replace_strict(prices, default=0, return_dtype=pl.Int64)
    units = pl.col("units") - column_or(history, "cancelled", pl.lit(0, pl.Int64))
    return (
        history.with_columns(_kept=units)
        .group_by("order")
        .agg(
            value_cents=(pl.col("_kept") * pl.when(each > 0).then(each).otherwise(listed)).sum(),
            paid_cents=column_or(history, "shipping_paid_cents", pl.lit(0, pl.Int64)).max(),
            _kept=pl.col("_kept").sum(),
        )
        .filter(pl.col("_kept") > 0)
        .drop("_kept")
        .sort("order")
    )


def _priced(known: pl.DataFrame, rates: RateBook) -> tuple[pl.DataFrame, dict[str, int]]:
    """Shipments with zone and freight, and those without a price by reason."""
    priced = price_past(rates, known.filter(~pl.col("invoiced") & pl.col("weight_g").is_not_null()))
    without = dict(priced.by_reason)
    unknown = known.filter(~pl.col("invoiced") & pl.col("weight_g").is_null()).height
    if unknown:
        without["units unknown"] = unknown
    invoiced = known.filter("invoiced")
    ends = zip(invoiced["origin_postal_code"], invoiced["destination_postal_code"], strict=True)
    zones = pl.Series([rates.zone(*pair) for pair in ends], dtype=pl.Int64)
    columns = ["order", "service", "zone", "freight_cents", "invoiced"]
    quoted = priced.priced.with_columns(freight_cents=pl.col("cents"))
    return pl.concat([invoiced.with_columns(zone=zones).select(columns), quoted.select(columns)]), without
