"""`evenstock learn demand`: daily demand from orders, at the nodes that should have served them."""

from __future__ import annotations

from typing import Annotated

import polars as pl
import typer

from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import moment, page, progress, say, table
from evenstock.operations.attribute_demand import attribute_demand


def command(
    as_of: Annotated[
        str | None, typer.Option(help="Whose network and rules say where home is; now by default.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Make demand from the order history: net of cancellations, at home nodes, days without stock marked."""
    now = moment(as_of)
    with workspace() as opened, progress(quiet=json) as shown:
        shown.add_task("finding where each order was at home", total=None)
        made = attribute_demand(opened.store, opened.snapshots, company(opened), now=now)
    found = made.attributed
    per_node = (
        found.demand.group_by("node")
        .agg(pl.sum("units"), pl.col("sku").n_unique().alias("items"), (~pl.col("in_stock")).sum().alias("hidden"))
        .sort("node")
    )
    if json:
        say(
            {
                "snapshot": made.digest,
                "in_force": made.in_force,
                "moved_share": found.moved_share,
                "nodes": per_node.to_dicts(),
                "moved": found.moved.to_dicts(),
                "notes": list(made.notes),
            }
        )
        return
    rows = [(n, f"{units:,}", f"{items:,}", f"{hidden:,}") for n, units, items, hidden in per_node.iter_rows()]
    page.print(table("demand at home", ("node", "units", "items", "days without stock"), rows, frozenset({1, 2, 3})))
    page.print(
        f"{found.moved_share:.1%} of units were shipped by another node than the one that should have served them"
    )
    page.print(
        "[dim]It is the demand that forecasts read.[/]"
        if made.in_force
        else "[dim]The imported demand stays in force.[/]"
    )
    for note in made.notes:
        page.print(f"[dim]note: {note}[/]", soft_wrap=True)
