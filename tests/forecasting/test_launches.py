"""What a past launch is, what it sold, and what was known of it the morning before."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from evenstock.forecasting import DemandHistory
from evenstock.forecasting.launch_model import fit_launches
from evenstock.forecasting.launches import launch_days, observe

FIRST = date(2026, 1, 1)


def history(*, hidden: tuple[int, ...] = ()) -> DemandHistory:
    """MUG sells 3 a day in PA from the start; in TX 5 on day 100, then 2 a day."""
    units = np.zeros((2, 200), np.int64)
    units[0] = 3
    units[1, 100:] = 2
    units[1, 100] = 5
    mask = np.zeros(units.shape, bool)
    mask[1, list(hidden)] = True
    keys = pl.DataFrame({"sku": "MUG", "node": ["PA", "TX"], "category": "kitchen"})
    return DemandHistory.from_matrix(np.where(mask, 0, units), keys, FIRST, hidden=mask if hidden else None)


def test_the_first_sale_dates_a_launch_and_does_not_count_as_its_success():
    found = observe(history())

    # 27 days of 2 after the day of 5 that dated it; what sold from the first day of the history is no launch.
    assert found.day.tolist() == [100]
    assert (found.units[0], found.days[0], found.squares[0]) == (54, 27, 27 * 4)


def test_a_known_introduction_dates_the_launch_and_all_its_days_count():
    introduced = pl.DataFrame({"sku": ["MUG"], "introduced_on": [FIRST + timedelta(days=90)]})

    found = observe(history(), introduced=introduced)

    # Ten days without a sale, one of 5, seventeen of 2: 39 units in 28 days. PA sold it before it was introduced: not dated.
    assert (found.day[0], found.units[0], found.days[0]) == (90, 39, 28)
    assert launch_days(history(), introduced)[1].tolist() == [False, True]


def test_hidden_days_neither_sell_nor_count():
    found = observe(history(hidden=(105, 106)))

    assert (found.units[0], found.days[0]) == (50, 25)


def test_siblings_are_seen_up_to_the_morning_of_the_launch_only():
    found = observe(history())

    # 28 and 100 days of 3 in PA; PA alone makes the mean node, so its days count almost whole.
    assert (found.siblings.recent_units[0], found.siblings.long_units[0]) == (84, 300)
    assert found.siblings.recent_days[0] == pytest.approx(28, rel=0.3)


def test_a_launch_is_known_only_when_its_four_weeks_are_over():
    launches = observe(history())

    before, after = (fit_launches(launches, 1, day, fallback=np.array([3.0, 3.0])) for day in (127, 128))

    assert (before.n_launches, after.n_launches) == (0, 1)
    # Before it a launch is taken for a usual series, 3 a day; then its own 2 a day begin to tell.
    assert before.overall_rate == pytest.approx(3.0)
    assert 2.0 < after.overall_rate < 3.0


def test_a_store_that_never_launched_anything_says_nothing():
    units = np.ones((2, 60), np.int64)
    keys = pl.DataFrame({"sku": ["A", "B"], "node": "TX"})

    assert len(observe(DemandHistory.from_matrix(units, keys, FIRST))) == 0


def test_the_price_of_the_node_on_that_day_is_told_before_that_of_all():
    prices = pl.DataFrame(
        {
            "sku": ["MUG", "MUG", "MUG"],
            "node": ["", "TX", "TX"],
            "valid_from": [FIRST, FIRST + timedelta(days=50), FIRST + timedelta(days=150)],
            "cents": [900, 800, 700],
        }
    )

    assert np.exp(observe(history(), prices=prices).log_price[0]) == pytest.approx(800)
