"""Text files with a delimiter (CSV, TSV) as cells of text with the line each row begins on.

The shape of the file is checked on its bytes with numpy: where quotes open and close, where lines end outside quotes,
how many cells each row has. Only a body whose shape is right is given to the CSV parser, so that no row is lost,
merged or filled up without a word.

Encodings: UTF-8, with or without a mark, and UTF-16 with its mark, are read. Anything else is refused: nothing in a
Latin-1 or Windows-1252 file says which of the two it is, and a guess would change names.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.connectors.files.headers import known_columns, tidy
from evenstock.connectors.files.problems import LISTED, Found
from evenstock.connectors.files.raw import RawTable

_NEWLINE, _QUOTE, _RETURN = 10, 34, 13
_NAMES: Final = {",": "commas", ";": "semicolons", "\t": "tabs"}
Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Shape:
    """Records of a text: where each begins and ends (its line end left out) and how many delimiters it holds."""

    starts: Offsets
    ends: Offsets
    delimiters: Offsets
    lines: Offsets
    """Line on which each record begins, the first line of the text being 1."""


def read_delimited(path: Path, table: str, file: str, found: Found) -> RawTable | None:
    """The cells of the file, or None where not even its header can be trusted; troubles go to `found`."""
    data = _decode(path.read_bytes(), file, found)
    if data is None:
        return None
    if not data.strip():
        found.refuse(file, "the file is empty", f"give it the header of the table {table}, and its rows; or remove it")
        return None
    delimiter = _delimiter(data, table, path, file, found)
    buffer = np.frombuffer(data, np.uint8)
    shape = _shape(buffer, delimiter, file, found)
    if shape is None:
        return None
    records = [i for i in range(min(len(shape.starts), 100)) if data[shape.starts[i] : shape.ends[i]].strip()]
    if not records:
        found.refuse(file, "no header within the first 100 lines", "begin the file with the line of column names")
        return None
    head = records[0]
    header = next(
        csv.reader(io.StringIO(data[shape.starts[head] : shape.ends[head]].decode(), newline=""), delimiter=delimiter)
    )
    names = clean_header(header, file, int(shape.lines[head]), found)
    return None if names is None else _body(data, shape, head, names, delimiter, table, file, found)


def clean_header(header: list[str], file: str, row: int, found: Found) -> list[str] | None:
    """Column names without space around them, or None where one stands twice; `""` for a column without a name."""
    names = [cell.strip().strip("\ufeff").strip() for cell in header]
    tidied = [tidy(name) for name in names]
    twice = sorted({n for n in tidied if n and tidied.count(n) > 1})
    for name in twice:
        places = " and ".join(str(i + 1) for i, n in enumerate(tidied) if n == name)
        found.refuse(file, f"column {name} stands twice, as columns {places}", "keep one of them", row=row, value=name)
    return None if twice else names


def _decode(data: bytes, file: str, found: Found) -> bytes | None:
    """The bytes as UTF-8 without mark, every line ended by a line feed; None where the encoding is not certain."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        try:
            data = data.decode("utf-16").encode()
        except UnicodeDecodeError:
            found.refuse(file, "is marked as UTF-16 but is not", "save it as UTF-8 (in Excel: CSV UTF-8)")
            return None
        found.note(f"{file}: read as UTF-16, as its first two bytes say")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\x00" in data:
        line = data.count(b"\n", 0, data.index(b"\x00")) + 1
        found.refuse(
            file, "holds zero bytes: not a text file, or UTF-16 without its mark", "save it as UTF-8", row=line
        )
        return None
    try:
        data.decode()
    except UnicodeDecodeError as trouble:
        line = data.count(b"\n", 0, trouble.start) + 1
        around = data[max(0, trouble.start - 12) : trouble.start + 12].decode("ascii", "backslashreplace")
        found.refuse(
            file,
            f"is not UTF-8: byte 0x{data[trouble.start]:02x}, perhaps Latin-1 or Windows-1252, which cannot be told apart",
            "save it as UTF-8 (in Excel: CSV UTF-8)",
            row=line,
            value=around,
        )
        return None
    return data.replace(b"\r", b"\n") if b"\r" in data and b"\n" not in data else data


def _delimiter(data: bytes, table: str, path: Path, file: str, found: Found) -> str:
    """Comma, semicolon or tab: whichever makes the first line name most columns of the table, then most cells."""
    first = data.lstrip().split(b"\n", 1)[0].decode(errors="replace").strip("\r")
    known = known_columns(table)

    def score(delimiter: str) -> tuple[int, int]:
        cells = next(csv.reader([first], delimiter=delimiter), [])
        return sum(tidy(cell) in known for cell in cells), len(cells)

    best = max(_NAMES, key=score)
    usual = "\t" if path.suffix.lower() == ".tsv" else ","
    if score(best) <= score(usual):
        best = usual
    if best != usual:
        found.note(f"{file}: cells are separated by {_NAMES[best]}, as its header shows")
    return best


def _shape(buffer: npt.NDArray[np.uint8], delimiter: str, file: str, found: Found) -> _Shape | None:
    """Where records begin and end; None where a quote is open at the end or stands in the middle of a cell."""
    newlines = np.flatnonzero(buffer == _NEWLINE)
    delimiters = np.flatnonzero(buffer == ord(delimiter))
    breaks = newlines
    quotes = np.flatnonzero(buffer == _QUOTE)
    if len(quotes):
        if not _quotes_fit(buffer, quotes, newlines, delimiter, file, found):
            return None
        # A position is inside a quoted cell when an odd number of quotes stands before it.
        breaks = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
        delimiters = delimiters[np.searchsorted(quotes, delimiters) % 2 == 0]
    ends = breaks if len(breaks) and breaks[-1] == len(buffer) - 1 else np.append(breaks, len(buffer))
    starts = np.concatenate(([0], ends[:-1] + 1))
    counts = np.diff(np.searchsorted(delimiters, np.append(starts, len(buffer))))
    trimmed = ends - ((ends > starts) & (buffer[np.maximum(ends - 1, 0)] == _RETURN))
    return _Shape(starts, trimmed, counts, np.searchsorted(newlines, starts) + 1)


def _quotes_fit(
    buffer: npt.NDArray[np.uint8], quotes: Offsets, newlines: Offsets, delimiter: str, file: str, found: Found
) -> bool:
    """Whether quotes open only at the start of a cell, close only at its end, and stand doubled inside (RFC 4180)."""
    edges = np.zeros(256, np.bool_)
    edges[[ord(delimiter), _NEWLINE, _RETURN, _QUOTE]] = True
    padded = np.concatenate(([_NEWLINE], buffer, [_NEWLINE]))
    opening, closing = quotes[::2], quotes[1::2]
    wrong = np.sort(np.concatenate((opening[~edges[padded[opening]]], closing[~edges[padded[closing + 2]]])))
    if len(quotes) % 2 and not len(wrong):
        wrong = quotes[-1:]
    for at in wrong[:1]:
        # After the first stray quote inside and outside cannot be told apart, so only the first is named.
        line = int(np.searchsorted(newlines, at)) + 1
        begin = int(newlines[line - 2]) + 1 if line > 1 else 0
        text = bytes(buffer[begin : begin + 60]).split(b"\n")[0].decode(errors="replace")
        found.refuse(
            file,
            "a quote that is never closed, or stands inside a cell",
            'write a quote inside a cell twice and put the cell in quotes: "5"" pipe"; the rest of this file is unread',
            row=line,
            value=text,
        )
    return not len(wrong)


def _body(
    data: bytes, shape: _Shape, head: int, names: list[str], delimiter: str, table: str, file: str, found: Found
) -> RawTable:
    """The rows under the header; those with a wrong number of cells are named and left out."""
    starts, ends = shape.starts[head + 1 :], shape.ends[head + 1 :]
    lines, cells = shape.lines[head + 1 :], shape.delimiters[head + 1 :] + 1
    width = int(shape.delimiters[head]) + 1
    blank = ends <= starts
    ragged = (cells != width) & ~blank
    for i in np.flatnonzero(ragged & (cells == 1)):
        if not data[starts[i] : ends[i]].strip():
            blank[i], ragged[i] = True, False
    _tell_ragged(data, starts, ends, lines, cells, ragged, width, delimiter, file, found)
    keep = ~(blank | ragged)
    kept = np.flatnonzero(keep)
    if len(kept) and len(kept) == kept[-1] + 1:
        body = data[starts[0] : ends[kept[-1]]]
    else:
        body = b"\n".join(data[a:b] for a, b in zip(starts[keep].tolist(), ends[keep].tolist(), strict=True))
    columns = [f"{i}" for i in range(width)]
    if keep.any():
        frame = pl.read_csv(
            io.BytesIO(body),
            has_header=False,
            separator=delimiter,
            schema=dict.fromkeys(columns, pl.String),
            infer_schema=False,
        )
    else:
        frame = pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    if frame.height != int(keep.sum()):
        raise RuntimeError(f"{file}: {int(keep.sum())} rows counted, {frame.height} parsed; please report this file")
    return RawTable(table, file, named(frame, names, file, found), lines[keep])


def _tell_ragged(
    data: bytes,
    starts: Offsets,
    ends: Offsets,
    lines: Offsets,
    cells: Offsets,
    ragged: npt.NDArray[np.bool_],
    width: int,
    delimiter: str,
    file: str,
    found: Found,
) -> None:
    wrong = np.flatnonzero(ragged)
    hint = "put cells that hold a comma in quotes, and write decimals with a point" if delimiter == "," else ""
    for i in wrong[:LISTED]:
        text = data[starts[i] : ends[i]].decode()
        found.refuse(
            file,
            f"{cells[i]} cells, but the header has {width}",
            hint or "give every row as many cells as the header",
            row=int(lines[i]),
            value=text if len(text) <= 60 else text[:57] + "...",
        )
    if len(wrong) > LISTED:
        found.count += len(wrong) - LISTED
        found.more.append(f"{file}: {len(wrong) - LISTED:,} more rows with a wrong number of cells")


def named(frame: pl.DataFrame, names: list[str], file: str, found: Found) -> pl.DataFrame:
    """The frame under the header's names; a column without a name is left out if it is empty, else refused."""
    keep: dict[str, str] = {}
    for column, name in zip(frame.columns, names, strict=True):
        if name:
            keep[column] = name
        elif frame.select((pl.col(column).str.strip_chars() != "").any()).item():
            found.refuse(
                file, f"column {int(column) + 1} has values but no name", "name it in the header, or remove it"
            )
    return frame.select(list(keep)).rename(keep)
