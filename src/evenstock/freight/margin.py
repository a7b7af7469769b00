"""What customers paid for shipping against what it cost, and what a threshold of free shipping would have brought.

Everything here is past orders as they were: no customer is taken to buy more, less or elsewhere because shipping is priced
otherwise. A threshold's true worth also hangs on those who fill their basket up to it, or leave; only a trial can tell that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

VALUE_BANDS_CENTS: Final = (2_500, 5_000, 7_500, 10_000, 15_000, 25_000)
"""Lower ends of bands of order value after the first."""
_ORDER: Final = ("order", "value_cents", "paid_cents")
_SHIPMENT: Final = ("order", "service", "zone", "freight_cents")


@dataclass(frozen=True, slots=True, eq=False)
class ShippingMargin:
    """Frames with columns orders, shipments, paid_cents, freight_cents, margin_cents, free_share (of orders that paid nothing)
    and cover (paid over freight, null where freight is 0), after what they are by; each adds up to `total`.
    """

    total: pl.DataFrame
    by_service: pl.DataFrame
    by_zone: pl.DataFrame
    by_value: pl.DataFrame
    """By band of order value: band (in words) and from_cents."""
    without_freight: pl.DataFrame
    """Orders left out because no freight is known for them, such as own collection: order, value_cents, paid_cents."""


def shipping_margin(
    orders: pl.DataFrame, shipments: pl.DataFrame, *, bands_cents: Sequence[int] = VALUE_BANDS_CENTS
) -> ShippingMargin:
    """The margin of shipping by service, zone and value of the order.

    What an order paid is shared among its shipments by their freight, in whole cents that add up again (largest remainders). An
    order counts once in each row that one of its shipments is in.

    Parameters
    ----------
    orders : columns order, value_cents (goods), paid_cents (for shipping); a row an order.
    shipments : columns order, service, zone, freight_cents (invoiced, or quoted as `price_past` does); a row a shipment.
    bands_cents : lower ends of the bands of value after the first, growing.

    Raises
    ------
    ValueError
        If a column is missing, an order stands twice, a shipment is of no order, money is empty or paid below zero, or bands do
        not grow.

    Examples
    --------
    A paid 5.00 for two parcels of 6.00 and 3.00, B of 80.00 goods nothing for one of 7.00.

    >>> orders = pl.DataFrame({"order": ["A", "B"], "value_cents": [3_000, 8_000], "paid_cents": [500, 0]})
    >>> sent = pl.DataFrame({"order": ["A", "A", "B"], "service": ["ups:ground", "usps:mail", "ups:ground"], "zone": [4, 2, 4],
    ...                      "freight_cents": [600, 300, 700]})
    >>> found = shipping_margin(orders, sent)
    >>> found.by_service.select("service", "paid_cents", "freight_cents", "margin_cents").rows()
    [('ups:ground', 333, 1300, -967), ('usps:mail', 167, 300, -133)]
    >>> found.by_value.select("band", "orders", "margin_cents").rows()
    [('25.00 to 49.99', 1, -400), ('75.00 to 99.99', 1, -700)]
    """
    _refuse(orders, shipments)
    edges = _bands(bands_cents)
    shared = _share_paid(orders, shipments)
    band = np.searchsorted(np.array(edges, np.int64), shared["value_cents"].to_numpy(), side="right").astype(np.int64)
    valued = shared.with_columns(_band=pl.Series(band))
    known = orders.join(shipments.select("order").unique(), on="order", how="semi")
    names = {k: _band_words(edges, k) for k in range(len(edges) + 1)}
    by_value = (
        _add_up(valued, ["_band"])
        .with_columns(
            band=pl.col("_band").replace_strict(names, return_dtype=pl.String),
            from_cents=pl.col("_band").replace_strict(dict(enumerate([0, *edges])), return_dtype=pl.Int64),
        )
        .select("band", "from_cents", pl.exclude("band", "from_cents", "_band"))
    )
    return ShippingMargin(
        _add_up(shared.with_columns(_all=pl.lit(0)), ["_all"]).drop("_all"),
        _add_up(shared, ["service"]),
        _add_up(shared, ["zone"]),
        by_value,
        orders.join(known, on="order", how="anti").select(_ORDER),
    )


def free_shipping_thresholds(
    orders: pl.DataFrame, shipments: pl.DataFrame, thresholds_cents: Sequence[int], *, fee_cents: int | None = None
) -> pl.DataFrame:
    """What each threshold of free shipping would have brought on past orders, whose customers behave as they did.

    From the threshold on nobody pays. Below it who paid goes on paying what he did, and who paid nothing pays the fee. Compare
    rows with one another and with `past_paid_cents`; the promise of the module's first lines holds.

    Parameters
    ----------
    fee_cents : paid below the threshold by those who paid nothing; None takes the median of what was paid, 0 where nobody paid.

    Returns
    -------
    Columns threshold_cents, orders, free_orders, paid_cents, freight_cents, margin_cents, past_paid_cents, change_cents.

    Examples
    --------
    Of three orders two paid 6.00. Free from 50.00 on, the order of 60.00 no longer pays, and that of 20.00 does: nothing changes.

    >>> orders = pl.DataFrame({"order": ["A", "B", "C"], "value_cents": [2_000, 3_000, 6_000], "paid_cents": [0, 600, 600]})
    >>> sent = pl.DataFrame({"order": ["A", "B", "C"], "service": "ups:ground", "zone": 4, "freight_cents": [700, 800, 900]})
    >>> free_shipping_thresholds(orders, sent, [0, 5_000, 10_000]).select("free_orders", "paid_cents", "change_cents").rows()
    [(3, 0, -1200), (1, 1200, 0), (0, 1800, 600)]
    """
    _refuse(orders, shipments)
    freight = shipments.group_by("order").agg(pl.col("freight_cents").sum())
    known = orders.join(freight, on="order")
    paid, value = known["paid_cents"].to_numpy(), known["value_cents"].to_numpy()
    positive = paid[paid > 0]
    fee = fee_cents if fee_cents is not None else (int(np.floor(np.median(positive) + 0.5)) if len(positive) else 0)
    if fee < 0:
        raise ValueError(f"a fee of {fee} cents is below zero")
    below = np.where(paid > 0, paid, fee)
    spent, past = int(known["freight_cents"].sum()), int(paid.sum())
    rows = []
    for threshold in thresholds_cents:
        free = value >= threshold
        would = int(below[~free].sum())
        rows.append((threshold, len(value), int(free.sum()), would, spent, would - spent, past, would - past))
    names = [
        "threshold_cents",
        "orders",
        "free_orders",
        "paid_cents",
        "freight_cents",
        "margin_cents",
        "past_paid_cents",
        "change_cents",
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.Int64), orient="row")


def _share_paid(orders: pl.DataFrame, shipments: pl.DataFrame) -> pl.DataFrame:
    """Shipments with the cents of their order's payment that falls to each, and the order's value."""
    rows = shipments.with_row_index("_row").join(orders.select(_ORDER), on="order")
    whole = pl.col("freight_cents").sum().over("order")
    count = pl.len().over("order")
    weight = pl.when(whole > 0).then(pl.col("freight_cents")).otherwise(1)
    of = pl.when(whole > 0).then(whole).otherwise(count)
    parted = rows.with_columns(_part=(pl.col("paid_cents") * weight) // of, _left=(pl.col("paid_cents") * weight) % of)
    missing = pl.col("paid_cents") - pl.col("_part").sum().over("order")
    rank = pl.struct(-pl.col("_left"), "_row").rank("ordinal").over("order")
    return (
        parted.with_columns(share_cents=pl.col("_part") + (rank <= missing).cast(pl.Int64))
        .sort("_row")
        .select("order", "service", "zone", "freight_cents", "value_cents", "paid_cents", "share_cents")
    )


def _add_up(shared: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    free = pl.col("order").filter(pl.col("paid_cents") == 0).n_unique()
    return (
        shared.group_by(by)
        .agg(
            orders=pl.col("order").n_unique().cast(pl.Int64),
            shipments=pl.len().cast(pl.Int64),
            paid_cents=pl.col("share_cents").sum(),
            freight_cents=pl.col("freight_cents").sum(),
            free_share=free / pl.col("order").n_unique(),
        )
        .with_columns(
            margin_cents=pl.col("paid_cents") - pl.col("freight_cents"),
            cover=pl.when(pl.col("freight_cents") > 0).then(pl.col("paid_cents") / pl.col("freight_cents")),
        )
        .select(*by, "orders", "shipments", "paid_cents", "freight_cents", "margin_cents", "free_share", "cover")
        .sort(by)
    )


def _bands(bands_cents: Sequence[int]) -> list[int]:
    edges = list(bands_cents)
    if edges != sorted(set(edges)) or (edges and edges[0] <= 0):
        raise ValueError(f"bands of value {edges} do not grow from above zero")
    return edges


def _band_words(edges: list[int], k: int) -> str:
    if k == len(edges):
        return f"{edges[-1] / 100:.2f} and more" if edges else "all"
    return f"{(edges[k - 1] if k else 0) / 100:.2f} to {(edges[k] - 1) / 100:.2f}"


def _refuse(orders: pl.DataFrame, shipments: pl.DataFrame) -> None:
    for name, frame, needed in (("orders", orders, _ORDER), ("shipments", shipments, _SHIPMENT)):
        lacking = [column for column in needed if column not in frame.columns]
        if lacking:
            raise ValueError(f"{name}: column {', '.join(lacking)} is missing; give {', '.join(needed)}")
        for column in needed[0], *(c for c in needed if c.endswith("_cents")):
            empty = frame.with_row_index("row", 1).filter(pl.col(column).is_null())
            if empty.height:
                raise ValueError(f"{name} row {empty['row'][0]}: {column} is empty; fill it in, or leave the row out")
    twice = orders.filter(pl.col("order").is_duplicated())
    if twice.height:
        raise ValueError(f"orders: {twice['order'][0]} stands twice; give one row an order")
    below = orders.filter((pl.col("paid_cents") < 0) | (pl.col("value_cents") < 0))
    if below.height:
        raise ValueError(f"orders: {below['order'][0]} has money below zero; correct it")
    credited = shipments.filter(pl.col("freight_cents") < 0)
    if credited.height:
        raise ValueError(
            f"shipments: freight of {credited['order'][0]} is below zero; add credits to their shipment first"
        )
    strange = shipments.join(orders, on="order", how="anti")
    if strange.height:
        raise ValueError(
            f"shipments: {strange['order'][0]} is no order of the table; add it, or leave its shipments out"
        )
