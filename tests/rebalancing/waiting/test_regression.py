"""What a regression on the days seen may be trusted with."""

from __future__ import annotations

import numpy as np

from evenstock.rebalancing.waiting.regression import foreseen


def demand(rng, *, persistent, lines=200, paths=100, days=10):
    level = rng.lognormal(0, 0.5, (lines, 2, paths, 1 if persistent else days))
    return rng.poisson(8 * np.broadcast_to(level, (lines, 2, paths, days)))


def test_a_level_that_persists_is_found_from_two_days():
    units = demand(np.random.default_rng(1), persistent=True)
    gains = units[:, 1, :, 2:].sum(axis=2).astype(float)
    said = foreseen(gains, units[..., :2].sum(axis=3))
    found = [np.corrcoef(a, b)[0, 1] for a, b in zip(said, gains, strict=True)]
    assert np.mean(found) > 0.8


def test_days_that_tell_nothing_are_given_little_say():
    units = demand(np.random.default_rng(2), persistent=False)
    gains = units[:, 1, :, 2:].sum(axis=2).astype(float)
    said = foreseen(gains, units[..., :2].sum(axis=3))
    assert said.std(axis=1).mean() < 0.2 * gains.std(axis=1).mean()


def test_deciding_by_noise_earns_nothing():
    # Gains of mean 0 that nothing explains: a fit to the same paths would find some that pay; one to the others does not.
    rng = np.random.default_rng(3)
    gains, known = rng.normal(0, 1, (4000, 20)), rng.poisson(5, (4000, 2, 20))
    earned = np.where(foreseen(gains, known) > 0, gains, 0.0).mean(axis=1)
    assert abs(earned.mean()) < 3 * earned.std() / np.sqrt(len(earned))


def test_with_three_paths_the_mean_is_all_there_is_to_say():
    assert foreseen(np.array([[1.0, 2.0, 6.0]]), np.zeros((1, 2, 3), np.int64)).tolist() == [[3.0, 3.0, 3.0]]


def test_demand_that_never_differs_explains_nothing():
    gains = np.array([[1.0, 2.0, 3.0, 6.0]])
    # Even paths hold 1 and 3, odd ones 2 and 6: each is told the other half's mean.
    assert foreseen(gains, np.ones((1, 2, 4), np.int64)).tolist() == [[4.0, 2.0, 4.0, 2.0]]
