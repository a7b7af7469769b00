"""Durations of which some are not over: the estimate is the textbook's, and what goes on never makes anything faster."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from evenstock.distributions.censoring import product_limit

CASES = (
    st.integers(1, 40)
    .flatmap(
        lambda n: st.tuples(
            hnp.arrays(np.float64, n, elements=st.integers(0, 12).map(float)),
            hnp.arrays(np.bool_, n),
            hnp.arrays(np.float64, n, elements=st.floats(0.01, 5)),
        )
    )
    .filter(lambda case: case[1].any())
)


def test_leukaemia_remissions_of_freireich_as_in_every_textbook() -> None:
    # Freireich et al. (1963), 6-MP arm, weeks; + is still in remission: 6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23
    # 25+ 32+ 32+ 34+ 35+. Kaplan-Meier: .857 .807 .753 .690 .627 .538 .448.
    weeks = np.array([6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35], float)
    over = np.array([1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0], bool)

    said = product_limit(weeks, over, np.ones(21))

    assert said.at.tolist() == [6, 7, 10, 13, 16, 22, 23, 25, 32, 34, 35]
    assert said.after([6, 7, 10, 13, 16, 22, 23]).tolist() == pytest.approx(
        [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], abs=5e-4
    )


@settings(max_examples=50)
@given(CASES)
def test_counting_what_goes_on_never_makes_it_faster_than_leaving_it_out(case) -> None:
    value, over, weight = case
    grid = np.arange(0, 13, 0.5)
    grid = grid[grid <= value[over].max()]

    with_them = product_limit(value, over, weight).after(grid)
    without = product_limit(value[over], over[over], weight[over]).after(grid)

    assert (with_them >= without - 1e-9).all()


@settings(max_examples=50)
@given(CASES, st.sampled_from([0.0, 1.0]))
def test_a_survival_falls_from_one_and_never_below_zero(case, doubt) -> None:
    said = product_limit(*case, doubt=doubt).after(np.arange(-1, 60, 0.25))

    assert said[0] == 1.0
    assert (np.diff(said) <= 1e-12).all()
    assert ((said >= 0) & (said <= 1)).all()


@settings(max_examples=50)
@given(CASES)
def test_the_mean_of_what_outlasts_a_value_is_not_below_it(case) -> None:
    said = product_limit(*case, doubt=1.0)
    asked = np.arange(-2, 20, 0.5)

    assert (said.mean_beyond(asked) >= asked).all()
    assert np.isfinite(said.mean_beyond(asked)).all()


def test_a_weight_of_two_is_the_same_case_twice() -> None:
    twice = product_limit(np.array([1.0, 1, 2, 3, 3]), np.array([1, 1, 0, 1, 1], bool), np.ones(5))
    heavy = product_limit(np.array([1.0, 2, 3]), np.array([1, 0, 1], bool), np.array([2.0, 1, 2]))

    assert heavy.after([0, 1, 2, 3]).tolist() == pytest.approx(twice.after([0, 1, 2, 3]).tolist())


def test_the_next_of_nine_lies_up_to_the_ninth_nine_times_in_ten() -> None:
    said = product_limit(np.arange(1.0, 10), np.ones(9, bool), np.ones(9), doubt=1.0)

    assert (1 - said.after(np.arange(1.0, 10))).tolist() == pytest.approx([k / 10 for k in range(1, 10)])


def test_where_nothing_has_ended_there_is_no_distribution() -> None:
    with pytest.raises(ValueError, match="nothing has ended yet"):
        product_limit(np.ones(3), np.zeros(3, bool), np.ones(3))
