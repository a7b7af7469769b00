from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenstock.freight.ladder import Ladder, Surcharge
from evenstock.freight.parcel import carton_steps
from evenstock.freight.rates import RateBook
from evenstock.freight.tariff import Tariff, parcel_cents

MARCH = date(2026, 3, 10)
DESTINATION = {2: "10001", 4: "60601"}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    goods=st.lists(
        st.tuples(
            st.sampled_from([2, 4]),
            st.integers(0, 40_000) | st.sampled_from([500, 501, 1000, 5000, 5001, 9000, 9001, 18000]),
            st.integers(0, 200_000_000),
            st.integers(0, 2_000),
            st.booleans(),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_the_fast_price_equals_the_readable_one(rate_frames, goods):
    book = RateBook.from_frames(**rate_frames)
    tariff = Tariff.pack([book.ladder("ups:ground", 2, MARCH), book.ladder("ups:ground", 4, MARCH)])
    zone, weight, volume, longest, home = zip(*goods, strict=True)
    fast = tariff.terms([0 if z == 2 else 1 for z in zone], weight, volume, longest, home)
    for row, (z, *rest) in zip(fast.tolist(), goods, strict=True):
        quote = book.quote("ups:ground", "07094", DESTINATION[z], *rest, MARCH)
        named = {term.name: term.cents for term in quote.terms}
        assert row == [named.pop("base"), named.pop("fuel"), sum(named.values())]


@settings(max_examples=60, deadline=None)
@given(
    rungs=st.lists(st.tuples(st.integers(1, 5_000), st.integers(1, 3_000)), min_size=1, max_size=6),
    charges=st.lists(
        st.tuples(
            st.sampled_from(["always", "residential", "weight_over", "longest_over"]),
            st.integers(1, 3_000),
            st.integers(0, 900),
        ),
        max_size=4,
    ),
    weight=st.integers(0, 60_000),
    longest=st.integers(0, 3_000),
    home=st.booleans(),
)
def test_steps_and_kernel_agree_on_any_ladder(rungs, charges, weight, longest, home):
    ends = np.cumsum([g for g, _ in rungs])
    base = np.array([c for _, c in rungs])
    named = tuple(Surcharge(f"s{k}", *charge) for k, charge in enumerate(charges))
    ladder = Ladder("s", 1, ends, base, base // 7, 0, named)
    weight = min(weight, 12 * ladder.heaviest_g)
    steps = carton_steps(ladder, weight, residential=home, longest_mm=longest)
    at = steps.at(weight)
    kernel = Tariff.pack([ladder]).terms(0, weight, 0, longest, home)
    assert kernel.tolist() == [[steps.base_cents[at], steps.fuel_cents[at], steps.surcharge_cents[at]]]
    assert parcel_cents([ladder], [0], [weight], longest_mm=longest, residential=home).tolist() == [steps.cents[at]]


def test_goods_and_ladders_that_cannot_be_are_refused(rate_frames):
    book = RateBook.from_frames(**rate_frames)
    tariff = Tariff.pack([book.ladder("ups:ground", 2, MARCH)])
    with pytest.raises(IndexError):
        tariff.terms([1], [100])
    with pytest.raises(ValueError, match="below zero"):
        tariff.terms([0], [-1])
    with pytest.raises(ValueError, match="at least one"):
        Tariff.pack([])
    assert tariff.terms(np.array([], dtype=np.int64), np.array([], dtype=np.int64)).shape == (0, 3)
