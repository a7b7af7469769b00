"""What kind an item is, and what goes with it: series made by hand."""

import numpy as np
import pytest

from evenstock.inventory.segments import (
    BY_CLASS,
    BY_TRAIT,
    Policy,
    Segment,
    Trait,
    by_margin,
    by_variation,
    intermittent,
    seasonal,
    traits,
)

ALL = np.ones((1, 104), np.bool_)


def test_items_that_bring_nothing_are_c_even_where_nothing_brings_anything() -> None:
    assert by_margin([0, 0]).tolist() == ["C", "C"]
    assert by_margin([100, 0, -5]).tolist() == ["A", "C", "C"]
    assert by_margin([]).tolist() == []


def test_a_hundred_alike_are_divided_at_80_and_95_percent() -> None:
    found = by_margin(np.ones(100)).tolist()

    assert (found.count("A"), found.count("B"), found.count("C")) == (80, 15, 5)


def test_weeks_not_seen_do_not_count_as_variation() -> None:
    weekly = np.array([[5.0, 0, 5, 5]])

    assert by_variation(weekly, weekly > 0).tolist() == ["X"]
    assert by_variation(weekly, np.ones_like(weekly, np.bool_)).tolist() == ["Y"]


def test_a_season_is_what_comes_again_not_what_came_once() -> None:
    once = np.full((1, 104), 4.0)
    once[0, 30:40] = 30
    again = once.copy()
    again[0, 82:92] = 30

    assert [bool(seasonal(w, ALL)[0]) for w in (once, again)] == [False, True]
    assert not seasonal(again[:, :103], ALL[:, :103])[0], "less than two years say nothing"


def test_noise_around_a_level_is_no_season() -> None:
    rng = np.random.default_rng(0)
    noise = rng.poisson(20, (200, 104)).astype(float)

    assert seasonal(noise, np.ones_like(noise, np.bool_)).mean() < 0.02


def test_the_first_trait_that_fits_counts() -> None:
    weekly = np.zeros((5, 104))
    weekly[0], weekly[1], weekly[2], weekly[3] = 8, 8, 8, 8
    found = traits(
        ended=np.array([True, False, False, False, False]),
        weeks_sold=[3, 3, 900, 900, 900],
        constrained=np.array([True, True, True, False, False]),
        weekly=weekly,
        seen=np.ones_like(weekly, np.bool_),
    )

    assert found == [Trait.ENDED, Trait.NEW, Trait.CONSTRAINED, Trait.NONE, Trait.INTERMITTENT]


def test_every_segment_has_a_policy_and_one_kind_of_service() -> None:
    for trait in Trait:
        for abc in "ABC":
            for xyz in "XYZ":
                treatment = Segment(abc, xyz, trait).treatment
                if trait is Trait.ENDED:
                    assert treatment.policy is Policy.RUN_DOWN
                else:
                    assert (treatment.cycle_service > 0) != (treatment.fill_rate > 0)


def test_what_brings_more_is_served_better() -> None:
    for xyz in "XY":
        assert BY_CLASS["A" + xyz].cycle_service > BY_CLASS["B" + xyz].cycle_service > BY_CLASS["C" + xyz].cycle_service
    for trait in {trait for trait, _ in BY_TRAIT}:
        served = [BY_TRAIT[trait, abc].cycle_service + BY_TRAIT[trait, abc].fill_rate for abc in "ABC"]
        assert served == sorted(served, reverse=True)


def test_a_segment_says_its_name() -> None:
    assert str(Segment("A", "X")) == "AX"
    assert str(Segment("C", "Z", Trait.INTERMITTENT)) == "CZ intermittent"


@pytest.mark.parametrize(("weeks", "said"), [([1.0] * 76 + [0.0] * 28, True), ([1.0] * 80 + [0.0] * 24, False)])
def test_intermittent_is_fewer_than_one_week_in_1_32(weeks: list[float], said: bool) -> None:
    # 104 ÷ 76 = 1.37 weeks apart, 104 ÷ 80 = 1.30.
    assert bool(intermittent(np.array([weeks]), ALL)[0]) is said
