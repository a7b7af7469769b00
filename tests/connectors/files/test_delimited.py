"""The shape of a text file: encodings, delimiters, quotes, ragged rows; line numbers are those an editor shows."""

import csv
import io

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.connectors.files import read_folder
from evenstock.connectors.files.delimited import read_delimited
from evenstock.connectors.files.problems import Found

ITEMS = "sku,description,weight_g,unit_cost_cents,price_cents\n00012,{},500,125,1050\nMUG,,350,{},999\n"


def test_a_line_number_counts_the_line_breaks_inside_quotes(refused) -> None:
    problem = refused(items__csv=ITEMS.format('"three\nlines\nof ""text"""', "x"))

    # line 1 the header, lines 2 to 4 the first item, line 5 the second
    assert (problem.row, problem.column, problem.value) == (5, "unit_cost_cents", "x")


def test_blank_lines_and_rows_of_empty_cells_do_not_shift_line_numbers(read) -> None:
    text = "\nsku,node,on_hand,observed_at\n\nMUG,NJ,3,2026-11-20T14:00:00Z\n,,,\n\nMUG,TX,-1,2026-11-20T14:00:00Z\n,,,\n\n"

    reading = read(stock__csv=text)

    assert [(p.row, p.column) for p in reading.problems] == [(7, "on_hand")]
    assert "stock.csv: 1 empty rows between others are left out" in reading.notes


def test_text_with_quotes_and_newlines_comes_in_whole(read) -> None:
    frames = read(items__csv=ITEMS.format('"a, ""b""\r\nc"', "1")).frames

    assert frames["items"]["description"].to_list() == ['a, "b"\r\nc', ""]


def test_windows_and_old_macintosh_line_ends_are_read(read) -> None:
    text = "sku,node,on_hand,observed_at\nMUG,NJ,3,2026-11-20T14:00:00Z\nMUG,TX,4,2026-11-20T14:00:00Z"

    for end in ("\r\n", "\r"):
        assert read(stock__csv=text.replace("\n", end)).frames["stock"]["on_hand"].to_list() == [3, 4]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_utf_8_and_marked_utf_16_are_read(read, encoding: str) -> None:
    frames = read(items__csv=ITEMS.format("Größe €", "1").encode(encoding)).frames

    assert frames["items"]["description"][0] == "Größe €"


def test_an_encoding_that_nothing_names_is_refused_not_guessed(refused) -> None:
    problem = refused(items__csv=ITEMS.format("Größe", "1").encode("latin-1"))

    assert (problem.file, problem.row) == ("items.csv", 2)
    assert "0xf6" in problem.what
    assert "UTF-8" in problem.fix


def test_utf_16_without_a_mark_is_refused(refused) -> None:
    problem = refused(items__csv=ITEMS.format("a", "1").encode("utf-16-le"))

    assert "zero bytes" in problem.what


@pytest.mark.parametrize(("delimiter", "word"), [(";", "semicolons"), ("\t", "tabs")])
def test_another_delimiter_is_seen_in_the_header_and_noted(read, delimiter: str, word: str) -> None:
    text = "sku,node,on_hand,observed_at\nMUG,NJ,3,2026-11-20T14:00:00Z\n".replace(",", delimiter)

    reading = read(stock__csv=text)

    assert reading.frames["stock"]["on_hand"].to_list() == [3]
    assert f"stock.csv: cells are separated by {word}, as its header shows" in reading.notes


def test_a_tsv_file_is_read_without_remark(read, put) -> None:
    folder = put(stock__csv=None, stock__tsv="sku\tnode\ton_hand\tobserved_at\nMUG\tNJ\t3\t2026-11-20T14:00:00Z\n")

    reading = read_folder(folder)

    assert reading.count == 0
    assert not any("separated" in note for note in reading.notes)


def test_ragged_rows_are_each_named_and_the_rest_is_still_checked(read) -> None:
    text = "sku,node,on_hand,observed_at\nMUG,NJ,1,5,2026-11-20T14:00:00Z\nMUG,NJ\nMUG,TX,-1,2026-11-20T14:00:00Z\n"

    reading = read(stock__csv=text)

    assert [(p.row, p.value) for p in reading.problems] == [
        (2, "MUG,NJ,1,5,2026-11-20T14:00:00Z"),
        (3, "MUG,NJ"),
        (4, "-1"),
    ]
    assert reading.problems[0].what == "5 cells, but the header has 4"
    assert "in quotes" in reading.problems[0].fix


@pytest.mark.parametrize("text", ['5" pipe', '"never closed', '"a" b'])
def test_a_stray_quote_is_named_by_its_line(refused, text: str) -> None:
    problem = refused(items__csv=ITEMS.format(text, "1"))

    assert (problem.file, problem.row) == ("items.csv", 2)
    assert "quote" in problem.what
    assert '"5"" pipe"' in problem.fix


def test_an_empty_file_and_one_with_a_header_alone(read) -> None:
    assert "the file is empty" in read(items__csv="").problems[0].what
    assert "has no rows" in read(items__csv="sku,weight_g,unit_cost_cents,price_cents\n").problems[0].what
    assert read(lanes__csv="origin,destination,lead_days\n").frames["lanes"].height == 0


def test_a_column_that_stands_twice_is_refused(refused) -> None:
    problem = refused(stock__csv="sku,node,On Hand,on_hand,observed_at\nMUG,NJ,1,2,2026-11-20T14:00:00Z\n")

    assert problem.what == "column on_hand stands twice, as columns 3 and 4"


def test_a_column_without_a_name_is_left_out_if_empty_and_refused_if_not(read, refused) -> None:
    assert read(stock__csv="sku,node,on_hand,observed_at,,\nMUG,NJ,1,2026-11-20T14:00:00Z,,\n").count == 0
    problem = refused(stock__csv="sku,node,on_hand,observed_at,\nMUG,NJ,1,2026-11-20T14:00:00Z,x\n")
    assert problem.what == "column 5 has values but no name"


def test_many_problems_of_a_kind_are_counted_and_the_first_are_listed(read) -> None:
    rows = "".join(f"S{i},NJ,-1,2026-11-20T14:00:00Z\n" for i in range(1000))
    items = "sku,weight_g,unit_cost_cents,price_cents\n" + "".join(f"S{i},1,1,1\n" for i in range(1000))

    reading = read(items__csv=items, stock__csv=f"sku,node,on_hand,observed_at\n{rows}")

    assert reading.count == 1000
    assert [p.row for p in reading.problems] == list(range(2, 22))
    assert reading.more == ["stock.csv, column on_hand: 980 more of the kind 'below range'"]


cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=6)


@settings(max_examples=150)
@given(st.lists(st.tuples(cells, cells, cells), max_size=8), st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
def test_any_table_written_by_python_is_read_cell_by_cell_with_its_lines(tmp_path_factory, rows, quoting) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n", quoting=quoting)
    writer.writerow(["sku", "node", "lot"])
    lines = []
    for row in rows:
        lines.append(text.getvalue().count("\n") + 1)
        writer.writerow(row)
    path = tmp_path_factory.mktemp("text") / "stock.csv"
    path.write_bytes(text.getvalue().encode())

    found = Found()
    raw = read_delimited(path, "stock", "stock.csv", found)

    assert not found.problems
    assert raw is not None
    assert raw.frame.select(pl.all().fill_null("")).rows() == rows
    assert raw.labels.tolist() == lines
    assert raw.labels.dtype == np.int64
