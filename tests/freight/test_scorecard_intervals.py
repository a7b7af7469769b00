"""Intervals of shares and means in nested cells hold what they promise, on worlds whose truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.freight.scorecard import nested_means, nested_shares

SERVICES, ZONES, LANES, WEEKS = 8, 6, 15, 12


def path(services: int = SERVICES, zones: int = ZONES, lanes: int = LANES) -> list[np.ndarray]:
    """Service, zone and lane of each lane's weeks."""
    cell = np.arange(services * zones * lanes * WEEKS)
    return [cell // (zones * lanes * WEEKS), cell // (lanes * WEEKS), cell // WEEKS]


def volumes(rng: np.random.Generator, cells: int, usual: float) -> np.ndarray:
    """Parcels of each week: most lanes have few, some many."""
    return rng.poisson(np.repeat(rng.lognormal(np.log(usual), 1.0, cells // WEEKS), WEEKS))


def late_world(seed: int, *, share: float, spread: float, usual: float, logistic: bool = False):
    """Lateness drawn from the top: all, services, zones, lanes, weeks, each about its parent."""
    rng = np.random.default_rng(seed)
    truth = np.array([share])
    for children in (SERVICES, ZONES, LANES, WEEKS):
        truth = np.repeat(truth, children)
        if logistic:
            sd = np.sqrt(spread / (share * (1 - share)))
            truth = 1 / (1 + np.exp(-np.log(truth / (1 - truth)) - rng.normal(0, sd, truth.size)))
        else:
            cases = 1 / spread - 1
            truth = rng.beta(truth * cases, (1 - truth) * cases).clip(1e-6, 1 - 1e-6)
    cases = volumes(rng, truth.size, usual)
    return rng.binomial(cases, truth).astype(float), cases.astype(float), truth


@pytest.mark.parametrize(
    "world",
    [
        {"share": 0.08, "spread": 0.01, "usual": 5.0},
        {"share": 0.08, "spread": 0.01, "usual": 30.0},
        {"share": 0.30, "spread": 0.01, "usual": 5.0},
    ],
)
def test_nine_in_ten_true_shares_lie_in_their_ninety_percent_interval(world) -> None:
    inside = []
    for seed in range(6):
        late, cases, truth = late_world(seed, **world)
        low, high = nested_shares(late, cases, path()).interval(0.9)
        inside.append(np.mean((low <= truth) & (truth <= high)))

    assert 0.88 <= np.mean(inside) <= 0.92


def test_truth_that_is_no_beta_distribution_is_covered_too() -> None:
    inside = []
    for seed in range(6):
        late, cases, truth = late_world(seed, share=0.08, spread=0.01, usual=5.0, logistic=True)
        low, high = nested_shares(late, cases, path()).interval(0.9)
        inside.append(np.mean((low <= truth) & (truth <= high)))

    assert 0.88 <= np.mean(inside) <= 0.94


def test_drawing_lanes_to_what_they_are_part_of_halves_their_error() -> None:
    late, cases, truth = late_world(3, share=0.08, spread=0.01, usual=5.0)
    seen = cases > 0

    ours = nested_shares(late, cases, path()).mean[seen] - truth[seen]
    plain = late[seen] / cases[seen] - truth[seen]

    assert np.mean(ours**2) < np.mean(plain**2) / 2


@pytest.mark.parametrize("skewed", [False, True])
def test_nine_in_ten_true_costs_lie_in_their_ninety_percent_interval(skewed: bool) -> None:
    """Charges vary by 1.50 about their cell's mean, normally or as a gamma distribution does."""
    inside = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        truth = np.array([1_000.0])
        for sd, children in ((200, SERVICES), (100, ZONES), (60, LANES), (30, WEEKS)):
            truth = np.repeat(truth, children)
            truth = truth + rng.normal(0, sd, truth.size)
        cases = volumes(rng, truth.size, 5.0)
        some = np.maximum(cases, 1)
        error = rng.gamma(some) / some - 1 if skewed else rng.normal(0, 1, some.size) / np.sqrt(some)
        low, high = nested_means(
            truth + 150 * error, cases.astype(float), np.full(some.size, 150.0**2), path()
        ).interval()
        inside.append(np.mean((low <= truth) & (truth <= high)))

    assert 0.88 <= np.mean(inside) <= 0.92


def test_a_lane_without_parcels_gets_its_zones_share_and_a_wider_interval_than_its_neighbours() -> None:
    late, cases = np.array([10.0, 12, 8, 11, 0]), np.array([100.0, 100, 100, 100, 0])

    found = nested_shares(late, cases, [np.zeros(5, np.int64)])
    low, high = found.interval()

    # 41 of 400.
    assert found.mean[4] == pytest.approx(0.1025, abs=0.005)
    assert (high - low)[4] > (high - low)[:4].max()


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 2), st.integers(0, 3)), min_size=1),
    st.booleans(),
)
def test_whatever_was_counted_ends_are_shares_in_order_and_a_posterior_is_its_prior_and_its_own_counts(
    rows, doubled
) -> None:
    rows = sorted(rows, key=lambda row: row[2:])
    late, sound, service, zone = (np.array(column) for column in zip(*rows, strict=True))
    weight = 1.0 + doubled
    levels = [np.unique(service, return_inverse=True)[1], np.unique(service * 10 + zone, return_inverse=True)[1]]

    found = nested_shares(weight * late, weight * (late + sound), levels)
    low, high = found.interval()

    assert ((low >= 0) & (low <= high + 1e-12) & (high <= 1)).all()
    assert np.isfinite(found.mean).all()
    assert found.a == pytest.approx(found.prior_mean * found.prior_cases + weight * late)
    assert found.a + found.b == pytest.approx(found.prior_cases + weight * (late + sound))
