import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenstock.freight.ltl.density import BY_DENSITY, CLASSES, EDGES_PCF, density_class, density_classes, density_pcf

CUBIC_FEET_MM3 = 125 * 28_316_846_592 // 1000
"""125 cubic feet are 3,539,605,824 mm3, exactly: a volume on which every edge can be hit with whole grams but for rounding."""


def test_the_thirteen_steps_of_docket_2025_1():
    # By the docket: below 1 pcf 400, 1-2 300, 2-4 250, 4-6 175, 6-8 125, 8-10 100, 10-12 92.5, 12-15 85, 15-22.5 70, 22.5-30 65,
    # 30-35 60, 35-50 55, 50 and more 50. A cubic foot of each density between.
    pounds = [0.5, 1.5, 3, 5, 7, 9, 11, 13, 20, 25, 32, 40, 60]
    grams = [round(p * 453.59237 * 1000) for p in pounds]
    found = [density_class(g, 28_316_846_592) for g in grams]
    assert found == ["400", "300", "250", "175", "125", "100", "92.5", "85", "70", "65", "60", "55", "50"]


@pytest.mark.parametrize("step", range(12))
def test_an_edge_belongs_to_the_denser_step_and_a_gram_less_to_the_lighter(step):
    # 100,000 cubic feet (2,831,684,659,200 mm3) of exactly e pcf weigh e x 45,359,237 g: whole grams on every edge.
    edge = EDGES_PCF[step]
    grams, volume = int(edge * 45_359_237 * 2), 2 * 2_831_684_659_200
    assert density_pcf(grams, volume) == edge
    assert density_class(grams, volume) == BY_DENSITY[step + 1]
    assert density_class(grams - 1, volume) == BY_DENSITY[step]
    both = density_classes([grams, grams - 1], [volume, volume])
    assert [CLASSES[k] for k in both] == [BY_DENSITY[step + 1], BY_DENSITY[step]]


@given(st.lists(st.tuples(st.integers(1, 20_000_000), st.integers(1, 10**11)), min_size=1, max_size=20))
def test_many_at_once_have_the_same_class_as_one_by_one(freight):
    grams, volume = zip(*freight, strict=True)
    assert [CLASSES[k] for k in density_classes(grams, volume)] == [density_class(*one) for one in freight]


@given(st.integers(1, 10**7), st.integers(1, 10**10), st.integers(0, 10**7))
def test_heavier_freight_of_one_size_never_has_a_higher_class(grams, volume, more):
    assert float(density_class(grams + more, volume)) <= float(density_class(grams, volume))


def test_what_weighs_nothing_or_has_no_size_has_no_class():
    with pytest.raises(ValueError, match="0 g in 5 mm3 have no density; give weight and size, or a class"):
        density_class(0, 5)
    assert density_classes(np.array([0, 100]), np.array([100, 0])).tolist() == [-1, -1]
