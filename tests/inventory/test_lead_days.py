"""How long a refill may take: tables from quantiles, from what was seen, and for suppliers who lose a part."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.inventory.lead_days import (
    LAST_DAY,
    certain,
    counted,
    from_quantiles,
    moments,
    trimmed,
    with_losses,
    within,
)

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)


@given(st.lists(st.integers(0, 200), min_size=5, max_size=5).map(sorted))
@settings(max_examples=25, deadline=None)
def test_quantiles_that_go_in_come_out_again_and_shares_make_one(days: list[int]) -> None:
    share = from_quantiles(LEVELS, [days])

    assert share.min() >= 0
    assert share.sum() == pytest.approx(1)
    for level, day in zip(LEVELS, days, strict=True):
        assert abs(int(within(share, level)[0]) - min(day, LAST_DAY)) <= 1


def test_a_log_normal_lead_time_is_found_again_from_five_quantiles() -> None:
    rng = np.random.default_rng(0)
    took = np.rint(np.exp(rng.normal(np.log(23.0), 0.35, 200_000)) - 3).astype(int)
    mean, sd = moments(from_quantiles(LEVELS, [np.quantile(took, LEVELS, method="higher")]))

    assert mean[0] == pytest.approx(took.mean(), rel=0.03)
    assert sd[0] == pytest.approx(took.std(), rel=0.08)


def test_what_never_comes_makes_the_mean_longer_by_what_is_waited() -> None:
    # One in five is lost and ordered again after 10 days: 4 + 10 x (0.2 + 0.04 + …) = 4 + 10 / 4.
    mean, _ = moments(with_losses(certain([4]), [0.2], [10]))

    assert mean[0] == pytest.approx(6.5, abs=1e-3)


def test_a_supplier_without_losses_is_left_as_he_is() -> None:
    share = from_quantiles(LEVELS, [[10, 12, 14, 16, 20]])

    assert np.array_equal(with_losses(share, [0.0], [16]), share)


def test_cutting_the_tail_keeps_every_refill() -> None:
    share = trimmed(from_quantiles(LEVELS, [[10, 12, 14, 16, 20]]), 0.01)

    assert share.sum() == pytest.approx(1)
    assert share[0, 20] > 0 == share[0, 21:].sum()


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match=r"levels rise from 0\.5"):
        from_quantiles([0.4, 0.9], [[1, 2]])
    with pytest.raises(ValueError, match="never fall along a row"):
        from_quantiles([0.5, 0.9], [[3, 2]])
    with pytest.raises(ValueError, match="from 0 to below 1"):
        with_losses(certain([1]), [1.0], [1])
    with pytest.raises(ValueError, match="zero or more"):
        certain([-1])
    with pytest.raises(ValueError, match="no lead time was seen"):
        counted([])
