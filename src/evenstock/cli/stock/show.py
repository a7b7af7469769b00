"""`evenstock stock show`: what is where by the record, by state, and what may be promised."""

from __future__ import annotations

from typing import Annotated

import polars as pl
import typer

from evenstock.cli.opening import workspace
from evenstock.cli.screen import Exit, fail, page, say, table

_STATES = ("available", "reserved", "allocated", "held", "in_transit", "shortfall", "buffer")


def command(
    skus: Annotated[list[str] | None, typer.Argument(help="Items; totals by node without any.")] = None,
    node: Annotated[str | None, typer.Option(help="Only this node.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Show stock by the record: on hand is available + reserved + allocated + held; ATP is available less the buffer."""
    with workspace() as opened, opened.store.reading() as books:
        frame = books.balance_frame()
    if skus:
        unknown = sorted(set(skus) - set(frame["sku"]))
        if unknown:
            fail(Exit.NOT_FOUND, f"no stock was ever recorded of {', '.join(unknown)}")
        frame = frame.filter(pl.col("sku").is_in(skus))
    if node:
        frame = frame.filter(pl.col("node") == node)
    if frame.is_empty():
        fail(Exit.NOT_FOUND, "the books hold nothing there; import a stock file first, or check the node's name")
    keys = ["sku", "node"] if skus else ["node"]
    atp = (pl.col("available") - pl.col("buffer")).clip(lower_bound=0)
    on_hand = pl.sum_horizontal("available", "reserved", "allocated", "held")
    shown = (
        frame.with_columns(atp.alias("atp"), on_hand.alias("on_hand"))
        .group_by(keys)
        .agg(pl.sum("on_hand", "atp", *_STATES))
        .sort(keys)
    )
    if json:
        say({"stock": shown.to_dicts()})
        return
    headers = (*keys, "on hand", "ATP", *(s.replace("_", " ") for s in _STATES))
    rows = [tuple(f"{v:,}" if isinstance(v, int) else str(v) for v in row) for row in shown.iter_rows()]
    page.print(table("stock by the record", headers, rows, frozenset(range(len(keys), len(headers)))))
