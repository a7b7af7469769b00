"""Days of cover become units."""

from __future__ import annotations

import numpy as np
import pytest
from tests.rebalancing import instances

from evenstock.rebalancing.bands import NO_CEILING
from evenstock.rebalancing.options.cover_bands import CoverBand, cover_bands

PROBLEM = instances.problem(np.array([[[[3, 3]], [[1, 2]]], [[[0, 0]], [[4, 4]]]]), [[9, 9], [9, 9]])
"""Item 0 sells 3 and 1.5 a day, item 1 sells 0 and 4."""


def test_days_times_daily_demand_rounded_to_what_lies_inside():
    # 2.5 days: 7.5 and 3.75, rounded up; 5 days: 15 and 7.5, rounded down.
    bands = cover_bands(PROBLEM, ["A", "B"], {("A", "*"): CoverBand(2.5, 5, low_cents=30, high_cents=4)})
    assert bands.low_units.tolist() == [[8, 4], [0, 0]]
    assert bands.high_units.tolist() == [[15, 7], [NO_CEILING, NO_CEILING]]
    assert bands.low_cents.tolist() == [[30, 30], [0, 0]]
    assert (bands.most_units == NO_CEILING).all()


def test_the_most_exact_entry_counts_class_before_node():
    wanted = {
        ("*", "*"): CoverBand(1),
        ("*", "N1"): CoverBand(2),
        ("A", "*"): CoverBand(3),
        ("A", "N1"): CoverBand(4),
    }
    assert cover_bands(PROBLEM, ["A", "B"], wanted).low_units.tolist() == [[9, 6], [0, 8]]


def test_nothing_may_arrive_above_the_most_days():
    bands = cover_bands(PROBLEM, ["A", "B"], {("*", "N1"): CoverBand(most_days=10)})
    assert bands.most_units.tolist() == [[NO_CEILING, 15], [NO_CEILING, 40]]


def test_a_band_upside_down_and_names_that_there_are_none_of_are_refused():
    with pytest.raises(ValueError, match="the low end comes first"):
        CoverBand(5, 4)
    with pytest.raises(ValueError, match="no item is of class 'C'"):
        cover_bands(PROBLEM, ["A", "B"], {("C", "*"): CoverBand(1)})
    with pytest.raises(ValueError, match="there is no node 'N9'"):
        cover_bands(PROBLEM, ["A", "B"], {("A", "N9"): CoverBand(1)})
    with pytest.raises(ValueError, match="one for each of 2 items"):
        cover_bands(PROBLEM, ["A"], {})
