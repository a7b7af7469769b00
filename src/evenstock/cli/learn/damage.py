"""`evenstock learn damage`: how often parcels are lost or damaged, by service and lane."""

from __future__ import annotations

from typing import Annotated

import polars as pl
import typer

from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import Exit, fail, moment, page, progress, say, table
from evenstock.operations.know_damage import FRESH
from evenstock.operations.learn_damage import WEEKS, learn_damage


def command(
    weeks: Annotated[int, typer.Option(help="Weeks of parcels to learn from.", min=1)] = WEEKS,
    as_of: Annotated[
        str | None, typer.Option(help="Learn from what was known on this morning; today by default.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Learn loss and damage by service and lane; from then on they stand in the price of an order."""
    now = moment(as_of)
    with workspace() as opened, progress(quiet=json) as shown:
        shown.add_task("reading parcels", total=None)
        here = company(opened, now.date())
        try:
            found = learn_damage(opened.store, opened.snapshots, here, as_of=now.date(), now=now, weeks=weeks)
        except ValueError as error:
            fail(Exit.REFUSED_INPUT, str(error))
    lanes = found.shares.filter(pl.col("origin") != "").height
    if json:
        say({"snapshot": found.digest, "shares": found.shares.to_dicts(), "notes": list(found.notes)})
        return
    rows = [
        (
            r["service"],
            f"{r['settled']:,}",
            f"{r['lost']:,}",
            f"{r['loss']:.2%}",
            f"{r['damaged']:,}",
            f"{r['damage']:.2%}",
        )
        for r in found.services.iter_rows(named=True)
    ]
    headers = ("service", "parcels settled", "lost", "expected", "damaged", "expected")
    page.print(table("what does not arrive whole", headers, rows, frozenset(range(1, 6))))
    page.print(f"[dim]{lanes:,} lanes have shares of their own. Routing uses them for {FRESH.days} days.[/]")
    for note in found.notes:
        page.print(f"[dim]note: {note}[/]", soft_wrap=True)
