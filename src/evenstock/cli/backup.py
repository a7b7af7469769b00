"""`evenstock backup`: one moment of the books and all snapshots, into a folder of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evenstock.bootstrap import system_clock
from evenstock.cli.opening import settings
from evenstock.cli.screen import Exit, fail, page, say
from evenstock.cli.serve import MISSING
from evenstock.operations.ports import StoreError


def command(
    to: Annotated[Path | None, typer.Option(help="Folder of backups. [EVENSTOCK_BACKUPS, or backups at home]")] = None,
    keep: Annotated[int | None, typer.Option(min=1, help="Backups to keep; older ones of ours are removed.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Back up while everything runs. PostgreSQL needs pg_dump, of the server's version or a later one.

    The keys in `secrets` and `personal` at home are not in it: keep them elsewhere, without them nothing sealed can be opened.
    """
    try:
        from evenstock.service.backup.manifest import BackupError
        from evenstock.service.backup.take import take
        from evenstock.service.configuration import Configuration, ConfigurationError
    except ImportError as missing:
        fail(Exit.REFUSED_INPUT, f"{MISSING} ({missing})")
    place = settings()
    try:
        told = Configuration.load().backups
        into = to or (Path(told) if told else place.home / "backups")
        taken = take(place, into, system_clock(), keep=keep)
    except (BackupError, StoreError, ConfigurationError, OSError) as refused:
        fail(Exit.REFUSED_INPUT, str(refused))
    if json:
        say(
            {
                "folder": str(taken.folder),
                "bytes": taken.bytes,
                "books": taken.manifest.books,
                "schema": taken.manifest.schema,
                "removed": [str(path) for path in taken.removed],
            }
        )
        return
    books = taken.manifest.books
    page.print(
        f"{taken.folder}: {books['movements']['rows']:,} movements, {books['decisions']['rows']:,} decisions, "
        f"{len(taken.manifest.files):,} files, {taken.bytes / 1e6:,.1f} MB",
        soft_wrap=True,
    )
    for path in taken.removed:
        page.print(f"removed {path}", soft_wrap=True)
