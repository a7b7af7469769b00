"""`evenstock plan`: what stock should move, be bought, wait or stay tonight, and what came of it."""

from __future__ import annotations

import typer

from evenstock.cli.default_command import group
from evenstock.cli.plan import approve, edit, fba, judge, make, review, show, what_if

app = typer.Typer(
    cls=group("make"),
    help="Tonight's plan (make, also without a word), a plan again (show), lines changed by hand (edit), approved or set "
    "aside (approve, reject), what its lines really brought (judge), what calls for another look (review), tonight under other circumstances (what-if), and what "
    "to send to Amazon (fba).",
)
for name, command in (
    ("make", make.command),
    ("show", show.command),
    ("edit", edit.command),
    ("approve", approve.approve),
    ("reject", approve.reject),
    ("judge", judge.command),
    ("review", review.command),
    ("what-if", what_if.command),
    ("fba", fba.command),
):
    app.command(name)(command)
