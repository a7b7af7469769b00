"""A quota is kept in whichever stretch of time one looks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenstock.operations.call_quota import Bucket, Quota

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
QUOTAS = st.integers(2, 80).flatmap(
    lambda calls: st.builds(Quota, st.just(calls), st.integers(1, 7_200), st.integers(1, calls - 1))
)


@given(QUOTAS, st.lists(st.tuples(st.integers(0, 600_000_000), st.integers(1, 12)), max_size=60))
def test_no_stretch_of_time_sees_more_calls_than_the_quota(quota, wishes):
    bucket, at, made = Bucket.full("usps", quota, NOON), NOON, []
    for wait_us, wanted in wishes:
        at += timedelta(microseconds=wait_us)
        calls = min(wanted, bucket.calls(at))
        bucket = bucket.take(calls, at)
        made += [at] * calls

    window = timedelta(seconds=quota.per_s)
    assert all(sum(start <= call < start + window for call in made) <= quota.calls for start in made)


@given(QUOTAS, st.integers(0, 100))
def test_the_moment_it_names_is_the_first_at_which_a_call_is_allowed(quota, spent):
    bucket = Bucket.full("usps", quota, NOON).take(spent, NOON)
    due = bucket.next_at(NOON)

    assert bucket.calls(due) >= 1
    assert due == NOON or bucket.calls(due - timedelta(microseconds=2)) == 0


def test_a_clock_set_back_gains_no_call():
    empty = Bucket.full("usps", Quota(60, 3600, 10), NOON).take(10, NOON)

    assert empty.at(NOON - timedelta(days=1)) == empty
    assert empty.at(NOON - timedelta(days=1)).calls(NOON) == 0


def test_calls_made_beyond_the_bucket_are_paid_back_before_the_next():
    # 13 of 10: three below nothing; one is due after four of 72 s.
    bucket = Bucket.full("usps", Quota(60, 3600, 10), NOON).take(13, NOON)

    assert bucket.calls(NOON) == 0
    assert bucket.next_at(NOON) == NOON + timedelta(seconds=4 * 72)


@pytest.mark.parametrize("bad", [(0, 3600, 1), (60, 0, 10), (60, 3600, 60), (60, 3600, 0)])
def test_a_quota_that_allows_nothing_cannot_be_made(bad):
    with pytest.raises(ValueError, match="allows nothing"):
        Quota(*bad)


def test_calls_cannot_be_given_back_by_taking_less_than_none():
    with pytest.raises(ValueError, match="usps: -1 calls"):
        Bucket.full("usps", Quota(60, 3600, 10), NOON).take(-1, NOON)
