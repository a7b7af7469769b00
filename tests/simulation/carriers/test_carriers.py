"""Carriers that fail in the made-up brand: what each pattern does to parcels, and what acting on it brings."""

from dataclasses import replace

import numpy as np
import pytest

from evenstock.simulation.carriers.brand import FORTNIGHT, HISTORY_BLOCKS, QUARTER, make_brand
from evenstock.simulation.carriers.failures import DAYS, Failure, Pattern, Sent, fate, make_ways, met
from evenstock.simulation.carriers.live import act, outcome, told_from_the_start

FIRST = 20_000 - 20_000 % 7 + 4
"""A Monday: 1970-01-01 was a Thursday."""


def ways(days=60):
    chances = np.ones((2, 3, DAYS))
    chances[:, :, :2] = 0.0  # two days, always
    rng = np.random.default_rng(1)
    made = make_ways(("a:ground", "b:ground"), ("X",), ("100", "752"), chances, first=FIRST, days=days, rng=rng)
    return replace(made, delay=np.zeros_like(made.delay), odd=np.zeros_like(made.odd))


def sent(n=4_000, days=28):
    rng, zero = np.random.default_rng(2), np.zeros(n, np.int64)
    return Sent(
        rng.integers(0, 2, n),
        zero,
        rng.integers(0, 2, n),
        zero + 2,
        FIRST + rng.integers(0, days, n),
        rng.random((n, 3)),
    )


def fails(pattern):
    return Failure(("a:ground",), "X", ("752",), pattern, FIRST + 7, FIRST + 20)


@pytest.mark.parametrize("pattern", list(Pattern))
def test_a_failure_befalls_its_carrier_its_lane_and_its_days_alone(pattern):
    parcels, country = sent(), ways()
    before, lost_before = fate(country, parcels)
    after, lost = fate(country, parcels, [fails(pattern)])

    hit = met(country, parcels, fails(pattern))
    assert hit.mean() == pytest.approx(0.25 * 14 / 28, abs=0.02)
    assert (before[~hit] == after[~hit]).all()
    assert (lost_before[~hit] == lost[~hit]).all()
    assert (before == 2).all()
    match pattern:
        case Pattern.SLOWER:
            assert (after[hit] == 4).all()
        case Pattern.LOSING:
            assert lost[hit].mean() == pytest.approx(0.15, abs=0.05)
        case Pattern.NO_WEEKENDS:
            # Thursdays' parcels would come on Saturday and Fridays' on Sunday: both come on Monday.
            weekday = (parcels.handed_over + 3) % 7
            assert set(after[hit & (weekday == 3)]) == {4}
            assert set(after[hit & (weekday == 4)]) == {3}
            assert set(after[hit & (weekday < 3)]) == {2}


@pytest.fixture(scope="module")
def brand():
    return make_brand(7, orders_per_day=40, nodes=3, skus=40)


def test_every_fortnight_brings_the_same_orders_on_the_same_weekdays(brand):
    assert brand.luck.shape[0] * FORTNIGHT >= QUARTER + FORTNIGHT * HISTORY_BLOCKS
    assert (brand.day >= 0).all()
    assert (brand.day < FORTNIGHT).all()
    served = brand.plans.service[:, 0] >= 0
    assert served.mean() > 0.9
    assert (brand.plans.ship[served, 0] >= brand.day[served] - 1).all()


@pytest.fixture(scope="module")
def failure(brand):
    """The service with most parcels loses one in seven of those of its busiest node."""
    service, counts = np.unique(brand.plans.service[brand.plans.service >= 0], return_counts=True)
    of = brand.plans.service[:, 0] == service[counts.argmax()]
    origin = brand.ways.origins[int(np.bincount(brand.plans.origin[of, 0]).argmax())]
    name = brand.ways.services[int(service[counts.argmax()])]
    return Failure((name,), origin, ("",), Pattern.LOSING, brand.morning + 5, brand.morning + QUARTER)


def test_who_was_told_pays_less_and_where_nothing_fails_nothing_changes(brand, failure):
    usual = [brand.plans] * QUARTER
    nothing = outcome(brand, usual, [failure])
    told = outcome(brand, told_from_the_start(brand, failure), [failure])

    assert outcome(brand, usual, []).cents < nothing.cents
    assert told.cents < nothing.cents
    assert outcome(brand, usual, []) == outcome(brand, usual, [replace(failure, first=0, last=1)])


def test_a_carrier_that_loses_parcels_is_found_and_the_override_pays(brand, failure):
    lived = act(brand, [failure], begin=15)

    assert any(one.right and one.proposed for one in lived.told)
    assert lived.outcome.cents < outcome(brand, [brand.plans] * QUARTER, [failure]).cents
