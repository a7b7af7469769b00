"""`evenstock stock`: what the record says, what we believe, where systems disagree, what to count, and what to have."""

from __future__ import annotations

import typer

from evenstock.cli.default_command import group
from evenstock.cli.stock import beliefs, count_list, levels, reconcile, show

app = typer.Typer(
    cls=group("show"),
    help="What the record says (show, also without a word), what we believe, where systems disagree, what to count, what to order.",
)
app.command("show")(show.command)
app.command("beliefs")(beliefs.command)
app.command("reconcile")(reconcile.command)
app.command("count-list")(count_list.command)
app.command("levels")(levels.command)
