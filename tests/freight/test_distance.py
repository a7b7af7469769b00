import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenstock.freight.distance import EARTH_RADIUS_KM, haversine_km, haversine_miles

LATITUDE, LONGITUDE = st.floats(-90, 90), st.floats(-180, 180)


def test_a_quarter_of_the_equator_is_a_quarter_of_the_circumference():
    assert float(haversine_km(0, 0, 0, 90)) == pytest.approx(math.pi / 2 * EARTH_RADIUS_KM)
    assert float(haversine_km(0, 0, 90, 0)) == pytest.approx(10_007.557, abs=0.001)
    assert float(haversine_km(0, 0, 0, 180)) == pytest.approx(math.pi * EARTH_RADIUS_KM)


def test_a_degree_of_latitude_is_69_miles():
    assert float(haversine_miles(40, -75, 41, -75)) == pytest.approx(69.09, abs=0.01)


@given(LATITUDE, LONGITUDE, LATITUDE, LONGITUDE)
def test_there_and_back_are_as_far_and_nothing_is_beyond_half_the_earth(a, b, c, d):
    there = float(haversine_km(a, b, c, d))
    assert there == pytest.approx(float(haversine_km(c, d, a, b)), abs=1e-6)
    assert 0 <= there <= math.pi * EARTH_RADIUS_KM + 1e-6


def test_arrays_broadcast():
    assert haversine_km(np.zeros((2, 1)), 0, 0, np.array([0, 1, 2])).shape == (2, 3)
