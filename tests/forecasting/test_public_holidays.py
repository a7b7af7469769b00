"""Public holidays by the country of each node: known names, each year the same, and none twice."""

import sys
from datetime import date

import polars as pl
import pytest

from evenstock import tables
from evenstock.forecasting import Drivers
from evenstock.forecasting.public_holidays import events, with_own

pytest.importorskip("holidays", reason="the extra `forecasting` is not installed")

US = pl.DataFrame({"node": ["TX", "PA"], "country": ["US", "US"]})
NORTH = pl.DataFrame({"node": ["TX", "BC", "DE"], "country": ["US", "CA", "DE"], "subdivision": ["", "", "BY"]})


def on(frame: pl.DataFrame, *day: int) -> list[tuple[str, str]]:
    return frame.filter(pl.col("date") == date(*day)).select("event", "node").rows()


def test_thanksgiving_is_the_fourth_thursday_of_november_each_year_under_one_name():
    found = events(US, date(2023, 1, 1), date(2027, 12, 31)).filter(pl.col("event") == "Thanksgiving Day")

    assert found["date"].to_list() == [
        date(2023, 11, 23),
        date(2024, 11, 28),
        date(2025, 11, 27),
        date(2026, 11, 26),
        date(2027, 11, 25),
    ]
    assert set(found["node"]) == {""}


def test_each_node_has_the_holidays_of_its_own_country_and_part_of_it():
    found = events(NORTH, date(2026, 1, 1), date(2026, 12, 31))

    assert on(found, 2026, 7, 1) == [("Canada Day", "BC")]
    assert on(found, 2026, 1, 6) == [("Epiphany", "DE")]  # in Bavaria
    assert on(found, 2026, 12, 25) == [("Christmas Day", "")]  # everywhere
    without = events(
        NORTH.with_columns(subdivision=pl.lit(None, dtype=pl.String)), date(2026, 1, 1), date(2026, 12, 31)
    )
    assert on(without, 2026, 1, 6) == []


def test_a_day_off_in_lieu_has_a_name_of_its_own_even_across_the_year():
    # 1 January 2028 is a Saturday: the Friday before is off, in 2027.
    found = events(US, date(2027, 12, 31), date(2027, 12, 31))

    assert on(found, 2027, 12, 31) == [("New Year's Day (observed)", "")]


def test_two_holidays_of_one_day_are_two_events():
    texas = pl.DataFrame({"node": ["TX"], "country": ["US"], "subdivision": ["TX"]})

    assert on(events(texas, date(2026, 6, 19), date(2026, 6, 19)), 2026, 6, 19) == [
        ("Emancipation Day In Texas", ""), ("Juneteenth National Independence Day", ""),
    ]  # fmt: skip


def test_names_carry_no_remark_that_differs_from_year_to_year():
    moon = pl.DataFrame({"node": ["CN", "TR"], "country": ["CN", "TR"]})
    names = set(events(moon, date(2024, 1, 1), date(2027, 12, 31))["event"])

    assert not [name for name in names if "(" in name and not name.endswith("(observed)")]
    assert any("Chinese New Year" in name for name in names)


def test_the_result_keeps_to_the_data_dictionary_and_drives_a_forecast():
    found = events(NORTH, date(2026, 1, 1), date(2026, 12, 31))

    assert tables.Events.validate(found).equals(found)
    assert Drivers(events=found).events.height == found.height


def test_a_company_calls_its_days_as_it_likes_and_has_none_twice():
    own = pl.DataFrame(
        {
            "date": [date(2026, 11, 26), date(2026, 12, 25), date(2026, 7, 4), date(2026, 9, 7)],
            "event": ["thanksgiving", "Christmas", "payday", "LaborDay"],
            "node": ["", "TX", "", ""],
        }
    )
    found = with_own(own, events(US, date(2026, 7, 1), date(2026, 12, 31)))

    assert on(found, 2026, 11, 26) == [("thanksgiving", "")]
    assert on(found, 2026, 9, 7) == [("LaborDay", "")]
    # A payday on the fourth of July is no other name for it, and an event of one node does not hide what all have.
    assert on(found, 2026, 7, 4) == [("Independence Day", ""), ("payday", "")]
    assert on(found, 2026, 12, 25) == [("Christmas", "TX"), ("Christmas Day", "")]


def test_an_unknown_country_is_named_with_its_node():
    with pytest.raises(ValueError, match="node NARNIA: there are no public holidays for QQ"):
        events(pl.DataFrame({"node": ["NARNIA"], "country": ["QQ"]}), date(2026, 1, 1), date(2026, 1, 2))
    with pytest.raises(ValueError, match="US-XX"):
        events(US.with_columns(subdivision=pl.lit("XX")), date(2026, 1, 1), date(2026, 1, 2))
    with pytest.raises(ValueError, match="lies before the first"):
        events(US, date(2026, 1, 2), date(2026, 1, 1))


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "holidays", None)

    with pytest.raises(ImportError, match=r"pip install 'evenstock\[forecasting\]'"):
        events(US, date(2026, 1, 1), date(2026, 1, 2))
