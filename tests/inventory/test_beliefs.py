"""Observations stay what was said; beliefs say what is likely there, how sure that is, and why."""

import numpy as np
import pytest
from tests.inventory.shelves import shelves
from tests.inventory.world import NEVER, evidence

from evenstock.inventory import believe, learn_accuracy

USUAL = learn_accuracy(None)


def one(told) -> dict:
    frame = believe(told, USUAL)
    assert frame.height == 1
    return frame.row(0, named=True)


def test_a_shelf_counted_today_holds_what_was_counted() -> None:
    said = one(evidence([2, 3, 1], 2.0, record=40, days_since_count=0.0, restored=[[np.nan, np.nan, 0.995]]))

    assert (said["q05"], said["q50"], said["q95"]) == (40, 40, 40)
    assert said["p_phantom"] == pytest.approx(0.005)
    assert said["mean"] == pytest.approx(0.995 * 40)
    assert "counted today" in said["because"]


def test_doubt_grows_with_units_moved_and_days() -> None:
    fresh = one(evidence([2] * 7, 2.0, record=40, days_since_count=7.0, moved_since_count=14.0))
    stale = one(evidence([2] * 7, 2.0, record=40, days_since_count=200.0, moved_since_count=400.0))

    # 2.1 a day (a tenth for standing); of 7 days, each put right with 1 %, (1 - exp(-0.07)) / 0.01 = 6.76 remain.
    assert fresh["error_sd"] ** 2 == pytest.approx(0.05 * 2.1 * 6.7606, rel=1e-4)
    assert fresh["error_mean"] == pytest.approx(-0.01 * 2.1 * 6.7606, rel=1e-4)
    assert stale["q95"] - stale["q05"] > fresh["q95"] - fresh["q05"]
    assert stale["mean"] < fresh["mean"] < 40


def test_an_empty_shelf_is_told_in_words_a_person_can_act_on() -> None:
    said = one(evidence([2] * 20 + [0] * 9, 1.58, alpha=0.3, path_variance=0.1, record=31,
                        days_since_count=61.0, moved_since_count=60.0))  # fmt: skip

    assert said["p_phantom"] > 0.9
    assert said["q50"] == 0
    assert said["because"] == "0 sold in 9 days where 14.2 were expected; last count 61 days ago"


def test_a_slow_seller_says_that_only_a_count_will_tell() -> None:
    said = one(evidence([0] * 30, 0.05, alpha=1.0, path_variance=0.8, record=4))

    assert said["p_phantom"] < 0.5
    assert "0.05 a day is too slow for sales to tell: only a count will; never counted" in said["because"]


def test_a_record_of_nothing_cannot_be_a_phantom() -> None:
    said = one(evidence([0] * 30, 5.0, record=0))

    assert said["p_phantom"] == 0.0
    assert "the record says none" in said["because"]


def test_no_forecast_no_feed_and_no_window_have_a_stated_rule() -> None:
    blind = one(evidence([0, 0], 0.0, looked=False, record=9, rate=3.0))
    assert "no day of sales can be held against a forecast; never counted" in blind["because"]
    windowless = one(evidence(np.zeros((1, 0), int), np.zeros((1, 0)), record=9, rate=3.0, known_days=0.0))
    assert windowless["p_phantom"] == 0.0
    assert (windowless["q05"], windowless["q95"]) == (9, 9)
    assert windowless["feed_days"] is None
    assert windowless["days_since_count"] is None


def test_units_sold_since_the_feed_spoke_are_no_longer_there() -> None:
    late = one(evidence([4] * 5, 4.0, record=40, days_since_count=0.0, feed_days=2.0, stated=40.0))

    assert late["unreported"] == pytest.approx(8.0)
    assert late["q50"] == 32
    assert late["q05"] < 32 < late["q95"] < 40
    assert "feed 48 h old" in late["because"]
    differs = one(evidence([4] * 5, 4.0, record=40, feed_days=0.01, stated=31.0))
    assert "the feed says 31, the books 40" in differs["because"]


def test_picks_are_named_first() -> None:
    said = one(evidence([1, 0], 1.0, record=5, pick_log_ratio=[[0.0, 10.0]], short_picks=2, cancelled=1))

    assert said["because"].startswith("2 picks came back short and 1 order line cancelled; ")


def test_in_a_seeded_world_beliefs_are_as_often_right_as_they_say() -> None:
    world = shelves(seed=5, n=6000)
    said = believe(world.evidence, learn_accuracy(world.counts))
    p, low, high = (said[name].to_numpy() for name in ("p_phantom", "q05", "q95"))

    assert ((low <= world.truth) & (world.truth <= high)).mean() > 0.9
    assert p.mean() == pytest.approx(world.empty.mean(), abs=0.03)
    doubtful, sure = p < 0.1, p > 0.9
    assert world.empty[sure].mean() > 0.9
    assert world.empty[doubtful].mean() < 0.05


def test_evidence_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        evidence([1], float("nan"))
    with pytest.raises(ValueError, match="below zero"):
        evidence([-1], 1.0)
    with pytest.raises(ValueError, match="cannot exceed alpha"):
        evidence([1], 1.0, alpha=0.1, path_variance=0.2)
    with pytest.raises(ValueError, match="cannot be below zero"):
        evidence([1], 1.0, days_since_count=-1.0)
    assert evidence([1], 1.0, days_since_count=NEVER).age_days().tolist() == [365.0]
