"""`evenstock stock beliefs`: what we believe is on each shelf, why, and how many units are held back for it."""

from __future__ import annotations

from typing import Annotated

import polars as pl
import typer

from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import Exit, fail, moment, page, progress, say, table
from evenstock.inventory import EMPTY_AT, LEVEL
from evenstock.operations.believe_stock import believe_stock


def command(
    skus: Annotated[list[str] | None, typer.Argument(help="Items to show; all without any.")] = None,
    node: Annotated[str | None, typer.Option(help="Show only this node.")] = None,
    as_of: Annotated[str | None, typer.Option(help="The moment to judge by; now by default.")] = None,
    level: Annotated[
        float, typer.Option(help="Share of promises up to the last unit that should find it there, above 0.5.")
    ] = LEVEL,
    limit: Annotated[int, typer.Option(min=1, help="Most lines on the screen.")] = 20,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Draw up beliefs, keep them, and set the buffers that follow; ends with 5 if a shelf is more likely empty than not."""
    now = moment(as_of)
    with workspace() as opened, progress(quiet=json) as shown:
        shown.add_task("holding records against sales, picks and counts", total=None)
        told = believe_stock(opened.store, opened.snapshots, company(opened), now=now, level=level)
    whole = told.beliefs.frame.join(told.held.select("sku", "node", buffer="units"), on=["sku", "node"], how="left")
    chosen = whole
    if skus:
        chosen = chosen.filter(pl.col("sku").is_in(skus))
    if node:
        chosen = chosen.filter(pl.col("node") == node)
    if chosen.is_empty():
        fail(Exit.NOT_FOUND, "the books hold nothing there; import a stock file first, or check the names")
    empty = whole.filter(pl.col("p_phantom") >= EMPTY_AT).height
    if json:
        say(
            {
                "snapshot": told.digest,
                "on": told.beliefs.on,
                "sku_nodes": whole.height,
                "probably_empty": empty,
                "units_held_back": int(told.held["units"].sum()),
                "buffers_changed": told.buffers.to_dicts(),
                "beliefs": chosen.to_dicts(),
                "accuracy": told.beliefs.accuracy.to_dicts(),
                "notes": list(told.beliefs.notes),
            }
        )
    else:
        _show(chosen, limit)
        page.print(
            f"{whole.height:,} SKU-nodes, {empty:,} probably empty, {told.held['units'].sum():,} units held back; "
            f"{told.buffers.height:,} buffers changed"
        )
        for note in told.beliefs.notes:
            page.print(f"[dim]note: {note}[/]", soft_wrap=True)
    if empty:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


def _show(chosen: pl.DataFrame, limit: int) -> None:
    """The most doubtful first."""
    doubtful = chosen.sort(["p_phantom", "sku", "node"], descending=[True, False, False]).head(limit)
    rows = [
        (row["sku"], row["node"], f"{row['record']:,}", f"{row['q05']:,} – {row['q50']:,} – {row['q95']:,}",
         f"{row['p_phantom']:.0%}", f"{row['buffer']:,}", row["because"])
        for row in doubtful.iter_rows(named=True)
    ]  # fmt: skip
    headers = ("item", "node", "record", "truly there (5 – 50 – 95 %)", "empty", "held back", "because")
    more = f", the {limit} most doubtful" if chosen.height > limit else ""
    page.print(table(f"what is on the shelf{more}", headers, rows, frozenset({2, 3, 4, 5})))
