"""How much lasts until the next order arrives: exact on the paths, kept on others, and what raises it."""

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.inventory.lead_days import LAST_DAY, certain, with_losses
from evenstock.inventory.safety_stock import levels, textbook


def lead(share: dict[int, float]) -> np.ndarray:
    table = np.zeros((1, LAST_DAY + 1))
    for day, part in share.items():
        table[0, day] = part
    return table


def brute(
    paths: np.ndarray, share: dict[int, float], wait: int, review: int, alpha: float, beta: float, lot: float
) -> int:
    """The least level by trying each, from the definitions."""
    cases = [
        (part / len(paths), path[: wait + day].sum(), path[: wait + day + review].sum())
        for day, part in share.items()
        for path in paths
    ]
    gone = sum(p * (after - before) for p, before, after in cases)

    def enough(level: int) -> bool:
        covered = sum(p for p, _, after in cases if after <= level)
        short = sum(p * (max(after - level, 0) - max(before - level, 0)) for p, before, after in cases)
        whole = sum(p * max(after - level, 0) for p, _, after in cases)
        kept = short <= (1 - beta) * gone + 1e-12 or (lot > gone and whole <= (1 - beta) * lot + 1e-12)
        return (not alpha or covered >= alpha - 1e-12) and (not beta or kept)

    return next(level for level in range(10_000) if enough(level))


@given(
    st.integers(0, 10_000),
    st.sampled_from([0.0, 0.5, 0.9, 0.98]),
    st.sampled_from([0.0, 0.6, 0.95]),
    st.sampled_from([0.0, 30.0]),
)
@settings(max_examples=25, deadline=None)
def test_the_level_is_the_least_that_keeps_the_service_on_the_paths(
    seed: int, alpha: float, beta: float, lot: float
) -> None:
    rng = np.random.default_rng(seed)
    paths = rng.negative_binomial(1, 0.2, (7, 12))
    share = dict(zip((1, 2, 5), rng.dirichlet(np.ones(3)).tolist(), strict=True))
    wait, review = int(rng.integers(0, 3)), int(rng.integers(1, 5))
    found = levels(
        paths[None], lead(share), wait=wait, review=review, cycle_service=alpha, fill_rate=beta, quantity=lot
    )

    assert int(found.level[0, 0]) == brute(paths, share, wait, review, alpha, beta, lot)


def test_independent_normal_days_need_what_the_textbook_says() -> None:
    # 100 ± 10 a day over 8 days of lead and one of review: 1.645 x 10 x √9 = 49.3.
    rng = np.random.default_rng(1)
    paths = np.rint(rng.normal(100, 10, (1, 40_000, 9)))
    found = levels(paths, certain([8]), cycle_service=0.95)

    assert textbook(100, 10, 8, 0, cycle_service=0.95, review_days=1) == pytest.approx(49.3, abs=0.1)
    assert found.safety_stock[0, 0] == pytest.approx(49.3, abs=1.5)


def test_a_lead_time_that_varies_needs_what_the_textbook_says_where_it_is_normal() -> None:
    # 20 ± 5 a day over 30 ± 4 days: √(31 x 25 + 400 x 16) = 84.7; twice a standard deviation covers 97.7 %.
    rng = np.random.default_rng(2)
    paths = np.rint(rng.normal(20, 5, (1, 4_000, 60)))
    days = np.arange(LAST_DAY + 1)
    normal = np.exp(-0.5 * ((days - 30) / 4) ** 2) * ((days > 15) & (days < 45))
    found = levels(paths, (normal / normal.sum())[None], cycle_service=NormalDist().cdf(2.0))

    assert found.safety_stock[0, 0] == pytest.approx(2 * 84.7, rel=0.05)
    assert textbook(20, 5, 30, 4, cycle_service=NormalDist().cdf(2.0), review_days=1) == pytest.approx(
        2 * 84.7, abs=0.1
    )


def test_cycle_service_is_kept_on_fresh_paths_within_sampling_error() -> None:
    rng = np.random.default_rng(3)

    def draw(n: int) -> np.ndarray:
        level = rng.gamma(5, 0.2, (n, 1))
        return rng.poisson(40 * level * np.ones((1, 12)))

    for alpha in (0.8, 0.95):
        level = levels(draw(4_000)[None], certain([10]), review=2, cycle_service=alpha).level[0, 0]
        kept = (draw(4_000).sum(axis=1) <= level).mean()
        assert kept == pytest.approx(alpha, abs=4 * np.sqrt(2 * alpha * (1 - alpha) / 4_000))


def operated(demand: np.ndarray, lead_days: int, review: int, reorder_at: int, up_to: int) -> float:
    """Share of units served at once by a shelf that is run day by day; what is not served waits."""
    arrivals = np.zeros(demand.size + lead_days + 1, np.int64)
    net, position = up_to, up_to
    short = 0
    for day, units in enumerate(demand.tolist()):
        net += arrivals[day]
        if day % review == 0 and position <= reorder_at:
            arrivals[day + lead_days] += up_to - position
            position = up_to
        short += max(units - max(net, 0), 0)
        net, position = net - units, position - units
    return float(1 - short / demand.sum())


@pytest.mark.parametrize("beta", [0.85, 0.95, 0.99])
def test_a_shelf_run_day_by_day_serves_the_fill_rate_asked(beta: float) -> None:
    rng = np.random.default_rng(4)
    level = int(levels(rng.poisson(5, (1, 20_000, 8)), certain([4]), review=3, fill_rate=beta).level[0, 0])
    served = operated(rng.poisson(5, 60_000), 4, 3, level - 1, level)
    less = operated(rng.poisson(5, 60_000), 4, 3, level - 2, level - 1)

    assert served >= beta - 0.004
    assert less <= beta + 0.004, "one unit less would not do"


def test_an_order_that_brings_more_needs_a_lower_order_point_and_still_serves() -> None:
    rng = np.random.default_rng(5)
    paths = rng.poisson(5, (1, 20_000, 6))
    one = int(levels(paths, certain([4]), fill_rate=0.95).level[0, 0])
    lots = int(levels(paths, certain([4]), fill_rate=0.95, quantity=60).level[0, 0])
    served = operated(rng.poisson(5, 60_000), 4, 1, lots - 1, lots - 1 + 60)

    assert lots < one
    assert served >= 0.95 - 0.004


def test_more_service_and_longer_leads_never_need_less() -> None:
    paths = np.random.default_rng(6).negative_binomial(2, 0.2, (1, 300, 60))
    by_service = [int(levels(paths, certain([9]), cycle_service=a).level[0, 0]) for a in (0.5, 0.8, 0.9, 0.98, 0.999)]
    by_fill = [int(levels(paths, certain([9]), fill_rate=b).level[0, 0]) for b in (0.5, 0.8, 0.9, 0.98, 0.999)]
    by_lead = [int(levels(paths, certain([d]), cycle_service=0.95).level[0, 0]) for d in (1, 3, 9, 20, 50)]
    by_review = [int(levels(paths, certain([9]), review=r, cycle_service=0.95).level[0, 0]) for r in (1, 7, 14, 28)]

    for found in (by_service, by_fill, by_lead, by_review):
        assert found == sorted(found)


def test_errors_that_last_need_more_than_errors_that_cancel() -> None:
    # Each day has mean 20 and variance 20 + 0.2 x 400 either way; only in the second is a day's error the next one's.
    rng = np.random.default_rng(7)
    fresh = rng.poisson(20 * rng.gamma(5, 0.2, (1, 2_000, 15)))
    lasting = rng.poisson(20 * rng.gamma(5, 0.2, (1, 2_000, 1)) * np.ones((1, 1, 15)))
    apart, together = (levels(p, certain([14]), cycle_service=0.95).safety_stock[0, 0] for p in (fresh, lasting))

    assert together > 2 * apart


def test_an_unreliable_supplier_needs_more_and_so_does_one_who_loses_orders() -> None:
    paths = np.random.default_rng(8).poisson(10, (1, 500, 100))
    sure = levels(paths, certain([10]), cycle_service=0.95).level[0, 0]
    varying = levels(paths, lead({5: 0.5, 15: 0.5}), cycle_service=0.95).level[0, 0]
    losing = np.zeros((1, LAST_DAY + 1))
    losing[0, :81] = with_losses(certain([10]), [0.08], [14])[0, :81]
    lost = levels(paths, losing / losing.sum(), cycle_service=0.95).level[0, 0]

    # Half of all refills take 15 days: 16 x 10 are wanted then, 5 x 10 more than with the sure one.
    assert varying > sure + 35
    assert lost > sure + 80, "one in twelve comes a fortnight late: more than one in twenty"


def test_a_promotion_in_two_weeks_raises_the_level_when_a_refill_must_last_over_it() -> None:
    # Ten a day, fifty on days 14 to 20; five days of lead and one of review cover days t … t + 5.
    rng = np.random.default_rng(9)
    mean = np.full(34, 10.0)
    mean[14:21] = 50
    paths = rng.poisson(mean * rng.gamma(10, 0.1, (1, 800, 1)))
    found = levels(paths, certain([5]), starts=[0, 7, 14, 25], cycle_service=0.95)
    level, safety = found.level[0].tolist(), found.safety_stock[0].tolist()

    assert found.mean[0].tolist() == pytest.approx([60, 60, 300, 60], rel=0.05)
    assert level[2] > 4 * level[0]
    assert safety[2] > 3 * safety[0]
    assert safety[3] == pytest.approx(safety[0], rel=0.2)


def test_what_is_short_with_the_present_position_is_told() -> None:
    paths = np.full((1, 5, 4), 3)
    found = levels(paths, certain([2]), position=4, cycle_service=0.9)

    assert found.short.tolist() == [[5.0]], "9 wanted until the refill after next, 4 there"


def test_paths_that_end_too_soon_and_nonsense_are_refused() -> None:
    paths = np.ones((1, 5, 4))
    with pytest.raises(ValueError, match="may arrive on day 11, and the paths end on day 4"):
        levels(paths, certain([10]), cycle_service=0.9)
    with pytest.raises(ValueError, match="from 0 to below 1"):
        levels(paths, certain([2]), cycle_service=1.0)
    with pytest.raises(ValueError, match="at least one"):
        levels(paths, certain([2]), review=0)
    with pytest.raises(ValueError, match="sum to one"):
        levels(paths, np.full((1, 3), 0.5))
    with pytest.raises(ValueError, match=r"paths are \(row, path, day\)"):
        levels(paths[0], certain([2]))
    with pytest.raises(ValueError, match="figures from 0 up"):
        textbook(-1, 0, 1, 1, cycle_service=0.9)
    with pytest.raises(ValueError, match="between 0 and 1"):
        textbook(1, 0, 1, 1, cycle_service=1.0)
