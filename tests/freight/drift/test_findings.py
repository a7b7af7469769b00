"""What drifted, since when, how much of it is sure, and how often nothing is called something."""

from datetime import date, timedelta

import numpy as np
import pytest

from evenstock.freight.drift import Cause, Drift, Series, drifts

FIRST = date(2026, 1, 5)
"""A Monday."""


def series(
    share: np.ndarray, parcels: int = 100, cause: str = "rate", service: str = "ups:ground", scatter: float = 0.05
) -> Series:
    """A block for each working day: parcels of 10.00 each, off by this share in the middle of the day."""
    days = [FIRST + timedelta(days=7 * (k // 5) + k % 5) for k in range(share.size)]
    quoted = np.full(share.size, 1000.0 * parcels)
    return Series(
        service, "residential", cause, tuple(days), tuple(days), tuple(day + timedelta(days=3) for day in days),
        np.full(share.size, parcels), quoted, quoted.copy(), share * quoted, share * quoted,
        np.full(share.size, parcels * (1000 * scatter) ** 2), np.ones(share.size, dtype=np.int64), 5.0,
    )  # fmt: skip


def noise(days: int, seed: int, scatter: float = 0.05, parcels: int = 100) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, scatter / parcels**0.5, days)


def only(found: list[Drift]) -> Drift:
    [drift] = found
    return drift


def test_a_rise_is_told_with_its_day_its_size_and_its_money() -> None:
    share = noise(120, 1)
    share[60:] += 0.041

    drift = only(drifts([series(share)], year=2026))

    began = FIRST + timedelta(days=84)  # 60 working days are 12 weeks
    assert abs((drift.since - began).days) <= 3
    assert drift.since_earliest <= began <= drift.since_latest
    assert drift.low <= 0.041 <= drift.high
    assert abs(drift.level - 0.041) < 0.002
    # 100 parcels of 10.00 on five days are $5,000 a week, of which 4.1 % are $205.
    assert drift.cents_a_week == pytest.approx(20_500, rel=0.05)
    assert drift.sentence.startswith("ups:ground residential +4.")
    assert " % since 30 March, $20" in drift.sentence or " % since 27 March, $20" in drift.sentence
    assert (drift.found_on - began).days <= 3 + 7


def test_a_correction_is_no_more_than_what_is_sure() -> None:
    share = noise(100, 2, scatter=0.4)
    share[50:] += 0.08

    drift = only(drifts([series(share, scatter=0.4)], year=2026))

    assert drift.correction is not None
    assert drift.correction.charge == "residential"
    assert drift.correction.share_bp == round(10_000 * drift.low)
    assert 0 < drift.correction.share_bp < 10_000 * drift.level


def test_a_drift_that_ended_proposes_nothing() -> None:
    share = noise(150, 3)
    share[50:100] += 0.05

    drift = only(drifts([series(share)], year=2026))

    assert drift.until is not None
    assert abs((drift.until - (FIRST + timedelta(days=7 * 20))).days) <= 4
    assert drift.correction is None
    assert " from 16 March to " in drift.sentence or " from 13 March to " in drift.sentence


def test_what_a_correction_already_adds_is_no_drift() -> None:
    share = noise(150, 4)
    share[50:] += 0.05
    added = np.where(np.arange(150) >= 80, 0.05, 0.0)

    found = drifts([series(share)], {("ups:ground", "residential", "rate"): added}, year=2026)

    assert [drift.until is None for drift in found] == [False]


def test_a_correction_that_outlives_its_cause_shows_as_a_drift_down() -> None:
    share = noise(150, 5)
    share[20:80] += 0.05
    added = np.where(np.arange(150) >= 40, 0.05, 0.0)

    lasting = [
        d for d in drifts([series(share)], {("ups:ground", "residential", "rate"): added}, year=2026) if d.until is None
    ]

    assert only(lasting).level == pytest.approx(-0.05, abs=0.003)


def test_rounding_and_what_lies_within_half_a_percent_is_never_told() -> None:
    assert drifts([series(np.full(250, 0.004), scatter=0.0)], year=2026) == []


def test_one_wild_day_is_no_drift() -> None:
    share = noise(120, 6)
    share[70] += 5.0

    assert drifts([series(share)], year=2026) == []


def test_a_charge_that_no_card_knows_is_corrected_on_the_base_of_each_parcel() -> None:
    share = np.r_[np.zeros(40), np.full(40, 0.03)]
    unknown = series(share, cause="unknown", scatter=0.0)

    drift = only(drifts([unknown], year=2026))

    assert drift.cause is Cause.UNKNOWN
    assert drift.correction is not None
    # 3 % of 10.00 are 30 cents, less what is not sure.
    assert (drift.correction.charge, drift.correction.share_bp) == ("base", 0)
    assert 28 <= drift.correction.cents <= 30
    assert "add it to surcharges, or claim it back" in drift.advice


def test_what_is_billed_twice_is_claimed_back_not_corrected() -> None:
    drift = only(drifts([series(np.r_[np.zeros(40), np.full(40, 0.03)], cause="twice", scatter=0.0)], year=2026))

    assert drift.correction is None
    assert "claim it back" in drift.advice


def test_false_alarms_stay_below_the_rate_that_was_asked_for() -> None:
    # 100 series over a year in which nothing drifts; one false alarm a year over all of them is asked for, so that two
    # years with more than 6 would come by chance once in 200 (Poisson with mean 2).
    found = 0
    for year in range(2):
        every = [series(noise(260, 1000 * year + k), service=f"c:s{k}") for k in range(100)]
        found += len(drifts(every, year=2026))

    assert found <= 6


def test_heavy_tails_and_unlike_days_do_not_raise_false_alarms() -> None:
    found = 0
    for k in range(60):
        rng = np.random.default_rng(k)
        share = rng.standard_t(3, 260) * 0.01 + rng.normal(0, 0.01, 260)
        found += len(drifts([series(share, service=f"c:s{k}")], year=2026, false_alarms=1 / 60))

    assert found <= 2


def test_more_series_need_more_evidence() -> None:
    share = noise(80, 8, scatter=0.25)
    share[60:] += 0.04
    one = series(share, scatter=0.25)
    quiet = [series(noise(80, 100 + k), service=f"c:s{k}") for k in range(300)]

    alone = only(drifts([one], year=2026))
    among = [d for d in drifts([one, *quiet], year=2026) if d.service == "ups:ground"]

    assert not among or among[0].found_on >= alone.found_on
