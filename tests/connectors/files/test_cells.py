"""Each nasty cell is refused by file, row, column and value, with what to do; what can mean one thing only is mapped."""

import datetime as dt
import re
from decimal import ROUND_HALF_UP, Decimal

import dataframely as dy
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock import tables
from evenstock.connectors.files.cells import read_cells
from evenstock.connectors.files.headers import aliases

HEADERS = {
    "nodes": "node,kind,postal_code,timezone,{}\nTX,own,75201,America/Chicago,{}\nNJ,own,07030,America/New_York,{}\n",
    "items": "sku,weight_g,unit_cost_cents,price_cents,{}\n00012,500,125,1050,{}\nMUG,350,200,999,{}\n",
    "stock": "sku,node,on_hand,observed_at,{}\nMUG,TX,5,2026-11-20T14:00:00Z,{}\nMUG,NJ,5,2026-11-20T14:00:00Z,{}\n",
    "lanes": "origin,destination,lead_days,{}\nTX,NJ,3,{}\nNJ,TX,3,{}\n",
}

# column of which table, a lawful value, what is there instead, what is said, what to do
NASTY = [
    ("items.case_units", "6", "12,50", "decimal comma", "write whole units"),
    ("items.case_units", "6", "1,234", "thousands separator or a decimal comma", "write 1234 or 1.234"),
    ("items.case_units", "6", "1.234", "thousands point", "write 1234"),
    ("items.case_units", "6", "1 234", "thousands separator", "write 1234"),
    ("items.case_units", "6", "1'234'567", "thousands separator", "write 1234567"),
    ("items.case_units", "6", "12.5", "a fraction where whole units are meant", "whole number"),
    ("items.case_units", "6", "-4", "below 1 units", "write 1 or more"),
    ("items.case_units", "6", "0", "below 1 units", "write 1 or more"),
    ("items.case_units", "6", "−4", "not a minus sign", "plain -"),
    ("items.case_units", "6", "(4)", "brackets", "plain number"),
    ("items.case_units", "6", "NaN", "programs write for nothing", "leave the cell empty"),
    ("items.case_units", "6", "inf", "not a finite number", "write the number"),
    ("items.case_units", "6", "12 pcs", "not a number", "write whole units"),
    ("items.case_units", "6", "1e3", "scientific notation", "write all digits"),
    ("items.case_units", "6", "1000000001", "above 1,000,000,000 units", "slipped digit"),
    ("items.case_units", "6", "99999999999999999999999", "above 1,000,000,000 units", "slipped digit"),
    ("items.case_units", "6", "12%", "percent sign", "unit of the column"),
    ("items.case_units", "6", "#DIV/0!", "spreadsheet's error", "repair the formula"),
    ("items.case_units", "6", "٤", "not a number", "write whole units"),
    ("lanes.unit_usd", "1.50", "$1.50", "currency", "the number alone"),
    ("lanes.unit_usd", "1.50", "1.50 USD", "currency", "the number alone"),
    ("lanes.unit_usd", "1.50", "1,50", "decimal comma", "write 1.50"),
    ("lanes.unit_usd", "1.50", "1.234,50", "decimal comma", "write 1234.50"),
    ("lanes.unit_usd", "1.50", "1.555", "three decimals, or a thousands point", "two decimals"),
    ("lanes.unit_usd", "1.50", "1.55555", "more than two decimals", "to two"),
    ("lanes.unit_usd", "1.50", "-1.50", "below zero", "0 or more"),
    ("items.gtin", "12345670", "1234567", "not 8, 12, 13 or 14 digits", "leading zero may be lost"),
    ("items.gtin", "12345670", "1.23E+12", "a spreadsheet shortened", "as text"),
    ("items.requires", "cold", "cold,hazmat", "something else than ;", "hazmat;cold"),
    ("nodes.latitude", "32.7", "132.7", "above 90 degrees", "exchanged"),
    ("nodes.latitude", "32.7", "32,7", "decimal comma", "write 32.7"),
    ("nodes.latitude", "32.7", "NaN", "programs write for nothing", "leave the cell empty"),
    ("nodes.latitude", "32.7", "32°42'", "not a number", "point for decimals"),
    ("nodes.country", "US", "UK", "not a country code", "did you mean GB"),
    ("nodes.country", "US", "USA", "not a country code", "did you mean US"),
    ("nodes.country", "US", "QQ", "not a country code", "two letters"),
    ("nodes.cutoff", "14:00", "9:00", "not a time of day", "write 09:00"),
    ("nodes.cutoff", "14:00", "25:00", "not a time of day", "hours and minutes"),
    ("nodes.cutoff", "14:00", "2 pm", "not a time of day", "hours and minutes"),
    ("nodes.working_days", "12345", "0123", "not digits from 1 (Monday) to 7 (Sunday)", "12345"),
    ("nodes.working_days", "12345", "Mo-Fr", "not digits from 1 (Monday)", "12345"),
    ("nodes.holidays", "2026-12-25", "2026-12-25;25/12/2027", "'25/12/2027'", "2026-11-26;2026-12-25"),
    ("nodes.holidays", "2026-12-25", "2026-02-30", "not an ISO date", "2026-11-26"),
    ("nodes.active", "true", "WAHR", "neither true nor false", "write true or false"),
    ("stock.held", "0", "-1", "below zero", "write 0 or more"),
    ("stock.held", "0", "6", "more than the 5 on hand", "correct held or on_hand"),
    ("lanes.mode", "ltl", "truck", "not one of the values", "parcel, ltl, ftl"),
    ("lanes.mode", "ltl", "part_load", "not one of the values", "write one of"),
]


@pytest.mark.parametrize(("where", "lawful", "nasty", "said", "fix"), NASTY, ids=lambda v: str(v)[:24])
def test_a_nasty_cell_is_named_with_what_to_do(read, where, lawful, nasty, said, fix) -> None:
    table, column = where.split(".")
    quoted = '"' + nasty + '"'
    latitude = column == "latitude"
    pair, good, bad = (
        ("latitude,longitude", f"{lawful},-96.8", f"{quoted},-96.8") if latitude else (column, lawful, quoted)
    )
    files = {f"{table}__csv": HEADERS[table].format(pair, good, bad)}

    reading = read(**files)

    assert reading.frames == {}
    problem = next(p for p in reading.problems if p.column == column)
    assert (problem.file, problem.row, problem.value) == (f"{table}.csv", 3, nasty)
    assert said in problem.what
    assert fix in problem.fix
    assert read(**{f"{table}__csv": HEADERS[table].format(pair, good, good)}).count == 0


DATES = [
    ("2026-02-30", "a day that does not exist", "look at month and day"),
    ("2026-13-01", "a day that does not exist", "look at month and day"),
    ("03/04/2026", "month first or day first", "2026-03-04 or 2026-04-03"),
    ("13/04/2026", "not in ISO order", "2026-04-13"),
    ("03.04.26", "year of two digits", "with the century"),
    ("0026-04-03", "filled up with zeros", "with its century"),
    ("20260403", "not in ISO form", "2026-04-03"),
    ("2026-4-3", "not in ISO form", "2026-04-03"),
    ("2026/04/03", "not in ISO form", "2026-04-03"),
    ("46115", "spreadsheet's count of days", "format the column as a date"),
    ("2026-04-03T09:30:00Z", "a moment where a day is meant", "2026-04-03"),
    ("April 3, 2026", "not a date", "2026-11-20"),
    ("NaT", "programs write for nothing", "leave the cell empty"),
]


@pytest.mark.parametrize(("nasty", "said", "fix"), DATES)
def test_a_day_is_iso_or_refused(refused, nasty, said, fix) -> None:
    header = "date,sku,node,units\n2026-04-02,MUG,NJ,3\n"

    problem = refused(demand__csv=f'{header}"{nasty}",MUG,NJ,4\n')

    assert (problem.file, problem.row, problem.column, problem.value) == ("demand.csv", 3, "date", nasty)
    assert said in problem.what
    assert fix in problem.fix


MOMENTS = [
    ("2026-11-20T14:00:00", "no time zone", "2026-11-20T14:00:00Z or 2026-11-20T14:00:00-06:00"),
    ("2026-11-20 14:00", "no time zone", "2026-11-20T14:00Z"),
    ("2026-11-20", "a day without a time", "2026-11-20T14:00:00Z"),
    ("2026-02-30T14:00:00Z", "a moment that does not exist", "look at day"),
    ("2026-11-20T24:00:00Z", "a moment that does not exist", "look at day"),
    ("2026-11-20T14:00:60Z", "a moment that does not exist", "look at day"),
    ("2026-11-20T14:00:00+25:00", "a moment that does not exist", "look at day"),
    ("2026-11-20T14:00:00.1234567Z", "finer than a microsecond", "six decimals"),
    ("11/20/2026 2:00 PM", "not a moment", "date, time and offset"),
    ("1795183200", "since 1970", "write it out"),
    ("2026-11-20T14:00:00 CST", "not a moment", "date, time and offset"),
    ("0026-11-20T14:00:00Z", "does not exist", "look at day"),
]


@pytest.mark.parametrize(("nasty", "said", "fix"), MOMENTS)
def test_a_moment_has_its_zone_or_is_refused(refused, nasty, said, fix) -> None:
    text = f'sku,node,on_hand,observed_at\nMUG,TX,5,2026-11-20T14:00:00Z\nMUG,NJ,5,"{nasty}"\n'

    problem = refused(stock__csv=text)

    assert (problem.file, problem.row, problem.column, problem.value) == ("stock.csv", 3, "observed_at", nasty)
    assert said in problem.what
    assert fix in problem.fix


NAMES = [
    ("1.23E+12", "a spreadsheet shortened", "export the column as text"),
    ("#REF!", "spreadsheet's error", "repair the formula"),
    ("nan", "programs write for nothing", "write the value"),
    ("A\u200bB", "invisible character (U+200B)", "type the name anew"),
    ("x" * 201, "201 characters; at most 200", "shorten it"),
    ("A\nB", "invisible character (U+000A)", "type the name anew"),
    ("", "is empty", "fill it in: stock keeping unit"),
]


@pytest.mark.parametrize(("nasty", "said", "fix"), NAMES, ids=[repr(n[0][:12]) for n in NAMES])
def test_a_name_is_whole_or_refused(refused, nasty, said, fix) -> None:
    text = f'sku,weight_g,unit_cost_cents,price_cents\n00012,1,1,1\nMUG,1,1,1\n"{nasty}",1,1,1\n'

    problem = refused(items__csv=text)

    assert (problem.file, problem.row, problem.column) == ("items.csv", 4, "sku")
    assert problem.value == (nasty if len(nasty) < 60 else nasty[:57] + "...")
    assert said in problem.what
    assert fix in problem.fix


def test_a_time_zone_that_is_none_is_refused_with_the_nearest_that_is(refused) -> None:
    text = "node,kind,postal_code,timezone\nTX,own,75201,America/Chcago\nNJ,3pl,07030,America/New_York\n"

    problem = refused(nodes__csv=text)

    assert str(problem) == (
        "nodes.csv row 2, column timezone, value 'America/Chcago': is not a time zone of the IANA data base; "
        "did you mean America/Chicago?"
    )


def test_leading_zeros_survive(read) -> None:
    frames = read().frames

    assert frames["items"]["sku"].to_list() == ["00012", "MUG"]
    assert frames["nodes"]["postal_code"].to_list() == ["75201", "07030"]


@pytest.mark.parametrize("code", ["7030", "7030.0"])
def test_a_postal_code_that_lost_its_zero_is_refused_not_filled_up(refused, code) -> None:
    text = f"node,kind,postal_code,timezone\nTX,own,75201,America/Chicago\nNJ,3pl,{code},America/New_York\n"

    problem = refused(nodes__csv=text)

    assert (problem.row, problem.column, problem.value) == (3, "postal_code", code)
    assert "zero" in problem.what + problem.fix


def test_a_column_of_names_that_went_through_floats_is_refused_but_one_name_of_that_look_is_not(read) -> None:
    head = "sku,weight_g,unit_cost_cents,price_cents\n"
    stock = "sku,node,on_hand,observed_at\n12.0,TX,1,2026-11-20T14:00:00Z\n"

    assert read(items__csv=f"{head}12.0,1,1,1\n13.0,1,1,1\n", stock__csv=stock).problems[0].column == "sku"
    assert read(items__csv=f"{head}12.0,1,1,1\nMUG,1,1,1\n", stock__csv=stock).count == 0


def test_what_can_mean_one_thing_only_is_mapped_and_noted(read) -> None:
    reading = read(
        nodes__csv=(
            "node,kind,postal_code,timezone,country,cutoff,working_days,active,orders_per_day\n"
            " TX ,OWN,75201,America/Chicago,us,14:30:00,123456,TRUE,200.0\n"
            "NJ,3pl,07030,America/New_York,US,15:00,12345,no,\n"
        )
    )

    rows = reading.frames["nodes"].to_dicts()
    assert [rows[0][c] for c in ("node", "kind", "country", "cutoff", "active", "orders_per_day")] == [
        "TX", "own", "US", "14:30", True, 200,
    ]  # fmt: skip
    assert (rows[1]["active"], rows[1]["orders_per_day"]) == (False, None)
    notes = "\n".join(reading.notes)
    for said in ("1 cells had space around", "in small letters", "in capitals", "as HH:MM", "end in .0"):
        assert said in notes


def test_empty_cells_take_the_default_of_their_column_and_say_so(read) -> None:
    reading = read(stock__csv="sku,node,on_hand,held,lot,observed_at\nMUG,NJ,3,,,2026-11-20T14:00:00Z\n")

    assert reading.frames["stock"].row(0, named=True)["held"] == 0
    assert "stock.csv, column held: 1 empty cells take 0" in reading.notes


@settings(max_examples=60)
@given(st.decimals(0, 99_999, places=2))
def test_money_is_mapped_to_cents_exactly(amount: Decimal) -> None:
    column, scale = aliases("items")["price"]

    cells = read_cells(column, tables.Items.columns()[column], pl.Series([f"{amount}"]), scale)

    assert cells.values.to_list() == [int(amount * 100)]


@settings(max_examples=60)
@given(st.decimals(0, 20_000, places=6), st.sampled_from(["kg", "lb", "oz"]))
def test_weights_are_mapped_by_the_exact_factor_and_rounded_half_up(amount: Decimal, unit: str) -> None:
    factor = {"kg": Decimal(1000), "lb": Decimal("453.59237"), "oz": Decimal("28.349523125")}[unit]
    column, scale = aliases("items")[f"weight_{unit}"]

    cells = read_cells(column, tables.Items.columns()[column], pl.Series([f"{amount}"]), scale)

    assert cells.values.to_list() == [int((amount * factor).quantize(Decimal(1), ROUND_HALF_UP))]


@settings(max_examples=300)
@given(st.text(alphabet="0123456789+-., _eE'٤x", max_size=8))
def test_a_whole_number_is_digits_and_nothing_else(text: str) -> None:
    cells = read_cells("units", dy.Int64(min=-(10**9), max=10**9), pl.Series([text]))

    stripped = text.strip()
    lawful = re.fullmatch(r"[+-]?[0-9]+(\.0{1,2})?", stripped, re.ASCII) is not None
    assert cells.values.to_list() == ([int(stripped.split(".")[0])] if lawful else [None])


@settings(max_examples=200)
@given(st.datetimes(dt.datetime(1900, 1, 2), dt.datetime(2999, 12, 31)), st.integers(-14 * 60, 14 * 60))
def test_a_moment_with_any_offset_is_the_same_moment(moment: dt.datetime, minutes: int) -> None:
    placed = moment.replace(tzinfo=dt.timezone(dt.timedelta(minutes=minutes)))

    cells = read_cells("observed_at", dy.Datetime(time_unit="us", time_zone="UTC"), pl.Series([placed.isoformat()]))

    assert cells.values.to_list() == [placed.astimezone(dt.UTC)]
