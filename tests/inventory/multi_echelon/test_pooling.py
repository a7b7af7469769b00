"""Sites that help one another need less safety stock, and how much less is checked by simulation."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.inventory.multi_echelon.pooling import _even_out, pooled_stock, simulated_stock


def normal_paths(sd, correlation, *, days, paths, seed=3):
    rng = np.random.default_rng(seed)
    root = np.linalg.cholesky(correlation) * np.asarray(sd)[:, None]
    return 100 + np.einsum("ij,pjd->pid", root, rng.standard_normal((paths, len(sd), days)))


def test_complete_pooling_is_eppens_square_root():
    # n like sites, independent: alone z σ n, together z σ √n.
    for sites in (1, 4, 9):
        found = pooled_stock([5.0] * sites, days=1, transfer_days=0, safety_factor=1.645)
        assert found.alone == pytest.approx(1.645 * 5 * sites)
        assert found.complete == found.helping == pytest.approx(1.645 * 5 * sites**0.5)


def test_sites_that_rise_and_fall_together_cannot_help():
    found = pooled_stock([3, 8], np.ones((2, 2)), days=9, transfer_days=0, safety_factor=2)
    assert found.alone == found.complete == pytest.approx(2 * 3 * 11)
    assert found.saved == pytest.approx(0)


def test_opposite_sites_need_nothing_once_they_share():
    found = pooled_stock([6, 6], [[1, -1], [-1, 1]], days=4, transfer_days=1, safety_factor=1)
    assert (found.complete, found.helping, found.alone) == (0, 12, 24)


@given(st.integers(1, 6), st.integers(0, 10**6), st.floats(0, 12))
@settings(max_examples=25, deadline=None)
def test_help_lies_between_alone_and_complete_and_is_worth_less_the_slower_it_comes(sites, seed, slow):
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal((sites, sites + 1))
    covariance = factor @ factor.T
    sd = np.sqrt(np.diag(covariance))
    both = [
        pooled_stock(sd, covariance / np.outer(sd, sd), days=10, transfer_days=x, safety_factor=1.5)
        for x in (slow, slow + 1)
    ]
    for found in both:
        assert found.complete - 1e-9 <= found.helping <= found.alone + 1e-9
    assert both[0].helping <= both[1].helping + 1e-9


@pytest.mark.parametrize("transfer_days", [2, 5, 8])
def test_the_formula_is_what_a_simulation_needs(transfer_days):
    # 20,000 cycles of three unlike sites: the 95 % point of service is known to about 1 %.
    sd, correlation = [4.0, 8.0, 12.0], np.array([[1, 0.3, 0], [0.3, 1, -0.2], [0, -0.2, 1]])
    formula = pooled_stock(sd, correlation, days=8, transfer_days=transfer_days, safety_factor=1.644854).helping
    paths = normal_paths(sd, correlation, days=8, paths=20_000)
    assert simulated_stock(paths, transfer_days=transfer_days, service=0.95, within=0.01) == pytest.approx(
        formula, rel=0.02
    )


def test_evened_out_at_the_very_end_the_formula_errs_on_the_safe_side():
    # Any shortage of the three together counts against each in the formula; in truth, only where it falls.
    sd = [4.0, 8.0, 12.0]
    found = pooled_stock(sd, days=8, transfer_days=0, safety_factor=1.644854)
    needed = simulated_stock(
        normal_paths(sd, np.eye(3), days=8, paths=5_000), transfer_days=0, service=0.95, within=0.01
    )
    assert 0.7 * found.helping < needed < found.helping


def test_two_coins_by_hand():
    # Two sites, two days, each day 0 or 2 with equal chance: 16 outcomes of demand, mean 2 a site.
    paths = np.array([np.reshape(x, (2, 2)) for x in product([0, 2], repeat=4)])
    # Never short, nobody helps: each site wants 4, so 2 more than its mean.
    assert simulated_stock(paths, transfer_days=2, service=1) == pytest.approx(4, abs=1e-5)
    # Short in at most one cycle of four: 2 a site is enough (4 comes one time in four).
    assert simulated_stock(paths, transfer_days=2, service=0.75) == pytest.approx(0, abs=1e-5)
    # Evened out at the very end, never short: 8 together, the same; short in one of 16 cycles: 6 together.
    assert simulated_stock(paths, transfer_days=0, service=1) == pytest.approx(4, abs=1e-5)
    assert simulated_stock(paths, transfer_days=0, service=15 / 16) == pytest.approx(2, abs=1e-5)
    # A day before the end, never short: the worst is still 8 together.
    assert simulated_stock(paths, transfer_days=1, service=1) == pytest.approx(4, abs=1e-5)


def test_a_site_gives_no_more_than_it_has():
    # Site 0 owes 10, site 1 holds 4: those 4 go over and 6 are still owed, not 3 at each.
    left = np.array([[-10.0, 4.0]])
    assert _even_out(left, np.array([1.0, 1.0]), np.array([0.5, 0.5])).tolist()[0] == pytest.approx([-6, 0], abs=1e-6)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"sd": [-1, 2]}, "at least 0 a site"),
        ({"correlation": np.eye(3)}, "one row and column a site"),
        ({"correlation": [[1, 0.5], [0.2, 1]]}, "symmetric"),
        ({"correlation": [[1, 2], [2, 1]]}, "negative eigenvalue"),
        ({"days": 0}, "days are above 0"),
    ],
)
def test_nonsense_is_refused(changed, said):
    good = {"sd": [1, 2], "days": 3, "transfer_days": 1, "safety_factor": 2}
    with pytest.raises(ValueError, match=said):
        pooled_stock(**(good | changed))


def test_paths_of_the_wrong_shape_are_refused():
    with pytest.raises(ValueError, match=r"shape \(path, site, day\)"):
        simulated_stock(np.zeros((2, 3)), transfer_days=0, service=0.9)
    with pytest.raises(ValueError, match="transfer days lie in"):
        simulated_stock(np.zeros((2, 3, 4)), transfer_days=5, service=0.9)
