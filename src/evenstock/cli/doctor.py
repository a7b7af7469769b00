"""`evenstock doctor`: what is missing or stale, and how to fix it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from evenstock.bootstrap import Workspace, open_audit, system_clock
from evenstock.cli.opening import workspace
from evenstock.cli.screen import Exit, moment, page, say, table
from evenstock.operations.advise import Advice, examine
from evenstock.operations.audit.checkpoint import broken
from evenstock.operations.audit.rows import audit_of
from evenstock.operations.audit.standing import last_evaluation
from evenstock.operations.ports import StoreError


def command(
    as_of: Annotated[str | None, typer.Option(help="The moment to judge by; now by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Check database, disk, clock, worker, books, tables, rates, counts and forecast; ends with 5 if anything needs attention."""
    now = moment(as_of)
    with workspace() as opened:
        advice = [*_running(opened), *_audited(opened), *examine(opened.store, opened.snapshots, now)]
        advice.sort(key=lambda one: not one.grave)
        place = opened.settings.database
    if json:
        say({"database": place, "advice": [asdict(a) for a in advice]})
    elif advice:
        rows = [("[red]now[/]" if a.grave else "soon", a.what, a.fix) for a in advice]
        page.print(table(f"{len(advice)} things need attention", ("", "what", "what to do"), rows))
    else:
        page.print("[green]All is well:[/] books balance, tables are complete, rates and counts are fresh.")
    if advice:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


def _audited(opened: Workspace) -> list[Advice]:
    """Whether the audit log is what was signed last, and whether what was executed was lawful, as of the last evaluation."""
    folder, found = open_audit(opened.settings), []
    with opened.store.reading() as books:
        try:
            wrong = broken(audit_of(books), folder.latest())
        except StoreError as unreadable:
            wrong = str(unreadable)
        last = last_evaluation(books)
    if wrong:
        fix = "evenstock audit verify; after the restore of an older backup, evenstock audit acknowledge-gap"
        found.append(Advice(grave=True, what=wrong, fix=fix))
    if last is not None and last.violations:
        what = f"{last.violations} findings in what was executed; the first: {last.sentences[0]}"
        found.append(Advice(grave=True, what=what, fix="evenstock audit evaluate"))
    return found


def _running(opened: Workspace) -> list[Advice]:
    """What the probes of the service see; a worker is missed only where there was one."""
    try:
        from evenstock.service.readiness import State, of_books
    except ImportError:
        # Without the service installed there is nothing that runs.
        return []
    found = of_books(opened.store, system_clock, opened.settings.home)
    return [
        Advice(grave=check.state is State.FAILED, what=check.because, fix=check.fix)
        for check in found.checks
        if check.state is not State.OK and (check.name != "worker" or found.worker_seen is not None)
    ]
