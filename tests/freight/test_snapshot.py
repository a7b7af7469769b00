"""A network's prices in one call."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.freight.random_book import DESTINATIONS, ORIGIN, random_book, random_parcel

from evenstock.freight.rates import RateBook
from evenstock.freight.snapshot import NO_RATE, snapshot

MARCH = date(2026, 3, 10)
ORIGINS = [ORIGIN, "90001"]
WEIGHTS = [0, 1_000, 3_001, 25_000]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_every_cell_of_a_snapshot_is_the_readable_quote(seed):
    rng = np.random.default_rng(seed)
    book = random_book(rng, services=2, surcharges=8)
    _, _, volume, home, day, goods = random_parcel(rng)
    there = [*DESTINATIONS, "99999"]  # nobody knows the last one's zone
    found = snapshot(book, ORIGINS, there, WEIGHTS, day, residential=home, volume_mm3=volume, goods=goods)
    cents = found.cents
    assert cents.shape == (2, len(there), 2, len(WEIGHTS))
    for a, b, s, w in np.ndindex(cents.shape):
        quote = book.quote(book.services[s], ORIGINS[a], there[b], WEIGHTS[w], volume, 0, home, day, goods=goods)
        if quote is None:
            assert (cents[a, b, s, w], found.terms[a, b, s, w].tolist()) == (NO_RATE, [NO_RATE] * 4)
            continue
        named = {term.name: term.cents for term in quote.terms}
        assert (cents[a, b, s, w], found.zone[a, b]) == (quote.cents, quote.zone)
        assert found.terms[a, b, s, w, :2].tolist() == [named["base"], named["fuel"]]
        assert found.terms[a, b, s, w, 3] == sum(c for name, c in named.items() if name.startswith("correction: "))


def test_the_frame_has_a_row_for_each_price_there_is(rate_frames):
    found = snapshot(RateBook.from_frames(**rate_frames), ["07094"], ["10001", "60601", "60701"], [600, 9_001], MARCH)
    # 606 is zone 4: base 11.00, fuel 18.5 % 2.04 (2.035), home 5.95 and delivery area 0.25. Nobody knows 607.
    rows = found.frame()
    assert rows.height == 2 * 2
    assert rows.columns == [
        "origin", "destination", "service", "zone", "weight_g", "base_cents", "fuel_cents", "surcharge_cents",
        "correction_cents", "cents",
    ]  # fmt: skip
    assert rows.row(2) == ("07094", "60601", "ups:ground", 4, 600, 1_100, 204, 620, 0, 1_924)
    assert found.priced.tolist() == [[[True], [True], [False]]]


def test_old_rates_are_told_with_the_snapshot(rate_frames):
    book = RateBook.from_frames(**rate_frames)
    found = snapshot(book, ["07094"], ["10001"], 600, date(2027, 1, 1))
    assert found.stale == ("ups:ground: its rate card ended on 2026-12-31; import the one that follows",)
    assert snapshot(book, ["07094"], ["10001"], 600, MARCH).stale == ()


def test_a_snapshot_of_no_parcel_or_of_less_than_none_is_refused(rate_frames):
    book = RateBook.from_frames(**rate_frames)
    for weights, volume in (([], 0), ([-1], 0), ([1], -1)):
        with pytest.raises(ValueError, match="at least one weight"):
            snapshot(book, ["07094"], ["10001"], weights, MARCH, volume_mm3=volume)
