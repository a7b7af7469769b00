"""One centre, several stores: Federgruen and Zipkin's bound, and the policy that meets it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from evenstock.inventory.multi_echelon.divergent import Stores, divergent_policy, simulated_cost, stores

BOUNDS = {
    3: (5.1511, 6.4581, 7.2787, 9.1256, 5.7534, 7.2132, 7.7167, 9.6747),
    5: (4.5911, 5.7559, 6.6653, 8.3565, 5.2962, 6.6401, 7.1693, 8.9883),
    10: (4.6731, 5.8589, 6.9379, 8.6982, 5.5354, 6.9400, 7.5457, 9.4602),
}
"""Bound per store by number of stores, for (correlation, store lead days, penalty) in the order of `SETTINGS`."""
SETTINGS = [(rho, days, p) for rho in (0.0, 0.5) for days in (2, 6) for p in (4.0, 9.0)]


def transshipment_backlogged(k, rho, days, penalty):
    """The setting of that name of Alvo, Russo and Kanoria (2023, arXiv 2306.11246)."""
    mean = np.random.RandomState(33).uniform(2.5, 7.5, k)
    sd = mean * np.random.RandomState(92).uniform(0.25, 0.5, k)
    return stores(mean, sd, lead_days=days, holding=1.0, penalty=penalty, centre_lead_days=3, correlation=rho)


def demand_of(system: Stores, paths, days, seed):
    rng = np.random.default_rng(seed)
    common, own = rng.standard_normal((paths, days, 1)), rng.standard_normal((paths, days, system.mean.size))
    rho = system.correlation
    return system.mean + system.sd * (np.sqrt(rho) * common + np.sqrt(1 - rho) * own)


def relaxed_cost(policy, demand, skip):
    """Cost a day if stock could be moved between stores for nothing: its mean is the bound, whatever the path did."""
    system = policy.stores
    wait, days = system.centre_lead_days, demand.shape[1]
    total = demand.sum(axis=2)
    scores = policy.levels.sum(axis=1)
    costs = []
    for t in range(skip, days - int(system.lead_days.max())):
        at_split = policy.order_up_to - total[:, t - wait : t].sum(axis=1)
        day = np.zeros(demand.shape[0])
        for i, lead in enumerate(system.lead_days):
            level = np.interp(at_split, scores, policy.levels[:, i]) - demand[:, t : t + lead + 1, i].sum(axis=1)
            day += np.where(level > 0, system.holding[i] * level, -system.penalty[i] * level)
        costs.append(day)
    return np.mean(costs, axis=0)


def test_the_seeds_give_the_means_and_spreads_of_the_paper():
    five = transshipment_backlogged(5, 0.0, 2, 4.0)
    assert five.mean.round(3).tolist() == [3.743, 4.750, 4.555, 3.801, 6.852]
    assert five.sd.round(3).tolist() == [1.765, 2.124, 1.622, 1.405, 1.714]


@pytest.mark.parametrize("k", BOUNDS)
def test_every_bound_to_four_places(k):
    found = [round(divergent_policy(transshipment_backlogged(k, *setting)).bound_per_store, 4) for setting in SETTINGS]
    assert found == pytest.approx(BOUNDS[k], abs=1.01e-4)


@pytest.mark.parametrize("k", BOUNDS)
def test_with_equal_rates_the_bound_has_a_closed_form(k):
    """Eppen and Schrage (1981): stores' deviations add up after the split, their demand adds up before it."""
    system = transshipment_backlogged(k, 0.5, 2, 9.0)
    sd = np.sqrt(system.spread.sum() ** 2 + 3 * system.total_sd**2)
    z = norm.ppf(0.9)
    policy = divergent_policy(system)
    assert policy.bound == pytest.approx(10 * norm.pdf(z) * sd, rel=1e-9)
    assert policy.order_up_to == pytest.approx(system.mean.sum() * 6 + z * sd, rel=1e-9)


@pytest.mark.parametrize(("k", "setting"), [(3, SETTINGS[0]), (5, SETTINGS[2]), (5, SETTINGS[4]), (10, SETTINGS[7])])
def test_the_policy_costs_within_a_third_of_a_per_cent_of_the_bound(k, setting):
    policy = divergent_policy(transshipment_backlogged(k, *setting))
    demand = demand_of(policy.stores, 200, 600, seed=6)
    # The relaxed system on the same demand has the bound as its mean: its noise is taken off.
    noise = relaxed_cost(policy, demand, 60) - policy.bound
    over = (simulated_cost(policy, demand, skip=60) - noise) / policy.bound - 1.0
    assert abs(over.mean()) < 0.003


def test_stores_that_differ_in_cost_are_bounded_from_below_too():
    system = stores(
        [4, 6, 9], [1.0, 2.0, 2.5], lead_days=[1, 2, 4], holding=[1, 1.5, 0.8], penalty=[9, 4, 20], centre_lead_days=2
    )
    policy = divergent_policy(system)
    demand = demand_of(system, 200, 600, seed=7)
    noise = relaxed_cost(policy, demand, 60) - policy.bound
    assert abs(noise.mean()) < 0.01 * policy.bound
    over = (simulated_cost(policy, demand, skip=60) - noise) / policy.bound - 1.0
    assert -0.002 < over.mean() < 0.02


def test_no_other_order_up_to_level_and_no_even_split_is_cheaper():
    policy = divergent_policy(transshipment_backlogged(3, 0.0, 2, 9.0))
    demand = demand_of(policy.stores, 100, 500, seed=8)
    best = simulated_cost(policy, demand, skip=50).mean()
    for shift in (-6.0, 6.0):
        other = type(policy)(policy.stores, policy.order_up_to + shift, policy.bound, policy.levels)
        assert simulated_cost(other, demand, skip=50).mean() > best
    even = np.linspace(-60, 120, policy.levels.shape[0])[:, None] + np.zeros(3)
    blind = type(policy)(policy.stores, policy.order_up_to, policy.bound, even)
    assert simulated_cost(blind, demand, skip=50).mean() > best


@given(st.lists(st.floats(-30, 60), min_size=3, max_size=3), st.floats(0, 80))
@settings(max_examples=25, deadline=None)
def test_a_split_sends_all_and_takes_from_none(positions, arrived):
    sent = divergent_policy(transshipment_backlogged(3, 0.0, 2, 9.0)).allocate(positions, arrived)
    assert sent.sum() == pytest.approx(arrived)
    assert (sent >= 0).all()


def test_a_split_evens_out_what_stores_can_cover():
    policy = divergent_policy(stores([10, 10], 2.0, lead_days=0, holding=1, penalty=4, centre_lead_days=1))
    assert policy.allocate([8, 4], 10).round(6).tolist() == [3.0, 7.0]
    assert policy.allocate([20, 4], 6).round(6).tolist() == [0.0, 6.0]


def test_one_store_alone_is_a_base_stock():
    one = divergent_policy(stores([5], 1.6, lead_days=2, holding=1, penalty=9, centre_lead_days=2))
    assert one.bound == pytest.approx(6.2788, abs=1e-4)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"sd": [1, 0]}, "sd"),
        ({"penalty": -1}, "penalty"),
        ({"lead_days": -1}, "lead days"),
        ({"correlation": 1.5}, "correlated"),
        ({"mean": []}, "one number a store"),
    ],
)
def test_nonsense_is_refused_in_words(change, word):
    usual = {"mean": [5, 6], "sd": [1, 1], "lead_days": 2, "holding": 1, "penalty": 9, "centre_lead_days": 3}
    question = usual | change
    with pytest.raises(ValueError, match=word):
        stores(question.pop("mean"), question.pop("sd"), **question)
