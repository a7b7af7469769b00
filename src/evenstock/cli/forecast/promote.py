"""`evenstock forecast promote`: let the challenger serve."""

from __future__ import annotations

from typing import Annotated

import typer

from evenstock.cli.forecast.judged import gate_rows, gate_table, verdict_sentence
from evenstock.cli.opening import workspace
from evenstock.cli.screen import Exit, moment, page, say
from evenstock.operations.promote_forecast import promote_forecast


def command(
    by: Annotated[str, typer.Option(help="Who promotes it.")],
    because: Annotated[str, typer.Option(help="Why; needed with --override.")] = "",
    override: Annotated[
        bool,
        typer.Option("--override", help="Promote it although the gates do not let it through; it stays on record."),
    ] = False,
    as_of: Annotated[str | None, typer.Option(help="The moment it begins; now by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Let the challenger serve from the next forecast on, if it passed every gate; ends with 5 if it did not."""
    with workspace() as opened:
        done = promote_forecast(
            opened.store, opened.snapshots, by=by, because=because, override=override, now=moment(as_of)
        )
    if json:
        say(
            {
                "promoted": done.record is not None,
                "version": done.record.version if done.record else None,
                "overridden": bool(done.record and done.record.overridden),
                "gates": gate_rows(done.gates),
                "verdict": verdict_sentence(done.verdict),
            }
        )
    else:
        page.print(gate_table("gates, with its days beside the champion", done.gates))
        page.print(verdict_sentence(done.verdict), soft_wrap=True)
        if done.record is not None:
            page.print(f"[bold]Promoted[/] by {done.record.by}: {done.record.because}", soft_wrap=True)
    if done.record is None:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))
