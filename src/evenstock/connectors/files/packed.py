"""Files that came together, such as the parts of a request: read as a folder is, with two forms more.

Lines of JSON and Arrow streams are written anew as Parquet first; problems name the file as it came, and its rows from 1.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from evenstock.connectors.files.problems import LISTED, Problem
from evenstock.connectors.files.reading import Reading, read_folder, read_some

LINES: Final = (".ndjson", ".jsonl")
STREAMS: Final = (".arrow", ".arrows", ".feather")
TAKEN: Final = (".csv", ".tsv", ".parquet", ".xlsx", *LINES, *STREAMS)


def read_packed(files: Mapping[str, bytes], wanted: Collection[str] | None = None) -> Reading:
    """Check files by name and content, all of them or only those of `wanted` tables; nothing is kept of them.

    A file that cannot be read at all is a problem like any other; the others are checked none the less.
    """
    troubles: list[Problem] = []
    with tempfile.TemporaryDirectory(prefix="evenstock-") as place:
        folder = Path(place)
        came: dict[str, str] = {}
        for name, content in files.items():
            ending = Path(name).suffix.lower()
            if ending not in TAKEN:
                troubles.append(Problem(name, None, "", "", "is no table", f"send one of {', '.join(TAKEN)}"))
            elif ending in (*LINES, *STREAMS):
                frame = _lines(name, content, troubles) if ending in LINES else _stream(name, content, troubles)
                written = f"{Path(name).stem}.parquet"
                if written in files or written in came:
                    troubles.append(Problem(name, None, "", "", "its table came twice", "send it once"))
                elif frame is not None:
                    frame.write_parquet(folder / written)
                    came[written] = name
            else:
                (folder / name).write_bytes(content)
        found = read_folder(folder) if wanted is None else read_some([folder], wanted)
    unread = {f"{Path(trouble.file).stem}.csv" for trouble in troubles}
    # A table that came and could not be read is not missing besides.
    heard = [p for p in found.problems if not (p.file in unread and p.what.endswith("is not there"))]
    told = [replace(p, file=came.get(p.file, p.file)) for p in heard]
    notes = [_renamed(note, came) for note in found.notes]
    more = [_renamed(line, came) for line in found.more]
    count = found.count - (len(found.problems) - len(heard)) + len(troubles)
    return Reading({} if count else found.frames, [*troubles, *told], notes, count, more)


def _lines(name: str, content: bytes, troubles: list[Problem]) -> pl.DataFrame | None:
    """Every value as text, as a text file has it; what is no object of plain values is told by its line."""
    rows: list[dict[str, str | None]] = []
    wrong = 0
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            rows.append(_row(json.loads(line)))
        except (ValueError, RecursionError) as error:
            wrong += 1
            if wrong <= LISTED:
                what = str(error) if isinstance(error, _NoRowError) else "is no JSON"
                troubles.append(Problem(name, number, "", "", what, "write one flat object a line"))
    if wrong > LISTED:
        troubles.append(Problem(name, None, "", "", f"{wrong - LISTED:,} more lines like these", "write them anew"))
    columns = list(dict.fromkeys(key for row in rows for key in row))
    if wrong or not columns:
        if not wrong:
            troubles.append(Problem(name, None, "", "", "has no row", "write one flat object a line"))
        return None
    return pl.DataFrame({key: pl.Series([row.get(key) for row in rows], dtype=pl.String) for key in columns})


class _NoRowError(ValueError):
    pass


def _row(found: Any) -> dict[str, str | None]:
    if not isinstance(found, dict):
        raise _NoRowError("is no object")
    nested = next((key for key, value in found.items() if isinstance(value, dict | list)), None)
    if nested is not None:
        raise _NoRowError(f"{nested[:60]} is no plain value")
    return {key: _text(value) for key, value in found.items()}


def _text(value: Any) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case _:
            return repr(value)


def _stream(name: str, content: bytes, troubles: list[Problem]) -> pl.DataFrame | None:
    for read in (pl.read_ipc_stream, pl.read_ipc):
        try:
            return read(io.BytesIO(content))
        except (pl.exceptions.PolarsError, OSError, ValueError):
            continue
    troubles.append(Problem(name, None, "", "", "cannot be read as Arrow", "write it anew as an IPC stream or file"))
    return None


def _renamed(text: str, came: Mapping[str, str]) -> str:
    for written, name in came.items():
        if text.startswith(written):
            return name + text.removeprefix(written)
    return text
