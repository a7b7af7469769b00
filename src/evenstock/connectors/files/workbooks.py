"""Sheets of an Excel workbook as cells of text with their row number.

Excel keeps every number as a floating one, so a name typed as a number has lost its leading zeros, and a cell with an
error reads as empty. Both are found in the sheet's own XML, and told.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import fastexcel
import numpy as np

from evenstock.connectors.files.delimited import clean_header, named
from evenstock.connectors.files.problems import Found
from evenstock.connectors.files.raw import RawTable

_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATED: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_CELL: Final = re.compile(
    rb'<c (?=[^>]*\br="([A-Z]+)(\d+)")([^>]*[^/>])>(?:<f[^>]*/>|<f[^>]*>[^<]*</f>)?<v>([^<]*)</v>'
)
_TYPE: Final = re.compile(rb'\bt="(\w+)"')


@dataclass
class _Marks:
    """Cells whose kind the reader does not tell, by column index and row number."""

    numbers: dict[int, dict[int, str]] = field(default_factory=dict)
    errors: dict[int, dict[int, str]] = field(default_factory=dict)


def sheet_names(path: Path, file: str, found: Found) -> list[str]:
    """Names of the visible and hidden sheets; empty, with the trouble told, where the workbook cannot be opened."""
    try:
        return list(fastexcel.read_excel(path).sheet_names)
    except (fastexcel.FastExcelError, OSError) as trouble:
        what = str(trouble).split("\n", 1)[0]
        found.refuse(file, f"cannot be opened as a workbook ({what})", "save it anew as .xlsx, without a password")
        return []


def read_sheet(path: Path, sheet: str, table: str, file: str, found: Found) -> RawTable | None:
    """The cells of one sheet; its first row that is not empty is the header."""
    loaded = fastexcel.read_excel(path).load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string")
    frame = loaded.to_polars()
    filled = [i for i, row in enumerate(frame.head(100).iter_rows()) if any(cell and cell.strip() for cell in row)]
    if not filled:
        found.refuse(file, "the sheet is empty", f"give it the header of the table {table}, and its rows; or remove it")
        return None
    head = filled[0]
    names = clean_header([cell or "" for cell in frame.row(head)], file, head + 1, found)
    if names is None:
        return None
    marks = _marks(path, sheet)
    body = frame.slice(head + 1)
    body.columns = [f"{i}" for i in range(body.width)]
    numbers: dict[str, frozenset[int]] = {}
    for i, name in enumerate(names):
        for row, text in marks.errors.get(i, {}).items():
            if row > head + 1:
                body[row - head - 2, i] = text
        at = {row - head - 2: text for row, text in marks.numbers.get(i, {}).items() if row > head + 1}
        numbers[name] = frozenset(at)
    labels = np.arange(head + 2, head + 2 + body.height, dtype=np.int64)
    return RawTable(table, file, named(body, names, file, found), labels, numbers)


def _marks(path: Path, sheet: str) -> _Marks:
    """Numbers and errors of a sheet, by scanning its XML once."""
    marks = _Marks()
    with zipfile.ZipFile(path) as archive:
        xml = archive.read(_sheet_path(archive, sheet))
    for match in _CELL.finditer(xml):
        kind = _TYPE.search(match[3])
        if kind is None or kind[1] in {b"n", b"e"}:
            into = marks.errors if kind is not None and kind[1] == b"e" else marks.numbers
            into.setdefault(_column(match[1]), {})[int(match[2])] = match[4].decode()
    return marks


def _sheet_path(archive: zipfile.ZipFile, sheet: str) -> str:
    book = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 (expat limits what entities may grow to)
    relation = next(s.get(_RELATED) for s in book.iter(f"{_MAIN}sheet") if s.get("name") == sheet)
    links = ET.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    target = next(link.get("Target", "") for link in links if link.get("Id") == relation)
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _column(letters: bytes) -> int:
    """Index of a column from its letters: A is 0, AA is 26."""
    index = 0
    for letter in letters:
        index = index * 26 + letter - 64
    return index - 1
