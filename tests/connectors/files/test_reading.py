"""A folder is read as a whole or not at all."""

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

from evenstock import tables
from evenstock.connectors.files import read_folder, read_tables


def test_a_lawful_folder_gives_frames_of_the_dictionary(read) -> None:
    reading = read()

    assert (reading.problems, reading.count, reading.more) == ([], 0, [])
    assert list(reading.frames) == ["nodes", "items", "stock"]
    for table, frame in reading.frames.items():
        assert tables.INPUT[table].is_valid(frame)
    assert reading.frames["stock"]["observed_at"].to_list() == [dt.datetime(2026, 11, 20, 14, tzinfo=dt.UTC)] * 3
    assert any(note.startswith("stock.csv: not there, so by default: lot empty, held 0") for note in reading.notes)


def test_all_problems_of_all_files_are_told_at_once_and_nothing_is_imported(read) -> None:
    reading = read(
        items__csv="sku,weight_g,unit_cost_cents,price_cents\n00012,x,1,1\nMUG,1,-1,1\n",
        stock__csv="sku,node,on_hand,observed_at\nMUG,NJ,1.5,2026-11-20\n",
        lanes__csv="origin,destination\nTX,NJ\n",
    )

    assert reading.frames == {}
    assert [(p.file, p.row, p.column or p.value) for p in reading.problems] == [
        ("items.csv", 2, "weight_g"),
        ("items.csv", 3, "unit_cost_cents"),
        ("lanes.csv", None, "lead_days"),
        ("stock.csv", 2, "on_hand"),
        ("stock.csv", 2, "observed_at"),
    ]


def test_required_tables_are_asked_for(read) -> None:
    reading = read(items__csv=None)

    assert [str(p) for p in reading.problems] == [
        "items.csv: the table items is not there; add items.csv, .tsv, .parquet or .xlsx"
    ]


def test_a_broken_table_does_not_make_the_others_look_wrong(refused) -> None:
    problem = refused(items__csv='sku,weight_g\n"00012,1\n')

    assert problem.file == "items.csv"


def test_a_file_name_is_a_table_whatever_its_case_and_others_are_noted(read) -> None:
    reading = read(
        stock__csv=None,
        STOCK__CSV="sku,node,on_hand,observed_at\nMUG,NJ,1,2026-11-20T14:00:00Z\n",
        lane__csv="origin\n",
        orders__json="[]",
    )

    assert reading.frames["stock"].height == 1
    assert "lane.csv: not named as a table, so not read; did you mean lanes?" in reading.notes
    assert "orders.json: not read; only .csv, .tsv, .parquet, .xlsx are" in reading.notes


def test_a_table_that_stands_in_two_files_is_refused(refused) -> None:
    problem = refused(stock__tsv="sku\tnode\n")

    assert str(problem) == "stock.tsv: the table stock stands in stock.csv as well; keep one of them"


def test_no_folder(tmp_path) -> None:
    with pytest.raises(NotADirectoryError, match="give the folder that holds nodes"):
        read_folder(tmp_path / "nothing")


def parquet(put, **frames: pl.DataFrame):
    folder = put(**{f"{name}__csv": None for name in frames})
    for name, frame in frames.items():
        frame.write_parquet(folder / f"{name}.parquet")
    return read_folder(folder)


ITEMS = pl.DataFrame({"sku": ["00012", "MUG"], "weight_g": [500, 350], "unit_cost": [1.25, 2.0], "price": [10.5, 9.99]})


def test_parquet_keeps_its_types_and_decimals_become_exact_cents(put) -> None:
    items = ITEMS.with_columns(pl.col("weight_g").cast(pl.UInt16), pl.col("price").cast(pl.Decimal(10, 4)))

    frames = parquet(put, items=items).frames

    assert frames["items"]["price_cents"].to_list() == [1050, 999]
    assert frames["items"]["unit_cost_cents"].to_list() == [125, 200]


def test_a_float_that_is_no_cent_amount_is_refused_not_rounded(put) -> None:
    reading = parquet(put, items=ITEMS.with_columns(price=pl.Series([0.1 + 0.2, 9.99])))

    assert [(p.row, p.column, p.value) for p in reading.problems] == [(1, "price", "0.30000000000000004")]
    assert Decimal(reading.problems[0].value) == Decimal("0.30000000000000004")


def test_a_postal_code_or_sku_that_is_a_float_lost_its_zeros_and_is_refused(put) -> None:
    nodes = pl.DataFrame(
        {"node": ["TX", "NJ"], "kind": "own", "postal_code": [75201.0, 7030.0], "timezone": "America/Chicago"}
    )

    reading = parquet(put, nodes=nodes)

    assert [(p.file, p.row, p.column, p.value) for p in reading.problems] == [
        ("nodes.parquet", 1, "postal_code", "75201.0"),
        ("nodes.parquet", 2, "postal_code", "7030.0"),
    ]
    assert "eats leading zeros" in reading.problems[0].what


def test_parquet_moments_need_their_zone_and_numbers_their_range(put) -> None:
    naive = pl.Series([dt.datetime(2026, 11, 20, 14), dt.datetime(2026, 11, 20, 15)])
    stock = pl.DataFrame({"sku": "MUG", "node": ["TX", "NJ"], "on_hand": [-1.0, 1.0], "observed_at": naive})

    assert [(p.row, p.column) for p in parquet(put, stock=stock).problems] == [
        (1, "on_hand"), (1, "observed_at"), (2, "observed_at"),
    ]  # fmt: skip
    placed = stock.with_columns(
        pl.col("observed_at").dt.replace_time_zone("America/Chicago"), on_hand=pl.Series([5.0, 1.0])
    )
    frames = parquet(put, stock=placed).frames
    assert frames["stock"]["observed_at"].to_list()[0] == dt.datetime(2026, 11, 20, 20, tzinfo=dt.UTC)


def test_nan_in_parquet_is_refused_and_null_where_a_value_is_required_too(put) -> None:
    stock = pl.DataFrame(
        {"sku": ["MUG", None], "node": ["TX", "NJ"], "on_hand": [float("nan"), 1.0], "observed_at": "2026-11-20T14:00Z"}
    )

    assert [(p.row, p.column, p.what) for p in parquet(put, stock=stock).problems] == [
        (1, "on_hand", "is what programs write for nothing"),
        (2, "sku", "is empty"),
    ]


def test_a_list_in_parquet_is_refused_with_how_to_write_it(put) -> None:
    reading = parquet(put, items=ITEMS.with_columns(requires=pl.Series([["cold", "hazmat"], []])))

    assert reading.problems[0].column == "requires"
    assert "hazmat;cold" in reading.problems[0].fix


def test_frames_in_memory_are_checked_as_files_are() -> None:
    reading = read_tables({"stocks": pl.DataFrame(), "items": ITEMS.with_columns(sku=pl.lit("MUG"))})

    assert [str(p) for p in reading.problems] == [
        "stocks: is not a table of the dictionary; did you mean stock?",
        "items row 2, column sku, value 'MUG': has the same sku as row 1; keep one of the two rows",
    ]


def test_rules_and_rates_that_cannot_be_used_are_refused_on_the_way_in(read) -> None:
    rules = "rule,kind,parameters\nno_ny,forbid,nodes=NY\nodd,no_such_kind,\n"
    cards = "service,valid_from\nups:ground,2026-01-01\n"
    rates = "service,valid_from,zone,max_weight_g,cents\nups:ground,2026-01-01,2,1000,{}\nups:ground,2026-01-01,4,1000,950\n"

    said = [str(p) for p in read(rules__csv=rules).problems]
    assert len(said) == 2
    assert "NY, which does not exist" in said[0]
    assert "no_such_kind" in said[1]

    free = read(rules__csv="rule,kind\na,active\n", rate_cards__csv=cards, rates__csv=rates.format(0)).problems
    assert [(p.file, p.row, p.column, p.what) for p in free] == [
        ("rates.csv", 2, "cents", "is a parcel carried for nothing")
    ]

    (hole,) = read(rates__csv=rates.format(900)).problems
    assert (hole.file, hole.fix) == ("rates.csv", "add it")
    assert "no row for zone 3" in hole.what
