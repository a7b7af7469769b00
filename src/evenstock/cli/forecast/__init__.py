"""`evenstock forecast`: what demand may be, which model says so, and whether it may."""

from __future__ import annotations

import typer

from evenstock.cli.default_command import group
from evenstock.cli.forecast import backtest, compare, fit, overrides, predict, promote, rollback, sense

app = typer.Typer(
    cls=group("predict"),
    help="What demand may be (predict, also without a word), which model says so (fit, backtest, compare, promote, "
    "rollback), what planners know better (override, overrides, withdraw) and what has changed since (sense).",
)
for name, command in (
    ("predict", predict.command),
    ("fit", fit.command),
    ("backtest", backtest.command),
    ("compare", compare.command),
    ("promote", promote.command),
    ("rollback", rollback.command),
    ("override", overrides.override),
    ("overrides", overrides.overrides),
    ("withdraw", overrides.withdraw),
    ("sense", sense.command),
):
    app.command(name)(command)
