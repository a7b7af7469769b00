"""Carriers on real deliveries: lateness is foretold better than by a route's own past, and odd rows are told, not lost."""

import os
from pathlib import Path

import polars as pl
import pytest
from benchmarks import delivery_time, freight_carriers_real, freight_late

from evenstock.freight import scorecard

pytestmark = pytest.mark.real_data
DATA = Path(os.environ.get("EVENSTOCK_SHARED", Path(__file__).parents[2] / "../shared")) / "data"

if not (DATA / "olist").exists() or not (DATA / "usaid_scms").exists():
    pytest.skip("the real deliveries are not on this machine", allow_module_level=True)


def test_olists_lateness_is_foretold_better_than_by_the_best_table_of_its_route() -> None:
    """Six hundred parcels two windows before the reported one, learned weekly."""
    frame = delivery_time.parcels(DATA / "olist")
    first = frame.height - 3 * delivery_time.WINDOW

    found = freight_late.olist(frame, first, delivery_time.places(DATA / "olist"), "earlier", count=600, every=7)

    assert found.against(found.best_route).ratio < 0.97
    assert found.against("promise").ratio < 0.9


def test_every_delivery_note_of_usaid_is_scored_or_refused_with_its_reason() -> None:
    frame, notes = freight_carriers_real.scms(DATA / "usaid_scms")

    outcomes = scorecard.read(frame, freight_carriers_real.SCMS_MORNING)

    assert frame.height == 7_030
    assert outcomes.frame.height + outcomes.refused.height + outcomes.later == frame.height
    assert set(outcomes.refused["reason"]) <= {"no day on which it left", "delivered before it left"}
    assert notes[1].startswith("4,126 lines whose freight cost is words")


def test_usaids_flights_from_the_maker_keep_their_day_and_its_stores_trucks_do_not() -> None:
    frame, _ = freight_carriers_real.scms(DATA / "usaid_scms")

    card = scorecard.scorecard(scorecard.read(frame, freight_carriers_real.SCMS_MORNING), by="service", weekly=False)

    by_name = {row["service"]: row for row in card.iter_rows(named=True)}
    assert by_name["rdc:truck"]["on_time_high"] < 0.80
    assert by_name["direct:air"]["on_time_low"] > 0.90
    # Seventeen parcels say little: the interval of charter flights is wider than that of flights.
    width = {name: row["on_time_high"] - row["on_time_low"] for name, row in by_name.items()}
    assert width["direct:air_charter"] > 3 * width["direct:air"]


def test_olists_pairs_of_states_are_drawn_together_as_far_as_they_are_few() -> None:
    outcomes = scorecard.read(freight_carriers_real.olist(DATA / "olist"), freight_carriers_real.OLIST_MORNING)

    card = scorecard.scorecard(outcomes, weekly=False).filter(pl.col("promise_due") > 0)

    plain = 1 - card["late"] / card["promise_due"]
    few, many = card["promise_due"] < 5, card["promise_due"] > 300
    # Single parcels were on time or not; what is said of their pairs lies near the country's share.
    assert plain.filter(few).std() > 3 * card["on_time"].filter(few).std()
    assert ((plain - card["on_time"]).abs().filter(many) < 0.01).all()
