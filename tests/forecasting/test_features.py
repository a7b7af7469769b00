"""Features say what was known on the morning of the origin, and nothing that came later."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from evenstock.forecasting import DemandHistory, Drivers
from evenstock.forecasting.features import past as gone_by
from evenstock.forecasting.features import promotions
from evenstock.forecasting.features.calendar import event_columns, signal_columns
from evenstock.forecasting.features.prices import PriceSteps
from evenstock.forecasting.features.table import Vocabulary, look
from evenstock.forecasting.models import baseline

FIRST = date(2024, 1, 1)  # a Monday
ORIGIN = FIRST + timedelta(days=500)
KEYS = pl.DataFrame({"sku": ["MUG", "MUG", "CUP", "CUP"], "node": ["TX", "PA", "TX", "PA"], "category": "kitchen"})


def day(k):
    return ORIGIN + timedelta(days=k)


def world(seed=1, days=560):
    """A history that runs on after the origin, and drivers of all four kinds on both sides of it."""
    rng = np.random.default_rng(seed)
    units = rng.poisson([[6.0], [3.0], [1.0], [0.4]], (4, days)).astype(np.int32)
    hidden, promoted = rng.random((2, 4, days)) < 0.05
    history = DemandHistory.from_matrix(units, KEYS, FIRST, hidden=hidden, promoted=promoted)
    drivers = Drivers(
        events=pl.DataFrame(
            {"date": [day(k) for k in (-100, -7, 3, 20)], "event": list("abab"), "node": ["", "TX"] * 2}
        ),
        promotions=pl.DataFrame(
            {
                "promotion": ["old", "told", "later"],
                "sku": "MUG",
                "node": ["", "TX", "PA"],
                "first_day": [day(-40), day(4), day(6)],
                "last_day": [day(-35), day(9), day(8)],
                "discount_bp": [1000, 2000, 5000],
                "announced_on": [None, day(-1), day(1)],
            },
            schema_overrides={"announced_on": pl.Date, "discount_bp": pl.Int64},
        ),
        sale_prices=pl.DataFrame(
            {
                "sku": ["MUG", "MUG", "MUG", "MUG", "CUP"],
                "node": ["", "TX", "TX", "", ""],
                "valid_from": [day(-300), day(-10), day(5), day(7), day(-50)],
                "cents": [1000, 900, 800, 1, 500],
                "announced_on": [None, None, day(-2), None, None],
            },
            schema_overrides={"announced_on": pl.Date},
        ),
        signals=pl.DataFrame(
            {
                "signal": "heat",
                "date": [day(-3), day(-1), day(2), day(2)],
                "node": ["", "", "", "TX"],
                "value": [10.0, 20.0, 30.0, 99.0],
                "known_on": [None, None, day(-1), day(1)],
            },
            schema_overrides={"known_on": pl.Date},
        ),
    )
    return history, drivers


def seen_from(history, drivers, horizon=28):
    before, known = history.before(ORIGIN), drivers.known(ORIGIN)
    base = baseline.predict(before, horizon=horizon, drivers=known)
    origin = look(before, known, base, Vocabulary(("PA", "TX"), ("kitchen",), ("a", "b"), ("heat",)))
    series, ahead = np.repeat(np.arange(4), horizon), np.tile(np.arange(horizon), 4)
    return pl.DataFrame(origin.table(series, ahead), schema=origin.names).with_columns(
        series=pl.Series(series), ahead=pl.Series(ahead)
    )


def test_nothing_that_happens_or_is_said_after_the_origin_changes_a_feature():
    history, drivers = world()
    units, hidden, promoted = history.units.copy(), history.hidden.copy(), history.promoted.copy()
    units[:, 500:] = 777
    hidden[:, 500:] = ~hidden[:, 500:]
    promoted[:, 500:] = ~promoted[:, 500:]
    other = DemandHistory.from_matrix(units, KEYS, FIRST, hidden=hidden, promoted=promoted)
    late = Drivers(
        events=drivers.events,
        promotions=drivers.promotions.with_columns(
            discount_bp=pl.when(pl.col("announced_on") > ORIGIN).then(9999).otherwise("discount_bp")
        ),
        sale_prices=drivers.sale_prices.with_columns(
            cents=pl.when(pl.coalesce("announced_on", "valid_from") > ORIGIN).then(77).otherwise("cents")
        ),
        signals=drivers.signals.with_columns(value=pl.when(pl.col("known_on") > ORIGIN).then(-5.0).otherwise("value")),
    )

    assert seen_from(history, drivers).equals(seen_from(other, late), null_equal=True)


@pytest.mark.parametrize("column", ["cents", "value", "discount_bp"])
def test_what_was_said_before_the_origin_does_change_a_feature(column):
    history, drivers = world()
    changed = Drivers(
        drivers.events,
        *(
            frame.with_columns(pl.col(column) * 2) if column in frame.columns else frame
            for frame in (drivers.promotions, drivers.sale_prices, drivers.signals)
        ),
    )

    assert not seen_from(history, drivers).equals(seen_from(history, changed), null_equal=True)


def test_a_price_ahead_is_the_last_one_known_unless_a_change_was_announced():
    found = seen_from(*world())

    def price(series, ahead):
        return found.filter((pl.col("series") == series) & (pl.col("ahead") == ahead))["price"].item()

    assert [price(0, k) for k in (0, 4, 5, 20)] == [900, 900, 800, 800]  # MUG in TX: announced two days before
    assert [price(1, k) for k in (0, 7, 20)] == [1000, 1000, 1000]  # nobody said that PA's would fall on day 7


def test_a_promotion_ahead_counts_from_the_day_it_was_announced():
    found = seen_from(*world()).filter(pl.col("promoted") > 0)

    assert found.select("series", "ahead").rows() == [(0, k) for k in range(4, 10)]
    np.testing.assert_allclose(found["discount"], 0.2)


def test_a_signal_is_missing_where_it_was_not_known():
    found = seen_from(*world())

    told = found.filter(pl.col("signal heat").is_not_nan())
    assert told.select("series", "ahead", "signal heat").rows() == [(s, 2, 30.0) for s in range(4)]
    assert found["signal heat, last week"].unique().to_list() == [15.0]


def test_hidden_days_enter_no_mean():
    units = np.full((1, 60), 4, np.int32)
    units[:, 50:55] = 0
    hidden = np.zeros((1, 60), bool)
    hidden[:, 50:55] = True
    past = DemandHistory.from_matrix(units, KEYS[:1], FIRST, hidden=hidden)
    recent = gone_by.Recent.of(past)

    columns = gone_by.series_columns(past, recent, np.array([2.0]))

    assert [columns[f"mean_{w}"].item() for w in (7, 28, 364)] == [2.0, 2.0, 2.0]  # four a day at a level of two
    assert columns["sold_share_28"].item() == 1.0
    assert np.isnan(columns["day_6"]).all()
    assert columns["hidden_share_28"].item() == pytest.approx(5 / 28)


def test_means_are_those_of_the_days_they_name():
    rng = np.random.default_rng(4)
    units = rng.poisson(3.0, (5, 800)).astype(np.int32) + 1
    past = DemandHistory.from_matrix(units, pl.DataFrame({"sku": list("abcde"), "node": "TX"}), FIRST)
    recent, level = gone_by.Recent.of(past), np.full(5, 2.0)

    series = gone_by.series_columns(past, recent, level)
    week = gone_by.weekday_columns(recent, level)
    year = gone_by.last_year_columns(recent, level, 28)

    np.testing.assert_allclose(series["mean_91"], units[:, -91:].mean(axis=1) / 2)
    np.testing.assert_allclose(series["sd_28"], units[:, -28:].std(axis=1) / 2)
    np.testing.assert_allclose(series["day_3"], units[:, -3] / 2)
    np.testing.assert_allclose(week["same_weekday_4"][:, 2], units[:, [-26, -19, -12, -5]].mean(axis=1) / 2)
    np.testing.assert_allclose(year["last_year_7"][:, 10], units[:, 800 - 364 + 7 : 800 - 364 + 14].mean(axis=1) / 2)
    np.testing.assert_allclose(year["before_last_year"][:, 0], units[:, 408:436].mean(axis=1) / 2)


def test_days_since_the_last_sale_count_only_days_that_were_seen():
    units = np.zeros((2, 40), np.int32)
    units[:, 20] = 1
    hidden = np.zeros((2, 40), bool)
    hidden[1, 30:35] = True
    past = DemandHistory.from_matrix(units, KEYS[:2], FIRST, hidden=hidden)

    found = gone_by.series_columns(past, gone_by.Recent.of(past), np.ones(2))

    assert found["days_since_sale"].tolist() == [19.0, 14.0]


def test_the_rarest_event_of_a_day_stands_and_others_are_counted():
    payday = [FIRST + timedelta(days=k) for k in range(0, 600, 10)]
    events = pl.DataFrame(
        {"date": [*payday, payday[50]], "event": ["payday"] * 60 + ["fair"], "node": [""] * 60 + ["TX"]}
    )

    found = event_columns(events, ("fair", "payday"), np.array(["PA", "TX"]), payday[50], 12)

    np.testing.assert_array_equal(found["event"][:, 0], [1, 0])
    assert found["events"][:, [0, 1, 10]].tolist() == [[1, 0, 1], [2, 0, 1]]
    assert found["days_since_event"][1, :3].tolist() == [0, 1, 2]
    assert found["days_to_event"].min(axis=1).tolist() == [14, 0]  # a payday each tenth day is not worth waiting for


def test_an_event_never_met_in_training_is_missing_but_still_counts():
    events = pl.DataFrame({"date": [ORIGIN], "event": "eclipse", "node": ""})

    found = event_columns(events, ("fair",), np.array(["TX"]), ORIGIN, 2)

    assert np.isnan(found["event"]).all()
    assert found["events"].tolist() == [[1, 0]]


def test_a_nodes_own_price_goes_before_one_for_every_node_of_the_same_day():
    prices = pl.DataFrame(
        {"sku": "MUG", "node": ["TX", "", ""], "valid_from": [day(-5), day(-5), day(-9)], "cents": [7, 9, 3]}
    )

    steps = PriceSteps.of(KEYS, prices, ORIGIN)

    series, at = np.array([0, 1, 1, 1, 2]), np.array([0, 0, -6, -10, 0])
    np.testing.assert_array_equal(steps.at(series, at), [7, 9, 3, np.nan, np.nan])


def test_mean_prices_agree_with_prices_day_by_day():
    rng = np.random.default_rng(3)
    prices = pl.DataFrame(
        {
            "sku": rng.choice(["MUG", "CUP"], 40),
            "node": rng.choice(["TX", "PA"], 40),
            "valid_from": [day(int(k)) for k in rng.permutation(200)[:40] - 220],
            "cents": rng.integers(100, 900, 40),
        }
    )
    steps = PriceSteps.of(KEYS, prices, ORIGIN)
    every, zero = np.arange(4), np.zeros(4, np.int64)

    daily = np.stack([steps.at(every, zero + k) for k in range(-182, 0)])

    np.testing.assert_allclose(steps.mean(every, zero - 182, zero), np.nanmean(daily, axis=0))


def test_without_prices_or_a_first_price_the_mean_is_missing():
    none = PriceSteps.of(KEYS, Drivers().sale_prices, ORIGIN)
    one = np.array([0])
    assert np.isnan([none.at(one, one), none.mean(one, one - 5, one)]).all()


def test_of_two_promotions_at_once_the_deeper_counts():
    rows = pl.DataFrame(
        {
            "sku": ["MUG", "MUG"],
            "node": ["", ""],
            "first_day": [day(0), day(1)],
            "last_day": [day(3), day(1)],
            "discount_bp": [1000, 4000],
        }
    )

    found = promotions.depth(KEYS, rows, ORIGIN, 5)

    assert found[0].tolist() == [1001, 4001, 1001, 1001, 0]
    assert not found[2:].any()


def test_signals_of_a_node_stand_before_those_of_every_node():
    rows = pl.DataFrame({"signal": "rain", "date": [ORIGIN] * 2, "node": ["TX", ""], "value": [5.0, 1.0]})

    found = signal_columns(rows, ("rain", "snow"), np.array(["PA", "TX"]), ORIGIN, 1)

    assert found["signal rain"].tolist() == [[1.0], [5.0]]
    assert np.isnan(found["signal snow"]).all()
