"""Prices move with the stock that is gone beyond what was foretold, and are as old as their repricing."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.domain import Cents, NodeId, Price, Sku
from evenstock.routing.prices.correction import STEP, correct
from evenstock.routing.prices.ladder import corrected_source, in_force, repriced_at

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def one(price: float, foretold: float, before: int, left: int, gone: float) -> float:
    return float(
        correct(np.array([price]), np.array([foretold]), np.array([before]), np.array([left]), gone, 1_000.0)[0]
    )


def test_a_price_stays_while_as_much_is_gone_as_was_foretold():
    assert one(200, 80, 100, 80, 0.25) == 200  # a quarter of 80 is 20, and 100 - 80 are gone


def test_a_price_rises_by_the_share_of_what_is_left_that_is_gone_too_soon():
    # 20 were to be gone, 50 are: 30 too many of the 50 left.
    assert one(200, 80, 100, 50, 0.25) == pytest.approx(200 + STEP * 1_000 * 30 / 50)


def test_stock_that_came_makes_it_cheaper_and_never_less_than_free():
    # 20 were to be gone, 40 more are there: 60 too few gone of the 140 left.
    assert one(200, 80, 100, 140, 0.25) == pytest.approx(200 - STEP * 1_000 * 60 / 140)
    assert one(20, 80, 100, 140, 0.25) == 0


def test_more_cannot_be_foretold_than_there_was():
    # 150 wanted of 100: half the time is over, 50 are gone, all as it had to be.
    assert one(200, 150, 100, 50, 0.5) == 200


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0, 5_000), st.floats(0, 300), st.integers(0, 200), st.integers(-20, 300), st.integers(0, 50), st.floats(0, 1)
)  # fmt: skip
def test_less_stock_never_makes_a_unit_cheaper_nor_moves_it_by_more_than_the_step(
    price: float, foretold: float, before: int, left: int, more: int, gone: float
) -> None:
    rich, poor = one(price, foretold, before, left + more, gone), one(price, foretold, before, left, gone)

    assert rich <= poor + 1e-9
    for moved in (rich, poor):
        assert max(0.0, price - STEP * 1_000) - 1e-9 <= moved <= price + STEP * 1_000 + 1e-9


def test_shapes_and_shares_must_make_sense():
    flat = np.zeros(2)
    with pytest.raises(ValueError, match="one shape"):
        correct(flat, flat, np.zeros(2, np.int64), np.zeros(3, np.int64), 0.5, 1.0)
    with pytest.raises(ValueError, match=r"share of 1\.5"):
        one(0, 0, 0, 0, 1.5)


def test_a_corrected_row_is_as_old_as_its_repricing():
    def rung(repriced: timedelta, corrected: timedelta) -> str:
        source = corrected_source(NOON - repriced)
        row = Price(Sku("TEA"), NodeId("TX"), NOON - corrected, source, Cents(35))
        return in_force([row], NOON).rung

    minute, day = timedelta(minutes=1), timedelta(days=1)
    assert rung(timedelta(hours=25), minute) == "corrected, 25 h"
    assert rung(timedelta(hours=27), minute) == "last good, 27 h"
    assert rung(8 * day, minute) == "none: cheapest now"


def test_rows_of_other_sources_correct_nothing():
    nightly = Price(Sku("TEA"), NodeId("TX"), NOON, "nightly", Cents(35))
    repriced = Price(Sku("TEA"), NodeId("TX"), NOON, "repricing", Cents(35))

    assert repriced_at(nightly) is None
    assert repriced_at(repriced) == NOON
    assert in_force([repriced], NOON + timedelta(hours=2)).rung == "repricing, 2 h"
