"""What comes in corrects what is to come, and a shift is told from noise no more often wrongly than was said."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from evenstock.forecasting import DemandHistory, Forecast, velocity
from evenstock.forecasting.sensing import (
    Seen,
    Thresholds,
    day_profile,
    followed,
    node_groups,
    shifts,
    sku_groups,
    thresholds,
    updated,
    watched,
    watched_totals,
)
from evenstock.forecasting.sensing.detector import change_likelihood, evidence, null_of
from evenstock.forecasting.sensing.false_alarms import SHIFTS

FIRST = date(2026, 3, 2)
WEEK = np.array([0.8, 0.8, 0.9, 1.0, 1.1, 1.3, 1.1])


def said(mean, variance=0.15, scatter=0.3, drift=0.0, shared=0.0, nodes=1, horizon=28):
    """A forecast whose days scatter by `scatter` beside the level."""
    mean = np.asarray(mean, dtype=np.float64)
    n = mean.size
    keys = pl.DataFrame({"sku": [f"S{k // nodes:03}" for k in range(n)], "node": [f"N{k % nodes}" for k in range(n)]})
    of = np.full(n, float(variance))
    return Forecast(
        keys, FIRST, mean[:, None] * np.resize(WEEK, horizon), of + scatter, of, "said", FIRST - timedelta(days=1),
        path_drift=np.full(n, drift), shared=np.full(n, shared),
    )  # fmt: skip


def lived(forecast, n_paths, seed):
    """Each series' paths as series of their own, path by path: the forecast once for each, and what came."""
    paths = forecast.paths(n_paths, seed)
    many = replace(
        forecast,
        keys=pl.concat([forecast.keys.with_columns(sku=pl.col("sku") + f"/{s}") for s in range(n_paths)]),
        mu=np.tile(forecast.mu, (n_paths, 1)),
        **{
            name: np.tile(getattr(forecast, name), n_paths)
            for name in ("alpha", "path_variance", "path_drift", "shared")
        },
    )
    return many, paths.transpose(1, 0, 2).reshape(-1, forecast.horizon).astype(np.float64)


# --- the day -----------------------------------------------------------------------------------------------------
NODES = pl.DataFrame({"node": ["TX", "UK"], "timezone": ["America/Chicago", "Europe/London"]})


def lines(node, hour, count):
    return pl.DataFrame({"node": node, "placed_at": [datetime(2026, 1, 9, hour, 30, tzinfo=UTC)] * count})


def test_a_days_profile_follows_the_nodes_own_clock():
    # 18:30 in London is 12:30 in Texas in January: both nodes' customers order in that hour.
    profile = day_profile(pl.concat([lines("TX", 18, 5000), lines("UK", 18, 5000)]), NODES)
    assert profile.hours[0].argmax() == 12
    assert profile.hours[1].argmax() == 18
    at = profile.elapsed_at(datetime(2026, 1, 12, 18, 30, tzinfo=UTC))
    assert at["TX"][0].date() == date(2026, 1, 12)
    assert at["TX"][1] == pytest.approx(at["UK"][1], abs=0.05)


def test_a_node_with_few_orders_has_nearly_the_day_of_all_nodes_and_no_orders_an_even_one():
    profile = day_profile(pl.concat([lines("UK", 18, 5000), lines("TX", 12, 10)]), NODES)
    # Ten own lines, all at six in the morning, against two hundred of all nodes.
    assert profile.hours[0, 6] == pytest.approx(10 / 210, abs=0.01)
    even = day_profile(lines("UK", 18, 10), NODES)
    assert even.elapsed("TX", datetime(2026, 1, 12, 6, 0)) == pytest.approx(0.25)
    assert "every hour counts the same" in even.notes[0]


def test_shares_run_from_nothing_at_midnight_to_nearly_all_at_its_end():
    profile = day_profile(lines("UK", 18, 3000), NODES)
    minutes = [profile.elapsed("UK", datetime(2026, 1, 12, m // 60, m % 60)) for m in range(1440)]
    assert minutes[0] == 0.0
    assert (np.diff(minutes) > 0).all()
    assert minutes[-1] == pytest.approx(1.0, abs=0.001)


# --- the level ---------------------------------------------------------------------------------------------------
def test_one_week_of_poisson_days_gives_the_gamma_poisson_posterior():
    # Prior Gamma with 1 / 0.2 = 5 in shape and rate; 7 expected, 14 came: mean 19 / 12, variance 19 / 144.
    keys = pl.DataFrame({"sku": ["MUG"], "node": ["TX"]})
    fifth = np.array([0.2])
    forecast = Forecast(keys, FIRST, np.ones((1, 28)), fifth, fifth, "x", FIRST - timedelta(days=1))
    now = updated(forecast, Seen.whole(np.full((1, 7), 2)), first=FIRST + timedelta(days=7))
    assert now.mu[0] == pytest.approx(np.full(21, 19 / 12))
    assert now.path_variance[0] == pytest.approx(19 / 144 / (19 / 12) ** 2)
    assert now.alpha[0] == pytest.approx(now.path_variance[0])
    assert (now.as_of, now.cut_off) == (FIRST + timedelta(days=7), FIRST + timedelta(days=6))


def test_days_that_scatter_more_say_less_of_the_level():
    came = Seen.whole(np.full((1, 7), 12))
    calm, wild = (updated(said([6.0], scatter=a), came, first=FIRST + timedelta(days=7)) for a in (0.05, 2.0))
    assert 1 < wild.mu[0, 0] / (6 * 0.8) < calm.mu[0, 0] / (6 * 0.8) < 2


@pytest.mark.parametrize("mean", [0.2, 1.5, 12.0])
@pytest.mark.parametrize("gone", [3, 10])
def test_the_updated_forecast_is_unbiased_nearer_and_as_sure_as_it_should_be(mean, gone):
    many, came = lived(said(np.full(12, mean), 0.4, drift=0.03, shared=0.5, nodes=4), 400, seed=1)
    now = updated(many, Seen.whole(came[:, :gone]), first=FIRST + timedelta(days=gone))
    rest, before, after = came[:, gone:].sum(1), many.mu[:, gone:].sum(1), now.mu.sum(1)

    assert (rest - after).mean() / after.mean() == pytest.approx(0.0, abs=0.03)
    assert ((rest - after) ** 2).mean() < ((rest - before) ** 2).mean()
    # Calibration within those lifted and those lowered, not only over all.
    for part in (after > before, after <= before):
        assert rest[part].mean() / after[part].mean() == pytest.approx(1.0, abs=0.06)
    total, dispersion = now.totals()
    assert ((rest - after) ** 2).mean() / (total + dispersion * total**2).mean() == pytest.approx(1.0, abs=0.15)


def test_pinball_of_the_rest_of_the_path_falls():
    many, came = lived(said(np.full(8, 4.0), 0.4, drift=0.02), 200, seed=2)
    now = updated(many, Seen.whole(came[:, :7]), first=FIRST + timedelta(days=7))

    def loss(forecast, units, u):
        off = units - forecast.quantiles([u])[:, :, 0]
        return np.maximum(u * off, (u - 1) * off).mean()

    later = replace(many, mu=many.mu[:, 7:], as_of=FIRST + timedelta(days=7))
    for u in (0.1, 0.5, 0.9):
        assert loss(now, came[:, 7:], u) < 0.95 * loss(later, came[:, 7:], u)


def test_a_node_learns_from_its_items_other_nodes_as_far_as_they_share():
    units = np.zeros((2, 7))
    units[0] = 20
    share = np.ones((2, 7))
    share[1] = 0.0  # The second node was out of stock all week.
    lifted = [
        updated(said([5.0, 5.0], shared=r, nodes=2), Seen(units, share), first=FIRST + timedelta(days=7)).mu[1, 0]
        for r in (0.0, 0.4, 0.9)
    ]
    assert lifted[0] == pytest.approx(5 * 0.8)
    assert lifted[0] < lifted[1] < lifted[2]


def test_hidden_days_say_nothing():
    units, hidden = np.full((1, 7), 5.0), np.zeros((1, 7), bool)
    units[0, 3:], hidden[0, 3:] = 0.0, True
    first = FIRST + timedelta(days=7)
    seen = updated(said([5.0]), Seen.whole(units, hidden), first=first)
    short = updated(said([5.0]), Seen.whole(units[:, :3]), first=first)
    assert seen.mu.tolist() == short.mu.tolist()


def test_what_is_left_of_today_follows_the_morning():
    n = 8000
    forecast = said(np.full(n, 10.0), 0.3, 0.2)
    rng = np.random.default_rng(3)
    level = rng.gamma(1 / 0.3, 0.3, n)
    # Given the level a day scatters by 0.2 / 1.3, so that over levels it has 0.5 in all.
    today = rng.gamma(6.5, 1 / 6.5, n)
    morning, evening = (rng.poisson(10 * 0.8 * part * level * today).astype(float) for part in (0.4, 0.6))

    now = updated(forecast, Seen(morning[:, None], np.full((n, 1), 0.4)), first=FIRST)

    assert now.as_of == FIRST
    assert now.horizon == 28
    assert (evening - now.mu[:, 0]).mean() == pytest.approx(0.0, abs=0.12)
    assert ((evening - now.mu[:, 0]) ** 2).mean() < 0.75 * ((evening - 4.8) ** 2).mean()
    # A busy morning is partly today's own: tomorrow is lifted less than tonight.
    busy = morning > 6
    assert (now.mu[busy, 0] / 4.8 > now.mu[busy, 1] / 8).all()


def test_one_bulk_order_is_no_new_level():
    units = np.full((1, 7), 4.0)
    units[0, 2] = 4_000
    now = updated(said([4.0]), Seen.whole(units), first=FIRST + timedelta(days=7))
    assert 4 * 0.8 < now.mu[0, 0] < 4 * 0.8 * 2


def test_bad_and_empty_input_has_a_rule():
    forecast = said([0.0, 3.0])
    later = updated(forecast, Seen.whole(np.zeros((2, 0))), first=FIRST + timedelta(days=9))
    assert later.mu == pytest.approx(forecast.mu[:, 9:])
    assert updated(forecast, Seen.whole(np.zeros((2, 0))), first=FIRST) is forecast
    huge = updated(forecast, Seen.whole(np.full((2, 7), 1e9)), first=FIRST + timedelta(days=7))
    assert np.isfinite(huge.mu).all()
    assert huge.mu[0].max() == 0.0
    for wrong, words in ((28, "not among the days"), (-1, "not among the days"), (3, "reach beyond")):
        with pytest.raises(ValueError, match=words):
            updated(forecast, Seen.whole(np.ones((2, 7))), first=FIRST + timedelta(days=wrong))
    with pytest.raises(ValueError, match="finite"):
        Seen.whole(np.full((2, 7), np.nan))
    with pytest.raises(ValueError, match="lies between 0 and 1"):
        Seen(np.ones((2, 7)), np.full((2, 7), 1.5))
    with pytest.raises(ValueError, match="the forecast has 2 series"):
        updated(forecast, Seen.whole(np.ones((3, 7))), first=FIRST + timedelta(days=7))


# --- shifts ------------------------------------------------------------------------------------------------------
def test_the_evidence_of_paths_that_have_not_shifted_has_the_mean_of_the_days_that_passed():
    # A Shiryaev-Roberts statistic less the days is a martingale: after one day its mean is 1, after two 2.
    for mean in (0.3, 5.0):
        many, came = lived(said(np.full(4, mean), 0.2, drift=0.02), 2500, seed=4)
        more, less = evidence(null_of(many), many.mu[:, :5], came[:, :5])
        assert (more + less).mean(axis=0) == pytest.approx(np.arange(1, 6), rel=0.15)


def test_the_evidence_is_the_sum_over_first_days_and_the_mean_over_ratios_of_likelihood_ratios():
    from evenstock.forecasting.sensing.detector import RATIOS

    forecast, units = said([2.0], drift=0.03), np.array([1, 3, 0, 5, 9, 6, 8, 7, 4, 0], float)
    null, expected = null_of(forecast), forecast.mu[:, :10].copy()
    expected[0, 2] = 0.0  # hidden
    more, less = evidence(null, expected, units[None])
    apart = change_likelihood(null, 0, expected[0], units, np.array(RATIOS))
    # A shift said to begin on the hidden day is one that begins on the next: it is counted once.
    apart[2] = 0.0
    assert more[0, -1] == pytest.approx(apart[:, 3:].sum() / 6, rel=1e-6)
    assert less[0, -1] == pytest.approx(apart[:, :3].sum() / 6, rel=1e-6)


def test_with_no_level_and_poisson_days_it_is_the_textbook_statistic():
    # One day, mean 2, three units: a shift by rho has the likelihood ratio rho**3 exp(-2 (rho - 1)).
    keys, zero = pl.DataFrame({"sku": ["MUG"], "node": ["TX"]}), np.zeros(1)
    forecast = Forecast(keys, FIRST, np.full((1, 28), 2.0), zero, zero, "x", FIRST - timedelta(days=1))
    found = change_likelihood(null_of(forecast), 0, np.array([2.0]), np.array([3.0]), np.array([0.5, 2.0]))
    assert found[0] == pytest.approx([0.125 * np.exp(1.0), 8 * np.exp(-2.0)], rel=1e-3)


SPEEDS = [0.05, 0.2, 0.5, 1.3, 3.0, 8.0, 30.0]


@pytest.fixture(scope="module")
def calibrated() -> tuple[Forecast, Thresholds]:
    """Series of every speed, with levels as unsure as real ones: variance 2 for the slowest to 0.15."""
    mean = np.repeat(SPEEDS, 12)
    variance = np.repeat([2.0, 0.6, 0.5, 0.18, 0.15, 0.15, 0.13], 12)
    forecast = said(mean, 0.0, 0.0, 0.04, 0.3, nodes=4)
    forecast = replace(forecast, path_variance=variance, alpha=variance + 0.2)
    return forecast, thresholds(forecast, seed=11, n_paths=2000, false_alarms=20.0)


def test_false_alarms_are_as_many_as_was_said_on_other_seeds(calibrated):
    forecast, limits = calibrated
    paths = forecast.paths(100, seed=77)
    alarmed = [shifts(forecast, Seen.whole(paths[:, s]), limits, scope="series").height for s in range(40)]
    # 84 series, 40 times: 67 expected at 20 of 1,000.
    assert sum(alarmed) == pytest.approx(84 * 40 * 0.02, rel=0.4)


def test_a_shift_is_found_by_fast_sellers_and_slow_sellers_are_said_to_tell_nothing(calibrated):
    forecast, limits = calibrated
    up, double, half, down = (limits.found[:, SHIFTS.index(r)] for r in (4.0, 2.0, 0.5, 0.25))
    assert (np.diff(down[:6]) > -0.03).all()
    assert up[6] > 0.9
    assert down[6] > 0.9
    assert (up >= double).all()
    assert (down + 0.02 >= half).all()
    assert limits.delay[6, SHIFTS.index(4.0)] <= 3
    assert limits.delay[6, SHIFTS.index(0.25)] <= 5
    blind = limits.blind(forecast)
    assert blind[:24].all()
    assert not blind[-12:].any()


def test_the_alert_says_since_when_and_how_much(calibrated):
    forecast, limits = calibrated
    mu = forecast.mu.copy()
    mu[-1, 12:] *= 4.0
    mu[-2, 12:] *= 0.2
    came = replace(forecast, mu=mu).paths(1, seed=5)[:, 0, :20]
    found = shifts(forecast, Seen.whole(came), limits, scope="series")

    for row, direction, ratio in ((-1, "up", 4.0), (-2, "down", 0.2)):
        sku, node = forecast.keys.row(row)
        alert = found.filter(sku=sku, node=node).row(0, named=True)
        assert alert["direction"] == direction
        assert abs((alert["since"] - (FIRST + timedelta(days=12))).days) <= 2
        assert alert["ratio_low"] < ratio < alert["ratio_high"]
        assert alert["since"] <= alert["raised_on"] <= alert["until"]
        assert alert["evidence"] >= alert["threshold"]
        assert f"times what it did before {alert['since']}: {alert['seen']} units" in alert["because"]
        assert "of 1,000 such that have not shifted, 20 would look so within 28 days" in alert["because"]


def test_days_without_stock_raise_no_alarm(calibrated):
    forecast, limits = calibrated
    paths = forecast.paths(1, seed=5)[:, 0].astype(float)
    hidden = np.zeros(paths.shape, bool)
    paths[-12:, 7:], hidden[-12:, 7:] = 0.0, True
    assert shifts(forecast, Seen.whole(paths), limits, scope="series").filter(pl.col("direction") == "down").height > 0
    told = shifts(forecast, Seen.whole(paths, hidden), limits, scope="series")
    assert told.filter(pl.col("direction") == "down").is_empty()


def test_part_of_a_day_counts_as_that_part(calibrated):
    forecast, limits = calibrated
    units, share = forecast.mu[:, :8].round(), np.ones((84, 8))
    units[:, 6:], share[:, 6:] = 0.0, 0.01  # Heard for an hour after midnight only: nothing had come.
    assert shifts(forecast, Seen(units, share), limits, scope="series").is_empty()
    share[:, 6:] = 1.0
    assert shifts(forecast, Seen(units, share), limits, scope="series").height > 0


def test_thresholds_are_kept_and_read_again(calibrated):
    _, limits = calibrated
    again = Thresholds.from_frame(limits.frame())
    assert again.frame().equals(limits.frame(), null_equal=True)
    with pytest.raises(ValueError, match="above 0 and up to 100"):
        thresholds(calibrated[0], seed=1, false_alarms=0.0)


# --- totals ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("groups", [sku_groups, node_groups])
def test_totals_have_the_mean_and_nearly_the_variance_of_their_members_paths(groups):
    forecast = said(np.tile([0.5, 2.0, 6.0, 12.0], 6), 0.3, drift=0.03, shared=0.5, nodes=4)
    made = groups(forecast)
    paths = made.total(forecast.paths(4000, seed=6)).sum(axis=2)
    total, dispersion = made.forecast.totals()
    assert paths.mean(axis=1) == pytest.approx(total, rel=0.05)
    variance = total + dispersion * total**2
    # A node's total is given a tenth more of deviation, for what all its items have in common.
    common = 0.0 if groups is sku_groups else 0.01 * total**2
    assert paths.var(axis=1).mean() == pytest.approx((variance - common).mean(), rel=0.15)


def test_what_was_seen_of_a_total_is_what_was_seen_of_its_members():
    forecast = said([1.0, 3.0], nodes=2)
    seen = Seen(np.array([[2.0], [9.0]]), np.array([[1.0], [0.0]]))
    made = sku_groups(forecast).seen(forecast, seen)
    # The node that expects three quarters was out of stock.
    assert made.units.tolist() == [[2.0]]
    assert made.share[0, 0] == pytest.approx(0.25)


def test_items_of_which_each_node_shows_too_little_are_found_over_all_their_nodes(calibrated):
    forecast = said(np.full(40, 1.0), 0.2, 0.2, 0.02, 0.2, nodes=10)
    mu = forecast.mu.copy()
    mu[:10, 5:] *= 4.0
    units = replace(forecast, mu=mu).paths(1, seed=8)[:, 0, :14]
    groups, seen = sku_groups(forecast), Seen.whole(units)
    alone = shifts(forecast, seen, thresholds(forecast, seed=1, n_paths=2000), scope="series")
    whole = shifts(
        groups.forecast, groups.seen(forecast, seen), thresholds(groups.forecast, seed=1, n_paths=2000), scope="item"
    )
    assert alone.height < 10
    assert whole["sku"].to_list() == ["S000"]
    assert whole["node"].to_list() == [""]
    assert velocity.bucket(forecast.mu.mean(axis=1)).max() == 3


# --- days as they were seen to scatter -----------------------------------------------------------------------------
def test_a_watched_forecast_has_the_same_means_and_levels_and_wilder_days():
    forecast = said([3.0], 0.15, 0.3)
    wider = watched(forecast)
    assert wider.mu.tolist() == forecast.mu.tolist()
    assert wider.path_variance.tolist() == forecast.path_variance.tolist()
    # 0.45 of the days beside a level of variance 0.15: 0.45 * 1.15 + 0.15.
    assert wider.alpha[0] == pytest.approx(0.6675)
    assert null_of(wider).left[0, 0] == pytest.approx(0.45)


def test_what_follows_a_watch_says_less_of_a_week_and_keeps_the_days_scatter():
    forecast, came = said([6.0], 0.15, 0.1), Seen.whole(np.full((1, 7), 12))
    plain, careful = (way(forecast, came, first=FIRST + timedelta(days=7)) for way in (updated, followed))
    assert 4.8 < careful.mu[0, 0] < plain.mu[0, 0]
    assert careful.alpha[0] == forecast.alpha[0]


def test_totals_are_allowed_what_their_members_days_had_in_common():
    # Twenty items whose days rise and fall together by a third: each alone shows it, and the total shows it no less.
    rng = np.random.default_rng(9)
    mean = np.full(20, 5.0)
    forecast = replace(
        said(mean, 0.05, 0.05),
        keys=pl.DataFrame({"sku": [f"S{k:03}" for k in range(20)], "node": ["TX"] * 20}),
    )
    common = rng.gamma(9.0, 1 / 9.0, (1, 182))
    units = rng.poisson(mean[:, None] * np.resize(WEEK, 182) * common)
    past = DemandHistory.from_matrix(units, forecast.keys, FIRST - timedelta(days=182))
    alone, learned = (watched_totals(forecast, h, by="node").forecast for h in (None, past))
    assert null_of(alone).left[0, 0] < 0.02
    assert null_of(learned).left[0, 0] == pytest.approx(1 / 9, rel=0.35)
    assert learned.mu == pytest.approx(alone.mu)
