import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenstock.freight.ltl import HandlingUnits, billed_lb, linear_feet


@given(st.integers(1, 200_000))
def test_pounds_in_rounded_grams_are_billed_as_those_pounds(pounds):
    assert billed_lb(round(pounds * 453.59237)) == pounds
    assert billed_lb(int(pounds * 453.59237) + 2) == pounds + 1, "a gram or two more is a pound more"


def test_pallets_stand_two_abreast_in_rows_of_four_feet():
    # 48 x 40 in: 2 x 40 in = 80 of 98 in width; 1, 2 -> 1 row; 3 -> 2 rows; 1219 mm = 4 ft.
    assert [linear_feet([HandlingUnits(n, 1)]) for n in (1, 2, 3, 7, 26)] == [4, 4, 8, 16, 52]


def test_a_crate_too_wide_for_two_takes_its_whole_length_and_a_begun_foot_counts():
    # 1,300 mm wide: one abreast. 2 x 2,000 mm = 4,000 mm = 13.12 ft.
    assert linear_feet([HandlingUnits(2, 1, length_mm=2_000, width_mm=1_300)]) == 14


def test_kinds_stand_one_behind_the_other():
    assert linear_feet([HandlingUnits(2, 1), HandlingUnits(1, 1, 2_438, 1_219)]) == 12


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ({"count": 0, "weight_g": 1}, "0 units of 1 g"),
        ({"count": 1, "weight_g": 0}, "1 units of 0 g"),
        ({"count": 1, "weight_g": 1, "width_mm": 2_490}, "does not go into a trailer"),
        ({"count": 1, "weight_g": 1, "freight_class": "51"}, "class '51' is none of the NMFC"),
    ],
)
def test_nonsense_on_the_dock_is_refused(unit, said):
    with pytest.raises(ValueError, match=said):
        HandlingUnits(**unit)


def test_a_class_of_its_own_wins_over_density_and_without_height_one_is_needed():
    assert HandlingUnits(1, 250_000, height_mm=1_219).class_rated == "92.5"
    assert HandlingUnits(1, 250_000, height_mm=1_219, freight_class="150").class_rated == "150"
    with pytest.raises(ValueError, match="give weight and size, or a class"):
        HandlingUnits(1, 250_000).class_rated  # noqa: B018
