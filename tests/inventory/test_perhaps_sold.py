"""The quantile of what was perhaps sold, reckoned for one order: the same units as the beliefs' own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evenstock.distributions import negative_binomial as nb
from evenstock.inventory.buffer import unreported_quantile
from evenstock.inventory.perhaps_sold import perhaps_sold

MEANS = st.one_of(st.just(0.0), st.floats(-6, 6).map(lambda power: 10.0**power))
DISPERSIONS = st.one_of(st.just(0.0), st.floats(-12, 2).map(lambda power: 10.0**power))
LEVELS = st.sampled_from([0.51, 0.6, 0.9, 0.95, 0.99, 0.999])


@given(st.lists(st.tuples(MEANS, DISPERSIONS), max_size=20), LEVELS)
@example([(20.0, 0.0), (20.000001, 0.0), (20.0, 1.0), (0.2, 40.0)], 0.9)
def test_it_says_what_the_beliefs_say(shelves: list[tuple[float, float]], level: float) -> None:
    mean, dispersion = [m for m, _ in shelves], [a for _, a in shelves]
    assert (
        perhaps_sold(mean, dispersion, level)
        == unreported_quantile(np.array(mean), np.array(dispersion), level).tolist()
    )


@pytest.mark.parametrize(("mean", "dispersion"), [(0.3, 0.0), (4.0, 0.0), (3.0, 1.0), (150.0, 0.4)])
def test_a_sum_that_ends_at_the_level_itself_is_not_left_to_rounding(mean: float, dispersion: float) -> None:
    """Levels that are sums themselves: a unit more or less hangs on the last bit."""
    for units in range(int(2 * mean) + 3):
        level = float(nb.cdf(units, mean, dispersion))
        if 0.0 < level < 1.0:
            exact = unreported_quantile(np.array([mean]), np.array([dispersion]), level).tolist()
            assert perhaps_sold([mean], [dispersion], level) == exact


def test_more_may_have_been_sold_in_more_time() -> None:
    days = np.linspace(0, 40, 4_001).tolist()
    for a_day, dispersion in ((0.13, 0.5), (4.0, 0.0), (90.0, 0.2)):
        units = perhaps_sold([a_day * day for day in days], [dispersion] * len(days), 0.9)
        assert units == sorted(units)


def test_what_is_no_mean_is_refused() -> None:
    for wrong in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="mu"):
            perhaps_sold([wrong], [0.5], 0.9)
