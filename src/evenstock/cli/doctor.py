"""`evenstock doctor`: what is missing or stale, and how to fix it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from evenstock.cli.opening import workspace
from evenstock.cli.screen import Exit, moment, page, say, table
from evenstock.operations.advise import examine


def command(
    as_of: Annotated[str | None, typer.Option(help="The moment to judge by; now by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Check books, tables, rates, counts and forecast; ends with 5 if anything needs attention."""
    now = moment(as_of)
    with workspace() as opened:
        advice = examine(opened.store, opened.snapshots, now)
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
