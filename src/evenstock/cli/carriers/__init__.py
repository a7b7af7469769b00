"""`evenstock carriers`: how carriers keep their word, and what to do about it."""

from __future__ import annotations

import typer

from evenstock.cli.carriers import carbon, override, review, score

app = typer.Typer(
    no_args_is_help=True,
    help="How carriers keep their word: their card (score), the week's report to act on (review), and what to use"
    " instead of one that fails (override); what past shipments emitted (carbon).",
)
app.command("score")(score.command)
app.command("review")(review.command)
app.command("carbon")(carbon.command)
app.add_typer(override.app, name="override")
