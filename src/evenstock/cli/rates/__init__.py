"""`evenstock rates`: what moving costs, how old that is, what it would cost to send something, and what was billed."""

from __future__ import annotations

import typer

from evenstock.cli.rates import audit, check, drift, import_, margin, quote, source, zones

app = typer.Typer(
    no_args_is_help=True,
    help="Rates: take them in (import, and what is due: source, refresh), see how old they are (check), quote a parcel,"
    " hold invoices against quotes (drift), ask carriers live for a sample (audit), what customers paid against freight (margin), fill a zone chart in"
    " (complete-zones).",
)
app.command("import")(import_.command)
app.command("check")(check.command)
app.command("quote")(quote.command)
app.command("drift")(drift.command)
app.command("audit")(audit.command)
app.command("margin")(margin.command)
app.command("complete-zones")(zones.command)
app.command("refresh")(source.refresh_command)
app.add_typer(source.app, name="source")
