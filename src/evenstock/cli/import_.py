"""`evenstock import`: a folder of files becomes the network, the opening balances and the history."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evenstock.cli.opening import workspace
from evenstock.cli.screen import Exit, fail, moment, page, progress, say, table
from evenstock.connectors.files import read_folder
from evenstock.operations.import_network import import_network

_SHOWN = 40


def command(
    folder: Annotated[Path, typer.Argument(help="Folder of CSV, TSV, Parquet or XLSX files, one a table.")],
    check: Annotated[bool, typer.Option("--check", help="Only say what is wrong; import nothing.")] = False,
    as_of: Annotated[str | None, typer.Option(help="Moment of the import; now by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Check a folder whole and import it, or say everything that is wrong with it and import nothing."""
    now = moment(as_of)
    with progress(quiet=json) as shown:
        task = shown.add_task(f"reading {folder}", total=None)
        try:
            reading = read_folder(folder)
        except NotADirectoryError as wrong:
            fail(Exit.REFUSED_INPUT, str(wrong))
        shown.remove_task(task)
    if reading.count:
        if json:
            say(
                {
                    "imported": False,
                    "problems": [str(p) for p in reading.problems],
                    "count": reading.count,
                    "more": reading.more,
                    "notes": reading.notes,
                }
            )
        else:
            for problem in reading.problems[:_SHOWN]:
                page.print(f"[red]✗[/] {problem}", soft_wrap=True)
            for line in [
                *reading.more,
                *(
                    [f"{len(reading.problems) - _SHOWN} more listed by --json"]
                    if len(reading.problems) > _SHOWN
                    else []
                ),
            ]:
                page.print(f"[dim]  {line}[/]", soft_wrap=True)
        fail(Exit.REFUSED_INPUT, f"{reading.count:,} problems in {folder}; nothing was imported")
    rows = [(name, f"{frame.height:,}") for name, frame in reading.frames.items()]
    if check:
        if json:
            say(
                {
                    "imported": False,
                    "problems": [],
                    "rows": {n: f.height for n, f in reading.frames.items()},
                    "notes": reading.notes,
                }
            )
        else:
            page.print(table(f"{folder} is fine", ("table", "rows"), rows, frozenset({1})))
        return
    with workspace() as opened:
        done = import_network(opened.store, opened.snapshots, reading.frames, now)
    if json:
        say(
            {
                "imported": True,
                "snapshots": done.snapshots,
                "changed": done.changed,
                "notes": [*reading.notes, *done.notes],
            }
        )
        return
    page.print(
        table(
            "imported" if done.changed else "already imported; nothing changed", ("table", "rows"), rows, frozenset({1})
        )
    )
    for note in [*reading.notes, *done.notes]:
        page.print(f"[dim]note: {note}[/]", soft_wrap=True)
