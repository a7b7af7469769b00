from datetime import date

import numpy as np
import pytest

from evenstock.freight.transit import delivered_by, late_probabilities, late_probability

SHARE = np.array([0.0, 0.0, 0.7, 0.2, 0.0, 0.1])
FRIDAY = date(2026, 11, 20)


def test_the_promised_day_itself_is_in_time():
    # Two days: 30 % are later; three: 10 %; four: still 10 %; five: none.
    assert late_probabilities(SHARE, [0, 1, 2, 3, 4, 5, 60]).tolist() == pytest.approx([1, 1, 0.3, 0.1, 0.1, 0, 0])


def test_nothing_is_later_than_the_longest_day_listed_whatever_the_rounding():
    tenths = np.full(10, 0.1)
    assert late_probabilities(tenths, 9).tolist() == 0.0


def test_a_parcel_that_leaves_after_the_promise_is_late():
    assert late_probabilities(SHARE, [-1, -400]).tolist() == [1.0, 1.0]


def test_weekends_count_as_days_for_they_are_in_the_scans():
    assert late_probability(SHARE, FRIDAY, date(2026, 11, 22)) == pytest.approx(0.3)


def test_the_day_by_which_a_share_has_arrived():
    assert [delivered_by(SHARE, FRIDAY, p).day for p in (0.7, 0.71, 0.9, 1.0)] == [22, 23, 23, 25]
    with pytest.raises(ValueError, match="share"):
        delivered_by(SHARE, FRIDAY, 0.0)
