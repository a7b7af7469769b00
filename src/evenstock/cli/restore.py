"""`evenstock restore`: a backup back in its place, if it is found whole."""

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
    folder: Annotated[Path, typer.Argument(help="One backup: a folder with manifest.json.")],
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of books that are there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Restore books and snapshots. Stop the service and the worker first; what is there stays if anything is wrong.

    What came back is held against the manifest, its books are checked, and an older schema is brought to this version's.
    """
    try:
        from evenstock.service.backup.manifest import BackupError
        from evenstock.service.backup.restore import restore
    except ImportError as missing:
        fail(Exit.REFUSED_INPUT, f"{MISSING} ({missing})")
    try:
        found = restore(settings(), folder, system_clock(), replace=replace)
    except (BackupError, StoreError, OSError) as refused:
        fail(Exit.REFUSED_INPUT, str(refused))
    if json:
        say(
            {
                "taken_at": found.manifest.taken_at,
                "books": found.manifest.books,
                "waiting": [finding.sentence for finding in found.waiting],
            }
        )
        return
    books = found.manifest.books
    page.print(
        f"restored what was backed up at {found.manifest.taken_at}: {books['movements']['rows']:,} movements, "
        f"{books['decisions']['rows']:,} decisions; the books balance"
    )
    for finding in found.waiting:
        page.print(f"waits for a person: {finding.sentence}", soft_wrap=True)
