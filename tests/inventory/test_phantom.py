"""What sales, picks and counts say about an empty shelf, held against arithmetic and a plain scalar filter."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tests.inventory.world import evidence

from evenstock.inventory import Assumptions, cancel_log_ratio, phantom_probability, pick_log_ratio
from evenstock.inventory.phantom import prior_phantom

USUAL = Assumptions()
HAZARD = np.array([0.002])


def last(told, assumptions=USUAL, hazard=HAZARD) -> float:
    return float(phantom_probability(told, np.broadcast_to(hazard, (told.sold.shape[0],)), assumptions)[0, -1])


def by_hand(told, hazard: float, a: Assumptions, levels: int = 150) -> list[float]:
    """The same filter as a person would write it: one series, full probabilities, a fine grid of levels, no tricks."""
    v = float(told.path_variance[0])
    w = float(told.path_drift[0])
    v = (1 + v) * (1 + w) ** (told.days / 14) - 1
    shift = a.level_shift_per_day + (w / (14 * v) if w else 0)
    grid = [1.0]
    if v > 0:
        grid = [float(stats.gamma.ppf((k + 0.5) / levels, 1 / v, scale=v)) for k in range(levels)]
    prior = [1 / len(grid)] * len(grid)
    spread = max(float(told.alpha[0]) - v, 0) / (1 + v)

    def chance(units: int, mean: float) -> float:
        if spread == 0:
            return float(stats.poisson.pmf(units, mean))
        return float(stats.nbinom.pmf(units, 1 / spread, 1 / (1 + spread * mean)))

    start = float(prior_phantom(max(told.age_days()[0] - told.days, 0), hazard, a))
    full = [p * (1 - start) for p in prior]
    empty = [p * start for p in prior]
    said = []
    for day in range(told.days):
        full, empty = (
            [f * (1 - hazard) + e * a.restored_per_day for f, e in zip(full, empty, strict=True)],
            [e * (1 - a.restored_per_day) + f * hazard for f, e in zip(full, empty, strict=True)],
        )
        full = [f * (1 - shift) + shift * p * sum(full) for f, p in zip(full, prior, strict=True)]
        empty = [e * (1 - shift) + shift * p * sum(empty) for e, p in zip(empty, prior, strict=True)]
        if told.looked[0, day]:
            sold, mean = int(told.sold[0, day]), float(told.mean[0, day])
            likely = [chance(sold, mean * g) for g in grid]
            full = [f * x for f, x in zip(full, likely, strict=True)]
            empty = [e * (1.0 if sold == 0 else a.sale_while_empty * x) for e, x in zip(empty, likely, strict=True)]
        empty = [e * math.exp(told.pick_log_ratio[0, day]) for e in empty]
        if not math.isnan(told.restored[0, day]):
            both = [f + e for f, e in zip(full, empty, strict=True)]
            sure = float(told.restored[0, day])
            full, empty = [b * sure for b in both], [b * (1 - sure) for b in both]
        said.append(sum(empty) / (sum(empty) + sum(full)))
    return said


def test_zeros_count_by_what_was_expected() -> None:
    # Counted before the window, 3 a day known exactly: e**-3 for each day without a sale.
    still = Assumptions(phantom_per_day=0.5, restored_per_day=1e-12, level_shift_per_day=1e-12)
    told = evidence([0, 0, 0], 3.0, days_since_count=3.0)

    # Counted full the evening before; each night 1 in 100 becomes empty. By hand, stocked and empty weights:
    full, empty = 1.0, 0.0
    for _ in range(3):
        full, empty = 0.99 * full * math.exp(-3), empty + 0.01 * full
    assert last(told, still, np.array([0.01])) == pytest.approx(empty / (empty + full), rel=1e-9)


@pytest.mark.parametrize(
    ("alpha", "path_variance", "drift"),
    [(0.0, 0.0, 0.0), (0.6, 0.0, 0.0), (0.5, 0.3, 0.0), (0.11, 0.11, 0.0), (0.4, 0.2, 0.05)],
)
def test_the_kernel_is_the_plain_filter(alpha: float, path_variance: float, drift: float) -> None:
    told = evidence(
        [3, 1, 0, 4, 2, 0, 0, 5, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0],
        [2.0, 2.5, 1.0, 3.0, 2.0, 1.0, 2.0, 2.0, 2.0, 2.5, 1.0, 3.0, 2.0, 1.0, 2.0, 2.0, 1.5, 0.7],
        alpha=alpha, path_variance=path_variance, path_drift=drift,
        looked=[[True] * 5 + [False] + [True] * 12],
        pick_log_ratio=[[0.0] * 12 + [2.0] + [0.0] * 5],
        restored=[[np.nan] * 13 + [0.97] + [np.nan] * 4],
    )  # fmt: skip

    ours = phantom_probability(told, HAZARD)[0]

    assert ours == pytest.approx(by_hand(told, 0.002, USUAL), rel=0.04, abs=1e-6)


def test_a_slow_month_is_not_a_phantom() -> None:
    sold = [2, 3, 2, 2] + [0] * 4
    unsure = last(evidence(sold, 2.0, alpha=0.5, path_variance=0.4))
    # And where the level has already shown itself to be low, none sold is less of a surprise.
    slower = last(
        evidence([0, 1, 0, 0] + [0] * 4, 2.0, alpha=0.5, path_variance=0.4, restored=[[1.0] * 4 + [np.nan] * 4])
    )

    assert slower < unsure
    quick = last(evidence([0] * 6, 2.0, alpha=0.05, days_since_count=6.0))
    slow_month = last(evidence([0] * 6, 2.0, alpha=0.55, path_variance=0.5, days_since_count=6.0))
    assert slow_month < quick / 4


def test_days_that_were_not_looked_at_say_nothing() -> None:
    blind = evidence([0] * 20, 5.0, looked=False, known_days=100.0)

    assert last(blind) == pytest.approx(float(prior_phantom(100.0, 0.002, USUAL)), rel=0.02)


def test_a_slow_shelf_is_left_to_its_prior() -> None:
    # Twenty days at 0.05: one sale expected, which proves nothing either way.
    slow = last(evidence([0] * 20, 0.05, alpha=1.0, path_variance=0.88, known_days=100.0))

    assert slow == pytest.approx(float(prior_phantom(100.0, 0.002, USUAL)), rel=1.0)
    assert slow < 0.3


def test_a_sale_clears_the_shelf() -> None:
    told = evidence([0] * 10 + [2], 3.0)
    walked = phantom_probability(told, HAZARD)[0]

    assert walked[-2] > 0.9
    assert walked[-1] < walked[-2]
    assert last(evidence([0] * 4 + [3] * 4, 3.0)) < 0.01


def test_one_short_pick_says_more_than_days_without_sales() -> None:
    quiet = [[0.0] * 10]
    spoken = [[0.0] * 9 + [float(pick_log_ratio(1))]]
    sold = [1] * 9 + [0]

    assert last(evidence(sold, 1.0, pick_log_ratio=quiet)) < 0.02
    # Odds times 0.95 / 0.005 = 190.
    before = last(evidence(sold, 1.0, pick_log_ratio=quiet))
    after = last(evidence(sold, 1.0, pick_log_ratio=spoken))
    assert after / (1 - after) == pytest.approx(190 * before / (1 - before), rel=1e-9)


def test_a_usual_cancel_proves_nothing() -> None:
    assert float(cancel_log_ratio(3, usual_share=0.8)) == 0.0
    # 0.8 against the usual 2 %: 40 to 1 for each.
    assert float(cancel_log_ratio(2, usual_share=0.02)) == pytest.approx(2 * math.log(40))


def test_a_count_that_found_goods_starts_afresh() -> None:
    restored = [[np.nan] * 9 + [0.995] + [np.nan] * 2]
    counted = phantom_probability(evidence([0] * 12, 1.0, restored=restored), HAZARD)[0]

    assert counted[9] == pytest.approx(0.005)
    assert counted[8] > 0.8
    assert counted[11] < 0.1


@given(
    st.lists(st.integers(0, 10**9), min_size=1, max_size=12),
    st.floats(0, 1e6),
    st.floats(0, 4),
    st.floats(0, 1),
    st.floats(-50, 800),
)
def test_whatever_comes_it_stays_a_probability(sold, mean, alpha, share, ratio) -> None:
    told = evidence(sold, mean, alpha=alpha, path_variance=alpha * share, pick_log_ratio=ratio, rate=1.0)

    walked = phantom_probability(told, HAZARD)

    assert np.isfinite(walked).all()
    assert ((walked >= 0) & (walked <= 1)).all()


def test_more_expected_makes_the_same_silence_louder() -> None:
    said = [last(evidence([0] * 5, mean, alpha=0.3, path_variance=0.1)) for mean in (0.0, 0.2, 1.0, 4.0)]

    assert said == sorted(said)
    assert said[0] < 0.2
    assert said[-1] > 0.9


def test_a_hazard_outside_its_range_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        phantom_probability(evidence([0], 1.0), np.array([0.0]))
    with pytest.raises(ValueError, match="look for a spike"):
        phantom_probability(evidence([0], 1e10), HAZARD)
    with pytest.raises(ValueError, match="sale_while_empty"):
        Assumptions(sale_while_empty=0.0)
