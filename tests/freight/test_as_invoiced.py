"""A book as a carrier's invoices have it: every charge so much dearer, in the days that were invoiced."""

from datetime import date

import pytest
from tests.routing import brand

from evenstock.freight.rates import RateBook

BOOK = RateBook.from_frames(**brand.frames())
NOVEMBER = date(2026, 11, 1), date(2026, 11, 30)


def test_a_service_invoiced_a_tenth_higher_is_so_in_every_charge_and_no_other_is() -> None:
    dearer = BOOK.as_invoiced({"ups:ground": 1_000}, *NOVEMBER)

    ladder = dearer.ladder("ups:ground", 5, date(2026, 11, 20))
    assert ladder is not None
    named = {one.charge: one.share_bp for one in ladder.corrections}
    assert {"base", "fuel", "residential"} <= set(named)
    assert set(named.values()) == {1_000}
    other = dearer.ladder("usps:advantage", 5, date(2026, 11, 20))
    assert other is not None
    assert not other.corrections
    after = dearer.ladder("ups:ground", 5, date(2026, 12, 1))
    assert after is not None
    assert not after.corrections
    plain = BOOK.ladder("ups:ground", 5, date(2026, 11, 20))
    assert plain is not None
    assert not plain.corrections  # the book itself is as it was


def test_a_correction_in_force_is_laid_under_it() -> None:
    twice = BOOK.as_invoiced({"ups:ground": 1_000}, *NOVEMBER).as_invoiced({"ups:ground": 1_000}, *NOVEMBER)

    ladder = twice.ladder("ups:ground", 5, date(2026, 11, 20))
    assert ladder is not None
    assert {one.charge: one.share_bp for one in ladder.corrections}["base"] == 2_100


def test_a_service_without_a_card_is_refused() -> None:
    with pytest.raises(ValueError, match="no rate card of pigeon"):
        BOOK.as_invoiced({"pigeon": 100}, *NOVEMBER)
