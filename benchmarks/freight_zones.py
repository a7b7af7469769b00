"""Zones from points fitted on part of the chart of USPS, against its own zones on pairs that the fit has not seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from benchmarks.harness import clock, report, shared_data

from evenstock.freight.distance import haversine_miles
from evenstock.freight.zone_fit import Agreement, agreement, fit_places, hold_out
from evenstock.freight.zones import distance_zone

MILITARY = [f"{k:03}" for k in range(90, 99)] + ["340"] + [str(k) for k in range(962, 967)]
SEED = 2026
"""Of the parts kept apart; the fit's two weights were chosen on another (0)."""
FEW = (8, 30, 100)
"""Origins whose charts a company may hold."""


def read(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Three-character destinations from civil origins, and the plain middle of each ZIP3."""
    chart = (
        pl.read_parquet(folder / "usps_zones.parquet")
        .drop_nulls("zone")
        .filter((pl.col("dest_zip").str.len_chars() == 3) & ~pl.col("origin_zip").is_in(MILITARY))
        .select(origin_zip3="origin_zip", destination_zip3="dest_zip", zone=pl.col("zone").cast(pl.Int64))
    )
    places = pl.read_csv(folder / "zip3_centroids_census2021.csv", schema_overrides={"zip3": pl.String})
    return chart, places.drop("n_zcta")


def from_middles(chart: pl.DataFrame, places: pl.DataFrame) -> np.ndarray:
    """The published bands between plain middles, -1 where a place has none."""
    at = {name: (lat, lon) for name, lat, lon in places.iter_rows()}
    here = np.array([at.get(a, (np.nan, np.nan)) for a in chart["origin_zip3"]])
    there = np.array([at.get(a, (np.nan, np.nan)) for a in chart["destination_zip3"]])
    miles = haversine_miles(*here.T, *there.T)
    return np.where(np.isnan(miles), -1, distance_zone(miles))


def scored(name: str, seen: pl.DataFrame, unseen: pl.DataFrame, places: pl.DataFrame) -> tuple[Agreement, float]:
    with clock() as taken:
        fitted = fit_places(seen, places)
    plain = from_middles(unseen, places)
    zones = fitted.zones(unseen["origin_zip3"].to_list(), unseen["destination_zip3"].to_list())
    ours, known = agreement(zones, unseen), plain >= 0
    print(
        f"{name}: {fitted.sites} points for {len(fitted.points)} areas, from {fitted.pairs:,} pairs, {taken.cpu_s:.1f} s CPU"
    )
    for what, rows in (("all pairs", known | ~known), ("both ends on the map", known)):
        part = unseen.filter(pl.Series(rows))
        middles, found = agreement(plain[rows], part), agreement(zones[rows], part)
        print(
            f"  {what:21}{found.pairs:>8,}  plain middles {middles.equal:.4f}, within one {middles.within_one:.4f}"
            f"  fitted {found.equal:.4f}, within one {found.within_one:.5f}",
            flush=True,
        )
    return ours, taken.cpu_s


def some_origins(chart: pl.DataFrame, count: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The charts of a few origins, and every other pair."""
    names = chart["origin_zip3"].unique().sort().to_list()
    mine = set(np.random.default_rng(SEED).choice(names, count, replace=False).tolist())
    seen = chart.filter(pl.col("origin_zip3").is_in(mine))
    back = seen.select(origin_zip3="destination_zip3", destination_zip3="origin_zip3")
    rest = chart.filter(~pl.col("origin_zip3").is_in(mine)).join(
        back, on=["origin_zip3", "destination_zip3"], how="anti"
    )
    return seen, rest


def main() -> None:
    folder = shared_data("us")
    if folder is None:
        return
    chart, places = read(folder)
    print(
        f"{chart.height:,} pairs, {chart['origin_zip3'].n_unique()} origins; a pair and its way back are kept apart together"
    )
    figures: dict[str, float] = {}
    for by in ("pairs", "origins", "places"):
        seen, unseen = hold_out(chart, by=by, seed=SEED)
        ours, cpu_s = scored(f"a fifth of the {by} kept apart", seen, unseen, places)
        name = "zone" if by == "pairs" else f"zone_{by}"
        figures |= {f"{name}_equal_share": ours.equal, f"{name}_within_one_share": ours.within_one}
        figures |= {"zone_fit_cpu_s": cpu_s} if by == "pairs" else {}
    for count in FEW:
        ours, _ = scored(f"charts of {count} origins seen", *some_origins(chart, count), places)
        figures |= {f"zone_from_{count}_origins_equal_share": ours.equal}
    report("freight", figures)


if __name__ == "__main__":
    main()
