"""`evenstock learn`: what orders, scans and receipts tell of demand, delivery times and suppliers."""

from __future__ import annotations

import typer

from evenstock.cli.learn import damage, demand, holidays, suppliers, transit

app = typer.Typer(
    no_args_is_help=True,
    help="Learn from what happened: demand from orders, delivery times from scans, loss and damage from"
    " parcels, lead times from receipts.",
)
app.command("demand")(demand.command)
app.command("holidays")(holidays.command)
app.command("transit")(transit.command)
app.command("damage")(damage.command)
app.command("lead-times")(suppliers.command)
