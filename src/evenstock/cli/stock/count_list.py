"""`evenstock stock count-list`: what to count today, node by node, by what knowing it is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import dollars, moment, page, progress, say, table
from evenstock.operations.propose_counts import propose_counts


def command(
    per_node: Annotated[int, typer.Option(min=1, help="Counts a day at each node.")] = 20,
    node: Annotated[str | None, typer.Option(help="Show only this node.")] = None,
    as_of: Annotated[str | None, typer.Option(help="The moment to judge by; now by default.")] = None,
    out: Annotated[Path | None, typer.Option(help="Also write the list here (CSV), to walk with.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """List the counts that are worth their cost, the best first at each node."""
    now = moment(as_of)
    with workspace() as opened, progress(quiet=json) as shown:
        shown.add_task("weighing what counts are worth", total=None)
        told = propose_counts(opened.store, opened.snapshots, company(opened), now=now, per_node=per_node)
    lines = told.lines.filter(node=node) if node else told.lines
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        lines.write_csv(out)
    if json:
        say(
            {
                "on": now.date(),
                "worth_counting": told.worth_counting,
                "lines": lines.to_dicts(),
                "net_cents": int(lines["net_cents"].sum()),
                "notes": list(told.notes),
            }
        )
        return
    for (place,), part in lines.group_by("node", maintain_order=True):
        rows = [
            (str(row["rank"]), row["sku"], f"{row['record']:,}", dollars(row["value_cents"]), dollars(row["cost_cents"]),
             row["because"])
            for row in part.iter_rows(named=True)
        ]  # fmt: skip
        headers = ("", "item", "record", "worth", "costs", "because")
        page.print(table(f"count at {place}", headers, rows, frozenset({0, 2, 3, 4})))
    page.print(
        f"{lines.height:,} counts, worth {dollars(int(lines['net_cents'].sum()))} beyond their cost; "
        f"{told.worth_counting:,} SKU-nodes are worth counting in all"
    )
    for note in told.notes:
        page.print(f"[dim]note: {note}[/]", soft_wrap=True)
