"""`evenstock audit`: who did what, sealed and proven."""

from __future__ import annotations

import typer

from evenstock.cli.audit import evidence, seal, show

app = typer.Typer(
    no_args_is_help=True,
    help="The audit log: what became of any id and who did it (show), seal it outside the books (checkpoint), check all of it"
    " (verify), judge again what was executed (evaluate), prove single rows (prove), hand everything to an auditor (export), the key to give him (key).",
)
app.command("show")(show.command)
app.command("checkpoint")(seal.checkpoint)
app.command("acknowledge-gap")(seal.gap)
app.command("key")(seal.key)
app.command("verify")(evidence.verify)
app.command("evaluate")(evidence.evaluate)
app.command("prove")(evidence.prove)
app.command("export")(evidence.export)
