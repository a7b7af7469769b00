"""`evenstock stock reconcile`: our books against what other systems stated this week."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import Exit, dollars, moment, page, progress, say, table
from evenstock.operations.reconcile_stock import reconcile_stock

_EXPLAINED = frozenset({"age of the statement", "unposted shipment"})


def command(
    node: Annotated[list[str] | None, typer.Option(help="Only this node; may be repeated.")] = None,
    source: Annotated[list[str] | None, typer.Option(help="Only this source; may be repeated.")] = None,
    as_of: Annotated[str | None, typer.Option(help="The moment to judge by; now by default.")] = None,
    days: Annotated[int, typer.Option(min=1, max=92, help="How old a statement may be.")] = 7,
    limit: Annotated[int, typer.Option(min=1, help="Most lines on the screen.")] = 20,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Hold the books against every source's newest statements; ends with 5 if a difference is left unexplained."""
    now = moment(as_of)
    with workspace() as opened, progress(quiet=json) as shown:
        shown.add_task("reconciling", total=None)
        told = reconcile_stock(
            opened.store, opened.snapshots, company(opened), now=now, nodes=node or (), sources=source or (),
            within=timedelta(days=days),
        )  # fmt: skip
    open_lines = told.lines.filter(~told.lines["cause"].is_in(list(_EXPLAINED)))
    if json:
        say(
            {
                "on": now.date(),
                "totals": told.totals.to_dicts(),
                "classes": told.classes.to_dicts(),
                "lines": told.lines.to_dicts(),
                "unexplained": open_lines.height,
                "text": told.text,
            }
        )
    else:
        page.print(told.text, soft_wrap=True)
        if told.lines.height:
            rows = [
                (row["sku"], row["node"], row["source"], *("–" if row[n] is None else f"{row[n]:,}" for n in ("ours", "theirs")),
                 "–" if row["cents"] is None else dollars(row["cents"]), row["cause"], row["because"])
                for row in told.lines.head(limit).iter_rows(named=True)
            ]  # fmt: skip
            headers = ("item", "node", "source", "books", "theirs", "worth", "cause", "because")
            page.print(table("lines that differ, dearest first", headers, rows, frozenset({3, 4, 5})))
        if told.classes.height:
            page.print(table("agreement by velocity", ("node", "source", "velocity", "lines", "agree", "95 % interval"), [
                (c["node"], c["source"], c["velocity"], f"{c['lines']:,}", f"{c['share']:.1%}",
                 f"{c['share_low']:.1%} – {c['share_high']:.1%}")
                for c in told.classes.iter_rows(named=True)
            ], frozenset({3, 4, 5})))  # fmt: skip
    if open_lines.height:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))
