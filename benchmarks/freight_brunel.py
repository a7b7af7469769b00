"""Every order of the Brunel day priced by its recorded carrier, service level, port and weight; the rest explained by reason."""

from __future__ import annotations

from typing import Final

import polars as pl
from benchmarks import brunel_day
from benchmarks.harness import clock, report, shared_data

from evenstock.freight.break_holes import break_holes
from evenstock.freight.past import price_past
from evenstock.freight.rates import RateBook

RECORDED: Final = ["carrier", "level", "tpt", "port"]
OWN: Final = "customer's own freight"
NO_LANE: Final = "no lane of this carrier, level and days from this port"
SEAM: Final = "between two breaks that rounding leaves apart"
HOLE: Final = "no weight break: a hole in the lane"
BEYOND: Final = "beyond the lane's lightest or heaviest break"
ROUNDING_KG: Final = 0.011


def service() -> pl.Expr:
    return pl.format("{}:{}-{}d", "carrier", "level", "tpt")


def reasons(files: brunel_day.Files) -> pl.DataFrame:
    """Each order with `reason`, null where a row of its lane covers its weight, and how many different rates do (`rates`)."""
    rates = files.rates.rename({"low": "_low", "high": "_high"})
    lanes = rates.group_by(RECORDED).agg(first=pl.col("_low").min(), last=pl.col("_high").max())
    covered = (
        files.orders.join(rates, on=RECORDED)
        .filter(pl.col("kg").is_between("_low", "_high"))
        .group_by("order")
        .agg(rates=pl.struct("minimum", "rate").n_unique().cast(pl.Int64))
    )
    holes = break_holes(files.rates, RECORDED)
    within = (
        files.orders.join(holes, on=RECORDED)
        .filter((pl.col("kg") > pl.col("above")) & (pl.col("kg") < pl.col("below")))
        .select("order", "width")
    )
    return (
        files.orders.join(lanes, on=RECORDED, how="left")
        .join(covered, on="order", how="left")
        .join(within, on="order", how="left")
        .with_columns(
            reason=pl.when(pl.col("level") == "CRF").then(pl.lit(OWN))
            .when(pl.col("rates") > 0).then(None)
            .when(pl.col("first").is_null()).then(pl.lit(NO_LANE))
            .when(pl.col("width") <= ROUNDING_KG).then(pl.lit(SEAM))
            .when(pl.col("width") > ROUNDING_KG).then(pl.lit(HOLE))
            .otherwise(pl.lit(BEYOND))
        )
        .sort("order")
    )  # fmt: skip


def book(files: brunel_day.Files) -> RateBook:
    """Rates by (service, port) as steps at the weights that orders of the day have: at those, the file's tariff to the cent."""
    weights = files.orders.select("kg", "grams").unique()
    zone = pl.col("port").str.strip_prefix("PORT").cast(pl.Int64) * 10
    steps = (
        files.rates.join(weights, how="cross")
        .filter(pl.col("kg").is_between("low", "high"))
        .group_by(service().alias("service"), zone.alias("zone"), pl.max_horizontal("grams", 1).alias("max_weight_g"))
        .agg(cents=brunel_day.row_cents(pl.col("grams") / 1000).min())
        .with_columns(valid_from=pl.lit(brunel_day.DAY))
        .sort("service", "zone", "max_weight_g")
    )
    cards = steps.group_by("service", "valid_from").agg(max_weight_g=pl.col("max_weight_g").max())
    ports = files.rates.select("port", zone=zone).unique().sort("port")
    chart = ports.select(origin_zip3=_area("port"), destination_zip3=pl.lit("P09"), zone="zone")
    return RateBook.from_frames(rate_cards=cards, rates=steps, zones=chart)


def _area(port: str) -> pl.Expr:
    """Postal areas are three characters: PORT04 is P04."""
    return pl.format("P{}", pl.col(port).str.strip_prefix("PORT"))


def parcels(orders: pl.DataFrame) -> pl.DataFrame:
    return orders.select(
        "order", "plant", "kg",
        service=service(),
        origin_postal_code=_area("port"),
        destination_postal_code=pl.lit("P09"),
        shipped_on=pl.lit(brunel_day.DAY),
        weight_g="grams",
    )  # fmt: skip


def by_rows(files: brunel_day.Files, orders: pl.DataFrame) -> pl.DataFrame:
    """The same cents straight from the file's rows, knowing nothing of the rate book: order, least, most."""
    return (
        orders.join(files.rates, on=RECORDED)
        .filter(pl.col("kg").is_between("low", "high"))
        .group_by("order")
        .agg(
            least=brunel_day.row_cents(pl.col("grams") / 1000).min(),
            most=brunel_day.row_cents(pl.col("grams") / 1000).max(),
        )
        .sort("order")
    )


def next_break(files: brunel_day.Files, orders: pl.DataFrame) -> int:
    """Cents that orders in holes and seams would pay at the break beyond: what a table of upper ends alone would charge."""
    beyond = orders.join(files.rates, on=RECORDED).filter(pl.col("low") > pl.col("kg"))
    nearest = beyond.filter(pl.col("low") == pl.col("low").min().over("order"))
    cents = nearest.group_by("order").agg(cents=brunel_day.row_cents(pl.col("kg")).min())
    assert cents.height == orders.height
    return int(cents["cents"].sum())


def main() -> None:
    folder = shared_data("brunel")
    if folder is None:
        return
    files = brunel_day.read(folder)
    told = reasons(files)
    with clock() as building:
        rates = book(files)
    rated = told.filter(pl.col("reason").is_null())
    with clock() as pricing:
        found = price_past(rates, parcels(rated))
    rows = by_rows(files, rated)
    assert found.unpriced.is_empty(), found.by_reason
    assert found.priced.select("order", "cents").rows() == rows.select("order", "least").rows(), (
        "book and rows disagree"
    )

    counts = {str(why): int(n) for why, n in told.drop_nulls("reason").group_by("reason").len().iter_rows()}
    without = told.filter(pl.col("reason").is_in([SEAM, HOLE]))
    twice = rated.filter(pl.col("rates") > 1)
    doubt = rows.join(twice.select("order"), on="order")
    both = int(doubt["most"].sum() - doubt["least"].sum())
    figures = {
        "brunel_orders": told.height,
        "brunel_priced": found.priced.height,
        "brunel_freight": round(found.priced["cents"].sum() / 100),
        "brunel_own_freight": counts.get(OWN, 0),
        "brunel_no_weight_break": counts.get(HOLE, 0) + counts.get(SEAM, 0),
        "brunel_in_a_hole": counts.get(HOLE, 0),
        "brunel_in_a_seam": counts.get(SEAM, 0),
        "brunel_no_lane": counts.get(NO_LANE, 0),
        "brunel_beyond": counts.get(BEYOND, 0),
        "brunel_two_rates": twice.height,
        "brunel_two_rates_differ_by": round(both / 100),
        "brunel_holes_at_next_break": round(next_break(files, without) / 100),
        "brunel_weigh_nothing": int((told["grams"] == 0).sum()),
        "brunel_price_us": pricing.cpu_s / rated.height * 1e6,
    }
    assert "PORT01" not in {*files.rates["port"], *told["port"]}
    assert "CND9" not in set(told["plant"])
    assert figures["brunel_priced"] + sum(counts.values()) == told.height, "every order stands somewhere, once"
    print(f"{told.height:,} orders; rate book of {len(rates.services)} services in {building.cpu_s:.2f} s CPU")
    print(f"{figures['brunel_priced']:>7,}  priced, to the cent as the file's own rows: {figures['brunel_freight']:,}")
    for why, n in sorted(counts.items(), key=lambda kind: -kind[1]):
        print(f"{n:>7,}  {why}")
    holes = break_holes(files.rates, RECORDED, seam=ROUNDING_KG)
    hit = without.filter(pl.col("reason") == HOLE).group_by(RECORDED).agg(orders=pl.len())
    for row in holes.join(hit, on=RECORDED).sort(RECORDED).iter_rows(named=True):
        print(
            f"         {row['carrier']} {row['level']} {row['tpt']} d from {row['port']}: nothing between {row['above']:g} and "
            f"{row['below']:g} kg, {row['orders']} orders"
        )
    print(
        f"{twice.height:>7,}  of the priced stand under two rates of one lane and break; the cheaper was taken, the dearer would cost "
        f"{figures['brunel_two_rates_differ_by']:,} more"
    )
    print(f"         those in holes and seams would pay {figures['brunel_holes_at_next_break']:,} at the break beyond")
    report(
        "freight",
        figures,
        ["freight alone, in the file's currency; PORT01 has no rate and no order; no recorded plant is CND9."],
    )


if __name__ == "__main__":
    main()
