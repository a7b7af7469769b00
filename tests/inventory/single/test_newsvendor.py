"""One purchase before demand is known, and its cousin with a lead time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.inventory.single.base_stock import base_stock
from evenstock.inventory.single.demand import CountedDemand, NormalDemand, PoissonDemand
from evenstock.inventory.single.newsvendor import cost_of, newsvendor


def test_example_4_3_of_snyder_and_shen_to_the_eighth_place():
    best = newsvendor(NormalDemand(50, 8), holding=0.18, penalty=0.70)
    assert best.level == pytest.approx(56.60395593, abs=1e-8)
    assert best.cost == pytest.approx(1.9976051932, abs=1e-8)


def test_the_normal_cost_is_the_density_at_the_ratio():
    """At the optimum the cost is (h + p) sd phi(z): 1 + 4 = 5, phi(0.8416) = 0.27996."""
    assert newsvendor(NormalDemand(0, 1), 1, 4).cost == pytest.approx(5 * 0.2799619, abs=1e-6)


COUNTS = st.one_of(
    st.floats(0.1, 40).map(PoissonDemand),
    st.lists(st.floats(0.01, 1), min_size=1, max_size=12).map(lambda w: CountedDemand(tuple(np.array(w) / sum(w)))),
)


@given(COUNTS, st.floats(0.1, 5), st.floats(0.1, 50))
@settings(max_examples=25, deadline=None)
def test_no_whole_level_is_cheaper(demand, holding, penalty):
    best = newsvendor(demand, holding, penalty)
    for level in (best.level - 1, best.level + 1):
        assert best.cost <= cost_of(level, demand, holding, penalty) + 1e-9


BACKLOGGED = {
    1: (3.1674, 3.9711, 4.6674, 5.2898),
    4: (5.0081, 6.2788, 7.3798, 8.3640),
    7: (6.3348, 7.9421, 9.3348, 10.5797),
    10: (7.4282, 9.3130, 10.9460, 12.4058),
    15: (8.9588, 11.2319, 13.2014, 14.9619),
    20: (10.2636, 12.8678, 15.1241, 17.1411),
}
"""Optimal cost with N(5, 1.6) a day, h = 1, by lead days and p = 4, 9, 19, 39: the `one_store_backlogged` setting of
Alvo, Russo and Kanoria (2023, arXiv 2306.11246), (1 + p) phi(z) 1.6 sqrt(L + 1)."""


@pytest.mark.parametrize("lead_days", BACKLOGGED)
def test_one_store_that_backlogs_matches_all_four_penalties(lead_days):
    for penalty, known in zip((4, 9, 19, 39), BACKLOGGED[lead_days], strict=True):
        # The table was printed with z to five places.
        assert base_stock(NormalDemand(5, 1.6), lead_days, 1, penalty).cost == pytest.approx(known, abs=1.5e-4)


def test_a_simulated_year_of_years_costs_what_the_formula_says():
    rng = np.random.default_rng(5)
    best = base_stock(PoissonDemand(4), 2, holding=1, penalty=9)
    days = rng.poisson(4, size=(200_000, 3)).sum(axis=1)
    simulated = (np.maximum(best.level - days, 0) + 9 * np.maximum(days - best.level, 0)).mean()
    assert simulated == pytest.approx(best.cost, rel=0.01)


@pytest.mark.parametrize(("holding", "penalty"), [(0, 1), (1, 0), (-1, 1), (float("inf"), 1)])
def test_rates_that_make_no_sense_are_refused(holding, penalty):
    with pytest.raises(ValueError, match="above zero"):
        newsvendor(PoissonDemand(5), holding, penalty)
