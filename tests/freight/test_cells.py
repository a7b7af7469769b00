from datetime import date

import polars as pl

from evenstock import tables
from evenstock.freight.cells import ROW, checked

JANUARY = date(2026, 1, 5)


def rows(**columns):
    return pl.DataFrame(
        {"service": ["a:ftl", "b:ftl"], "valid_from": [JANUARY, JANUARY], "mile_cents": [200, 210]} | columns
    )


def read(frame):
    problems: list[str] = []
    return checked(frame, tables.TruckloadRates, "truckload_rates", problems), problems


def test_what_may_be_left_out_has_its_default_and_rows_are_numbered_as_in_the_file():
    found, problems = read(rows())
    assert problems == []
    assert found[ROW].to_list() == [1, 2]
    assert found["pallets"].to_list() == [26, 26]
    assert found.schema["pallets"] == pl.Int64


def test_whole_numbers_may_come_as_floats_and_days_as_text():
    found, problems = read(rows(mile_cents=[200.0, 210.0], valid_from=["2026-01-05", "2026-02-01"]))
    assert problems == []
    assert found["mile_cents"].to_list() == [200, 210]
    assert found["valid_from"].to_list() == [JANUARY, date(2026, 2, 1)]


def test_a_row_with_a_wrong_cell_is_left_out_and_every_wrong_cell_named():
    found, problems = read(rows(mile_cents=[None, 210], pallets=[0, 26], valid_from=["2026-01-05", "in June"]))
    assert found.height == 0
    assert problems == [
        "truckload_rates row 2, b:ftl in June: valid_from is 'in June'; write days as 2026-11-26",
        "truckload_rates row 1, a:ftl 2026-01-05: mile_cents is empty; fill it in",
        "truckload_rates row 1, a:ftl 2026-01-05: pallets is 0; it is from 1 to 60",
    ]


def test_text_where_a_number_belongs_is_named():
    _, problems = read(rows(mile_cents=["two", "210"]))
    assert problems[0] == "truckload_rates row 1, a:ftl 2026-01-05: mile_cents is 'two'; give a whole number"


def test_infinity_is_no_number():
    _, problems = read(rows(mile_cents=[float("inf"), 210.0]))
    assert problems == ["truckload_rates row 1, a:ftl 2026-01-05: mile_cents is inf; give a whole number"]


def test_a_name_with_space_at_its_end_is_refused():
    _, problems = read(rows(service=["a:ftl ", "b:ftl"]))
    assert problems[0].startswith("truckload_rates row 1, a:ftl  2026-01-05: service is 'a:ftl '; it has the form")


def test_of_very_many_wrong_cells_the_first_are_told_and_the_rest_counted():
    many = pl.DataFrame(
        {"service": [f"{k}:ftl" for k in range(50)], "valid_from": [JANUARY] * 50, "mile_cents": [-1] * 50}
    )
    _, problems = read(many)
    assert len(problems) == 21
    assert problems[-1] == "truckload_rates: mile_cents is wrong in 30 more rows"


def test_a_key_that_stands_twice_is_named_at_its_second_row_and_the_first_kept():
    found, problems = read(rows(service=["a:ftl", "a:ftl"]))
    assert found["mile_cents"].to_list() == [200]
    assert problems == ["truckload_rates row 2, a:ftl 2026-01-05: stands twice; keep one"]


def test_a_missing_column_is_named_with_those_that_are_needed():
    found, problems = read(rows().drop("mile_cents"))
    assert found.height == 0
    assert problems == [
        f"truckload_rates: column mile_cents is missing; the file needs {', '.join(tables.TruckloadRates.columns())}"
    ]
