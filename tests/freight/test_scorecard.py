"""The carrier scorecard: what is counted, what is not yet known, and what got worse."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from evenstock.freight import scorecard

MORNING = date(2026, 11, 2)
"""A Monday."""


def parcel(number: int, shipped: int, took: int | None, promised: int | None = 3, **more):
    """Shipped so many days before the morning, delivered and promised so many days after."""
    left = MORNING - timedelta(days=shipped)
    return {
        "parcel": f"P{number}",
        "service": "ups:ground",
        "origin": "TX",
        "destination": "902",
        "zone": 6,
        "shipped_on": left,
        "delivered_on": None if took is None else left + timedelta(days=took),
        "promised_on": None if promised is None else left + timedelta(days=promised),
        **more,
    }


def card(rows: list[dict], **how) -> pl.DataFrame:
    return scorecard.scorecard(scorecard.read(pl.DataFrame(rows, infer_schema_length=None), MORNING), **how)


def test_a_parcel_not_yet_due_is_neither_on_time_nor_late() -> None:
    rows = [
        parcel(1, shipped=5, took=2),  # due two days ago, there in time
        parcel(2, shipped=5, took=None),  # due two days ago, under way: late
        parcel(3, shipped=2, took=1),  # there already, but promised for tomorrow
        parcel(4, shipped=2, took=None),  # promised for tomorrow
        parcel(5, shipped=5, took=4, promised=3),  # a day late
    ]

    (row,) = card(rows, weekly=False).iter_rows(named=True)

    assert (row["parcels"], row["promise_due"], row["late"], row["under_way"], row["overdue"]) == (5, 3, 2, 2, 1)
    # One a day late; the other so far two days, from Friday to the morning.
    assert row["days_late"] == 1.5


def test_counting_only_what_has_arrived_would_flatter_the_newest_week_and_counting_what_is_due_does_not() -> None:
    """Of parcels promised for the third day, 30 % take ten: last week's late ones are still under way."""
    rng = np.random.default_rng(5)
    slow = rng.random(4_000) < 0.3
    rows = [parcel(k, shipped=4 + k % 3, took=10 if slow[k] else 2) for k in range(4_000)]

    (row,) = card(rows, weekly=False).iter_rows(named=True)

    assert row["late"] == slow.sum()
    assert row["on_time_low"] < 0.7 < row["on_time_high"]


def test_what_happened_on_the_morning_or_later_is_not_known() -> None:
    rows = [parcel(1, shipped=10, took=10), parcel(2, shipped=0, took=None), parcel(3, shipped=10, took=9)]
    outcomes = scorecard.read(pl.DataFrame(rows), MORNING)

    assert outcomes.later == 1
    assert outcomes.frame.sort("parcel")["under_way"].to_list() == [True, False]


def test_a_first_attempt_keeps_what_the_carrier_advertised_but_not_what_the_customer_was_told() -> None:
    left = MORNING - timedelta(days=10)
    rows = [parcel(1, 10, 5, attempted_on=left + timedelta(days=3), advertised_on=left + timedelta(days=3))]

    (row,) = card(rows, weekly=False).iter_rows(named=True)

    assert (row["late"], row["beyond"]) == (1, 0)


def test_loss_is_counted_over_parcels_old_enough_and_silence_of_a_month_is_loss() -> None:
    rows = [
        parcel(1, shipped=40, took=None),  # 40 days, nothing said: lost
        parcel(2, shipped=40, took=3),
        parcel(3, shipped=10, took=None),  # too young to say
        parcel(4, shipped=10, took=None, lost_on=MORNING - timedelta(days=1)),  # said lost, but its cohort is young
        parcel(5, shipped=40, took=None, returned_on=MORNING - timedelta(days=20)),  # came back: not lost
    ]

    (row,) = card(rows, weekly=False).iter_rows(named=True)

    assert (row["settled"], row["lost"]) == (3, 1)


def test_damage_is_counted_once_customers_have_had_a_week_to_tell() -> None:
    told = MORNING - timedelta(days=1)
    rows = [parcel(1, 12, 3, damaged_on=told), parcel(2, 12, 3), parcel(3, 6, 3, damaged_on=told)]

    (row,) = card(rows, weekly=False).iter_rows(named=True)

    assert (row["looked_at"], row["damaged"]) == (2, 1)


def test_each_week_has_its_row_and_services_of_a_lane_are_ranked_only_where_enough_are_due() -> None:
    rows = [parcel(k, 14 + 7 * (k % 2), 2) for k in range(40)]
    rows += [parcel(100 + k, 14, 5 if k < 10 else 2, service="lso:ground") for k in range(20)]
    rows += [parcel(200 + k, 14, 2, service="ontrac:ground") for k in range(3)]

    found = card(rows)

    assert found.height == 4
    newest = found.filter(pl.col("week") == date(2026, 10, 19)).sort("service")
    assert newest["service"].to_list() == ["lso:ground", "ontrac:ground", "ups:ground"]
    assert newest["rank"].to_list() == [2, None, 1]
    assert newest["enough"].to_list() == [True, False, True]


def test_before_anything_has_left_a_card_has_its_columns_and_no_row() -> None:
    none = pl.DataFrame([parcel(1, -3, None)])
    outcomes = scorecard.read(none, MORNING)

    assert card([parcel(1, -3, None)]).height == 0
    assert scorecard.changes(outcomes, WORTH).height == 0
    assert scorecard.advertised_against_actual(outcomes).height == 0
    assert scorecard.coverage(outcomes).height == 0
    assert scorecard.tier_costs(outcomes).height == 0


def test_weights_of_one_over_propensity_undo_the_choice_of_easy_parcels() -> None:
    """Nine in ten easy parcels (never late) but one in ten hard ones (half late) were given to the service.

    Plainly 50 of 1,000 are late. Weighted, 900 easy ones at 1/0.9 and 100 hard ones at 1/0.1 make 1,000 and 1,000, of
    them 500 late: 25 %.
    """
    rows = [parcel(k, 14, 2, propensity=0.9) for k in range(900)]
    rows += [parcel(1_000 + k, 14, 5 if k % 2 else 2, propensity=0.1) for k in range(100)]

    (weighted,) = card(rows, weekly=False).iter_rows(named=True)
    (plain,) = card([row | {"propensity": None} for row in rows], weekly=False).iter_rows(named=True)

    assert 1 - plain["on_time"] == pytest.approx(0.05, abs=0.002)
    assert 1 - weighted["on_time"] == pytest.approx(0.25, abs=0.002)
    # Kish: (2,000)^2 / (900/0.81 + 100/0.01) = 360 parcels' worth; the interval is wider for it.
    width = [row["on_time_high"] - row["on_time_low"] for row in (plain, weighted)]
    assert width[1] > 2 * width[0]


def test_rows_that_cannot_be_right_are_refused_with_their_reason_and_nothing_is_lost() -> None:
    rows = [
        parcel(1, 10, 3),
        parcel(2, 10, -1),
        parcel(3, 10, 3, service=""),
        parcel(4, 10, 3),
        parcel(4, 10, 3),
        parcel(5, 10, 3, propensity=0.0),
        parcel(6, -1, None),
    ]

    outcomes = scorecard.read(pl.DataFrame(rows, infer_schema_length=None), MORNING)

    assert outcomes.frame.height + outcomes.refused.height + outcomes.later == len(rows)
    assert dict(outcomes.refused.unique("parcel").sort("parcel").iter_rows()) == {
        "P2": "delivered before it left",
        "P3": "service, origin or destination is missing",
        "P4": "stands more than once; keep one row",
        "P5": "its propensity is not above 0 and up to 1",
    }
    with pytest.raises(ValueError, match="column destination is missing"):
        scorecard.read(pl.DataFrame(rows).drop("destination"), MORNING)


def test_advertised_days_are_held_against_days_with_parcels_under_way_counted_as_not_yet_there() -> None:
    """Half take two days, half four, three advertised; half of the slow ones are under way on their third day."""
    rows = []
    for k in range(100):
        left, slow = 4 if k % 4 == 1 else 20, k % 2 == 1
        said = MORNING - timedelta(days=left - 3)
        rows.append(parcel(k, left, 4 if slow else 2, None, advertised_on=said))
    outcomes = scorecard.read(pl.DataFrame(rows), MORNING)

    (row,) = scorecard.advertised_against_actual(outcomes).iter_rows(named=True)

    assert (row["advertised_days"], row["median_days"], row["days_kept"]) == (3, 2, 4)
    assert (row["under_way"], row["advertised_due"], row["beyond"]) == (25, 100, 50)
    assert row["keeps"] is False


def test_coverage_says_how_much_of_the_shipping_a_service_was_seen_on() -> None:
    rows = [parcel(k, 14, 2) for k in range(30)]
    rows += [parcel(100 + k, 14, 2, service="lso:ground") for k in range(10)]
    rows += [parcel(200 + k, 14, 2, destination="100") for k in range(60)]

    found = scorecard.coverage(scorecard.read(pl.DataFrame(rows), MORNING))

    ours = found.row(by_predicate=pl.col("service") == "lso:ground", named=True)
    # One of two lanes; on it go 40 of 100 parcels.
    assert (ours["lanes"], ours["lanes_of_all"], ours["share_of_parcels"], ours["only_choice"]) == (1, 2, 0.4, 0.0)
    assert found.row(by_predicate=pl.col("service") == "ups:ground", named=True)["only_choice"] == pytest.approx(
        60 / 90
    )


def test_costs_stand_by_tier_the_small_ones_first() -> None:
    rows = [parcel(k, 14, 2, cents=900 + k % 7, tier="up to 1 ft3") for k in range(40)]
    rows += [parcel(100 + k, 14, 2, cents=600 + k % 7, tier="up to 1 l") for k in range(40)]

    found = scorecard.tier_costs(scorecard.read(pl.DataFrame(rows), MORNING))

    assert found["tier"].to_list() == ["up to 1 l", "up to 1 ft3"]
    assert found["cents"].round().to_list() == [603.0, 903.0]


def shipped(seed: int, *, failing: bool) -> pl.DataFrame:
    """Ten weeks of 12 services from 3 origins into 6 zones, about 4 parcels a day; one may fail on one zone lately."""
    rng = np.random.default_rng(seed)
    n = 20_000
    service, origin, zone = rng.integers(0, 12, n), rng.integers(0, 3, n), rng.integers(2, 8, n)
    ago = rng.integers(1, 75, n)
    share = 0.05 + 0.05 * rng.random((12, 3, 8))[service, origin, zone]
    if failing:
        share = np.where((service == 4) & (origin == 1) & (zone == 5) & (ago < 20), 0.6, share)
    took = np.where(rng.random(n) < share, 6, 3)
    left = np.datetime64(MORNING) - ago
    return pl.DataFrame(
        {
            "parcel": [f"P{k}" for k in range(n)],
            "service": [f"c{s // 2}:s{s}" for s in service],
            "origin": [f"N{o}" for o in origin],
            "destination": [f"{z}00" for z in zone],
            "zone": zone,
            "shipped_on": left,
            "delivered_on": left + took,
            "promised_on": left + 4,
            "cents": 700 + 50 * zone + rng.gamma(2.0, 60.0, n).astype(np.int64),
        }
    )


WORTH = scorecard.Worth(late=1_500, damaged=5_000, lost=8_000)


def test_the_one_zone_that_fails_is_found_and_what_it_costs_a_week_is_about_right() -> None:
    outcomes = scorecard.read(shipped(1, failing=True), MORNING)

    found = scorecard.changes(outcomes, WORTH, by="zone")

    row = found.row(0, named=True)
    assert (row["measure"], row["service"], row["origin"], row["zone"]) == ("late", "c2:s4", "N1", 5)
    # What was due in the last two weeks: each late parcel beyond the usual 7.5 % costs 15.00.
    right = (row["bad"] - 0.075 * row["cases"]) / 2 * 1_500
    assert 0.6 * right < row["cents_week"] < right
    assert row["cents_week_low"] < row["cents_week"] < row["cents_week_high"]


def test_where_nothing_changed_hardly_anything_is_listed() -> None:
    """Twelve services from three origins into six zones, five times: a false row in less than one of two weeks."""
    listed = [
        scorecard.changes(scorecard.read(shipped(seed, failing=False), MORNING), WORTH, by="zone").height
        for seed in range(10, 15)
    ]

    assert sum(listed) <= 2


def test_larger_parcels_are_not_read_as_dearer_ones() -> None:
    """A lane that begins to ship boxes of 20.00 beside letters of 5.00 pays no more for either."""
    rng = np.random.default_rng(2)
    rows = []
    for k in range(2_000):
        ago = int(rng.integers(1, 70))
        large = rng.random() < (0.8 if ago <= 14 else 0.1)
        cents = int((2_000 if large else 500) + rng.normal(0, 30))
        rows.append(parcel(k, ago, 2, cents=cents, tier="up to 1 ft3" if large else "up to 1 l"))
    outcomes = scorecard.read(pl.DataFrame(rows), MORNING)

    assert scorecard.changes(outcomes, WORTH, by="lane").is_empty()
