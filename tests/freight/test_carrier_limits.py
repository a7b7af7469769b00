from datetime import date

import polars as pl
import pytest

from evenstock.freight.carrier_limits import CarrierLimits
from evenstock.freight.rates import RateBook

MARCH, JUNE = date(2026, 3, 10), date(2026, 6, 1)


def limits(**terms):
    return pl.DataFrame([{"carrier": "ups", "valid_from": date(2026, 1, 5), "shipments_per_day": 40} | terms])


def test_a_limit_is_of_the_carrier_whatever_its_service():
    found = CarrierLimits.from_frame(limits())
    assert [found.ceiling(service, MARCH) for service in ("ups:ground", "ups:two_day", "fedex:ground")] == [
        40,
        40,
        None,
    ]
    assert found.capped == {"ups"}


def test_each_day_has_its_limit():
    later = pl.concat([limits(), limits(valid_from=JUNE, shipments_per_day=25)])
    found = CarrierLimits.from_frame(later)
    days = (date(2026, 1, 4), date(2026, 1, 5), date(2026, 5, 31), JUNE)
    assert [found.ceiling("ups:ground", day) for day in days] == [None, 40, 40, 25]


def test_a_carrier_that_does_not_come_picks_up_for_none_of_its_services():
    found = CarrierLimits.from_frame(limits(pickup_days="135", pickup_holidays="2026-03-11; 2026-12-25"))
    # 9 March 2026 is a Monday, the 10th a Tuesday, the 11th a Wednesday but a holiday.
    assert [found.picks_up("ups:ground", date(2026, 3, day)) for day in (9, 10, 11, 13)] == [True, False, False, True]
    assert found.picks_up("fedex:ground", MARCH)


def test_without_a_ceiling_days_alone_can_be_said():
    found = CarrierLimits.from_frame(limits(shipments_per_day=None, pickup_days="12345"))
    assert found.ceiling("ups:ground", MARCH) is None
    assert found.capped == frozenset()
    assert not found.picks_up("ups:ground", date(2026, 3, 14))


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"shipments_per_day": -1}, "carrier_limits row 1, ups 2026-01-05: shipments_per_day is -1; it is from 0 to"),
        ({"pickup_days": "18"}, "carrier_limits row 1, ups 2026-01-05: pickup_days is '18'; it has the form"),
        ({"pickup_holidays": "Christmas"}, "pickup_holidays has 'Christmas'; write days as 2026-11-26, separated by ;"),
        ({"carrier": "ups:ground"}, "that is a service; write the carrier alone, ups"),
    ],
)
def test_a_limit_that_cannot_be_right_is_refused(terms, said):
    with pytest.raises(ValueError) as refused:
        CarrierLimits.from_frame(limits(**terms))
    assert said in str(refused.value)


def test_every_service_of_a_limited_carrier_counts_as_capped(rate_frames):
    book = RateBook.from_frames(**rate_frames, carrier_limits=limits())
    assert book.capped == {"ups:ground"}
    # Its own card names no ceiling.
    assert book.ceiling("ups:ground", MARCH) is None
    assert book.limits.ceiling("ups:ground", MARCH) == 40
    assert RateBook.from_frames(**rate_frames).capped == frozenset()
