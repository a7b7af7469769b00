"""`evenstock stock`: what the record says, what we believe, where systems disagree, and what to count."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from evenstock.cli.stock import beliefs, count_list, reconcile, show


class _ShowByDefault(TyperGroup):
    """`evenstock stock MUG` is `evenstock stock show MUG`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = bool(args) and args[0] in {*self.commands, "--help"}
        return super().parse_args(ctx, args if named else ["show", *args])


app = typer.Typer(
    cls=_ShowByDefault,
    help="What the record says (show, also without a word), what we believe, where systems disagree, what to count.",
)
app.command("show")(show.command)
app.command("beliefs")(beliefs.command)
app.command("reconcile")(reconcile.command)
app.command("count-list")(count_list.command)
