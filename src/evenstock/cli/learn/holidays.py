"""`evenstock learn holidays`: let forecasts know the public holidays of each node's country."""

from __future__ import annotations

from typing import Annotated

import polars as pl
import typer

from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import moment, page, say, table
from evenstock.operations.add_holidays import add_holidays


def command(
    as_of: Annotated[str | None, typer.Option(help="Around which day; today by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Add public holidays, past and a year ahead, to the events that forecasts know of; your own events stay."""
    now = moment(as_of)
    with workspace() as opened:
        done = add_holidays(opened.store, opened.snapshots, company(opened), as_of=now.date(), now=now)
    ahead = done.events.filter(pl.col("date") >= now.date()).sort("date", "event", "node")
    if json:
        say({"snapshot": done.digest, "added": done.added, "ahead": ahead.to_dicts()})
        return
    rows = [
        (str(day), event, ", ".join(nodes) or "every node")
        for day, event, nodes in ahead.group_by("date", "event", maintain_order=True).agg("node").head(15).iter_rows()
    ]
    page.print(table(f"{done.added:,} holidays added; the next ones", ("day", "event", "nodes"), rows))
