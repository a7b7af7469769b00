"""The command line: what a person at a terminal, or a script, can ask of evenstock."""

from __future__ import annotations

import typer

from evenstock import __version__
from evenstock.cli import (
    backup,
    cancel,
    carriers,
    doctor,
    events,
    exception,
    explain,
    export_schemas,
    forecast,
    gate,
    import_,
    keys,
    learn,
    night,
    outcomes,
    people,
    plan,
    promise,
    queue,
    rates,
    replay,
    reprice,
    restore,
    return_,
    rollout,
    route,
    rules,
    runs,
    schedule,
    serve,
    stock,
    tick,
    transfer,
    warm_up,
    work,
)
from evenstock.cli import demo as demo_command
from evenstock.cli.opening import LOOK_AT_DEMO

app = typer.Typer(
    name="evenstock",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    help="Decides where each order ships from and what stock should move, and proves every decision.",
    epilog="Exit codes: 0 done, 2 wrong call, 3 input refused, 4 not found, 5 done but something needs attention.",
)
for name, member in (
    ("demo", demo_command),
    ("import", import_),
    ("promise", promise),
    ("route", route),
    ("cancel", cancel),
    ("tick", tick),
    ("reprice", reprice),
    ("return", return_),
    ("explain", explain),
    ("doctor", doctor),
    ("outcomes", outcomes),
    ("night", night),
    ("replay", replay),
    ("serve", serve),
    ("backup", backup),
    ("restore", restore),
    ("work", work),
    ("export-schemas", export_schemas),
):
    app.command(name)(member.command)
app.add_typer(plan.app, name="plan")
app.add_typer(transfer.app, name="transfer")
app.add_typer(queue.app, name="queue")
app.add_typer(exception.app, name="exception")
app.add_typer(events.app, name="events")
app.add_typer(forecast.app, name="forecast")
app.add_typer(stock.app, name="stock")
app.add_typer(learn.app, name="learn")
app.add_typer(rollout.app, name="rollout")
app.add_typer(rules.app, name="rules")
app.add_typer(rates.app, name="rates")
app.add_typer(gate.app, name="gate")
app.add_typer(carriers.app, name="carriers")
app.add_typer(schedule.app, name="schedule")
app.add_typer(runs.app, name="runs")
app.add_typer(keys.app, name="keys")
app.add_typer(people.app, name="people")
app.command("warm-up", hidden=True)(warm_up.command)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"evenstock {__version__}")
        raise typer.Exit


@app.callback()
def options(
    demo: bool = typer.Option(False, "--demo", help="Look at the brand that `evenstock demo` made."),
    version: bool = typer.Option(  # noqa: ARG001 (its callback has spoken)
        False, "--version", help="Say the version and stop.", callback=_version, is_eager=True
    ),
) -> None:
    """Options of every command."""
    LOOK_AT_DEMO.set(demo)


def main() -> None:
    app()
