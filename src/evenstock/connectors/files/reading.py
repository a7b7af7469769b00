"""A folder of files, one per table, read as a whole or not at all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from evenstock import tables
from evenstock.connectors.files.agreement import Checked, between, remark, settle, within
from evenstock.connectors.files.delimited import read_delimited
from evenstock.connectors.files.headers import closest, tidy
from evenstock.connectors.files.problems import Found, Problem
from evenstock.connectors.files.raw import RawTable
from evenstock.connectors.files.table import read_table
from evenstock.connectors.files.workbooks import read_sheet, sheet_names

_DELIMITED: Final = (".csv", ".tsv")
_READ: Final = (*_DELIMITED, ".parquet", ".xlsx")
_MAYBE: Final = (".xls", ".xlsb", ".xlsm", ".ods", ".json", ".txt", ".gz", ".zip", ".feather", ".arrow")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a folder holds. With any problem, `frames` is empty: nothing is half imported."""

    frames: dict[str, pl.DataFrame]
    """By table, with the columns and types of the dictionary, rows in the order of the file."""
    problems: list[Problem]
    """The first 20 of each kind in each column, by table and row."""
    notes: list[str]
    """What was mapped, defaulted or left out, in words."""
    count: int
    """All problems, listed or not."""
    more: list[str]
    """How many problems of which kind are not listed."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a table stands: a file, or a sheet of one."""

    path: Path
    table: str
    file: str
    sheet: str = ""


def read_folder(path: Path | str) -> Reading:
    """Read and check every table in a folder of CSV, TSV, Parquet and XLSX files.

    A file's name is the name of its table; a workbook may hold several tables as sheets of their names. All problems
    are found at once; cross-checks go on where a table could be read at all.

    Raises
    ------
    NotADirectoryError
        If there is no such folder.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise NotADirectoryError(
            f"{folder} is not a folder; give the folder that holds nodes.csv, items.csv and stock.csv"
        )
    found = Found()
    raws: list[RawTable] = []
    places = _places(folder.iterdir(), found)
    for place in places:
        raw = _load(place, found)
        if raw is not None:
            raws.append(raw)
    there = {place.table for place in places}
    for table in tables.REQUIRED:
        if table not in there:
            found.refuse(f"{table}.csv", f"the table {table} is not there", f"add {table}.csv, .tsv, .parquet or .xlsx")
    unread = there - {raw.table for raw in raws}
    return _check(raws, unread, found)


def read_some(paths: Sequence[Path | str], wanted: Collection[str]) -> Reading:
    """Read these tables of folders and files, each as strictly as `read_folder`; other tables are noted and left.

    What a table refers to need not be among them: whoever takes them in holds them against what is there.

    Raises
    ------
    FileNotFoundError
        If there is no such folder or file.
    """
    found = Found()
    files: list[Path] = []
    for path in map(Path, paths):
        if not path.exists():
            raise FileNotFoundError(f"{path} is not there; give a folder, or files named as their tables")
        files += path.iterdir() if path.is_dir() else [path]
    places = _places(files, found)
    others = sorted({place.table for place in places} - set(wanted))
    if others:
        found.note(f"{', '.join(others)}: left out; here only tables of {', '.join(sorted(wanted))} are read")
    raws = [raw for place in places if place.table in wanted and (raw := _load(place, found)) is not None]
    return _check(raws, set(tables.INPUT) - {raw.table for raw in raws}, found)


def read_tables(frames: Mapping[str, pl.DataFrame]) -> Reading:
    """Check frames already in memory as if each were a file of its table's name; rows count from 1.

    Text columns are read as text of a file is; columns that already have the right type are only checked.
    """
    found = Found()
    raws = []
    for table, frame in frames.items():
        if table not in tables.INPUT:
            near = closest(table, tables.INPUT)
            hint = f"did you mean {near}?" if near else f"tables are {', '.join(tables.INPUT)}"
            found.refuse(table, "is not a table of the dictionary", hint)
        else:
            raws.append(RawTable(table, table, frame, np.arange(1, frame.height + 1, dtype=np.int64)))
    return _check(raws, set(), found)


def _check(raws: list[RawTable], unread: set[str], found: Found) -> Reading:
    order = list(tables.INPUT)
    checked: dict[str, Checked] = {}
    wrong: dict[str, list[pl.DataFrame]] = {}
    for raw in sorted(raws, key=lambda r: order.index(r.table)):
        checked[raw.table], faulty = read_table(raw, found)
        wrong[raw.table] = [faulty, within(checked[raw.table])]
    for table, one in checked.items():
        wrong[table].append(between(checked, table, unread))
        if table in tables.REQUIRED and one.frame.is_empty():
            found.refuse(one.file, "has no rows", "add at least one")
        told = pl.concat(wrong[table]).with_columns(pl.col("column").replace(one.shown))
        found.take(one.file, one.labels, told)
        settle(one, found)
    remark(checked, found)
    if not found.count:
        _hold_to_the_dictionary(checked, found)
    if not found.count and {"nodes", "items"} <= set(checked):
        _put_to_use(checked, found)
    frames = {} if found.count else {table: c.frame for table, c in checked.items()}
    files = [c.file for c in checked.values()]
    problems = sorted(found.problems, key=lambda p: (files.index(p.file) if p.file in files else -1, p.row or 0))
    return Reading(frames, problems, found.notes, found.count, found.more)


def _hold_to_the_dictionary(checked: Mapping[str, Checked], found: Found) -> None:
    """The last word: whatever the dictionary forbids and no check above knows is refused too."""
    for table, one in checked.items():
        schema = tables.INPUT[table]
        if not schema.is_valid(one.frame):
            _, failure = schema.filter(one.frame)
            broken = ", ".join(f"{rule} ({n:,} rows)" for rule, n in failure.counts().items())
            found.refuse(one.file, f"breaks rules of the dictionary: {broken}", "see `evenstock export-schemas`")


def _put_to_use(checked: Mapping[str, Checked], found: Found) -> None:
    """Rates and rules have a sense of their own, which only shows when the network is built from them."""
    from evenstock.operations.network import Network

    try:
        Network.from_frames({table: one.frame for table, one in checked.items()})
    except ValueError as trouble:
        for line in (line for line in str(trouble).splitlines() if not line.endswith(":")):
            what, fix = line.rsplit("; ", 1) if "; " in line else (line, "correct it")
            table = next((t for t in checked if line.startswith(t.removesuffix("s"))), "")
            file = checked[table].file if table else "rules" if "rule" in line else "the network"
            found.refuse(file, what, fix)


def _places(files: Iterable[Path], found: Found) -> list[_Place]:
    """Every table in these files, and where it stands; a table that stands twice is refused."""
    places: list[_Place] = []
    for path in sorted(files, key=lambda p: p.name.lower()):
        name, ending = path.name, path.suffix.lower()
        if path.is_dir() or name.startswith((".", "~$")):
            continue
        if ending not in _READ:
            if tidy(path.stem) in tables.INPUT or ending in _MAYBE:
                found.note(f"{name}: not read; only {', '.join(_READ)} are")
        elif ending == ".xlsx":
            places += _sheets(path, found)
        elif tidy(path.stem) in tables.INPUT:
            places.append(_Place(path, tidy(path.stem), name))
        else:
            found.note(_not_a_table(name, path.stem))
    once: dict[str, _Place] = {}
    for place in places:
        first = once.setdefault(place.table, place)
        if first is not place:
            found.refuse(place.file, f"the table {place.table} stands in {first.file} as well", "keep one of them")
    return list(once.values())


def _sheets(path: Path, found: Found) -> list[_Place]:
    """Sheets named as tables; a workbook named as a table may hold it in its only sheet, whatever that is called."""
    names = sheet_names(path, path.name, found)
    own = tidy(path.stem)
    if len(names) == 1 and own in tables.INPUT and tidy(names[0]) not in tables.INPUT:
        return [_Place(path, own, path.name, names[0])]
    places = [_Place(path, tidy(n), f"{path.name} sheet {n}", n) for n in names if tidy(n) in tables.INPUT]
    for name in names:
        if tidy(name) not in tables.INPUT:
            found.note(_not_a_table(f"{path.name} sheet {name}", name))
    return places


def _not_a_table(name: str, stem: str) -> str:
    near = closest(tidy(stem), tables.INPUT)
    return f"{name}: not named as a table, so not read" + (f"; did you mean {near}?" if near else "")


def _load(place: _Place, found: Found) -> RawTable | None:
    if place.sheet:
        return read_sheet(place.path, place.sheet, place.table, place.file, found)
    if place.path.suffix.lower() in _DELIMITED:
        return read_delimited(place.path, place.table, place.file, found)
    try:
        frame = pl.read_parquet(place.path)
    except (pl.exceptions.PolarsError, OSError) as trouble:
        found.refuse(place.file, f"cannot be read as Parquet ({str(trouble).splitlines()[0]})", "write it anew")
        return None
    return RawTable(place.table, place.file, frame, np.arange(1, frame.height + 1, dtype=np.int64))
