"""A service that fails on a lane is told within days, with its beginning; a bad day and an ordinary month are not."""

from dataclasses import replace
from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.freight.failing.lanes import MORNING, TODAY, USUAL, day, parcels

from evenstock.freight.failing import detect, mended, now, reached, usual
from evenstock.freight.failing.patterns import PATTERNS, slower
from evenstock.freight.failing.statistic import INCIDENT, SPARED, lately, ratios, since, strength
from evenstock.freight.failing.usual import LEAN, NEVER, SETTLED_DAYS


def test_a_lane_that_became_two_days_slower_a_week_ago_is_told_with_its_day():
    [found] = detect(parcels(np.random.default_rng(1), began=7))

    assert (found.name, found.origin, found.extent, found.areas) == ("road:ground", "TX", "area", ("752",))
    assert found.pattern == "two days slower"
    assert found.earliest <= day(7) <= found.latest
    assert found.delivered + found.outstanding == found.parcels
    assert found.log_odds >= found.log_needed


def test_parcels_not_yet_there_are_evidence():
    """Handed over 4 and 3 days ago, six a day, nothing of them delivered: by then 80 % usually are."""
    evidence = parcels(np.random.default_rng(2), began=7, slower=6)
    [found] = detect(evidence)

    since_then = reached(evidence, found) & (evidence.handed_over >= MORNING - 7)
    assert found.areas == ("752",)
    assert not evidence.delivered[since_then].any()  # nothing handed over since has arrived at all
    assert found.outstanding == found.parcels


def test_an_ordinary_quarter_tells_nothing():
    told = [detect(parcels(np.random.default_rng(seed))) for seed in range(5)]
    assert told == [()] * 5


@pytest.mark.parametrize("bad", [(4,), (9,), (4, 12)])
def test_a_day_on_which_every_parcel_was_late_is_no_failing(bad):
    """Twenty parcels a day, all two days late on one day: by parcel that is beyond chance, by day it is one day."""
    assert detect(parcels(np.random.default_rng(3), a_day=20, bad_days=bad)) == ()


def test_lost_parcels_are_told_though_those_delivered_came_in_time():
    [found] = detect(parcels(np.random.default_rng(4), a_day=10, began=14, slower=0, lost=0.2))
    assert found.areas == ("752",)
    assert found.pattern.startswith("losing")


def test_what_fails_on_every_lane_is_told_once_for_all_of_them():
    evidence = parcels(np.random.default_rng(5), began=8, areas=("752",))
    other = parcels(np.random.default_rng(6), began=8, areas=("100",))
    [found] = detect(joined(evidence, other))

    assert found.areas == ("100", "752")
    assert found.extent in {"zone", "anywhere"}


def test_what_was_mended_a_fortnight_ago_is_not_told_though_a_month_of_it_is_in_sight():
    assert detect(parcels(np.random.default_rng(12), began=34, mended=15)) == ()
    assert detect(parcels(np.random.default_rng(12), began=34)) != ()


def test_what_was_mended_is_said_to_be_by_the_parcels_that_still_go_that_way():
    told = detect(parcels(np.random.default_rng(12), began=34))[0]
    for mended_ago, said in ((0, False), (7, False), (18, True)):
        evidence = parcels(np.random.default_rng(13), began=50, mended=mended_ago)
        normal = usual(parcels(np.random.default_rng(14)))
        assert mended(evidence, normal, told) == said, mended_ago
    # Ten parcels at least must have gone that way.
    few = parcels(np.random.default_rng(15), areas=("752", "100"), a_day=6)
    without = replace(few, handed_over=np.where(few.area == few.areas.index("752"), MORNING - 40, few.handed_over))
    assert not mended(without, usual(few), told)


def test_what_was_told_before_is_not_told_again():
    evidence = parcels(np.random.default_rng(1), began=7)
    assert detect(evidence, known=detect(evidence)) == ()


def test_a_lane_on_probation_is_told_with_less():
    failing = parcels(np.random.default_rng(1), began=9)
    others = [parcels(np.random.default_rng(20 + k), service=f"s{k}:ground") for k in range(6)]
    evidence = reduce(joined, others, failing)

    [plain] = detect(evidence)
    [watched] = detect(evidence, watched=[plain])

    # A fifth of the false alarms for it alone; else 0.5 x 0.6 of them for fourteen lanes by service, all as busy.
    assert plain.log_needed - watched.log_needed == pytest.approx(np.log(0.2 / (0.5 * 0.6 / 14)), abs=0.02)
    assert watched.key == plain.key


def test_no_day_says_more_than_an_incident_leaves_room_for():
    """Whatever befell a cohort, an incident explains it with probability 0.02 at least: the ratio is at most 50."""
    evidence = parcels(np.random.default_rng(7), a_day=50, began=10, slower=3)
    found = lately(evidence, usual(evidence))
    ratio = ratios(found, evidence.area[found.row], 2)

    assert ratio.max() <= np.log(1 / INCIDENT) + 1e-9
    assert ratio.max() > np.log(1 / INCIDENT) - 0.5  # and so bad a day says nearly all it can
    assert ratio.min() >= np.log(SPARED) - 1e-9


def test_the_sum_over_beginnings_by_its_arithmetic():
    """Two patterns, days with ratios 2 then 3, and 1 then 1: sums 2x3 + 3 and 1 + 1, whose mean is 5.5."""
    ratio = np.log(np.array([[[2.0, 3.0]], [[1.0, 1.0]]]))
    assert np.exp(since(ratio))[0, 0].tolist() == pytest.approx([6.0, 3.0])
    assert np.exp(strength(ratio)).tolist() == pytest.approx([5.5])


def test_what_is_usual_leans_on_the_zone_where_a_lane_has_few_parcels():
    evidence = parcels(np.random.default_rng(8), a_day=40)
    known = usual(evidence)
    # Away from its zone by 30 / (n + 30) of the difference: with 5,160 parcels of its own hardly at all.
    zero = np.zeros(1, np.int64)
    share = known.table(zero, zero, zero, zero + 2, zero)[0]
    own = (evidence.area == 0) & (evidence.handed_over < MORNING - SETTLED_DAYS)
    assert share[2] == pytest.approx((evidence.days[own] == 2).mean(), abs=LEAN / own.sum() + 0.03)
    assert share.sum() == pytest.approx(1.0)
    assert share[NEVER] < 0.005


def test_parcels_of_a_failing_known_before_do_not_become_usual():
    evidence = parcels(np.random.default_rng(9), began=60)
    [found] = detect(evidence, normal=usual(parcels(np.random.default_rng(9))))
    zero = np.zeros(1, np.int64)
    lane = zero + evidence.areas.index("752")
    whole = usual(evidence).table(zero, zero, lane, zero + 2, zero)[0]
    apart = usual(evidence, excluded=reached(evidence, found) & (evidence.handed_over >= MORNING - 60))
    assert whole[4] > 0.2  # two days slower for a third of the time
    assert apart.table(zero, zero, lane, zero + 2, zero)[0][4] < 0.1


def test_the_days_to_expect_of_a_failing_lane_are_those_it_shows():
    evidence = parcels(np.random.default_rng(10), a_day=20, began=10)
    [found] = detect(evidence)
    expected = now(evidence, usual(evidence), found)

    friday = expected.shares.filter((expected.shares["destination"] == "752") & (expected.shares["weekday"] == 4))
    by_day = dict(friday.select("days", "probability").iter_rows())
    # Two days mostly became four mostly.
    assert by_day[4] == pytest.approx(USUAL[2], abs=0.1)
    assert sum(by_day.values()) == pytest.approx(1.0)
    assert expected.harm_millionths[("road:ground", "TX", "752")] < 10_000


def test_without_parcels_of_the_past_nobody_knows_what_is_usual():
    with pytest.raises(ValueError, match="nobody knows yet what is usual"):
        detect(parcels(np.random.default_rng(11), days=SETTLED_DAYS))


@given(st.integers(0, 6), st.lists(st.floats(0.001, 1.0), min_size=NEVER + 1, max_size=NEVER + 1))
@settings(max_examples=30, deadline=None)
def test_every_pattern_gives_shares_that_make_one_and_nothing_comes_sooner(weekday, weights):
    share = np.array([weights]) / np.sum(weights)
    for pattern in PATTERNS:
        moved = pattern.of(share, np.array([weekday]))
        assert moved.sum() == pytest.approx(1.0)
        assert (moved >= 0).all()
        # Never later in the sum: by each day at most as many have come.
        assert (moved[0, :NEVER].cumsum() <= share[0, :NEVER].cumsum() + 1e-9).all()
    assert slower(share, 1)[0, 0] == 0


def joined(a, b):
    """Evidence of both, of whatever services and areas; all left one node."""
    assert a.as_of == b.as_of == TODAY
    areas, services = tuple(sorted({*a.areas, *b.areas})), tuple(sorted({*a.services, *b.services}))
    columns = {
        name: np.concatenate([getattr(a, name), getattr(b, name)])
        for name in ("origin", "zone", "handed_over", "days", "delivered", "promised_days", "lost", "damaged")
    }
    area = np.concatenate([[areas.index(e.areas[k]) for k in e.area.tolist()] for e in (a, b)])
    service = np.concatenate([[services.index(e.services[k]) for k in e.service.tolist()] for e in (a, b)])
    return replace(a, areas=areas, services=services, area=area, service=service, **columns)
