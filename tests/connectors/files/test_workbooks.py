"""Sheets of a workbook: row numbers as Excel shows them, numbers that ate zeros, errors that would read as empty."""

import datetime as dt
from pathlib import Path

import openpyxl
import pytest

from evenstock.connectors.files import read_folder

NODES = [["node", "kind", "postal_code", "timezone"], ["TX", "own", "75201", "America/Chicago"]]
ITEMS = [["sku", "weight_g", "unit_cost", "price_cents"], ["00012", 500, 1.25, 1050], ["MUG", 350, 2, 999]]
STOCK = [["sku", "node", "on_hand", "observed_at"], ["00012", "TX", 5, "2026-11-20T14:00:00Z"]]


def write(folder: Path, **sheets: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in ({"Nodes": NODES, "items": ITEMS, "STOCK": STOCK} | sheets).items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(folder / "network.xlsx")
    return folder


def test_a_workbook_holds_several_tables_as_sheets(tmp_path) -> None:
    reading = read_folder(write(tmp_path, Remarks=[["made by hand"]]))

    assert reading.count == 0
    assert reading.frames["items"]["sku"].to_list() == ["00012", "MUG"]
    assert reading.frames["items"]["unit_cost_cents"].to_list() == [125, 200]
    assert "network.xlsx sheet Remarks: not named as a table, so not read" in reading.notes


def test_a_row_number_is_the_one_excel_shows(tmp_path) -> None:
    stock = [[], ["sku", "node", "on_hand", "observed_at"], [], ["MUG", "TX", -1, "2026-11-20T14:00:00Z"]]

    (problem,) = read_folder(write(tmp_path, STOCK=stock)).problems

    assert (problem.file, problem.row, problem.column, problem.value) == (
        "network.xlsx sheet STOCK",
        4,
        "on_hand",
        "-1",
    )


def test_a_name_typed_as_a_number_is_refused_where_others_begin_with_zero_else_noted(tmp_path) -> None:
    mixed = [*ITEMS, [345, 1, 1, 1]]

    (problem,) = read_folder(write(tmp_path, items=mixed)).problems
    assert (problem.row, problem.column, problem.value) == (4, "sku", "345")
    assert "others of which begin with a zero" in problem.what
    assert "format the column as text" in problem.fix

    numbers = [ITEMS[0], [12, 1, 1, 1]]
    reading = read_folder(write(tmp_path, items=numbers, STOCK=[STOCK[0], [12, "TX", 5, "2026-11-20T14:00:00Z"]]))
    assert reading.count == 0
    assert reading.frames["stock"]["sku"].to_list() == ["12"]
    assert any("column sku: the cells are numbers" in note for note in reading.notes)


@pytest.mark.parametrize("number", [1234567890123456, 12.5, 1.23e30])
def test_a_name_whose_digits_excel_cannot_keep_is_refused(tmp_path, number: float) -> None:
    problems = read_folder(write(tmp_path, items=[ITEMS[0], [number, 1, 1, 1], *ITEMS[1:]])).problems

    assert (problems[0].row, problems[0].column) == (2, "sku")
    assert "number cell" in problems[0].what


def test_a_postal_code_typed_as_a_number_is_refused(tmp_path) -> None:
    nodes = [NODES[0], ["TX", "own", "75201", "America/Chicago"], ["NJ", "own", 7030, "America/New_York"]]

    (problem,) = read_folder(write(tmp_path, Nodes=nodes)).problems

    assert (problem.row, problem.column, problem.value) == (3, "postal_code", "7030")
    assert "07030" in problem.fix


def test_an_error_cell_is_refused_although_the_column_has_a_default(tmp_path) -> None:
    items = [[*ITEMS[0], "case_units"], [*ITEMS[1], "#N/A"], [*ITEMS[2], 6]]

    (problem,) = read_folder(write(tmp_path, items=items)).problems

    assert (problem.row, problem.column, problem.value) == (2, "case_units", "#N/A")


def test_typed_days_times_and_truths_are_read_and_a_moment_without_zone_is_refused(tmp_path) -> None:
    nodes = [[*NODES[0], "cutoff", "active"], [*NODES[1], dt.time(14, 30), True]]
    demand = [["date", "sku", "node", "units"], [dt.date(2026, 11, 19), "MUG", "TX", 3]]

    reading = read_folder(write(tmp_path, Nodes=nodes, demand=demand))
    assert reading.count == 0
    assert reading.frames["nodes"].row(0, named=True)["cutoff"] == "14:30"
    assert reading.frames["demand"]["date"].to_list() == [dt.date(2026, 11, 19)]

    stock = [STOCK[0], ["MUG", "TX", 5, dt.datetime(2026, 11, 20, 14, 0)]]
    (problem,) = read_folder(write(tmp_path, Nodes=NODES, STOCK=stock)).problems
    assert (problem.column, problem.what) == ("observed_at", "has no time zone")


def test_a_workbook_named_as_a_table_may_hold_it_in_its_only_sheet(tmp_path) -> None:
    write(tmp_path)
    book = openpyxl.Workbook()
    for row in [["origin", "destination", "lead_days"], ["TX", "TX", 2]]:
        book.active.append(row)
    book.save(tmp_path / "lanes.xlsx")

    (problem,) = read_folder(tmp_path).problems

    assert (problem.file, problem.row, problem.column) == ("lanes.xlsx", 2, "destination")


def test_what_only_looks_like_a_workbook_is_refused(tmp_path) -> None:
    write(tmp_path)
    (tmp_path / "lanes.xlsx").write_bytes(b"PK\x03\x04 not a workbook")

    (problem,) = read_folder(tmp_path).problems

    assert problem.file == "lanes.xlsx"
    assert "cannot be opened as a workbook" in problem.what


def test_an_empty_sheet_of_a_tables_name_is_refused(tmp_path) -> None:
    (problem,) = read_folder(write(tmp_path, demand=[])).problems

    assert problem.what == "the sheet is empty"
