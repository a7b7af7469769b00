"""Fuel surcharges: which price, which table, what the carrier posted."""

from datetime import date, timedelta

import polars as pl
import pytest

from evenstock.freight.fuel import FuelBook

MONDAYS = [date(2017, 1, 9) + timedelta(weeks=k) for k in range(5)]


def ups(**other):
    """UPS ground in early 2017: the price two weeks before, to the cent, changed on Mondays."""
    given = {
        "fuel_rules": pl.DataFrame(
            {"rule": ["ups ground"], "fuel_index": ["diesel"], "lag_days": [14], "fuel_table": ["ups ground"]}
        ),
        "fuel_tables": pl.DataFrame(
            {
                "fuel_table": ["ups ground"] * 3,
                "valid_from": [date(2017, 1, 2)] * 3,
                "at_least_mills": [2_370, 2_550, 2_600],
                "fuel_bp": [500, 525, 550],
            }
        ),
        # EIA, US on-highway diesel: 2.597, 2.585, 2.569, 2.562, 2.558 dollars a gallon.
        "fuel_index": pl.DataFrame(
            {
                "fuel_index": ["diesel"] * 5,
                "region": ["US"] * 5,
                "date": MONDAYS,
                "mills": [2_597, 2_585, 2_569, 2_562, 2_558],
            }
        ),
    }
    return FuelBook.from_frames(**(given | other))


def fedex():
    """FedEx Ground around 2024-05-06, when $3.37 to $3.46 went from 14 % to 15 % by a new table."""
    old, new, weeks = date(2023, 1, 2), date(2024, 5, 6), [date(2024, 4, 8) + timedelta(weeks=k) for k in range(6)]
    return FuelBook.from_frames(
        fuel_rules=pl.DataFrame({"rule": ["fx"], "fuel_index": ["diesel"], "lag_days": [7], "fuel_table": ["fx"]}),
        fuel_tables=pl.DataFrame(
            {
                "fuel_table": ["fx"] * 6,
                "valid_from": [old] * 3 + [new] * 3,
                "at_least_mills": [3_280, 3_370, 3_460] * 2,
                "fuel_bp": [1_375, 1_400, 1_425, 1_475, 1_500, 1_525],
            }
        ),
        fuel_index=pl.DataFrame(
            {"fuel_index": ["diesel"] * 6, "region": ["US"] * 6, "date": weeks, "mills": [3_400] * 6}
        ),
    )


def test_the_ups_week_of_6_february_2017_has_the_price_of_23_january():
    for day in (date(2017, 2, 6), date(2017, 2, 12)):
        rate = ups().rate("ups ground", day)
        # 2.569 to the cent is 2.57, in the row from 2.55.
        assert (rate.bp, rate.mills, rate.index_day) == (525, 2_570, date(2017, 1, 23))
        assert (rate.table_from, rate.stale) == (date(2017, 1, 2), "")


def test_the_sunday_before_still_has_the_price_of_the_week_before():
    rate = ups().rate("ups ground", date(2017, 2, 5))
    assert (rate.mills, rate.index_day) == (2_590, date(2017, 1, 16))


def test_rounding_to_the_cent_can_reach_the_next_row():
    # 2.597 is below 2.60, but to the cent it is 2.60.
    assert ups().rate("ups ground", date(2017, 1, 23)).bp == 550


def test_a_table_that_changes_without_a_new_price_changes_the_surcharge():
    before, after = fedex().rate("fx", date(2024, 5, 5)), fedex().rate("fx", date(2024, 5, 6))
    assert (before.mills, before.bp, before.table_from) == (3_400, 1_400, date(2023, 1, 2))
    assert (after.mills, after.bp, after.table_from) == (3_400, 1_500, date(2024, 5, 6))


def test_rows_of_a_table_hold_from_their_price_on_up_to_the_next():
    book = fedex()
    assert [book.rate("fx", date(2024, 5, 7)).bp] == [1_500]
    for mills, bp in ((3_369, 1_475), (3_370, 1_500), (3_459, 1_500), (3_460, 1_525), (9_999, 1_525), (3_279, 0)):
        index = pl.DataFrame({"fuel_index": ["d"], "region": ["US"], "date": [date(2024, 4, 29)], "mills": [mills]})
        table = pl.DataFrame(
            {
                "fuel_table": ["t"] * 3,
                "valid_from": [date(2024, 1, 1)] * 3,
                "at_least_mills": [3_280, 3_370, 3_460],
                "fuel_bp": [1_475, 1_500, 1_525],
            }
        )
        rule = pl.DataFrame(
            {"rule": ["r"], "fuel_index": ["d"], "lag_days": [7], "fuel_table": ["t"], "rounding_mills": [1]}
        )
        one = FuelBook.from_frames(fuel_rules=rule, fuel_tables=table, fuel_index=index)
        assert one.rate("r", date(2024, 5, 7)).bp == bp


def test_a_price_beyond_the_rows_of_its_table_is_told():
    def stale(mills):
        index = pl.DataFrame({"fuel_index": ["diesel"], "region": ["US"], "date": [date(2017, 1, 9)], "mills": [mills]})
        return ups(fuel_index=index).rate("ups ground", date(2017, 1, 23)).stale

    # Rows begin at 2.37, 2.55 and 2.60: the next would begin at 2.65.
    assert (stale(2_370), stale(2_640)) == ("", "")
    assert "begins at 2370 thousandths a gallon, above 2360; nothing is charged" in stale(2_360)
    assert "ends at 2600 thousandths a gallon, below 2650; its last row is taken" in stale(2_650)


def test_an_old_post_without_an_end_is_used_and_told():
    posted = pl.DataFrame({"rule": ["ups ground"], "valid_from": [date(2017, 1, 2)], "fuel_bp": [475]})
    book = ups(fuel_overrides=posted)
    assert book.rate("ups ground", date(2017, 2, 2)).stale == ""
    late = book.rate("ups ground", date(2017, 2, 3))
    assert (late.bp, "what was posted on 2017-01-02 is still taken" in late.stale) == (475, True)


def test_what_the_carrier_posts_wins_until_its_last_day_or_the_next_post():
    posted = pl.DataFrame(
        {
            "rule": ["ups ground"] * 3,
            "valid_from": [date(2017, 1, 30), date(2017, 2, 6), date(2017, 2, 20)],
            "valid_to": [None, date(2017, 2, 8), None],
            "fuel_bp": [475, 0, 450],
            "because": ["", "ups.com, 3 February", ""],
        },
        schema_overrides={"valid_to": pl.Date},
    )
    book = ups(fuel_overrides=posted)
    days = [date(2017, 1, 29), date(2017, 2, 5), date(2017, 2, 6), date(2017, 2, 9), date(2017, 2, 27)]
    assert [book.rate("ups ground", day).bp for day in days] == [550, 475, 0, 525, 450]
    rate = book.rate("ups ground", date(2017, 2, 7))
    assert (rate.mills, rate.because, rate.stale) == (None, "ups.com, 3 February", "")


def test_a_missing_week_takes_the_last_known_price_and_says_so():
    index = pl.DataFrame(
        {"fuel_index": ["diesel"] * 4, "region": ["US"] * 4, "date": [d for d in MONDAYS if d.day != 23],
         "mills": [2_597, 2_585, 2_562, 2_558]}
    )  # fmt: skip
    book = ups(fuel_index=index)
    rate = book.rate("ups ground", date(2017, 2, 6))
    assert (rate.mills, rate.index_day) == (2_590, date(2017, 1, 16))
    assert rate.stale == (
        "fuel ups ground: the price of diesel in US for 2017-01-23 is missing; the last known, of 2017-01-16, is used"
    )
    assert book.rate("ups ground", date(2017, 2, 13)).stale == ""


def test_an_index_that_nobody_renews_goes_stale():
    assert ups().rate("ups ground", date(2017, 2, 20)).stale == ""  # the price of 6 February is there
    late = ups().rate("ups ground", date(2017, 3, 6))
    assert (late.index_day, "2017-02-20 is missing" in late.stale) == (date(2017, 2, 6), True)


def test_a_price_published_a_day_late_for_a_holiday_is_not_stale():
    index = pl.DataFrame(
        {"fuel_index": ["diesel"] * 4, "region": ["US"] * 4, "date": [*MONDAYS[:3], date(2017, 1, 31)],
         "mills": [2_597, 2_585, 2_569, 2_562]}
    )  # fmt: skip
    # The Monday's price bears Tuesday's date, after the day the rule asks for: the one before counts.
    rate = ups(fuel_index=index).rate("ups ground", date(2017, 2, 13))
    assert (rate.index_day, rate.stale) == (date(2017, 1, 23), "")


def test_a_day_before_all_prices_or_tables_is_told():
    assert "no price of diesel in US is known for 2016-12-19" in ups().rate("ups ground", date(2017, 1, 2)).stale
    index = pl.DataFrame({"fuel_index": ["diesel"], "region": ["US"], "date": [date(2016, 12, 12)], "mills": [2_493]})
    rate = ups(fuel_index=index).rate("ups ground", date(2016, 12, 26))
    assert (rate.bp, rate.table_from) == (500, date(2017, 1, 2))
    assert "begins on 2017-01-02, after 2016-12-26" in rate.stale


def test_a_rule_may_change_on_the_first_of_a_month():
    rule = pl.DataFrame(
        {
            "rule": ["air"],
            "fuel_index": ["diesel"],
            "lag_days": [0],
            "fuel_table": ["ups ground"],
            "effective_weekday": [0],
        }
    )
    rate = ups(fuel_rules=rule).rate("air", date(2017, 2, 27))
    assert (rate.index_day, rate.mills) == (date(2017, 1, 30), 2_560)


def test_what_cannot_be_read_is_told_at_once_with_its_place():
    with pytest.raises(ValueError) as said:
        ups(
            fuel_rules=pl.DataFrame(
                {
                    "rule": ["a", "b"],
                    "fuel_index": ["diesel", "jet"],
                    "lag_days": [-1, 0],
                    "fuel_table": ["ups ground", "none"],
                    "effective_weekday": [8, 1],
                }
            ),
            fuel_index=pl.DataFrame(
                {
                    "fuel_index": ["diesel"] * 3,
                    "region": ["US"] * 3,
                    "date": [MONDAYS[0], MONDAYS[0], MONDAYS[1]],
                    "mills": [2_597, 2_500, 0],
                }
            ),
            fuel_overrides=pl.DataFrame({"rule": ["c"], "valid_from": [MONDAYS[0]], "fuel_bp": [100]}),
        )
    assert str(said.value).splitlines() == [
        "fuel_rules row 1, a: effective_weekday is 8; Monday is 1, Sunday 7, a month's first 0",
        "fuel_rules row 1, a: lag_days is -1; it is 0 or more",
        "fuel_index row 2, diesel in US on 2017-01-09: is both 2597 and 2500; keep one",
        "fuel_index row 3, diesel in US on 2017-01-16: mills is 0; it is 1 or more",
        "fuel_overrides row 1, c from 2017-01-09: fuel_rules has no such rule; add it",
        "fuel_rules b: fuel_table 'none' has no row in fuel_tables; add them",
        "fuel_rules b: fuel_index has no price of jet in US; import it",
    ]


def test_an_unknown_rule_is_told_with_those_there_are():
    with pytest.raises(ValueError, match="no fuel rule is named 'ups air'; fuel_rules has ups ground"):
        ups().rate("ups air", MONDAYS[0])
