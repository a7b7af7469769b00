"""`evenstock audit checkpoint`, `acknowledge-gap` and `key`: seal the log outside the books, and show by which key."""

from __future__ import annotations

from typing import Annotated

import typer

from evenstock.bootstrap import open_audit, system_clock
from evenstock.cli.opening import settings, workspace
from evenstock.cli.screen import Exit, fail, page, say
from evenstock.operations.audit.checkpoint import BrokenLogError, GapError, seal
from evenstock.operations.audit.gap import acknowledge_gap
from evenstock.operations.audit.standing import keep_trouble
from evenstock.operations.ports import StoreError

_Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def checkpoint(json: _Json = False) -> None:
    """Sign what the log is now, and keep it outside the database; nothing where no row is new.

    Ends with 5 where the log is not what the last checkpoint signed: the sentence says where.
    """
    with workspace() as opened:
        folder = open_audit(opened.settings)
        try:
            made = seal(opened.store, folder)
        except BrokenLogError as broken:
            fail(Exit.NEEDS_ATTENTION, str(broken))
        latest = made or folder.latest()
    size = latest.size if latest is not None else 0
    if json:
        say({"size": size, "new": made is not None, "folder": str(folder.folder)})
    elif made is None:
        page.print(f"no row is new since the checkpoint of {size:,} rows")
    else:
        page.print(f"a checkpoint of {size:,} rows is signed and kept in {folder.folder}", soft_wrap=True)


def gap(
    because: Annotated[str, typer.Option(help="Why the books are older: which backup was restored, and when.")],
    by: Annotated[str, typer.Option(help="Who says so.")],
    json: _Json = False,
) -> None:
    """After the restore of an older backup: say why, sign it, set the checkpoints aside that no longer hold, and go on.

    What is missing stays missing: every later verification tells of the gap. Ends with 4 where there is none.
    """
    with workspace() as opened:
        folder = open_audit(opened.settings)
        try:
            done = acknowledge_gap(opened.store, folder, by, because, system_clock())
        except GapError as none:
            fail(Exit.NOT_FOUND, str(none))
        except (ValueError, BrokenLogError) as refused:
            fail(Exit.REFUSED_INPUT, str(refused))
        seal(opened.store, folder)
        keep_trouble(opened.store, "")
    if json:
        say({"holds": done.holds, "superseded": len(done.superseded), "missing": done.missing})
    else:
        page.print(
            f"acknowledged: {len(done.superseded)} checkpoints after the one of {done.holds:,} rows no longer hold, and "
            f"{done.missing:,} rows are missing; the log goes on, and every verification will say so",
            soft_wrap=True,
        )


def key(json: _Json = False) -> None:
    """The public key of checkpoints: give it to auditors by another way than the packs."""
    try:
        public = open_audit(settings()).key.public
    except StoreError as refused:
        fail(Exit.REFUSED_INPUT, str(refused))
    if json:
        say({"key": public})
    else:
        page.print(public, soft_wrap=True)
