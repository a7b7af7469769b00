"""A carrier reckons from sorting centres; its charts tell where they are."""

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from evenstock.freight.distance import haversine_miles
from evenstock.freight.zone_fit import agreement, fit_places, hold_out
from evenstock.freight.zones import US_BAND_MILES, distance_zone

SCHEMA = ["origin_zip3", "destination_zip3", "zone"]
US = Path(os.environ.get("EVENSTOCK_SHARED", Path(__file__).parents[3] / "../shared")) / "data/us"


def carrier(seed=5, centres=14, per_centre=5, bands=US_BAND_MILES, first_zone=1):
    """Seventy areas around fourteen centres, and the chart of a carrier that reckons from centre to centre."""
    rng = np.random.default_rng(seed)
    at = np.stack([rng.uniform(30, 46, centres), rng.uniform(-120, -75, centres)], axis=1)
    centre = np.repeat(at, per_centre, axis=0)
    middle = centre + rng.normal(0, 0.6, centre.shape)
    names = [f"{n:03d}" for n in range(100, 100 + len(middle))]
    here, there = np.divmod(np.arange(len(names) ** 2), len(names))
    miles = haversine_miles(*centre[here].T, *centre[there].T)
    zone = distance_zone(miles, bands, first_zone)
    chart = pl.DataFrame(
        {"origin_zip3": [names[k] for k in here], "destination_zip3": [names[k] for k in there], "zone": zone}
    )
    return chart, pl.DataFrame({"zip3": names, "latitude": middle[:, 0], "longitude": middle[:, 1]}), at


def from_middles(rows, places):
    at = {name: (lat, lon) for name, lat, lon in places.iter_rows()}
    here = np.array([at[a] for a in rows["origin_zip3"]])
    there = np.array([at[a] for a in rows["destination_zip3"]])
    return distance_zone(haversine_miles(*here.T, *there.T))


def test_fitted_points_foretell_pairs_that_the_fit_has_not_seen():
    chart, places, _ = carrier()
    seen, unseen = hold_out(chart, seed=1)
    fitted = fit_places(seen, places)
    plain = agreement(from_middles(unseen, places), unseen)
    ours = agreement(fitted.zones(unseen["origin_zip3"], unseen["destination_zip3"]), unseen)

    assert plain.equal < 0.9
    assert ours.equal > 0.97
    assert ours.within_one == 1.0


def test_areas_of_one_centre_come_to_share_its_point():
    chart, places, at = carrier()
    fitted = fit_places(chart, places)

    assert len(at) <= fitted.sites <= places.height / 2
    off = [float(haversine_miles(*fitted.points[name], *at[k // 5])) for k, name in enumerate(places["zip3"].to_list())]
    assert np.median(off) < 30  # middles lie about 47 miles from their centre


def test_the_order_of_rows_does_not_matter_and_the_seed_decides_everything_else():
    chart, places, _ = carrier(centres=6)
    mixed = chart.sample(fraction=1.0, shuffle=True, seed=3)

    assert fit_places(chart, places, seed=4).points == fit_places(mixed, places[::-1], seed=4).points


def test_an_area_that_no_map_knows_is_placed_by_its_pairs():
    chart, places, at = carrier()
    fitted = fit_places(chart, places.filter(pl.col("zip3") != "100"))

    assert float(haversine_miles(*fitted.points["100"], *at[0])) < 60


def test_an_area_without_pairs_takes_its_neighbours_point_and_one_that_nobody_knows_has_no_zone():
    chart, places, _ = carrier()
    lone = pl.DataFrame({"zip3": ["999"], "latitude": places["latitude"][:1], "longitude": places["longitude"][:1]})
    fitted = fit_places(chart, pl.concat([places, lone]))

    assert fitted.points["999"] == fitted.points["100"]
    assert fitted.zones(["100", "000"], ["000", "100"]).tolist() == [-1, -1]


def test_a_zone_that_no_distance_explains_belongs_to_its_destination():
    chart, places, _ = carrier(centres=6)
    islands = chart.with_columns(zone=pl.when(pl.col("destination_zip3") == "129").then(9).otherwise("zone"))
    fitted = fit_places(islands, places)

    assert fitted.beyond == {"129": 9}
    assert fitted.zones(["100", "129"], ["129", "100"])[0] == 9
    assert fitted.zones(["129"], ["100"])[0] < 9
    assert fitted.zone_map().zone("10001", "12901") == 9


def test_a_carrier_without_zone_one_is_read_by_its_own_bands():
    bands = US_BAND_MILES[1:]
    chart, places, _ = carrier(bands=bands, first_zone=2)
    fitted = fit_places(chart, places, bands_miles=bands, first_zone=2)

    found = agreement(fitted.zones(chart["origin_zip3"], chart["destination_zip3"]), chart)
    assert found.equal > 0.97
    assert fitted.zone_map().zone("10001", "10001") == 2


def test_a_completed_chart_keeps_what_the_carrier_said():
    chart, places, _ = carrier(centres=6)
    some = pl.concat(
        [chart.filter(pl.col("origin_zip3") != "100"), pl.DataFrame([("100", "101", 7)], SCHEMA, orient="row")]
    )
    full = fit_places(some, places).completed(some, ["100"])
    row = full.filter(pl.col("origin_zip3") == "100")

    assert row.height == places.height
    assert row.filter(pl.col("destination_zip3") == "101")["zone"].item() == 7
    assert full.filter(pl.col("origin_zip3") == "105").height == places.height  # every row given stays


@pytest.mark.parametrize("by", ["pairs", "origins", "places"])
def test_no_pair_is_fitted_and_scored_neither_there_nor_back(by):
    chart, _, _ = carrier(centres=6)
    fitted, scored = hold_out(chart, by=by, seed=2)
    both = [{tuple(sorted(pair)) for pair in part.select(SCHEMA[:2]).iter_rows()} for part in (fitted, scored)]

    assert not both[0] & both[1]
    assert both[0]
    assert both[1]


def test_places_held_out_are_seen_at_neither_end():
    chart, _, _ = carrier(centres=6)
    fitted, scored = hold_out(chart, by="places", seed=2)
    seen = {*fitted["origin_zip3"], *fitted["destination_zip3"]}

    assert all(not {a, b} <= seen for a, b in scored.select(SCHEMA[:2]).iter_rows())


def test_what_cannot_be_fitted_says_why():
    chart, places, _ = carrier(centres=4)
    with pytest.raises(ValueError, match="no pair has a zone from 302 to 309"):
        fit_places(chart, places, first_zone=302)
    with pytest.raises(ValueError, match="do not grow from above zero"):
        fit_places(chart, places, bands_miles=(150.0, 50.0))
    with pytest.raises(ValueError, match="places has no row"):
        fit_places(chart, places.clear())
    with pytest.raises(ValueError, match="hold out by one of pairs, origins, places"):
        hold_out(chart, by="hope")


@pytest.mark.real_data
@pytest.mark.skipif(not US.exists(), reason="the real US zones are not on this machine")
def test_nineteen_in_twenty_of_the_postal_services_zones_follow_from_points_fitted_on_other_pairs():
    military = [f"{k:03}" for k in range(90, 99)] + ["340"] + [str(k) for k in range(962, 967)]
    chart = (
        pl.read_parquet(US / "usps_zones.parquet")
        .drop_nulls("zone")
        .filter((pl.col("dest_zip").str.len_chars() == 3) & ~pl.col("origin_zip").is_in(military))
        .select(origin_zip3="origin_zip", destination_zip3="dest_zip", zone=pl.col("zone").cast(pl.Int64))
    )
    assert chart.height == 223_869
    places = pl.read_csv(US / "zip3_centroids_census2021.csv", schema_overrides={"zip3": pl.String}).drop("n_zcta")
    # A quarter of the pairs is enough to pass, and quick; the benchmark fits four fifths.
    seen, unseen = hold_out(chart, share=0.75, seed=2026)
    fitted = fit_places(seen, places)
    found = agreement(fitted.zones(unseen["origin_zip3"], unseen["destination_zip3"]), unseen)

    assert found.equal > 0.95
    assert found.within_one > 0.998


def test_a_few_origins_charts_do_no_harm_to_pairs_of_which_they_say_nothing():
    chart, places, _ = carrier()
    some = chart.filter(
        pl.col("origin_zip3").is_in(["100", "120", "140"]) & pl.col("destination_zip3").str.ends_with("1")
    )
    rest = chart.join(some, on=SCHEMA[:2], how="anti")
    fitted = fit_places(some, places)
    plain = agreement(from_middles(rest, places), rest)

    # Most areas have no pair at all, and their neighbours at most three: they stay in their middles.
    assert fitted.points["118"] == places.filter(pl.col("zip3") == "118").select("latitude", "longitude").row(0)
    assert agreement(fitted.zones(rest["origin_zip3"], rest["destination_zip3"]), rest).equal >= plain.equal - 0.005
