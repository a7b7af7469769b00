"""The UCI Online Retail file as a stream of order lines: every row is accepted, or refused with a reason that is counted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from evenstock.connectors.files import sift

ROWS = 541_909
SHOP_ZONE = "Europe/London"
"""The shop is British and its file says no zone; an hour that the clocks skip or repeat takes the earlier reading."""

COUNTRY = {
    "United Kingdom": "GB", "Germany": "DE", "France": "FR", "EIRE": "IE", "Spain": "ES", "Netherlands": "NL",
    "Belgium": "BE", "Switzerland": "CH", "Portugal": "PT", "Australia": "AU", "Norway": "NO", "Italy": "IT",
    "Channel Islands": "JE", "Finland": "FI", "Cyprus": "CY", "Sweden": "SE", "Austria": "AT", "Denmark": "DK",
    "Japan": "JP", "Poland": "PL", "Israel": "IL", "USA": "US", "Hong Kong": "HK", "Singapore": "SG", "Iceland": "IS",
    "Canada": "CA", "Greece": "GR", "Malta": "MT", "United Arab Emirates": "AE", "RSA": "ZA", "Lebanon": "LB",
    "Lithuania": "LT", "Brazil": "BR", "Czech Republic": "CZ", "Bahrain": "BH", "Saudi Arabia": "SA",
}  # fmt: skip
"""Labels of the file; "Unspecified" and "European Community" are no country and stay as they are, to be refused."""

UK_AREAS = ("LON", "BHM", "MAN", "LDS", "GLA", "BRS", "NCL", "CDF", "BFS", "NWC", "SOU", "ABD")
"""The file has no postal codes: a British customer lives in one of these areas by the remainder of their number."""

GOODS = r"^([0-9]{5}[A-Z]*|DCGS.*|PADS)$"
"""Codes of goods; the rest are postage, fees, discounts, samples, vouchers and manual corrections."""


@dataclass(frozen=True)
class Feed:
    """What became of the file."""

    accepted: pl.DataFrame
    """Order lines in the shape of `tables.Orders`, with `at`, their row in the file from 0."""
    refused: pl.DataFrame
    """at, reason, example."""
    rows: int
    guests: int
    """Accepted rows without a customer number: routing needs a destination, not a name."""
    joined: int
    """Accepted rows whose moment differed from the first of their invoice, which is taken as the order's."""
    notes: list[str]

    def reasons(self) -> pl.DataFrame:
        """Reason, rows, and the first row as an example; most frequent first."""
        groups = self.refused.group_by("reason").agg(pl.len().alias("rows"), pl.col("example").first())
        return groups.sort("rows", "reason", descending=[True, False])


def read_feed(folder: Path) -> Feed:
    """Map the shop's columns to ours, set aside what is not an order for goods, and sift the rest by the dictionary."""
    raw = (
        pl.read_parquet(folder / "online_retail.parquet").with_row_index("at").with_columns(pl.col("at").cast(pl.Int64))
    )
    raw = raw.with_columns(StockCode=pl.col("StockCode").str.strip_chars().str.to_uppercase())
    own = raw.select("at", reason=_own_reason()).filter(pl.col("reason").is_not_null())
    left = raw.join(own, on="at", how="anti", maintain_order="left")
    sifted = sift("orders", _as_orders(left), "online_retail")
    place = left["at"]
    by_import = sifted.refused.select(
        at=place.gather(sifted.refused["at"]),
        reason=pl.col("column") + ": " + pl.col("kind"),
    )
    accepted = sifted.accepted.with_columns(at=place.gather(sifted.accepted["at"]))
    refused = (
        pl.concat([own, by_import])
        .sort("at")
        .join(raw.select("at", example=_example()), on="at", maintain_order="left")
    )
    kept = raw.join(accepted.select("at"), on="at", how="semi")
    first = pl.col("InvoiceDate").min().over("InvoiceNo")
    return Feed(
        accepted=accepted,
        refused=refused,
        rows=raw.height,
        guests=kept["CustomerID"].null_count(),
        joined=kept.select((pl.col("InvoiceDate") != first).sum()).item(),
        notes=sifted.notes,
    )


def _own_reason() -> pl.Expr:
    """What only this shop's file knows: the first that holds."""
    return (
        pl.when(pl.col("InvoiceNo").str.starts_with("C"))
        .then(pl.lit("cancelled: the invoice begins with C"))
        .when(~pl.col("InvoiceNo").str.contains("^[0-9]{6}$"))
        .then(pl.lit("bookkeeping: not an invoice number"))
        .when(~pl.col("StockCode").str.contains(GOODS))
        .then(pl.lit("not goods: postage, fee, discount, voucher or correction"))
        .when((pl.col("UnitPrice") == 0) & (pl.col("Quantity") > 0))
        .then(pl.lit("price zero: a gift or a stock correction, not a sale"))
    )


def _as_orders(raw: pl.DataFrame) -> pl.DataFrame:
    """Columns of `tables.Orders` as text; rows that are the same in every column get the same line id, so one is refused."""
    same = ["StockCode", "Description", "Quantity", "UnitPrice", "CustomerID"]
    line = pl.struct(same).rank("dense").over("InvoiceNo")
    first = pl.col("InvoiceDate").min().over("InvoiceNo").str.to_datetime("%Y-%m-%d %H:%M:%S")
    placed = first.dt.replace_time_zone(SHOP_ZONE, ambiguous="earliest", non_existent="null")
    country = pl.col("Country").replace(COUNTRY)
    area = pl.col("CustomerID").fill_null(pl.col("InvoiceNo").str.to_integer(strict=False)).cast(pl.Int64) % len(
        UK_AREAS
    )
    british = area.replace_strict(dict(enumerate(UK_AREAS)), return_dtype=pl.String)
    return raw.select(
        order="InvoiceNo",
        line=line.cast(pl.String),
        sku="StockCode",
        units=pl.col("Quantity").cast(pl.String),
        price_gbp=pl.col("UnitPrice").cast(pl.String),
        placed_at=placed.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        postal_code=pl.when(country == "GB").then(british).otherwise(country + "1"),
        country=country,
    )


def _example() -> pl.Expr:
    return pl.format(
        "invoice {}, {} × {} at {}, {}", "InvoiceNo", "Quantity", "StockCode", "UnitPrice", pl.col("Country")
    )
