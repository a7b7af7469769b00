"""`evenstock report`: what became of a month, for whoever answers for it."""

from __future__ import annotations

import typer

from evenstock.cli.report import costs, month

app = typer.Typer(
    no_args_is_help=True,
    help="What became of a month: adopted or refused, foretold and actual, regret, savings and cost.",
)
app.command("month")(month.command)
app.command("costs")(costs.command)
