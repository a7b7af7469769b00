"""Some tables of folders and files, read as strictly as a whole folder."""

from pathlib import Path

import pytest

from evenstock.connectors.files import read_some


def test_only_what_is_wanted_is_read_and_the_rest_is_said(tmp_path: Path) -> None:
    (tmp_path / "rates.csv").write_text(
        "service,valid_from,zone,max_weight_g,cents\nc:s,2026-01-05,2,500,900\n", "utf-8"
    )
    (tmp_path / "nodes.csv").write_text("nonsense\n", "utf-8")

    reading = read_some([tmp_path], {"rates", "rate_cards"})

    assert reading.problems == []
    assert reading.frames["rates"].height == 1
    assert reading.notes[0] == "nodes: left out; here only tables of rate_cards, rates are read"


def test_a_file_that_is_not_there_is_an_error_and_a_bad_cell_is_named(tmp_path: Path) -> None:
    file = tmp_path / "fuel_index.csv"
    file.write_text("fuel_index,region,date,mills\ndiesel,US,2026-05-04,3.5 dollars\n", "utf-8")

    with pytest.raises(FileNotFoundError, match="give a folder, or files named as their tables"):
        read_some([tmp_path / "nowhere"], {"rates"})
    [problem] = read_some([file], {"fuel_index"}).problems
    assert str(problem).startswith("fuel_index.csv row 2, column mills, value '3.5 dollars'")
