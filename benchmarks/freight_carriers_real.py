"""Carriers on real deliveries: Olist's parcels by pair of states, USAID's delivery notes by mode and country.

`python -m benchmarks.freight_carriers_real` prints the cards and the distributions of days; nothing is kept but how many
rows there are and how many could not be read. Olist is one carrier to us: late against the promised day, freight value as
cost, the review as the customer's score. USAID: a delivery note is a parcel (its lines arrive together), the service is who
fulfilled it and by which mode, its clock starts when the quote or the order was sent, and its promise is the scheduled day.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
from benchmarks import delivery_time
from benchmarks.harness import clock, report, shared_data

from evenstock.freight import scorecard

OLIST_MORNING, SCMS_MORNING = date(2018, 9, 15), date(2015, 10, 1)
SHOWN = 8


def olist(folder: Path) -> pl.DataFrame:
    """Outcomes of Olist's parcels; days are those of hand-over to delivery."""
    freight = (
        pl.read_parquet(folder / "order_items_union.parquet")
        .unique(["order_id", "order_item_id"])
        .group_by(parcel="order_id")
        .agg(cents=(pl.col("freight_value").cast(pl.Float64).sum() * 100).round().cast(pl.Int64))
    )
    said = (
        pl.read_parquet(folder / "reviews.parquet")
        .group_by(parcel="order_id")
        .agg(score=pl.col("review_score").cast(pl.Int64).last())
    )
    frame = delivery_time.parcels(folder)
    return (
        frame.select(
            "parcel",
            "service",
            origin=pl.col("states").str.slice(0, 2),
            destination=pl.col("states").str.slice(3, 2),
            shipped_on=pl.col("shipped_at").dt.date(),
            delivered_on=pl.col("delivered_at").dt.date(),
            promised_on="promised_on",
            advertised_on="promised_on",
        )
        .join(freight, on="parcel", how="left")
        .join(said, on="parcel", how="left")
    )


def day_of(column: str) -> pl.Expr:
    """Month/day/year as written, or as a spreadsheet turned it: 2010-09-14 was 10/9/14 (see `lead_time`)."""
    turned = pl.col(column).str.to_date("%Y-%m-%d", strict=False)
    mended = pl.date(2000 + turned.dt.day(), turned.dt.year() - 2000, turned.dt.month())
    return pl.coalesce(pl.col(column).str.to_date("%m/%d/%y", strict=False), mended)


def scms(folder: Path) -> tuple[pl.DataFrame, list[str]]:
    """Outcomes of USAID's delivery notes, and what of the file could not be read as a figure or a day."""
    frame = pl.read_csv(folder / "SCMS_Delivery_History_Dataset.csv.gz", encoding="utf8-lossy", infer_schema_length=0)
    day = {
        name: pl.col(column).str.to_date("%d-%b-%y")
        for name, column in (("promised_on", "Scheduled Delivery Date"), ("delivered_on", "Delivered to Client Date"))
    }
    mode = pl.when(pl.col("Shipment Mode") == "N/A").then(pl.lit("unknown")).otherwise(pl.col("Shipment Mode"))
    via = pl.when(pl.col("Fulfill Via") == "From RDC").then(pl.lit("rdc")).otherwise(pl.lit("direct"))
    lines = frame.select(
        "ASN/DN #",
        service=via + ":" + mode.str.to_lowercase().str.replace(" ", "_"),
        origin=pl.when(pl.col("Fulfill Via") == "From RDC").then(pl.lit("RDC")).otherwise(pl.col("Manufacturing Site")),
        destination="Country",
        shipped_on=pl.coalesce(day_of("PQ First Sent to Client Date"), day_of("PO Sent to Vendor Date")),
        cents=(pl.col("Freight Cost (USD)").cast(pl.Float64, strict=False) * 100).round().cast(pl.Int64),
        **day,
    )
    notes = [
        f"{frame.height:,} lines; {lines['shipped_on'].null_count():,} without a day of quote or order that is one",
        f"{lines['cents'].null_count():,} lines whose freight cost is words (included in the goods, invoiced separately, see another line)",
    ]
    # Lines of a note come together; its freight stands on one of them.
    one = lines.group_by(parcel="ASN/DN #", maintain_order=True).agg(
        *(pl.col(c).first() for c in ("service", "origin", "destination", "promised_on")),
        pl.col("shipped_on").min(),
        pl.col("delivered_on").max(),
        pl.when(pl.col("cents").count() > 0).then(pl.col("cents").sum()).alias("cents"),
    )
    return one.with_columns(advertised_on="promised_on"), [*notes, f"{one.height:,} delivery notes"]


def told(found: scorecard.Outcomes, by: scorecard.By) -> list[str]:
    card = scorecard.scorecard(found, by=by, weekly=False).filter("enough").sort("on_time")
    return [
        "  "
        + " ".join(str(row[key]) for key in ("service", "origin", "destination") if key in row)
        + f": {row['parcels']:,} left, {row['late']:,} of {row['promise_due']:,} late by {row['days_late']:.0f} days, on time "
        f"{row['on_time']:.3f} ({row['on_time_low']:.3f} to {row['on_time_high']:.3f})"
        + (f", ${row['cents'] / 100:,.2f}" if row["invoiced"] else "")
        + (f", score {row['score']:.2f}" if row["scored"] else "")
        for row in card.head(SHOWN).iter_rows(named=True)
    ]


def days(found: scorecard.Outcomes, by: tuple[str, ...]) -> list[str]:
    said = scorecard.advertised_against_actual(found, by=by).sort("parcels", descending=True)
    return [
        "  "
        + " ".join(str(row[key]) for key in by)
        + f": said {row['advertised_days']:.0f} days, half there after {row['median_days']}, nine in ten after {row['days_kept']}, "
        f"kept {row['as_advertised']:.3f} ({row['as_advertised_low']:.3f} to {row['as_advertised_high']:.3f})"
        for row in said.head(SHOWN).iter_rows(named=True)
    ]


def main() -> None:
    folder, notes_of = shared_data("olist"), shared_data("usaid_scms")
    if folder is None or notes_of is None:
        return
    with clock() as taken:
        parcels = scorecard.read(olist(folder), OLIST_MORNING)
        frame, notes = scms(notes_of)
        shipped = scorecard.read(frame, SCMS_MORNING)
        lines = [
            f"Olist: {parcels.frame.height:,} parcels, {parcels.refused.height} refused; pairs of states, worst first",
            *told(parcels, "lane"),
            *days(parcels, ("service", "origin", "destination")),
            *notes,
            *(
                f"left out: {n:,} notes, {why}"
                for why, n in shipped.refused["reason"].value_counts(sort=True).iter_rows()
            ),
            f"USAID: {shipped.frame.height:,} notes scored; services, worst first",
            *told(shipped, "service"),
            "lanes, worst first",
            *told(shipped, "lane"),
            *days(shipped, ("service",)),
        ]
    report(
        "freight",
        {"olist_parcels_scored": parcels.frame.height, "scms_notes_scored": shipped.frame.height},
        [*lines, f"{taken.cpu_s:.1f} CPU-s"],
    )


if __name__ == "__main__":
    main()
