"""`evenstock learn lead-times`: how long suppliers take and whether they keep their word, from receipts."""

from __future__ import annotations

from typing import Annotated

import polars as pl
import typer

from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import moment, page, progress, say, table
from evenstock.operations.learn_lead_times import learn_lead_times


def command(
    supplier: Annotated[str | None, typer.Option(help="Show this supplier's items.")] = None,
    as_of: Annotated[
        str | None, typer.Option(help="Learn from what was known on this morning; today by default.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Learn lead times and reliability by supplier and item; orders still outstanding count too."""
    now = moment(as_of)
    with workspace() as opened, progress(quiet=json) as shown:
        shown.add_task("reading receipts", total=None)
        learned = learn_lead_times(opened.store, opened.snapshots, company(opened), as_of=now.date(), now=now)
    times, kept = learned.lead_times, learned.reliability
    if supplier:
        times, kept = times.filter(pl.col("supplier") == supplier), kept.filter(pl.col("supplier") == supplier)
    if json:
        say(
            {
                "snapshot": learned.digest,
                "fitted_on": learned.fitted_on,
                "lead_times": times.to_dicts(),
                "reliability": kept.to_dicts(),
                "notes": list(learned.notes),
            }
        )
        return
    shown_rows = kept if supplier else kept.filter(pl.col("sku") == "")
    rows = [
        (r["supplier"], r["sku"] or "all", f"{r['lines']:,.0f}", f"{r['on_time_share']:.0%}", f"{r['low']:.0%} to {r['high']:.0%}",
         f"{r['bias_days']:+.1f}")
        for r in shown_rows.iter_rows(named=True)
    ]  # fmt: skip
    headers = ("supplier", "item", "lines promised", "on time", "95 % interval", "days against promise")
    page.print(table("whether suppliers kept their word", headers, rows, frozenset({2, 3, 4, 5})))
    by = ["supplier", "sku"] if supplier else ["supplier"]
    found = times.group_by(by).agg(pl.mean("mean_days", "sd_days", "q90")).sort(by)
    rows = [(*row[: len(by)], *(f"{value:.1f}" for value in row[len(by) :])) for row in found.iter_rows()]
    numeric = frozenset(range(len(by), len(by) + 3))
    page.print(table("lead time in days", (*by, "mean", "deviation", "90 % within"), rows, numeric))
    for note in learned.notes:
        page.print(f"[dim]note: {note}[/]", soft_wrap=True)
