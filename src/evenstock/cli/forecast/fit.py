"""`evenstock forecast fit`: train a version, backtest it, let it stand beside the champion."""

from __future__ import annotations

from typing import Annotated

import typer

from evenstock.cli.forecast.judged import gate_rows, gate_table, verdict_sentence
from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import Exit, moment, page, progress, say
from evenstock.domain import Allow
from evenstock.operations.backtest_forecast import MOST_SERIES
from evenstock.operations.train_forecast import train_forecast


def command(
    model: Annotated[str, typer.Option(help="Member of the forecaster family.")] = "boosted",
    as_of: Annotated[
        str | None, typer.Option(help="Learn from what was known on this morning; today by default.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of whatever chance the training uses.")] = 0,
    series: Annotated[int, typer.Option(min=1, help="About so many series are backtested.")] = MOST_SERIES,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Train a version on all demand so far and hold it to its gates; ends with 5 if it may not serve as it is."""
    now = moment(as_of)
    with workspace() as opened, progress(quiet=json) as shown:
        shown.add_task(f"training and backtesting {model}", total=None)
        made = train_forecast(
            opened.store,
            opened.snapshots,
            company(opened),
            as_of=now.date(),
            now=now,
            model=model,
            seed=seed,
            most_series=series,
        )
    version = made.kept.version
    if json:
        say(
            {
                "version": version.version,
                "id": version.id,
                "snapshot": made.kept.digest,
                "cut_off": version.cut_off,
                "features": list(version.features),
                "data": dict(version.data),
                "backtest": made.backtest,
                "gates": gate_rows(made.gates),
                "verdict": verdict_sentence(made.verdict),
                "may_serve": isinstance(made.verdict, Allow),
            }
        )
    else:
        page.print(
            f"[bold]{version.version}[/] learned from demand up to {version.cut_off}; backtested on {made.backtest}"
        )
        page.print(gate_table("gates", made.gates))
        page.print(verdict_sentence(made.verdict), soft_wrap=True)
        page.print("[dim]It stands beside the champion now: `evenstock forecast promote` lets it serve.[/]")
    if not isinstance(made.verdict, Allow):
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))
