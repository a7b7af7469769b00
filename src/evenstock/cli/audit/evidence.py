"""`evenstock audit verify`, `evaluate`, `prove` and `export`: whether the log is whole and what it tells lawful, here or elsewhere."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path
from typing import IO, Annotated

import typer

from evenstock.bootstrap import Workspace, open_audit
from evenstock.cli.opening import workspace
from evenstock.cli.screen import Exit, fail, page, say
from evenstock.operations.audit.page import page_about
from evenstock.operations.audit.rows import audit_of
from evenstock.operations.audit.wordings import wordings
from evenstock.storage.audit_evidence.evaluate import evaluate as evaluate_pack
from evenstock.storage.audit_evidence.evaluate import sentences
from evenstock.storage.audit_evidence.evaluating import evaluate_books
from evenstock.storage.audit_evidence.pack import write_pack
from evenstock.storage.audit_evidence.verify import verify as verify_pack

_Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
_Out = Annotated[Path, typer.Option(help="File to write; one that is there is not overwritten.")]


def verify(
    checkpoints: Annotated[
        Path | None, typer.Option(help="A folder of checkpoints that somebody else kept, besides our own.")
    ] = None,
    json: _Json = False,
) -> None:
    """Check every row, chain and checkpoint with the program that packs bring along. Ends with 5 where something is wrong."""
    with workspace() as opened, tempfile.TemporaryFile() as file:
        key = open_audit(opened.settings).key.public
        _write(opened, file)
        file.seek(0)
        wrong, seen = verify_pack(file, key, str(checkpoints) if checkpoints else None)
    if json:
        say({"wrong": wrong, "seen": seen})
    else:
        for sentence in seen:
            page.print(sentence, soft_wrap=True)
        for sentence in wrong or ["nothing is wrong"]:
            page.print(f"[red]{sentence}[/]" if wrong else sentence, soft_wrap=True)
    if wrong:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


def evaluate(
    pack: Annotated[Path | None, typer.Option("--pack", help="An evidence pack, instead of the books at hand.")] = None,
    json: _Json = False,
) -> None:
    """Judge every executed action again, by a second reading of the rules that shares no code with the first.

    It reads the log alone: which policy was in force, what it says of the action, and who approved it. Ends with 5 where an
    action was not lawful, with 3 where the pack cannot be read.
    """
    if pack is None:
        with workspace() as opened:
            report = evaluate_books(opened.store)
    else:
        try:
            report = evaluate_pack(str(pack))
        except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError) as trouble:
            fail(Exit.REFUSED_INPUT, f"{pack} cannot be read as an evidence pack: {trouble}")
    if json:
        say(report)
    else:
        for sentence in sentences(report):
            wrong = sentence.startswith("VIOLATION")
            page.print(sentence, style="red" if wrong else None, markup=False, soft_wrap=True)
    if report["violations"]:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


def prove(id: Annotated[str, typer.Argument(help="As for show.")], out: _Out) -> None:  # noqa: A002
    """Write a pack of the rows about one id, with proofs that they are in the last checkpoint, and of no other row."""
    with workspace() as opened, opened.store.reading() as books:
        found = page_about(books, id)
        if found is None or not found.done:
            fail(Exit.NOT_FOUND, f"the audit log has no row about {id!r}")
        with _new(out) as file:
            write_pack(file, audit_of(books), open_audit(opened.settings), whole=False, about=found.done)
    page.print(f"{len(found.done)} rows about {id} in {out}: python verify.py {out}", soft_wrap=True)


def export(out: _Out) -> None:
    """Write an evidence pack: every row and checkpoint, the public key, policies, and the programs that check them."""
    with workspace() as opened, _new(out) as file:
        _write(opened, file)
    page.print(f"the evidence pack is {out}; its README.txt says how to check it without evenstock", soft_wrap=True)


def _write(opened: Workspace, file: IO[bytes]) -> None:
    policies = wordings(opened.store, opened.snapshots)
    with opened.store.reading() as books:
        write_pack(file, audit_of(books), open_audit(opened.settings), policies=policies)


def _new(path: Path) -> IO[bytes]:
    try:
        return path.open("xb")
    except OSError as trouble:
        fail(
            Exit.REFUSED_INPUT,
            f"{path} cannot be written: {trouble.strerror or trouble}; name a file that is not there",
        )
