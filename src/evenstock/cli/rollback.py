"""`evenstock rollback`: rules, weights, models and stages taken back together."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from evenstock.cli.opening import workspace
from evenstock.cli.screen import moment, page, say, table
from evenstock.operations.roll_back_all import EVERY, Part, roll_back_all


def command(
    by: Annotated[str, typer.Option("--by", help="Who does this.")],
    because: Annotated[str, typer.Option("--because", help="Why.")],
    to: Annotated[
        str | None, typer.Option(help="What was in force at this moment; without it, one step of each part.")
    ] = None,
    part: Annotated[list[Part] | None, typer.Option(help="Part to take back; all of them by default.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    as_of: Annotated[str | None, typer.Option(help="The moment it is; now by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Take rules, weights, models and stages back in one call: all of them or none. Halts stay as they are."""
    with workspace() as opened:
        done = roll_back_all(
            opened.store, opened.snapshots, by=by, because=because, now=moment(as_of),
            to=None if to is None else moment(to), parts=frozenset(part or EVERY), rehearse=dry_run,
        )  # fmt: skip
    if json:
        say({"steps": [asdict(step) for step in done.steps], "done": done.done})
        return
    rows = [
        (step.part.value, escape(step.now), escape(step.then) if step.changes else f"[dim]stays: {step.because}[/]")
        for step in done.steps
    ]
    page.print(table("would go back" if dry_run else "taken back", ("", "from", "to"), rows))
